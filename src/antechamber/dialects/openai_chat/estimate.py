"""How many tokens a request has where its host cannot tell: above the truth for usual text.

Three small letters of a word are a token and so is the rest of it, two capitals are one: English
has four to five letters a token, other languages in Latin letters about three. Every other ASCII
character counts one, digits and brackets included, though tokenizers join many of them; of spaces
only those before a digit, which tokenizers that read each digit by itself cannot join to it. Every
byte of other characters counts three quarters, which is two tokens for a Chinese character and
above what tokenizers since 2023 need. Runs of random letters, as in keys or base64, cost more than
that; they are not usual text.
"""

import string
from collections.abc import Mapping, Sequence
from typing import Any, cast

from antechamber.catalogue.facts import ImageTier
from antechamber.media.image_fit import image_tokens
from antechamber.media.image_head import image_size, reader_of_base64
from antechamber.wire.encoding import encode_json

_SMALL, _CAPITAL, _DIGIT, _SPACE, _OTHER, _FOREIGN = b"a", b"A", b"1", b" ", b".", b"x"


def _class_of(byte: int) -> int:
    for known, of_class in (
        (string.ascii_lowercase, _SMALL),
        (string.ascii_uppercase, _CAPITAL),
        (string.digits, _DIGIT),
        (" ", _SPACE),
    ):
        if chr(byte) in known:
            return of_class[0]
    return (_OTHER if byte < 128 else _FOREIGN)[0]


_CLASSES = bytes(_class_of(byte) for byte in range(256))
_BASE_TOKENS = 96
"""What chat templates say by themselves, of the model, the date and how to answer: 24 tokens in
SmolLM2's and Qwen 2.5's, 25 in Llama 3's, 70 in gpt-oss'; and the beginning of the answer."""
_MESSAGE_TOKENS = 8
"""What marks a message's role and ends."""
_TOOL_TOKENS = 24
_TOOLS_TOKENS = 256
"""What chat templates say about tools besides naming them."""
MEDIA_TOKENS = 4_784
"""Of a file, and of an image whose size cannot be read: the most that one of the catalogue's models
sees of an image."""


def estimate(body: Mapping[str, object], images: ImageTier) -> int:
    """Return a count for the messages and tools of ``body``, its texts not below the truth.

    What images cost is the catalogue's formula: hosts have as many as they have models.
    """
    messages = cast("Sequence[Mapping[str, Any]]", body.get("messages") or ())
    tools = cast("Sequence[object]", body.get("tools") or ())
    total = _BASE_TOKENS + sum(_MESSAGE_TOKENS + _message(message) for message in messages)
    total += media_tokens(body, images)
    if tools:
        total += _TOOLS_TOKENS + sum(
            _TOOL_TOKENS + text_tokens(encode_json(tool)) for tool in tools
        )
    return total


def media_tokens(body: Mapping[str, object], images: ImageTier) -> int:
    """Return what the images and files of the messages cost, by the catalogue's formula."""
    messages = cast("Sequence[Mapping[str, Any]]", body.get("messages") or ())
    contents = (message["content"] for message in messages)
    return sum(
        _media(part, images)
        for content in contents
        if not isinstance(content, str)
        for part in cast("Sequence[Mapping[str, Any]]", content)
        if part["type"] != "text"
    )


def _media(part: Mapping[str, Any], images: ImageTier) -> int:
    if part["type"] != "image_url":
        return MEDIA_TOKENS
    _, _, data = str(part["image_url"]["url"]).partition(";base64,")
    size = image_size(reader_of_base64(data))
    return MEDIA_TOKENS if size is None else image_tokens(size, images)


def text_tokens(text: bytes) -> int:
    """Return the estimate for UTF-8 text."""
    kinds = text.translate(_CLASSES)
    parts = kinds.replace(_SMALL * 3, _OTHER)
    foreign = kinds.count(_FOREIGN)
    return (
        parts.count(_OTHER)
        + parts.replace(_SMALL * 2, _SMALL).count(_SMALL)
        + kinds.replace(_CAPITAL * 2, _CAPITAL).count(_CAPITAL)
        + kinds.count(_DIGIT)
        + kinds.count(_SPACE + _DIGIT)
        + -(-foreign * 3 // 4)
    )


def _message(message: Mapping[str, Any]) -> int:
    content: object = message["content"]
    if isinstance(content, str):
        total = text_tokens(_utf8(content))
    else:
        total = sum(_part(part) for part in cast("Sequence[Mapping[str, Any]]", content))
    for name in ("reasoning_content", "reasoning"):
        if thought := message.get(name):
            total += text_tokens(_utf8(thought))
    for call in message.get("tool_calls") or ():
        total += _MESSAGE_TOKENS + text_tokens(encode_json(call["function"]))
    return total


def _part(part: Mapping[str, Any]) -> int:
    return text_tokens(_utf8(part["text"])) if part["type"] == "text" else 0


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")
