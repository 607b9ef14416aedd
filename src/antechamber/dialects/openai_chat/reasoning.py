"""How a host is asked to think, or not to."""

from antechamber.dialects.conversation import loop_start
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.rules.effort import asked_effort
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.blocks import ThinkingBlock
from antechamber.wire.config import ThinkingEnabled
from antechamber.wire.messages import AssistantMessage, CountTokensRequest, MessageRequest

_LEVELS = ("low", "medium", "high", "xhigh", "max")
_BUDGETS = ((4_096, "low"), (16_384, "medium"))
"""Budgets below these are the level beside them, any other is ``high``."""


def reasoning_fields(
    request: MessageRequest | CountTokensRequest, plan: ThinkingPlan, quirks: Quirks
) -> dict[str, object]:
    """Return the fields of the body that ask for the ``plan``."""
    fields: dict[str, object] = {}
    match quirks.reasoning:
        case "effort" if plan.on and _misses_thoughts(request, quirks):
            pass
        case "effort":
            effort = _effort(request, quirks) if plan.on else quirks.effort_off
            fields = {"reasoning_effort": effort} if effort else {}
        case "openrouter" if plan.on and isinstance(request.thinking, ThinkingEnabled):
            fields = {"reasoning": {"max_tokens": plan.budget_tokens}}
        case "openrouter":
            fields = {
                "reasoning": {"effort": _effort(request, quirks)} if plan.on else {"enabled": False}
            }
        case "template":
            # Qwen, GLM and others name it one way, DeepSeek and Granite the other; a template
            # ignores what it does not name.
            wanted = {"enable_thinking": plan.on, "thinking": plan.on}
            fields = {"chat_template_kwargs": wanted}
            if plan.on and quirks.efforts:
                fields["reasoning_effort"] = _effort(request, quirks)
        case "none":
            pass
    if plan.on and quirks.budget_field is not None:
        fields[quirks.budget_field] = plan.budget_tokens
    return fields


def _misses_thoughts(request: MessageRequest | CountTokensRequest, quirks: Quirks) -> bool:
    """Tell whether the last answer, in a tool loop, had thoughts that do not go back."""
    if quirks.effort_in_loops or quirks.thoughts_back is not None:
        return False
    loop = request.messages[loop_start(request.messages) + 1 :]
    answers = [message for message in loop if isinstance(message, AssistantMessage)]
    last = answers[-1].content if answers else ()
    return any(isinstance(block, ThinkingBlock) for block in last)


def _effort(request: MessageRequest | CountTokensRequest, quirks: Quirks) -> str:
    """Return the host's level: the one that was asked for, or one that fits the budget."""
    level = asked_effort(request) or "high"
    if isinstance(request.thinking, ThinkingEnabled) and request.thinking.budget_tokens:
        budget = request.thinking.budget_tokens
        level = next((name for below, name in _BUDGETS if budget < below), "high")
    known = [name for name in _LEVELS[: _LEVELS.index(level) + 1] if name in quirks.efforts]
    return known[-1] if known else quirks.efforts[0]
