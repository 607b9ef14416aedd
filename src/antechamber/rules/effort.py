"""Which levels of ``output_config.effort`` a model knows, and which one holds for this turn.

Source: platform.claude.com/docs/en/build-with-claude/effort.
"""

from collections.abc import Iterator

from antechamber.catalogue.facts import EffortLevel
from antechamber.rules.reading import Prompt, Reading
from antechamber.wire.config import ThinkingBetweenTools
from antechamber.wire.errors import InvalidRequest


def asked_effort(request: Prompt) -> EffortLevel | None:
    """Return the level in force at the end of the conversation: the last one that was set."""
    return next(reversed(list(_efforts(request))), None)


def _efforts(request: Prompt) -> Iterator[EffortLevel]:
    """Yield every level that is asked for, the latest last."""
    if request.output_config is not None and request.output_config.effort is not None:
        yield request.output_config.effort
    for message in request.messages:
        if message.role == "system" and message.output_config is not None:
            effort = message.output_config.effort
            if effort is not None:
                yield effort


def refuse_efforts_where_the_model_does(reading: Reading) -> None:
    """Hosted: by model, and together with no thinking up front."""
    facts = reading.context.facts
    for effort in _efforts(reading.request):
        if not facts.effort.levels:
            # Claude Code 2.1.330 looks for these words
            raise InvalidRequest("This model does not support the effort parameter.")
        if effort not in facts.effort.levels:
            # Hosted API, third-party probes of 2026; the levels are sorted by name
            levels = ", ".join(sorted(facts.effort.levels))
            raise InvalidRequest(
                f"This model does not support effort level '{effort}'. Supported levels: {levels}."
            )
    effort = asked_effort(reading.request)
    if (
        isinstance(reading.request.thinking, ThinkingBetweenTools)
        and effort in facts.thinking.efforts_refused_when_off
    ):
        # Hosted API, third-party probes of 2026
        raise InvalidRequest(
            f"output_config.effort '{effort}' is not supported when thinking is disabled on this "
            "model. Use effort 'high' or below, or enable thinking."
        )
