import struct
import tomllib
from pathlib import Path

import pytest

from tests.acceptance.command_line import run, terminal
from tests.acceptance.fake_hub import Repository, fake_hub

GGUF = struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + bytes(3_000_000)


def _models(*arguments: str, folder: Path, env: dict[str, str] | None = None):
    return run(
        *("models", *arguments, "--data-dir", str(folder / "data")), folder=folder, env=env or {}
    )


def _toml_of(output: str) -> dict[str, object]:
    return tomllib.loads(output.split("antechamber.toml:", 1)[1])


def test_a_file_is_linked_and_the_lines_that_use_it_are_printed(tmp_path: Path) -> None:
    (tmp_path / "My Model.Q4_K_M.gguf").write_bytes(GGUF)

    added = _models("add", "My Model.Q4_K_M.gguf", folder=tmp_path)

    place = tmp_path / "data/models/My-Model.Q4_K_M.gguf"
    assert added.returncode == 0
    assert f"linked {place}" in added.stdout
    assert place.samefile(tmp_path / "My Model.Q4_K_M.gguf")
    assert _toml_of(added.stdout) == {
        "engines": [
            {"name": "My-Model.Q4_K_M", "type": "local", "model": "My-Model.Q4_K_M"},
        ]
    }


def test_the_printed_lines_are_a_configuration_that_the_server_takes(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(GGUF)
    added = _models("add", "tiny.gguf", folder=tmp_path)
    (tmp_path / "antechamber.toml").write_text(added.stdout.split("antechamber.toml:", 1)[1])

    doctor = run("doctor", "--data-dir", str(tmp_path / "data"), folder=tmp_path)

    assert "✓ engine tiny" in doctor.stdout


def test_a_copy_stays_when_the_file_goes(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(GGUF)

    added = _models("add", "tiny.gguf", "--copy", "--name", "mine", folder=tmp_path)

    (tmp_path / "tiny.gguf").unlink()
    assert added.returncode == 0
    assert (tmp_path / "data/models/mine.gguf").read_bytes() == GGUF
    assert [path.name for path in (tmp_path / "data/models").iterdir()] == ["mine.gguf"]


def test_models_are_listed_and_removed_by_name(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(GGUF)
    _models("add", "tiny.gguf", folder=tmp_path)

    before = _models("list", folder=tmp_path)
    removed = _models("remove", "tiny", folder=tmp_path)
    after = _models("list", folder=tmp_path)

    assert "(embedded)" in before.stdout
    assert f"tiny         3.0 MB  {tmp_path / 'data/models/tiny.gguf'}" in before.stdout
    assert removed.returncode == 0
    assert "tiny" not in after.stdout
    assert (tmp_path / "tiny.gguf").exists()  # it was a link, and this is the person's own file


def test_removing_says_which_engine_still_names_the_model(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(GGUF)
    added = _models("add", "tiny.gguf", folder=tmp_path)
    (tmp_path / "antechamber.toml").write_text(added.stdout.split("antechamber.toml:", 1)[1])

    removed = _models("remove", "tiny", folder=tmp_path)

    assert "The engine tiny still names it." in removed.stderr


def test_what_is_no_model_is_refused_and_not_kept(tmp_path: Path) -> None:
    (tmp_path / "wrong.gguf").write_bytes(b"<!doctype html>")

    added = _models("add", "wrong.gguf", folder=tmp_path)

    assert "wrong.gguf: is no GGUF file; it is a page" in added.stderr
    assert added.returncode == 2
    assert not (tmp_path / "data/models").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "nowhere.gguf"], "There is no file nowhere.gguf"),
        (["add", "hf:only-an-owner"], "write hf:OWNER/REPO"),
        (["add", "tiny.gguf", "--name", "../out"], "must begin with a letter or digit"),
        (["remove", "nothing"], "There is no model nothing"),
    ],
)
def test_mistakes_are_told_plainly(tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "tiny.gguf").write_bytes(GGUF)

    done = _models(*arguments, folder=tmp_path)

    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_a_name_is_given_once(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(GGUF)
    _models("add", "tiny.gguf", folder=tmp_path)

    again = _models("add", "tiny.gguf", folder=tmp_path)

    assert "There is a model tiny already" in again.stderr
    assert "antechamber models remove tiny" in again.stderr
    assert again.returncode == 2


def test_the_hub_gives_the_preferred_file_of_a_repository(tmp_path: Path) -> None:
    files = {
        "README.md": b"# Model",
        "model-Q8_0.gguf": GGUF + b"8",
        "model-Q4_K_M.gguf": GGUF,
        "mmproj-model-f16.gguf": GGUF + b"eyes",
    }
    with fake_hub({"owner/repo": Repository(files=files)}) as hub:
        added = _models("add", "hf:owner/repo", folder=tmp_path, env=hub.env)

    assert added.returncode == 0, added.stderr
    assert (tmp_path / "data/models/model-Q4_K_M.gguf").read_bytes() == GGUF
    assert not (tmp_path / "data/downloads").exists()
    assert 'model = "model-Q4_K_M"' in added.stdout


def test_the_hub_gives_the_file_that_is_named(tmp_path: Path) -> None:
    files = {"a.Q4_K_M.gguf": GGUF, "deep/b.gguf": GGUF + b"b"}
    with fake_hub({"owner/repo": Repository(files=files)}) as hub:
        added = _models(
            *("add", "hf:owner/repo/deep/b.gguf", "--name", "b"), folder=tmp_path, env=hub.env
        )

    assert added.returncode == 0, added.stderr
    assert (tmp_path / "data/models/b.gguf").read_bytes() == GGUF + b"b"


def test_a_download_that_breaks_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    large = GGUF + bytes(12_000_000)  # huggingface_hub keeps what has come in pieces of 10 MiB
    with fake_hub({"owner/repo": Repository(files={"model.gguf": large})}) as hub:
        hub.break_after_bytes = 11_000_000
        added = _models("add", "hf:owner/repo", folder=tmp_path, env=hub.env)

    assert added.returncode == 0, added.stderr
    assert (tmp_path / "data/models/model.gguf").read_bytes() == large
    assert any(request.endswith("bytes=10485760-") for request in hub.requests)


def test_several_files_are_listed_to_choose_from(tmp_path: Path) -> None:
    files = {"a.Q8_0.gguf": GGUF, "a.Q5_0.gguf": GGUF}
    with fake_hub({"owner/repo": Repository(files=files)}) as hub:
        added = _models("add", "hf:owner/repo", folder=tmp_path, env=hub.env)

    assert "  hf:owner/repo/a.Q8_0.gguf\n  hf:owner/repo/a.Q5_0.gguf\n" in added.stderr
    assert added.returncode == 2


def test_a_gated_repository_says_how_to_get_in(tmp_path: Path) -> None:
    gated = Repository(files={"model.gguf": GGUF}, gated=True)
    with fake_hub({"owner/repo": gated}) as hub:
        refused = _models("add", "hf:owner/repo", folder=tmp_path, env=hub.env)
        added = _models(
            "add", "hf:owner/repo", folder=tmp_path, env={**hub.env, "HF_TOKEN": "hf_token"}
        )

    assert f"{hub.url}/owner/repo" in refused.stderr
    assert "export HF_TOKEN=" in refused.stderr
    assert refused.returncode == 2
    assert added.returncode == 0, added.stderr


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("hf:owner/nothing", "or it is private"),
        ("hf:owner/no..good", "cannot be a repository"),
        ("hf:owner/texts", "has no GGUF file"),
        ("hf:owner/models/other.gguf", "has no other.gguf"),
        ("hf:owner/parts", "in parts only"),
        ("hf:owner/pages", "is no GGUF file"),
    ],
)
def test_what_the_hub_does_not_have_is_told_plainly(
    tmp_path: Path, reference: str, said: str
) -> None:
    repositories = {
        "owner/texts": Repository(files={"README.md": b""}),
        "owner/models": Repository(files={"model.gguf": GGUF}),
        "owner/parts": Repository(files={"big-00001-of-00002.gguf": GGUF}),
        "owner/pages": Repository(files={"model.gguf": b"<html>"}),
    }
    with fake_hub(repositories) as hub:
        added = _models("add", reference, folder=tmp_path, env=hub.env)

    assert said in added.stderr
    assert "Traceback" not in added.stderr
    assert added.returncode == 2


def test_without_a_network_the_other_way_is_named(tmp_path: Path) -> None:
    added = _models(
        "add", "hf:owner/repo", folder=tmp_path, env={"HF_ENDPOINT": "http://127.0.0.1:9"}
    )

    assert "http://127.0.0.1:9 cannot be reached" in added.stderr
    assert "antechamber models add PATH.gguf" in added.stderr
    assert added.returncode == 2


def test_a_person_at_a_terminal_sees_how_far_a_download_is(tmp_path: Path) -> None:
    with (
        fake_hub({"owner/repo": Repository(files={"model.gguf": GGUF})}) as hub,
        terminal(
            *("models", "add", "hf:owner/repo", "--data-dir", "data"),
            folder=tmp_path,
            env=hub.env,
        ) as person,
    ):
        person.shown_until("model.gguf")
        person.shown_until("MB")

        assert person.exit_status() == 0
