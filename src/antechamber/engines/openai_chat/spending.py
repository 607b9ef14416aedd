"""The token counts of a turn that took more than one answer."""

from dataclasses import replace

from antechamber.turn.events import EngineEvent, UsageReported


class Spending:
    """Adds what the answers of no use took to what is told of the last one.

    All output counts: it was paid for, and thoughts of it may have been shown. The input is the
    first one's, which is the request's own; how it is asked again is no matter of the client's.
    """

    def __init__(self) -> None:
        self._output = self._thinking = 0
        self._knows_input = False

    def add(self, usage: UsageReported) -> None:
        """Take note of an answer that is of no use."""
        self._output += usage.output_tokens or 0
        self._thinking += usage.thinking_tokens or 0
        self._knows_input = self._knows_input or usage.input_tokens is not None

    def with_earlier(self, event: EngineEvent) -> EngineEvent:
        """Return ``event``, a report with what came before."""
        if not isinstance(event, UsageReported):
            return event
        thinking = (event.thinking_tokens or 0) + self._thinking
        output = (event.output_tokens or 0) + self._output
        event = replace(event, output_tokens=output or None, thinking_tokens=thinking or None)
        if not self._knows_input:
            return event
        return replace(
            event,
            input_tokens=None,
            cache_read_input_tokens=None,
            cache_creation_input_tokens=None,
        )
