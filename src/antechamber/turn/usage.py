"""Token counts of one turn, merged field by field: every report is cumulative."""

from dataclasses import dataclass

from msgspec import UNSET

from antechamber.turn.events import UsageReported
from antechamber.wire.responses import CacheCreation, OutputTokensDetails, Usage
from antechamber.wire.stream import FinalUsage


@dataclass(slots=True, kw_only=True)
class UsageAccount:
    """The latest known counts; a report that leaves a field out leaves it as it was.

    ``input_tokens`` begins as our own count, which the engine's replaces. The others only grow, so
    that two reports give the same in either order (QuantumNous/new-api#4129).
    """

    input_tokens: int
    output_tokens: int = 0
    thinking_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0

    def merge(self, report: UsageReported) -> None:
        """Take over what ``report`` knows."""
        if report.input_tokens is not None:
            self.input_tokens = report.input_tokens
        self.output_tokens = max(self.output_tokens, report.output_tokens or 0)
        self.thinking_tokens = max(self.thinking_tokens, report.thinking_tokens or 0)
        self.cache_read_input_tokens = max(
            self.cache_read_input_tokens, report.cache_read_input_tokens or 0
        )
        self.cache_creation_input_tokens = max(
            self.cache_creation_input_tokens, report.cache_creation_input_tokens or 0
        )

    def at_start(self, *, speed: str | None) -> Usage:
        """Return the usage of ``message_start``; recorded ones always show a few output tokens."""
        return Usage(
            input_tokens=self.input_tokens,
            cache_creation_input_tokens=self.cache_creation_input_tokens,
            cache_read_input_tokens=self.cache_read_input_tokens,
            cache_creation=CacheCreation(
                ephemeral_5m_input_tokens=self.cache_creation_input_tokens
            ),
            output_tokens=1,
            speed=speed if speed is not None else UNSET,
        )

    def at_end(self, *, least: int) -> FinalUsage:
        """Return the cumulative usage of ``message_delta``.

        ``least`` are the output tokens that ``message_start`` told of: the count never falls.
        """
        output_tokens = max(self.output_tokens, self.thinking_tokens, least)
        return FinalUsage(
            input_tokens=self.input_tokens,
            cache_creation_input_tokens=self.cache_creation_input_tokens,
            cache_read_input_tokens=self.cache_read_input_tokens,
            output_tokens=output_tokens,
            output_tokens_details=(
                OutputTokensDetails(thinking_tokens=self.thinking_tokens)
                if self.thinking_tokens
                else UNSET
            ),
        )
