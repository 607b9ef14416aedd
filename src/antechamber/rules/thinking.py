"""What a request's thinking settings mean for the turn: on or off, how much, shown or not."""

from dataclasses import dataclass
from typing import Literal, assert_never

from antechamber.catalogue.facts import EffortLevel, ModelFacts
from antechamber.rules.context import Fidelity
from antechamber.rules.effort import asked_effort
from antechamber.rules.reading import Prompt
from antechamber.wire.config import (
    ThinkingAdaptive,
    ThinkingBetweenTools,
    ThinkingDisabled,
    ThinkingEnabled,
)
from antechamber.wire.context_management import ClearThinking20251015
from antechamber.wire.messages import AssistantMessage, MessageRequest

INTERLEAVED_BETA = "interleaved-thinking-2025-05-14"
_SMALLEST_BUDGET = 1_024  # the API's own minimum
_EFFORT_BUDGETS: dict[EffortLevel, int] = {
    "low": 512,
    "medium": 1_024,
    "high": 2_048,
    "xhigh": 4_096,
    "max": 8_192,
}
"""``adaptive`` names no number; each level is twice the one below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingPlan:
    """How the model is to think in this turn."""

    on: bool
    budget_tokens: int = 0
    """Most thinking tokens of the turn; 0 when off."""
    display: Literal["summarized", "omitted"] = "summarized"
    between_tools_only: bool = False
    """Think only after tool results (``thinking.type: between_tools``)."""
    keeps_earlier: bool = False
    """Thoughts of earlier turns are read again, not only those of the running tool loop."""


def thinking_plan(
    request: Prompt, facts: ModelFacts, fidelity: Fidelity, betas: frozenset[str]
) -> ThinkingPlan:
    """Decide how the turn thinks.

    Absent means off under lenient fidelity and the model's own default under hosted. An answer
    that the client has begun is continued without thinking: its beginning is already spoken. For
    ``count_tokens``, which knows no ``max_tokens``, nothing caps the budget.
    """
    thinking = _effective(request, facts, fidelity)
    if isinstance(thinking, ThinkingDisabled) or _is_prefilled(request):
        return ThinkingPlan(on=False)
    display, on, between = _default_display(facts, fidelity), True, False
    match thinking:
        case ThinkingEnabled():
            spans = budget_spans_turn(facts, fidelity, betas)
            budget = _manual_budget(request, thinking, spans_turn=spans)
            display = thinking.display or display
        case ThinkingAdaptive():
            budget = _adaptive_budget(request, facts)
            display = thinking.display or display
        case ThinkingBetweenTools():
            on, between = _follows_tool_results(request), True
            budget = _adaptive_budget(request, facts) if on else 0
        case _:
            assert_never(thinking)
    return ThinkingPlan(
        on=on,
        budget_tokens=budget,
        # Progress messages in the place of the thought are a summary of ours.
        display="omitted" if display == "omitted" else "summarized",
        between_tools_only=between,
        keeps_earlier=_keeps_earlier(request, facts),
    )


def thinks_at_all(request: Prompt, facts: ModelFacts, fidelity: Fidelity) -> bool:
    """Whether thinking is on up front, by the request or by the model's own default."""
    return isinstance(_effective(request, facts, fidelity), ThinkingEnabled | ThinkingAdaptive)


def budget_spans_turn(facts: ModelFacts, fidelity: Fidelity, betas: frozenset[str]) -> bool:
    """Whether the budget of ``enabled`` is that of a whole tool loop and may exceed ``max_tokens``.

    Source: platform.claude.com/docs/en/build-with-claude/extended-thinking, interleaved thinking.
    """
    if INTERLEAVED_BETA not in betas:
        return False
    return fidelity == "lenient" or facts.thinking.interleaved_by_beta


def _effective(
    request: Prompt, facts: ModelFacts, fidelity: Fidelity
) -> ThinkingEnabled | ThinkingDisabled | ThinkingAdaptive | ThinkingBetweenTools:
    if request.thinking is not None:
        return request.thinking
    if fidelity == "hosted" and facts.thinking.when_absent == "adaptive":
        return ThinkingAdaptive(type="adaptive")
    return ThinkingDisabled(type="disabled")


def _keeps_earlier(request: Prompt, facts: ModelFacts) -> bool:
    """Tell whether thoughts of earlier turns stay: as the request says, or as the model does.

    An edit that would clear some of them never gets here (``rules.context_management``), so one
    that says what to keep keeps them all.
    """
    edits = (request.context_management.edits if request.context_management else None) or ()
    told = any(isinstance(edit, ClearThinking20251015) and edit.keep for edit in edits)
    return told or facts.thinking.keeps_earlier_turns


def _manual_budget(request: Prompt, thinking: ThinkingEnabled, *, spans_turn: bool) -> int:
    limit = request.max_tokens if isinstance(request, MessageRequest) else None
    if thinking.budget_tokens is None:
        if limit is None:
            return _SMALLEST_BUDGET
        # Half for the thought; with little room a quarter is left for the answer.
        return max(min(_SMALLEST_BUDGET, limit * 3 // 4), limit // 2)
    if limit is None:
        return thinking.budget_tokens
    # A budget of a whole tool loop may use this answer up; any other leaves room for it.
    return min(thinking.budget_tokens, limit if spans_turn else max(0, limit - 1))


def _adaptive_budget(request: Prompt, facts: ModelFacts) -> int:
    budget = _EFFORT_BUDGETS[asked_effort(request) or facts.effort.default or "high"]
    if not isinstance(request, MessageRequest):
        return budget
    return min(budget, max(1, request.max_tokens * 3 // 4))  # a quarter is left for the answer


def _default_display(facts: ModelFacts, fidelity: Fidelity) -> Literal["summarized", "omitted"]:
    return facts.thinking.default_display if fidelity == "hosted" else "summarized"


def _is_prefilled(request: Prompt) -> bool:
    last = request.messages[-1]
    return isinstance(last, AssistantMessage) and bool(last.content)


def _follows_tool_results(request: Prompt) -> bool:
    for message in reversed(request.messages):
        if message.role == "user":
            return any(block.type == "tool_result" for block in message.content)
        if message.role == "assistant":
            return False
    return False
