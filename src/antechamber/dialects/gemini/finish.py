"""Why Gemini stopped, as stop reasons; what is no end of an answer is a failure.

Source: ai.google.dev/api/generate-content, FinishReason, BlockReason; google-genai 3.4 for newer.
"""

from collections.abc import Mapping

from antechamber.dialects.gemini.shapes import PromptFeedback
from antechamber.turn.events import TurnEnded
from antechamber.wire.errors import EngineFailed

_HARM = "general_harms"
_REFUSALS: Mapping[str, tuple[str | None, str]] = {
    "SAFETY": (_HARM, "The answer was stopped by the model's safety filters."),
    "RECITATION": (None, "The answer was stopped because it recites its sources."),
    "LANGUAGE": (None, "The answer was stopped because of a language that is not supported."),
    "BLOCKLIST": (_HARM, "The answer was stopped because it holds forbidden terms."),
    "PROHIBITED_CONTENT": (_HARM, "The answer was stopped as prohibited content."),
    "ESCALATION": (_HARM, "The request was stopped by a rule of escalation."),
    "JAILBREAK": (_HARM, "The prompt was taken for an attempt to get around safety."),
    "SPII": (None, "The answer was stopped because of sensitive personal information."),
    "MODEL_ARMOR": (_HARM, "The answer was stopped by a filter of the account."),
    "IMAGE_SAFETY": (_HARM, "The answer was stopped because of the safety of an image."),
    "IMAGE_PROHIBITED_CONTENT": (_HARM, "The answer was stopped as prohibited content."),
}
"""Category and explanation of a refusal."""
_FAILURES: Mapping[str, str] = {
    "MALFORMED_FUNCTION_CALL": "wrote a tool call that cannot be read",
    "UNEXPECTED_TOOL_CALL": "called a tool that it was not offered",
    "TOO_MANY_TOOL_CALLS": "called too many tools in a row",
    "MISSING_THOUGHT_SIGNATURE": "misses a thought signature of an earlier turn",
    "MALFORMED_RESPONSE": "wrote an answer that cannot be read",
    "PUP_LIMITED_DISABLED": "does not answer: the account is limited or disabled",
}


def ending_of(upstream: str, reason: str) -> TurnEnded:
    """Return the end that ``reason`` means; raises ``EngineFailed`` where there is no answer."""
    match reason:
        case "STOP":
            return TurnEnded(stop_reason="end_turn")
        case "MAX_TOKENS" | "CONTINUATION":
            return TurnEnded(stop_reason="max_tokens")
        case _ if reason in _REFUSALS:
            category, explanation = _REFUSALS[reason]
            return _refusal(category, explanation)
        case _:
            what = _FAILURES.get(reason, f"stopped without an answer ({reason})")
            message = f"{upstream} {what}."
            raise EngineFailed(message)


def blocked_ending(feedback: PromptFeedback) -> TurnEnded:
    """Return the end of a turn whose prompt was not let through to the model."""
    reason = feedback.block_reason or ""
    category, _ = _REFUSALS.get(reason, (None, ""))
    told = feedback.block_reason_message or f"The prompt was blocked ({reason})."
    return _refusal(category, told)


def _refusal(category: str | None, explanation: str) -> TurnEnded:
    details = {"type": "refusal", "category": category, "explanation": explanation}
    return TurnEnded(stop_reason="refusal", stop_details=details)
