"""A chat completions request as the body of ``POST /v1/messages``, and what got lost on the way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from antechamber.dialects.openai_front.conversation import conversation_of
from antechamber.dialects.openai_front.ignored import Ignored, note_what_has_no_effect
from antechamber.dialects.openai_front.places import Place
from antechamber.dialects.openai_front.schemas import ANY_OBJECT, fitted
from antechamber.dialects.openai_front.shapes import (
    ChatRequest,
    JsonObjectFormat,
    JsonSchema,
    JsonSchemaFormat,
)
from antechamber.dialects.openai_front.tools import tool_places, tools_of
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import JsonObject

_EFFORTS = {"minimal": "low"}
"""The Messages API has no lower level than ``low``."""
_TIERS = {"auto": "auto", "priority": "auto", "default": "standard_only"}
_WANTS_OBJECT = "Answer with a single JSON object and nothing else: no other words, no code fence."


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """The Messages request, and what is needed to speak about it in the client's terms."""

    body: JsonObject
    ignored: tuple[str, ...]
    places: Mapping[str, Sequence[Place]]
    """Where each item of ``messages``, ``system`` and ``tools`` was in the client's request."""
    renamed: Mapping[str, str]
    """Other paths of the Messages request that have another name in the client's."""


def to_messages_request(
    chat: ChatRequest, *, default_max_tokens: int, hosted: bool, holds_open_objects: bool
) -> Conversion:
    """Convert the request; with ``hosted`` as the hosted API's own layer places system messages.

    ``holds_open_objects``: whatever answers can be held to an object of unknown keys.
    Raises ``InvalidRequest`` for what has no place in the Messages API, in the client's terms.
    """
    _refuse_what_changes_the_answer(chat)
    ignored = Ignored()
    note_what_has_no_effect(chat, ignored)
    conversation = conversation_of(chat.messages, ignored, hoists_all=hosted)
    system = [placed.block for placed in conversation.system]
    if _wants_any_object(chat):
        system = [*system, {"type": "text", "text": _WANTS_OBJECT}]
    body: JsonObject = {
        "model": chat.model,
        "messages": conversation.messages,
        "max_tokens": chat.max_completion_tokens or chat.max_tokens or default_max_tokens,
        "stream": bool(chat.stream),
        **({"system": system} if system else {}),
        **tools_of(chat, ignored),
        **_sampling(chat, ignored),
        **_account(chat, ignored),
        **_thinking(chat, ignored, hosted=hosted),
    }
    output = _output(chat, holds_open_objects=holds_open_objects)
    if output:
        body["output_config"] = output
    return Conversion(
        body=body,
        ignored=ignored.names,
        places={
            "messages": conversation.places,
            "system": [placed.place for placed in conversation.system],
            "tools": tool_places(chat),
        },
        renamed=_renamed(chat),
    )


def _refuse_what_changes_the_answer(chat: ChatRequest) -> None:
    if chat.n not in (None, 1):
        raise InvalidRequest("n: Only 1 is supported: each request gets one answer")
    if chat.audio is not None or "audio" in (chat.modalities or ()):
        raise InvalidRequest("modalities: Audio output is not supported")


def _sampling(chat: ChatRequest, ignored: Ignored) -> JsonObject:
    found: JsonObject = {}
    if chat.temperature is not None:
        # The format goes to 2, the Messages API to 1; the hosted API's layer caps it.
        if chat.temperature > 1:
            ignored.add("temperature")
        found["temperature"] = min(chat.temperature, 1.0)
    if chat.top_p is not None:
        found["top_p"] = chat.top_p
    if chat.top_k is not None and chat.top_k > 0:
        found["top_k"] = chat.top_k
    stops = [chat.stop] if isinstance(chat.stop, str) else chat.stop or []
    kept = [stop for stop in stops if stop.strip()]
    if len(kept) < len(stops):
        ignored.add("stop")
    if kept:
        found["stop_sequences"] = kept
    return found


def _account(chat: ChatRequest, ignored: Ignored) -> JsonObject:
    found: JsonObject = {}
    if chat.cache_control is not None:
        found["cache_control"] = chat.cache_control
    user = chat.user or chat.safety_identifier
    if user:
        found["metadata"] = {"user_id": user}
    if chat.service_tier in _TIERS:
        found["service_tier"] = _TIERS[chat.service_tier]
    elif chat.service_tier is not None:
        ignored.add("service_tier")
    return found


def _thinking(chat: ChatRequest, ignored: Ignored, *, hosted: bool) -> JsonObject:
    if chat.thinking is None:
        match chat.reasoning_effort:
            case None:
                return {}
            case "none":
                return {"thinking": {"type": "disabled"}}
            case _:
                return {"thinking": {"type": "adaptive", "display": "summarized"}}
    if chat.thinking.get("type") != "enabled" or not _in_tool_loop(chat):
        return {"thinking": chat.thinking}
    # A budget holds for a whole tool loop, whose thoughts have to come back, and this format has
    # no place for them.
    ignored.add("thinking.budget_tokens")
    return {} if hosted else {"thinking": {"type": "adaptive", "display": "summarized"}}


def _in_tool_loop(chat: ChatRequest) -> bool:
    """Whether the assistant's last turn made calls, whose thoughts are therefore wanted."""
    last = next((each for each in reversed(chat.messages) if each.role == "assistant"), None)
    return last is not None and bool(last.tool_calls or last.function_call)


def _output(chat: ChatRequest, *, holds_open_objects: bool) -> JsonObject:
    found: JsonObject = {}
    effort = chat.reasoning_effort
    if effort is not None and effort != "none":
        found["effort"] = _EFFORTS.get(effort, effort)
    match chat.response_format:
        case JsonSchemaFormat(json_schema=JsonSchema(schema_=dict() as schema)):
            found["format"] = {"type": "json_schema", "schema": fitted(schema)}
        case _ if holds_open_objects and _wants_any_object(chat):
            found["format"] = {"type": "json_schema", "schema": ANY_OBJECT}
        case _:
            pass
    return found


def _wants_any_object(chat: ChatRequest) -> bool:
    match chat.response_format:
        case JsonSchemaFormat(json_schema=JsonSchema(schema_=None)) | JsonObjectFormat():
            return True
        case _:
            return False


def _renamed(chat: ChatRequest) -> dict[str, str]:
    limit = "max_tokens" if chat.max_completion_tokens is None else "max_completion_tokens"
    first_form = chat.tool_choice is None and chat.function_call is not None
    choice, name = ("function_call", "name") if first_form else ("tool_choice", "function.name")
    return {
        "max_tokens": limit,
        "stop_sequences": "stop",
        "metadata.user_id": "user" if chat.user else "safety_identifier",
        "output_config.format.schema": "response_format.json_schema.schema",
        "output_config.format": "response_format",
        "output_config.effort": "reasoning_effort",
        "system": "messages",
        "thinking": "reasoning_effort" if chat.thinking is None else "thinking",
        "tool_choice.disable_parallel_tool_use": "parallel_tool_calls",
        "tool_choice.name": f"{choice}.{name}",
        "tool_choice": choice,
    }
