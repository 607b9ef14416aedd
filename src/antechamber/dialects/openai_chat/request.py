"""The body of a chat completion request, and how its answer is to be read."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from antechamber.dialects.openai_chat.form import Form, form_of
from antechamber.dialects.openai_chat.messages import chat_messages
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.reading import ReadingPlan, Remedy
from antechamber.dialects.openai_chat.reasoning import reasoning_fields
from antechamber.dialects.openai_chat.told_calls import with_calls_in_text
from antechamber.dialects.openai_chat.tool_ids import own_names
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import CountTokensRequest, MessageRequest

_MOST_USER_CHARACTERS = 64  # OpenAI's limit


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """One request to a host."""

    body: Mapping[str, object]
    plan: ReadingPlan


def chat_request(
    request: MessageRequest | CountTokensRequest,
    thinking: ThinkingPlan,
    quirks: Quirks,
    *,
    model: str,
    remedy: Remedy | None = None,
) -> ChatRequest:
    """Write ``request`` for a host; ``model`` is its name for the model.

    The output limit and ``sharing_fields`` are the engine's to add. Raises ``InvalidRequest`` for
    what the host cannot do.
    """
    if remedy is not None:
        # What there was to think has been thought, and shown.
        thinking = ThinkingPlan(on=False, keeps_earlier=thinking.keeps_earlier)
    form = form_of(request, quirks, remedy)
    messages = chat_messages(
        request, quirks, addendum=form.addendum, keeps_thoughts=thinking.keeps_earlier
    )
    if quirks.tools_in_text:
        messages = with_calls_in_text(messages)
    plan = _plan(request, form, thinking, quirks)
    body: dict[str, object] = {
        "model": model,
        "messages": messages,
        **form.calling.fields,
        **form.fields,
        **_prefill(messages, quirks),
        **reasoning_fields(request, thinking, quirks),
        **_settings(request, quirks),
    }
    if "tools" in body and not quirks.effort_beside_tools:
        body.pop("reasoning_effort", None)
    if plan.stop_told:
        body["stop"] = list(plan.stop_told)
    body["stream"] = quirks.streams_calls or "tools" not in body
    if body["stream"] and quirks.stream_usage:
        body["stream_options"] = {"include_usage": True}
    if messages[-1]["role"] == "assistant":
        plan = replace(
            plan,
            thoughts_in_text=False,
            begins_in_thought=False,
            echo=_echo(messages, quirks),
        )
    return ChatRequest(body=body, plan=plan)


def _plan(
    request: MessageRequest | CountTokensRequest,
    form: Form,
    thinking: ThinkingPlan,
    quirks: Quirks,
) -> ReadingPlan:
    called, stops = form.calling, _stops(request)
    # A host would look for them in the thoughts and in the inputs of calls as well.
    told = quirks.stop == "told" and not thinking.on and not called.tools
    return ReadingPlan(
        names=own_names((tool.name for tool in called.tools), quirks),
        must_call=called.must_call,
        one_call=called.one_call or form.text_is_call,
        text_is_call=form.text_is_call,
        calls_in_text=quirks.tools_in_text and bool(called.tools) and not form.text_is_call,
        checks_calls=called.must_call or any(tool.strict for tool in called.tools),
        strict={tool.name: tool.schema for tool in called.tools if tool.strict},
        forced=(
            {tool.name: tool.schema for tool in called.tools if not tool.strict}
            if called.must_call
            else {}
        ),
        answer_schema=form.answer_schema,
        # Beside a call that has to come there is no text.
        stop_here=() if told or called.must_call else stops,
        stop_told=stops if told else (),
        shows_thoughts=thinking.on,
        thoughts_in_text=quirks.thoughts_in_text,
        begins_in_thought=_begins_in_thought(form, thinking, quirks),
    )


def _begins_in_thought(form: Form, thinking: ThinkingPlan, quirks: Quirks) -> bool:
    if "response_format" in form.fields:
        # What does not know thoughts binds the text from its first token.
        return False
    return quirks.begins_in_thought == "always" or (
        quirks.begins_in_thought == "asked" and thinking.on
    )


def _prefill(messages: list[dict[str, object]], quirks: Quirks) -> dict[str, object]:
    if not messages or messages[-1]["role"] != "assistant":
        return {}
    match quirks.prefill:
        case "flags":
            return {"continue_final_message": True, "add_generation_prompt": False}
        case "last_message":
            return {}
        case "refused":
            message = (
                "This model does not support assistant message prefill. "
                "The conversation must end with a user message."
            )
            raise InvalidRequest(message)


def _echo(messages: list[dict[str, object]], quirks: Quirks) -> str:
    content = messages[-1]["content"]
    return content if quirks.echoes_prefill and isinstance(content, str) else ""


def _settings(request: MessageRequest | CountTokensRequest, quirks: Quirks) -> dict[str, object]:
    """Return sampling, the end user and the tier; what is absent is left to the host."""
    if not isinstance(request, MessageRequest):
        return {}
    fields: dict[str, Any] = {"temperature": request.temperature, "top_p": request.top_p}
    if request.top_k is not None:
        if not quirks.top_k:
            message = "top_k: This model does not support top_k."
            raise InvalidRequest(message)
        fields["top_k"] = request.top_k
    user = request.metadata.user_id if request.metadata is not None else None
    if user and quirks.user:
        long = len(user) > _MOST_USER_CHARACTERS
        fields["user"] = hashlib.sha256(user.encode()).hexdigest() if long else user
    if quirks.service_tiers:
        tiers = {"standard_only": "default", "priority": "priority"}
        fields["service_tier"] = tiers.get(request.service_tier or "auto")
    return {name: value for name, value in fields.items() if value is not None}


def _stops(request: MessageRequest | CountTokensRequest) -> tuple[str, ...]:
    if not isinstance(request, MessageRequest):
        return ()
    return tuple(text for text in request.stop_sequences or () if text)
