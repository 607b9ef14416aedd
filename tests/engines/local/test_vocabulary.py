"""An answer's tokens as text, and the keys of a model's file that they are read from."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.engines.local.gguf_keys import read_keys
from antechamber.engines.local.model_files import embedded_model
from antechamber.engines.local.openvino import why_not
from antechamber.engines.local.vocabulary import AnswerText, Vocabulary, read_vocabulary

END, MARK, FIRST_BYTE = 0, 1, 2
BYTES = Vocabulary(
    texts=[b"<|im_end|>", b"<|mark|>", *(bytes([byte]) for byte in range(256))],
    control=frozenset({END, MARK}),
    ends=frozenset({END}),
    eos=END,
    bos=None,
    template="",
    trained_tokens=64,
)
AVX2 = "processor\t: 0\nflags\t\t: fpu avx avx2\n"


def tokens_of(text: str) -> list[int]:
    return [FIRST_BYTE + byte for byte in text.encode()]


def shown(text: str, *stops: str) -> tuple[str, str | None]:
    answer = AnswerText(BYTES, stops)
    pieces: list[str] = []
    for token in tokens_of(text):
        pieces.append(answer.feed(token))
        if answer.stop is not None:
            return "".join(pieces), answer.stop
    return "".join([*pieces, answer.end()]), None


@given(st.text(), st.lists(st.text(min_size=1, max_size=4), max_size=3))
def test_text_is_shown_up_to_the_stop_that_ends_first(text: str, stops: list[str]) -> None:
    got, stop = shown(text, *stops)

    if stop is None:
        assert got == text
        assert not any(each in text for each in stops)
    else:
        assert text.startswith(got + stop)
        assert not any(each in (got + stop)[:-1] for each in stops)


def test_what_may_become_a_stop_text_is_held_back() -> None:
    answer = AnswerText(BYTES, ["<stop>"])

    assert [answer.feed(token) for token in tokens_of("a<st!")] == ["a", "", "", "", "<st!"]


def test_half_a_character_is_not_shown() -> None:
    answer = AnswerText(BYTES, [])

    assert [answer.feed(token) for token in tokens_of("世")] == ["", "", "世"]
    assert answer.feed(FIRST_BYTE + 0xE4) + answer.end() == ""


def test_control_tokens_are_text_to_a_grammar_only() -> None:
    plain, literal = AnswerText(BYTES, []), AnswerText(BYTES, [], literal=True)

    assert [plain.feed(MARK), literal.feed(MARK)] == ["", "<|mark|>"]
    assert [plain.feed(END), literal.feed(END)] == ["", ""]


@pytest.mark.skipif(embedded_model() is None, reason="the embedded model is not installed")
def test_the_vocabulary_of_the_embedded_model_is_read() -> None:
    path = embedded_model()
    assert path is not None

    vocabulary = read_vocabulary(path)

    assert vocabulary.text(vocabulary.eos) == "<|im_end|>"
    assert {vocabulary.text(token) for token in vocabulary.ends} == {"<|im_end|>", "<|endoftext|>"}
    assert vocabulary.trained_tokens == 8192
    assert "<|im_start|>" in vocabulary.template
    assert vocabulary.readable("größer\n世界 🌍") == ["größer\n世界 🌍"]
    assert vocabulary.readable("a\x04b\U00050000") == ["a", "b"]


def string(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def model_file(path: Path, **keys: str) -> Path:
    """Write the beginning of a model file; ``__`` in a name is a dot."""
    written = [
        string(name.replace("__", ".")) + struct.pack("<I", 8) + string(value)
        for name, value in keys.items()
    ]
    numbers = string("numbers") + struct.pack("<IIQ3i", 9, 5, 3, 1, -2, 3)
    path.write_bytes(
        struct.pack("<4sIQQ", b"GGUF", 3, 1, len(written) + 1) + numbers + b"".join(written)
    )
    return path


def test_keys_of_every_kind_are_read(tmp_path: Path) -> None:
    path = model_file(tmp_path / "x.gguf", general__architecture="größer")

    assert read_keys(path, {"numbers", "general.architecture", "absent"}) == {
        "numbers": [1, -2, 3],
        "general.architecture": "größer",
    }


def test_a_file_that_ends_too_soon_is_told(tmp_path: Path) -> None:
    path = model_file(tmp_path / "x.gguf", name="value")
    path.write_bytes(path.read_bytes()[:-12])

    with pytest.raises(ValueError, match="cannot be read"):
        read_keys(path, {"name"})


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ({"general__architecture": "qwen2", "tokenizer__ggml__pre": "qwen2"}, None),
        ({"general__architecture": "gemma3", "tokenizer__ggml__pre": "qwen2"}, "gemma3"),
        ({"general__architecture": "llama", "tokenizer__ggml__pre": "llama-bpe"}, "llama-bpe"),
        ({"general__architecture": "llama"}, "None"),
        (
            {
                "general__architecture": "qwen2",
                "tokenizer__ggml__pre": "qwen2",
                "qwen2__rope__scaling__type": "yarn",
            },
            "yarn",
        ),
    ],
)
def test_a_model_that_openvino_would_misread_is_left_to_llama_cpp(
    tmp_path: Path, keys: dict[str, str], reason: str | None
) -> None:
    general = why_not(model_file(tmp_path / "y.gguf", **GOOD), tmp_path / "y.gguf")
    if general is None or "AVX2" not in general:
        pytest.skip(str(general))
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text(AVX2)

    told = why_not(model_file(tmp_path / "x.gguf", **keys), cpu_info)

    assert (told is None) == (reason is None)
    assert told is None or str(reason) in told


GOOD = {"general__architecture": "qwen2", "tokenizer__ggml__pre": "qwen2"}
