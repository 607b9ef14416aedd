"""What is learned from a refusal: the host's quirks without the field that it does not take.

Only fields whose loss changes nothing that the request asks for are given up, and never the one
that keeps the caches of workspaces apart.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.refusal import Refusal, refusal_of
from antechamber.dialects.openai_chat.told import Told

_LATE_SYSTEM = re.compile(
    r"system (?:message|role|prompt).{0,40}(?:must|should|only).{0,40}(?:begin|first|start)"
    r"|only (?:the first|one) .{0,20}system|(?:after|between).{0,30}role.{0,10}system"
    r"|roles must alternate",
    re.IGNORECASE | re.DOTALL,
)
_NINE_CHARACTERS = re.compile(r"tool call id .*length of 9", re.IGNORECASE | re.DOTALL)
# AWS Bedrock, Claude and OpenAI behind proxies; what nine letters and digits satisfy too
_CALL_ID = re.compile(
    r"tool_?use(?:_id|\.id|Id)|tool_call_id|tool_calls(?:\[\d+\]|\.\d+)?\.id", re.IGNORECASE
)
_ID_FORM = re.compile(
    r"match pattern|regular expression pattern|string too long|length less than or equal to"
    r"|maximum length",
    re.IGNORECASE,
)
# llama-server before it could
_NO_STREAM = re.compile(r"cannot use tools with stream", re.IGNORECASE)
_NO_TOOLS = re.compile(
    # vLLM without a tool parser, Ollama, llama-server without --jinja
    r"enable-auto-tool-choice|requires --tool-call-parser"
    r"|does not support (?:tools?|functions?)\b(?! choice)|tools param requires",
    re.IGNORECASE,
)
# Ollama
_NO_THINKING = re.compile(r"does not support (?:thinking|reasoning)\b(?! effort)", re.IGNORECASE)
_NO_DEVELOPER = re.compile(
    r"\brole\b.{0,40}\bdeveloper\b|\bdeveloper\b.{0,40}(?:\brole|not (?:supported|one of)|values)",
    re.IGNORECASE,
)
# vLLM, of a schema that its grammars cannot hold
_NO_GRAMMAR = re.compile(r"grammar|structural.?tag|json.?schema|\bstrict\b", re.IGNORECASE)
# vLLM before its second scheduler; since then it takes the field, and heeds it where it is told to
_NO_PRIORITY = re.compile(r"priority scheduling is not enabled", re.IGNORECASE)
_UNSUPPORTED = re.compile(r"(?:un|not )(?:supported|recognized|known)|not permitted", re.IGNORECASE)
_THINKING = ("reasoning_effort", "chat_template_kwargs")
# OpenAI's gpt-5.4, which thinks at this endpoint only without tools
_NO_EFFORT_BESIDE_TOOLS = re.compile(
    r"tools with reasoning[_ ]?effort|reasoning[_ ]?effort.{0,40} with (?:function|tool)",
    re.IGNORECASE,
)
_OFFERED = re.compile(
    r"\b(?:must be|should be|one of|either|expected"
    r"|(?:supported|allowed|valid|permitted|available|possible) (?:value|level|option)s?)\b(.*)",
    re.IGNORECASE | re.DOTALL,
)
_ABOUT_THINKING = re.compile(r"thinking|reasoning|effort", re.IGNORECASE)
_CALLERS = ("messages", "tools", "tool_choice", "response_format", "temperature", "top_p", "stop")
"""Fields whose values are the client's to mend."""
_CALLERS_WORDS = re.compile(
    r"\bmessages?[.\[]\d"
    r"|\b(?:temperature|top_[pk]|max_(?:completion_)?tokens|images?|schema|function|policy|filtered)\b",
    re.IGNORECASE,
)
_FIXED = ("stream_options", "parallel_tool_calls", "chat_template_kwargs")
"""Their values are no caller's, so that a refusal of the value is one of the field."""
_HARMLESS = ("parallel_tool_calls", "chat_template_kwargs")
"""Of these also where it is no more than likely."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Fields of quirks under which a refused request may be taken."""

    fields: Mapping[str, Any]
    lasts: bool = True
    """Other requests to that model need it too; else it is of this one's values."""
    certain: bool = False
    """The host has named the field by a code, so that other changes do not put it in doubt."""

    def of(self, quirks: Quirks) -> Quirks:
        """Return ``quirks`` with the change."""
        return replace(quirks, **self.fields)


def adapted(
    quirks: Quirks, body: Mapping[str, object], told: Told, *, effort_taken: bool = False
) -> Change | None:
    """Return what may make the host take the request; None where nothing is to be learned.

    ``body`` is what was refused, ``told`` what was said about it; ``effort_taken`` tells that the
    model has taken ``reasoning_effort`` before.
    """
    changes = _changes(quirks, body, refusal_of(body, told), effort_taken=effort_taken)
    return next((change for change in changes if change.of(quirks) != quirks), None)


def suspected(
    quirks: Quirks, body: Mapping[str, object], told: Told, *, effort_taken: bool
) -> Change | None:
    """Return what is worth a try where the refusal is not understood: not to ask for an effort.

    No other field is sent so often and refused in so many words, and its loss harms least.
    """
    if "reasoning_effort" not in body:
        return None
    refusal = refusal_of(body, told)
    if (callers := _is_of_callers(refusal)) and not _ABOUT_THINKING.search(refusal.message):
        return None
    return Change(fields=_without_effort(quirks), lasts=not (callers or effort_taken))


def refuses_tools(told: Told) -> bool:
    """Tell whether the host, or its model, takes no tools as such."""
    return _NO_TOOLS.search(told.message) is not None


def _changes(
    quirks: Quirks, body: Mapping[str, object], refusal: Refusal, *, effort_taken: bool
) -> Iterator[Change]:
    """Yield what may help, the most telling first."""
    if (field := _max_tokens_field(quirks, refusal)) is not None:
        certain = refusal.disowns(quirks.max_tokens_field)
        yield Change(fields={"max_tokens_field": field}, certain=certain)
    if "tools" in body:
        yield from _changes_of_tools(quirks, body, refusal)
    if not body.keys().isdisjoint(_THINKING):
        yield from _changes_of_thinking(quirks, body, refusal, effort_taken=effort_taken)
    yield from _changes_of_callers(body, refusal)
    for name, without in _without(quirks).items():
        if name in body and refusal.is_about(name):
            meant = refusal.refuses(name) or (name in _FIXED and refusal.points_at(name))
            lasts, certain = meant or name in _HARMLESS, refusal.disowns(name)
            yield Change(fields=without, lasts=lasts, certain=certain)
    if refusal.says(_NINE_CHARACTERS) or (
        refusal.says(_CALL_ID) and _ID_FORM.search(refusal.message) is not None
    ):
        yield Change(fields={"tool_ids": "nine"})
    if quirks.system_role == "developer" and _refuses_developer(refusal):
        yield Change(fields={"system_role": "system"})
    if _has_late_system(body) and refusal.says(_LATE_SYSTEM):
        yield Change(fields={"late_system": "tell"})


def _changes_of_tools(
    quirks: Quirks, body: Mapping[str, object], refusal: Refusal
) -> Iterator[Change]:
    if refusal.says(_NO_STREAM):
        yield Change(fields={"streams_calls": False})
    if refusal.says(_NO_TOOLS):
        yield Change(fields={"tools_in_text": True})
    about_schemas = _NO_GRAMMAR.search(refusal.message) is not None
    if quirks.strict_tools == "any" and _has_strict_tools(body) and about_schemas:
        yield Change(fields={"strict_tools": "ignored"}, lasts=False)


def _changes_of_callers(body: Mapping[str, object], refusal: Refusal) -> Iterator[Change]:
    if "priority" in body and refusal.says(_NO_PRIORITY):
        yield Change(fields={"priority": False})
    if "user" in body and (refusal.points_at("user") or refusal.lists("user")):
        certain, lasts = refusal.disowns("user"), refusal.refuses("user")
        yield Change(fields={"user": False}, lasts=lasts, certain=certain)


def _refuses_developer(refusal: Refusal) -> bool:
    return refusal.says(_NO_DEVELOPER) and not refusal.may_quote("developer")


def _changes_of_thinking(
    quirks: Quirks, body: Mapping[str, object], refusal: Refusal, *, effort_taken: bool
) -> Iterator[Change]:
    if refusal.says(_NO_THINKING):
        yield Change(fields={"reasoning": "none"})
    if "reasoning_effort" not in body or not refusal.is_about("reasoning_effort"):
        return
    if "tools" in body and refusal.says(_NO_EFFORT_BESIDE_TOOLS):
        yield Change(fields={"effort_beside_tools": False})
    if (left := _levels_left(quirks, str(body["reasoning_effort"]), refusal)) is not None:
        yield Change(fields={"efforts": left})
    certain = refusal.disowns("reasoning_effort")
    sure = refusal.refuses("reasoning_effort") or not effort_taken
    lasts = certain or (sure and not _is_of_callers(refusal))
    yield Change(fields=_without_effort(quirks), lasts=lasts, certain=certain)


def _max_tokens_field(quirks: Quirks, refusal: Refusal) -> str | None:
    """Each name is refused by some of OpenAI's models or of its imitations."""
    if quirks.max_tokens_field == "max_completion_tokens":
        return "max_tokens" if refusal.refuses("max_completion_tokens") else None
    unsupported = _UNSUPPORTED.search(refusal.message) is not None
    hinted = unsupported and refusal.says_name("max_completion_tokens")
    return "max_completion_tokens" if hinted or refusal.refuses("max_tokens") else None


def _levels_left(quirks: Quirks, sent: str, refusal: Refusal) -> tuple[str, ...] | None:
    """Return the levels that a model may have that has not the one ``sent``; None for no such."""
    if refusal.says(_OFFERED) and (found := _OFFERED.search(refusal.message)):
        offered = set(re.findall(r"[a-z]+", found[1].lower())) - {sent}
        if left := tuple(level for level in quirks.efforts if level in offered):
            return left
    named = re.search(rf"['\"`]{sent}['\"`]", refusal.message) is not None
    if not named or refusal.refuses("reasoning_effort"):
        return None
    left = tuple(level for level in quirks.efforts if level != sent)
    return left if left or quirks.reasoning == "template" else None


def _without_effort(quirks: Quirks) -> Mapping[str, Any]:
    return {"efforts": ()} if quirks.reasoning == "template" else {"reasoning": "none"}


def _is_of_callers(refusal: Refusal) -> bool:
    """Tell whether it is, or may be, of what the client asks for: of other requests it is not."""
    pointed = any(refusal.points_at(field) for field in _CALLERS)
    return pointed or _CALLERS_WORDS.search(refusal.message) is not None


def _without(quirks: Quirks) -> Mapping[str, Mapping[str, Any]]:
    """Return what gives a field up, by its name."""
    choices = {"named": "required", "required": "unheeded", "unheeded": "unheeded"}
    given_up: dict[str, Mapping[str, Any]] = {
        "chat_template_kwargs": {"reasoning": "none"},
        "stream_options": {"stream_usage": False},
        "parallel_tool_calls": {"parallel_switch": False},
        "tool_choice": {"tool_choice": choices[quirks.tool_choice]},
        "response_format": {"structured": "text"},
        "service_tier": {"service_tiers": False},
        "priority": {"priority": False},
    }
    if quirks.budget_field is not None:
        given_up[quirks.budget_field] = {"budget_field": None}
    return given_up


def _has_strict_tools(body: Mapping[str, object]) -> bool:
    tools = cast("list[dict[str, dict[str, object]]]", body["tools"])
    return any(tool["function"].get("strict") for tool in tools)


def _has_late_system(body: Mapping[str, object]) -> bool:
    messages = body.get("messages")
    roles = [message["role"] for message in messages] if isinstance(messages, list) else []  # pyright: ignore[reportUnknownVariableType]
    return any(role in ("system", "developer") for role in roles[1:])  # pyright: ignore[reportUnknownVariableType]
