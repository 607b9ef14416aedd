"""The input tokens of a request by this engine's own count: system, tools and messages."""

from pydantic import JsonValue

from antechamber.catalogue.facts import ImageTier
from antechamber.engines.scripted.tokens import count_tokens
from antechamber.media.image_fit import image_tokens
from antechamber.media.image_head import image_size, reader_of_base64
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import CountTokensRequest, MessageRequest

MESSAGE_TOKENS = 4
"""Each message costs these beside its content, for what marks its role and its ends."""
MEDIA_TOKENS = 1_500
"""Each PDF, and each image whose size is not known: one of 1,092 by 1,092 pixels costs as much."""

_READ = {"system", "tools", "messages"}
_SILENT = {
    "type",
    "role",
    "id",
    "tool_use_id",
    "cache_control",
    "signature",
    "media_type",
    "citations",  # what an answer cited is not read again when it is sent back
}
_OPEN = {"input", "input_schema", "input_examples"}
_MEDIA = ("base64", "url", "file")  # no set: a type inside an open object may be anything


def count_input(request: MessageRequest | CountTokensRequest, images: ImageTier) -> int:
    """Count what the model would read; the same for both requests when they ask the same.

    ``images`` says what an image costs.
    """
    read: dict[str, JsonValue] = request.model_dump(include=_READ, exclude_none=True)
    return MESSAGE_TOKENS * len(request.messages) + _tokens(read, images)


def _tokens(value: JsonValue, images: ImageTier) -> int:
    if isinstance(value, str):
        return count_tokens(value)
    if isinstance(value, list):
        return sum(_tokens(item, images) for item in value)
    if isinstance(value, dict):
        if value.get("type") in _MEDIA:
            return _media_tokens(value, images)
        return sum(
            _tokens_of(key, inner, images) for key, inner in value.items() if key not in _SILENT
        )
    return 1


def _tokens_of(key: str, value: JsonValue, images: ImageTier) -> int:
    # Their keys are words for the model too, and those of everything else are not.
    return count_tokens(encode_json(value).decode()) if key in _OPEN else _tokens(value, images)


def _media_tokens(source: dict[str, JsonValue], images: ImageTier) -> int:
    data = source.get("data")
    size = image_size(reader_of_base64(data)) if isinstance(data, str) else None
    return MEDIA_TOKENS if size is None else image_tokens(size, images)
