"""Which edits of the conversation can be asked for: those that would leave it as it is.

Source: platform.claude.com/docs/en/build-with-claude/context-editing and …/compaction. Carrying
edits out comes later; until then one that would fire is refused, never ignored.
"""

from antechamber.rules.reading import Prompt, Reading
from antechamber.rules.thinking import thinks_at_all
from antechamber.wire.context_management import (
    ClearThinking20251015,
    ClearToolUses20250919,
    Compact20260112,
    Edit,
    InputTokensTrigger,
    ThinkingTurns,
    ToolUsesTrigger,
)
from antechamber.wire.errors import InvalidRequest

_CLEAR_TOOL_USES_AT_TOKENS = 100_000
_KEPT_TOOL_USES = 3
_COMPACT_AT_TOKENS = 150_000


def refuse_clearing_of_thinking_in_second_place(reading: Reading) -> None:
    """Tool results are cleared from what thinking has left."""
    for number, edit in enumerate(_edits(reading.request)):
        if number and isinstance(edit, ClearThinking20251015):
            # The documents say that it has to be first, and not in which words.
            raise InvalidRequest(
                "context_management.edits: `clear_thinking_20251015` must be the first edit"
            )


def refuse_clearing_of_thinking_without_any(reading: Reading) -> None:
    """Hosted."""
    clears = any(isinstance(e, ClearThinking20251015) for e in _edits(reading.request))
    context = reading.context
    if clears and not thinks_at_all(reading.request, context.facts, context.fidelity):
        # lightdash/lightdash#23077
        raise InvalidRequest(
            "`clear_thinking_20251015` strategy requires `thinking` to be enabled or adaptive"
        )


def check_context_edits(request: Prompt, input_tokens: int) -> None:
    """Raise ``InvalidRequest`` for the first edit that would fire on an input of this size."""
    for number, edit in enumerate(_edits(request)):
        if _fires(edit, request, input_tokens):
            raise InvalidRequest(
                f"context_management.edits.{number}: "
                f"`{edit.type}` strategy is not supported for this model"
            )


def _edits(request: Prompt) -> list[Edit]:
    if request.context_management is None:
        return []
    return request.context_management.edits or []


def _fires(edit: Edit, request: Prompt, input_tokens: int) -> bool:
    match edit:
        case ClearToolUses20250919():
            return _clears_tool_uses(edit, request, input_tokens)
        case ClearThinking20251015():
            # Left out, it keeps what the model would have kept by itself.
            kept = edit.keep
            return isinstance(kept, ThinkingTurns) and _thinking_turns(request) > kept.value
        case Compact20260112():
            trigger = edit.trigger
            return input_tokens > (trigger.value if trigger is not None else _COMPACT_AT_TOKENS)


def _clears_tool_uses(edit: ClearToolUses20250919, request: Prompt, input_tokens: int) -> bool:
    calls = [
        block.name
        for message in request.messages
        if message.role == "assistant"
        for block in message.content
        if block.type == "tool_use"
    ]
    match edit.trigger:
        case ToolUsesTrigger(value=value):
            reached = len(calls) > value
        case InputTokensTrigger(value=value):
            reached = input_tokens > value
        case None:
            reached = input_tokens > _CLEAR_TOOL_USES_AT_TOKENS
    kept = edit.keep.value if edit.keep is not None else _KEPT_TOOL_USES
    excluded = set(edit.exclude_tools or ())
    return reached and any(name not in excluded for name in calls[: max(0, len(calls) - kept)])


def _thinking_turns(request: Prompt) -> int:
    return sum(
        1
        for message in request.messages
        if message.role == "assistant"
        and any(block.type in ("thinking", "redacted_thinking") for block in message.content)
    )
