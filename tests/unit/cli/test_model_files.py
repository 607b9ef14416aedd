import pytest

from antechamber.cli.failures import CommandFailed
from antechamber.cli.models.library import name_for
from antechamber.cli.models.reference import HubReference, choose_file, read_reference

ANY = HubReference(repository="owner/repo", file=None)


@pytest.mark.parametrize(
    ("file_name", "wanted", "name"),
    [
        ("qwen2.5-7b-q4_k_m.gguf", None, "qwen2.5-7b-q4_k_m"),
        ("My Model (new).gguf", None, "My-Model-new"),
        ("模型.gguf", None, "model"),
        ("any.gguf", "mine", "mine"),
        ("any.gguf", "mine.gguf", "mine"),
    ],
)
def test_a_model_is_called(file_name: str, wanted: str | None, name: str) -> None:
    assert name_for(file_name, wanted) == name


@pytest.mark.parametrize("wanted", ["", "../out", "a/b", "-x", "two words", "é"])
def test_a_name_that_the_configuration_could_not_hold_is_refused(wanted: str) -> None:
    with pytest.raises(CommandFailed, match="--name"):
        name_for("any.gguf", wanted)


@pytest.mark.parametrize(
    ("text", "repository", "file"),
    [
        ("hf:owner/repo", "owner/repo", None),
        ("hf:owner/repo/", "owner/repo", None),
        ("hf:owner/repo/a.gguf", "owner/repo", "a.gguf"),
        ("hf:owner/repo/deep/a.gguf", "owner/repo", "deep/a.gguf"),
    ],
)
def test_a_reference_names_a_repository_and_perhaps_a_file(
    text: str, repository: str, file: str | None
) -> None:
    assert read_reference(text) == HubReference(repository=repository, file=file)


@pytest.mark.parametrize("text", ["hf:", "hf:owner", "hf:/repo", "hf:owner//"])
def test_a_reference_without_a_repository_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed, match="hf:OWNER/REPO"):
        read_reference(text)


@pytest.mark.parametrize(
    ("files", "chosen"),
    [
        (["README.md", "only.gguf"], "only.gguf"),
        (["a.Q8_0.gguf", "a.q4_k_m.gguf", "a.F16.gguf"], "a.q4_k_m.gguf"),
        (["mmproj-a.gguf", "vision/mmproj-b.gguf", "a.gguf"], "a.gguf"),
        (["a.Q4_K_M.gguf", "a.F16-00001-of-00002.gguf"], "a.Q4_K_M.gguf"),
    ],
)
def test_the_file_to_take_is(files: list[str], chosen: str) -> None:
    assert choose_file(ANY, files) == chosen


@pytest.mark.parametrize(
    ("file", "files", "said"),
    [
        (None, ["README.md"], "has no GGUF file"),
        (None, ["a.gguf", "b.gguf"], "Name one:\n  hf:owner/repo/a.gguf\n"),
        (None, ["a.Q4_K_M.gguf", "b.Q4_K_M.gguf"], "Name one:"),
        (None, [f"{number}.gguf" for number in range(20)], "and 8 more"),
        (None, ["a-00001-of-00002.gguf"], "in parts only"),
        ("a-00001-of-00002.gguf", ["a-00001-of-00002.gguf"], "is a part of a model"),
        ("b.gguf", ["a.gguf"], "has no b.gguf"),
    ],
)
def test_what_cannot_be_chosen_is_told(file: str | None, files: list[str], said: str) -> None:
    reference = HubReference(repository="owner/repo", file=file)

    with pytest.raises(CommandFailed) as failure:
        choose_file(reference, files)

    assert said in str(failure.value)
