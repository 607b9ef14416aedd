"""A message as a ``chat.completion``: its one choice, why it ended, what it cost."""

from collections.abc import Mapping
from typing import Literal

from msgspec import UNSET

from antechamber.wire.encoding import encode_json
from antechamber.wire.responses import (
    Message,
    RedactedThinkingBlock,
    ServiceTier,
    StopReason,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
)
from antechamber.wire.shape import JsonObject
from antechamber.wire.stream import FinalUsage

FinishReason = Literal["stop", "length", "tool_calls", "function_call", "content_filter"]

_FINISH: Mapping[StopReason, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
TIERS: Mapping[ServiceTier, str] = {
    "standard": "default",
    "priority": "priority",
    "batch": "default",
}


def completion_of(message: Message, *, created: int, calls_as_function: bool) -> JsonObject:
    """Return the whole answer; ``created`` is in seconds since 1970."""
    return {
        "id": completion_id(message.id),
        "object": "chat.completion",
        "created": created,
        "model": message.model,
        "choices": [
            {
                "index": 0,
                "message": _said(message, calls_as_function=calls_as_function),
                "logprobs": None,
                "finish_reason": finish_reason(
                    message.stop_reason, calls_as_function=calls_as_function
                ),
            }
        ],
        "usage": usage_of(message.usage),
        "service_tier": TIERS[message.usage.service_tier],
        "system_fingerprint": None,
    }


def completion_id(message_id: str) -> str:
    """Return the id of the completion that a message is."""
    return f"chatcmpl-{message_id.removeprefix('msg_')}"


def finish_reason(reason: StopReason | None, *, calls_as_function: bool) -> FinishReason:
    """Return why the answer ended, in the words of the format."""
    finish = _FINISH[reason or "end_turn"]
    return "function_call" if calls_as_function and finish == "tool_calls" else finish


def refusal_of(stop_reason: StopReason | None, details: Mapping[str, object] | None) -> str | None:
    """Return what a refusal says for itself; None where there is none or it says nothing."""
    explanation = (details or {}).get("explanation") if stop_reason == "refusal" else None
    return explanation if isinstance(explanation, str) else None


def usage_of(usage: Usage | FinalUsage) -> JsonObject:
    """Return the counts. The prompt of this format holds what was read from the cache, too."""
    read, written = usage.cache_read_input_tokens, usage.cache_creation_input_tokens
    prompt = usage.input_tokens + read + written
    details = usage.output_tokens_details
    thinking = 0 if details is UNSET else details.thinking_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt + usage.output_tokens,
        "prompt_tokens_details": {
            "cached_tokens": read,
            "cache_write_tokens": written,
            "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": thinking,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _said(message: Message, *, calls_as_function: bool) -> JsonObject:
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[JsonObject] = []
    for block in message.content:
        match block:
            case TextBlock(text=text):
                texts.append(text)
            case ThinkingBlock(thinking=thought):
                thoughts.append(thought)
            case ToolUseBlock():
                calls.append(_call(block))
            case RedactedThinkingBlock():
                pass
    refusal = refusal_of(message.stop_reason, message.stop_details)
    said: JsonObject = {
        "role": "assistant",
        "content": "".join(texts) or (None if calls or refusal else ""),
        "refusal": refusal,
    }
    if any(thoughts):
        said["reasoning_content"] = "".join(thoughts)
    if calls and calls_as_function:
        said["function_call"] = calls[0]["function"]
    elif calls:
        said["tool_calls"] = calls
    return said


def _call(block: ToolUseBlock) -> JsonObject:
    arguments = encode_json(block.input).decode()
    return {
        "id": block.id,
        "type": "function",
        "function": {"name": block.name, "arguments": arguments},
    }
