"""A model's vocabulary as its file holds it, and an answer's tokens as text."""

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from antechamber.engines.local.gguf_keys import Value, read_keys

_TOKENS: Final = "tokenizer.ggml.tokens"
_TYPES: Final = "tokenizer.ggml.token_type"
_ENDS: Final = tuple(f"tokenizer.ggml.{name}_token_id" for name in ("eos", "eot", "eom"))
_BOS: Final = "tokenizer.ggml.bos_token_id"
_TEMPLATE: Final = "tokenizer.chat_template"
_ARCHITECTURE: Final = "general.architecture"
_GAP: Final = b"\xff"
"""A byte that no text has in UTF-8."""
_CONTROL = 3
"""The type of a token that marks places and is no text."""
_KNOWN_ENDS = frozenset(
    ("<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "</s>")
)
"""Models end a turn with these also where their file names only one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What of a model's file concerns text and tokens."""

    texts: Sequence[bytes]
    """By token: the bytes that it stands for."""
    control: frozenset[int]
    ends: frozenset[int]
    """Tokens that end an answer; ``eos`` is the one that the file names."""
    eos: int
    bos: int | None
    template: str
    trained_tokens: int
    """The window that the model was made for."""
    unknown: bytes = b""
    """The bytes that no token stands for."""

    def readable(self, text: str) -> list[str]:
        """Return what stands between characters that the model has no tokens for.

        OpenVINO reads such a one as token 0, which may be the one that ends a text.
        """
        gaps = bytes.maketrans(self.unknown, _GAP * len(self.unknown))
        written = text.encode("utf-8", "surrogatepass").translate(gaps)
        if _GAP not in written:
            return [text]
        parts = (part.decode("utf-8", "ignore") for part in written.split(_GAP))
        return [part for part in parts if part]

    def text(self, token: int | None) -> str:
        """Return one token as text."""
        return "" if token is None else self.texts[token].decode("utf-8", "replace")


def read_vocabulary(path: Path) -> Vocabulary:
    """Read the vocabulary of a model whose tokens are byte pairs.

    Raises ``OSError``, and ``ValueError`` when something that it needs is missing.
    """
    arch = str(read_keys(path, {_ARCHITECTURE}).get(_ARCHITECTURE))
    window = f"{arch}.context_length"
    keys = read_keys(path, {_TOKENS, _TYPES, _BOS, _TEMPLATE, window, *_ENDS})
    try:
        words = cast("list[str]", keys[_TOKENS])
        types = cast("list[int]", keys[_TYPES])
        eos = _number(keys, _ENDS[0])
        trained_tokens = _number(keys, window)
    except KeyError as error:
        message = f"the model file does not say {error.args[0]}"
        raise ValueError(message) from error
    control = frozenset(at for at, kind in enumerate(types) if kind == _CONTROL)
    named = {_number(keys, name) for name in _ENDS if name in keys}
    texts = [_bytes(word) for word in words]
    single = {text for text in texts if len(text) == 1}
    return Vocabulary(
        texts=texts,
        unknown=bytes(byte for byte in range(256) if bytes([byte]) not in single),
        control=control,
        ends=frozenset(named | {at for at in control if words[at] in _KNOWN_ENDS}),
        eos=eos,
        bos=_number(keys, _BOS) if _BOS in keys else None,
        template=str(keys.get(_TEMPLATE, "")),
        trained_tokens=trained_tokens,
    )


def _number(keys: Mapping[str, Value], name: str) -> int:
    return cast("int", keys[name])


def _printable() -> dict[str, int]:
    """Return the character by which each byte is written in a vocabulary of byte pairs.

    Printable characters of Latin-1 stand for themselves, the other bytes for those from 256 on, in
    order (github.com/openai/gpt-2, encoder.py).
    """
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(plain)]
    return {chr(byte): byte for byte in plain} | {
        chr(256 + at): byte for at, byte in enumerate(others)
    }


_BYTES: Final = _printable()


def _bytes(word: str) -> bytes:
    try:
        return bytes([_BYTES[character] for character in word])
    except KeyError:
        # Written as it is: control tokens, and words that were added later.
        return word.encode("utf-8", "surrogatepass")


class AnswerText:
    """The tokens of one answer as text that can be shown, up to a stop text.

    A text that may become a stop text is held back, and so is half a character. ``literal``:
    control tokens are text, as they are to a grammar, which does not know them apart.
    """

    def __init__(
        self, vocabulary: Vocabulary, stops: Iterable[str], *, literal: bool = False
    ) -> None:
        self._vocabulary = vocabulary
        self._stops = [stop for stop in stops if stop]
        self._hidden = vocabulary.ends if literal else vocabulary.control | vocabulary.ends
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stop: str | None = None
        """The stop text that was met."""

    def feed(self, token: int) -> str:
        """Return the text that can be shown now; nothing more must be fed after a stop."""
        if token in self._hidden:
            return ""
        text = self._held + self._decoder.decode(self._vocabulary.texts[token])
        met = [(at, stop) for stop in self._stops if (at := text.find(stop)) >= 0]
        if met:
            at, self.stop = min(met, key=lambda found: found[0])
            return text[:at]
        kept = self._may_become_a_stop(text)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]

    def end(self) -> str:
        """Return what was held back: the answer ends, and no stop text came of it."""
        held, self._held = self._held, ""
        return held

    def _may_become_a_stop(self, text: str) -> int:
        """Return how many characters at the end are the beginning of a stop text."""
        longest = max((len(stop) for stop in self._stops), default=1) - 1
        for length in range(min(longest, len(text)), 0, -1):
            tail = text[-length:]
            if any(stop.startswith(tail) for stop in self._stops):
                return length
        return 0
