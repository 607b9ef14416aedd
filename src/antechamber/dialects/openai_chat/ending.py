"""Why an answer ended: reasons of hosts as reasons of the Messages API."""

from antechamber.dialects.openai_chat.chunks import Choice
from antechamber.dialects.openai_chat.reading import ReadingPlan
from antechamber.turn.events import TurnEnded
from antechamber.wire.errors import EngineFailed, Overloaded
from antechamber.wire.responses import StopReason

_LIMITS = ("length", "max_tokens", "model_length")
_FAILURES = ("error", "abort")
_CALLS = ("tool_calls", "function_call")


def ending_of(choice: Choice, plan: ReadingPlan, refusal: str, upstream: str) -> TurnEnded:
    """Return the end that ``choice`` tells of; ``refusal`` is what was said in refusing, if it was.

    Raises ``EngineFault`` for an end that is a failure.
    """
    reason = choice.finish_reason
    if reason in _FAILURES:
        message = f"{upstream} broke its answer off."
        raise EngineFailed(message)
    if reason == "insufficient_system_resource":  # DeepSeek
        message = f"{upstream} has no capacity left."
        raise Overloaded(message)
    if reason == "content_filter" or refusal:
        details = {"type": "refusal", "category": None, "explanation": refusal or None}
        return TurnEnded(stop_reason="refusal", stop_details=details)
    if is_limit(choice):
        return TurnEnded(stop_reason=limit_reason(plan))
    for told in (choice.stop_reason, choice.matched_stop):
        if isinstance(told, str) and told in plan.stop_told:
            return TurnEnded(stop_reason="stop_sequence", stop_sequence=told)
    return TurnEnded(stop_reason="tool_use" if reason in _CALLS else "end_turn")


def is_limit(choice: Choice | None) -> bool:
    """Tell whether the output limit ended the answer."""
    return choice is not None and choice.finish_reason in _LIMITS


def limit_reason(plan: ReadingPlan) -> StopReason:
    """Return whose limit it was."""
    return "model_context_window_exceeded" if plan.limit_is_window else "max_tokens"
