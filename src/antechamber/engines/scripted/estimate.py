"""The input tokens of a request by this engine's own count: system, tools and messages."""

from pydantic import JsonValue

from antechamber.engines.scripted.tokens import count_tokens
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import CountTokensRequest, MessageRequest

MESSAGE_TOKENS = 4
"""Each message costs these beside its content, for what marks its role and its ends."""
MEDIA_TOKENS = 1_500
"""Each image and PDF, whatever its size; an image of 1,092 by 1,092 pixels costs about as much."""

_READ = {"system", "tools", "messages"}
_SILENT = {"type", "role", "id", "tool_use_id", "cache_control", "signature", "media_type"}
_OPEN = {"input", "input_schema", "input_examples"}
_MEDIA = ("base64", "url", "file")  # no set: a type inside an open object may be anything


def count_input(request: MessageRequest | CountTokensRequest) -> int:
    """Count what the model would read; the same for both requests when they ask the same."""
    read: dict[str, JsonValue] = request.model_dump(include=_READ, exclude_none=True)
    return MESSAGE_TOKENS * len(request.messages) + _tokens(read)


def _tokens(value: JsonValue) -> int:
    if isinstance(value, str):
        return count_tokens(value)
    if isinstance(value, list):
        return sum(_tokens(item) for item in value)
    if isinstance(value, dict):
        if value.get("type") in _MEDIA:
            return MEDIA_TOKENS
        return sum(_tokens_of(key, inner) for key, inner in value.items() if key not in _SILENT)
    return 1


def _tokens_of(key: str, value: JsonValue) -> int:
    # Their keys are words for the model too, and those of everything else are not.
    return count_tokens(encode_json(value).decode()) if key in _OPEN else _tokens(value)
