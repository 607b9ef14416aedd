"""Input tokens by rule of thumb, for when Gemini does not count: rather too many than too few.

A client that is told too little never makes room (pitfall T39). Sources for media:
ai.google.dev/gemini-api/docs/tokens and …/docs/media-resolution.
"""

import math
from collections.abc import Mapping, Sequence
from typing import cast

_ASCII_PER_TOKEN = 3.0
"""Gemini's own rule is four characters; code and JSON have fewer."""
_IMAGE_TOKENS = 1_120
"""One image at the default resolution of the third generation, more than in those before."""
_PDF_CHARACTERS_PER_TOKEN = 50
"""Of base64: 560 tokens a page, and few pages have less than 20 KB."""
_PART_TOKENS = 2
"""For what marks its beginning and its end."""


def estimated_tokens(value: object) -> int:
    """Return a count for ``value``, the body of a request or a part of it."""
    match value:
        case str():
            plain = len(value.encode("ascii", "ignore"))
            return math.ceil(plain / _ASCII_PER_TOKEN) + len(value) - plain
        case Mapping():
            return _of_object(cast("Mapping[str, object]", value))
        case Sequence():
            return sum(map(estimated_tokens, cast("Sequence[object]", value)))
        case _:
            return 1


def _of_object(value: Mapping[str, object]) -> int:
    if "data" in value and "mimeType" in value:
        size = len(str(value["data"])) // _PDF_CHARACTERS_PER_TOKEN
        return max(_IMAGE_TOKENS, size if value["mimeType"] == "application/pdf" else 0)
    if "fileUri" in value:
        return _IMAGE_TOKENS
    return _PART_TOKENS + sum(
        estimated_tokens(key) + estimated_tokens(inner) for key, inner in value.items()
    )
