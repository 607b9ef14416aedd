"""Input tokens of a Messages request where its upstream does not count: above the truth.

A tokenizer of bytes makes no more tokens than there are bytes. So every byte that is no letter and
no blank counts one: digits, of which some tokenizers read each by itself, marks, and the three
bytes of a Chinese character. Of letters and blanks in a row three count one: English has four to
five characters a token, other languages in Latin letters about three. Runs of random letters, as in
keys, cost more than that; they are not usual text.
"""

import string
from collections.abc import Mapping, Sequence
from typing import cast

from antechamber.wire.encoding import encode_json

_LETTERS = (string.ascii_letters + " \n").encode()
_CLASSES = bytes(b"a"[0] if byte in _LETTERS else b"."[0] for byte in range(256))
_IMAGE_TOKENS = 4_784
"""What the largest image may cost on the models of the catalogue."""
_TOOLS_TOKENS = 530
"""The most that a model is told about tools in general.
Source: platform.claude.com/docs/en/agents-and-tools/tool-use/overview, pricing."""


def estimated_tokens(body: Mapping[str, object]) -> int:
    """Return a count for the input of the request ``body``."""
    return _of(body) + (_TOOLS_TOKENS if body.get("tools") else 0)


def _of(value: object) -> int:
    match value:
        case str():
            return _of_text(value.encode("utf-8", "replace"))
        case Mapping():
            fields = cast("Mapping[str, object]", value)
            if fields.get("type") == "image":
                return _IMAGE_TOKENS
            # What was cited is not read again when the answer is sent back.
            is_citation = str(fields.get("type")).endswith("_location")
            return sum(
                _of(name) + _of(each) + 1
                for name, each in fields.items()
                if not (is_citation and name == "cited_text")
            )
        case Sequence():
            return sum(map(_of, cast("Sequence[object]", value)))
        case _:
            return len(encode_json(value))


def _of_text(text: bytes) -> int:
    return len(text.translate(_CLASSES).replace(b"aaa", b".").replace(b"aa", b"."))
