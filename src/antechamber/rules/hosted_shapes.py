"""Shapes that lenient fidelity takes and the published ones do not have."""

from antechamber.rules.reading import Reading
from antechamber.wire.config import ThinkingEnabled
from antechamber.wire.context_management import Compact20260112
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest

_SMALLEST_COMPACTION_TRIGGER = 50_000


def refuse_shapes_beyond_the_published(reading: Reading) -> None:
    """``system: null``, a budget left out, a trigger that fits small windows, ``priority``."""
    request = reading.request
    if request.system is None and "system" in request.model_fields_set:
        raise InvalidRequest("system: Input should be a valid list")
    if isinstance(request.thinking, ThinkingEnabled) and request.thinking.budget_tokens is None:
        raise InvalidRequest("thinking.enabled.budget_tokens: Field required")
    edits = request.context_management.edits if request.context_management is not None else None
    for number, edit in enumerate(edits or ()):
        if (
            isinstance(edit, Compact20260112)
            and edit.trigger is not None
            and edit.trigger.value < _SMALLEST_COMPACTION_TRIGGER
        ):
            # platform.claude.com/docs/en/build-with-claude/compaction
            raise InvalidRequest(
                f"context_management.edits.{number}.compact_20260112.trigger.value: "
                f"Input should be greater than or equal to {_SMALLEST_COMPACTION_TRIGGER}"
            )
    if isinstance(request, MessageRequest) and request.service_tier == "priority":
        raise InvalidRequest("service_tier: Input should be 'auto' or 'standard_only'")
