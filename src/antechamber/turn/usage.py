"""Token counts of one turn, merged field by field: every report is cumulative."""

from dataclasses import dataclass

from msgspec import UNSET

from antechamber.turn.cache_use import CacheUse
from antechamber.turn.events import UsageReported
from antechamber.wire.responses import CacheCreation, OutputTokensDetails, ServiceTier, Usage
from antechamber.wire.stream import FinalUsage


@dataclass(slots=True, kw_only=True)
class UsageAccount:
    """The latest known counts; a report that leaves a field out leaves it as it was.

    ``input_tokens`` begins as our own count, which the engine's replaces. The others only grow, so
    that two reports give the same in either order (QuantumNous/new-api#4129).

    Where the account of the prompt cache is kept here, it says how the input is split, and an
    engine's report changes two things of it: how much the input is in all, and how much of what
    the account calls read was really reused.
    """

    input_tokens: int
    output_tokens: int = 0
    thinking_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    """Of either lifetime."""
    cache_creation_1h_input_tokens: int = 0
    _account: CacheUse | None = None
    _total: int = 0
    """Of the whole input, as it is known by now; these have a meaning where there is an account."""
    _reused: int | None = None

    @property
    def cache_creation_5m_input_tokens(self) -> int:
        """Written to the cache for five minutes."""
        return self.cache_creation_input_tokens - self.cache_creation_1h_input_tokens

    def keep_account(self, use: CacheUse | None, *, input_tokens: int) -> None:
        """Begin again with an input of ``input_tokens`` in all, split as ``use`` says."""
        self.input_tokens = input_tokens
        self.cache_read_input_tokens = 0
        self.cache_creation_input_tokens = self.cache_creation_1h_input_tokens = 0
        self._account, self._total, self._reused = use, input_tokens, None
        if use is not None:
            self._split(use)

    def merge(self, report: UsageReported) -> None:
        """Take over what ``report`` knows."""
        self.output_tokens = max(self.output_tokens, report.output_tokens or 0)
        self.thinking_tokens = max(self.thinking_tokens, report.thinking_tokens or 0)
        if self._account is not None:
            self._merge_into(self._account, report)
            return
        if report.input_tokens is not None:
            self.input_tokens = report.input_tokens
        self.cache_read_input_tokens = max(
            self.cache_read_input_tokens, report.cache_read_input_tokens or 0
        )
        self.cache_creation_input_tokens = max(
            self.cache_creation_input_tokens, report.cache_creation_input_tokens or 0
        )
        self.cache_creation_1h_input_tokens = max(
            self.cache_creation_1h_input_tokens, report.cache_creation_1h_input_tokens or 0
        )

    def _merge_into(self, account: CacheUse, report: UsageReported) -> None:
        read, written = report.cache_read_input_tokens, report.cache_creation_input_tokens
        if report.input_tokens is not None:
            self._total = report.input_tokens + (read or 0) + (written or 0)
        reused = read if report.reused_tokens is None else report.reused_tokens
        if reused is not None:
            self._reused = max(reused, self._reused or 0)
        if self._reused is not None:
            account = account.confirmed(self._reused)
        self._split(account.of_total(self._total))

    def _split(self, use: CacheUse) -> None:
        self.input_tokens = use.input_tokens
        self.cache_read_input_tokens = use.read
        self.cache_creation_input_tokens = use.write_5m + use.write_1h
        self.cache_creation_1h_input_tokens = use.write_1h

    def at_start(self, *, speed: str | None, service_tier: ServiceTier = "standard") -> Usage:
        """Return the usage of ``message_start``; recorded ones always show a few output tokens."""
        return Usage(
            input_tokens=self.input_tokens,
            cache_creation_input_tokens=self.cache_creation_input_tokens,
            cache_read_input_tokens=self.cache_read_input_tokens,
            cache_creation=CacheCreation(
                ephemeral_5m_input_tokens=self.cache_creation_5m_input_tokens,
                ephemeral_1h_input_tokens=self.cache_creation_1h_input_tokens,
            ),
            output_tokens=1,
            service_tier=service_tier,
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
