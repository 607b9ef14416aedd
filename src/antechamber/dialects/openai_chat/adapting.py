"""What is learned from a refusal: the host's quirks without the field that it does not take.

Only fields whose loss changes nothing that the request asks for are given up.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import cast

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.told import Told

_LATE_SYSTEM = re.compile(
    r"system (?:message|role|prompt).{0,40}(?:must|should|only).{0,40}(?:begin|first|start)"
    r"|only (?:the first|one) .{0,20}system|(?:after|between).{0,30}role.{0,10}system"
    r"|roles must alternate",
    re.IGNORECASE | re.DOTALL,
)
_NINE_CHARACTERS = re.compile(r"tool call id .*length of 9", re.IGNORECASE | re.DOTALL)
# llama-server before it could
_NO_STREAM = re.compile(r"cannot use tools with stream", re.IGNORECASE)
_NO_TOOLS = re.compile(
    # vLLM without a tool parser, Ollama, llama-server without --jinja
    r"enable-auto-tool-choice|requires --tool-call-parser"
    r"|does not support (?:tools|tool|function)|tools param requires",
    re.IGNORECASE,
)
# vLLM, of a schema that its grammars cannot hold
_NO_GRAMMAR = re.compile(r"grammar|structural.?tag|json.?schema|\bstrict\b", re.IGNORECASE)
_UNSUPPORTED = re.compile(r"(?:un|not )(?:supported|recognized|known)|not permitted", re.IGNORECASE)


def adapted(quirks: Quirks, body: Mapping[str, object], told: Told) -> Quirks | None:
    """Return quirks under which the same request may be taken; None where nothing is to be learned.

    ``body`` is what was refused, ``told`` what was said about it.
    """
    param = told.fields.get("param")
    said = f"{told.message} {param if isinstance(param, str) else ''}"
    changes = _changes(quirks, body, said, param if isinstance(param, str) else "")
    return next((changed for changed in changes if changed != quirks), None)


def refuses_tools(told: Told) -> bool:
    """Tell whether the host, or its model, takes no tools as such."""
    return _NO_TOOLS.search(told.message) is not None


def _changes(quirks: Quirks, body: Mapping[str, object], said: str, param: str) -> Iterator[Quirks]:
    """Yield what may help, the most telling first."""
    if (field := _max_tokens_field(quirks, said)) is not None:
        yield replace(quirks, max_tokens_field=field)
    if "tools" in body:
        yield from _changes_of_tools(quirks, body, said)
    for name, without in _without(quirks, body).items():
        if re.search(rf"\b{name}\b", said):
            yield without
    if _NINE_CHARACTERS.search(said):
        yield replace(quirks, tool_ids="nine")
    if "user" in body and param == "user":
        yield replace(quirks, user=False)
    if quirks.system_role == "developer" and "developer" in said:
        yield replace(quirks, system_role="system")
    if _has_late_system(body) and _LATE_SYSTEM.search(said):
        yield replace(quirks, late_system="tell")


def _changes_of_tools(quirks: Quirks, body: Mapping[str, object], said: str) -> Iterator[Quirks]:
    if _NO_STREAM.search(said):
        yield replace(quirks, streams_calls=False)
    if _NO_TOOLS.search(said):
        yield replace(quirks, tools_in_text=True)
    if quirks.strict_tools == "any" and _has_strict_tools(body) and _NO_GRAMMAR.search(said):
        yield replace(quirks, strict_tools="ignored")


def _max_tokens_field(quirks: Quirks, said: str) -> str | None:
    """Each name is refused by some of OpenAI's models or of its imitations."""
    unsupported = re.search(
        r"(?:un|not )(?:supported|recognized|known)|not permitted", said.lower()
    )
    if not unsupported:
        return None
    if quirks.max_tokens_field == "max_tokens" and "max_completion_tokens" in said:
        return "max_completion_tokens"
    other = quirks.max_tokens_field == "max_completion_tokens"
    return "max_tokens" if other and "max_completion_tokens" in said else None


def _without(quirks: Quirks, body: Mapping[str, object]) -> Mapping[str, Quirks]:
    """Return, by the name of each field that was sent and can be given up, the quirks without."""
    choices = {"named": "required", "required": "unheeded", "unheeded": "unheeded"}
    given_up = {
        "chat_template_kwargs": replace(quirks, reasoning="none"),
        "reasoning_effort": (
            replace(quirks, efforts=())
            if quirks.reasoning == "template"
            else replace(quirks, reasoning="none")
        ),
        "stream_options": replace(quirks, stream_usage=False),
        "parallel_tool_calls": replace(quirks, parallel_switch=False),
        "tool_choice": replace(quirks, tool_choice=choices[quirks.tool_choice]),
        "response_format": replace(quirks, structured="text"),
        "service_tier": replace(quirks, service_tiers=False),
        "priority": replace(quirks, priority=None),
        "cache_salt": replace(quirks, cache_salts=False),
    }
    if quirks.budget_field is not None:
        given_up[quirks.budget_field] = replace(quirks, budget_field=None)
    return {name: without for name, without in given_up.items() if name in body}


def _has_strict_tools(body: Mapping[str, object]) -> bool:
    tools = cast("list[dict[str, dict[str, object]]]", body["tools"])
    return any(tool["function"].get("strict") for tool in tools)


def _has_late_system(body: Mapping[str, object]) -> bool:
    messages = body.get("messages")
    roles = [message["role"] for message in messages] if isinstance(messages, list) else []  # pyright: ignore[reportUnknownVariableType]
    return any(role in ("system", "developer") for role in roles[1:])  # pyright: ignore[reportUnknownVariableType]
