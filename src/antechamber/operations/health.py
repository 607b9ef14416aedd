"""How an engine is doing, as its requests found out: a circuit breaker and a bound on concurrency.

closed ──failures in a row──▶ open ──pause over──▶ half open ──success──▶ closed
                               ▲                        │
                               └────────failure─────────┘
"""

from dataclasses import dataclass

import structlog

from antechamber.runtime.clock import Clock

_log = structlog.get_logger("antechamber.routing")


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When an engine is left alone."""

    failures: int = 5
    """So many faults in a row open the circuit."""
    open_s: float = 30.0
    """So long nothing is sent; then one request tries."""


class EngineHealth:
    """What one engine's requests have told about it. In this process alone."""

    def __init__(
        self,
        engine: str,
        settings: BreakerSettings,
        clock: Clock,
        *,
        max_concurrency: int | None = None,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._max_concurrency = max_concurrency
        self._running = 0
        self._failures = 0
        self._open_until: float | None = None
        self._tripped = False
        """Whether it is left alone for its failures, and not for having asked for a pause."""
        self._probing = False

    @property
    def is_open(self) -> bool:
        """Whether requests should go elsewhere; false when it is time for one to try."""
        if self._open_until is None:
            return False
        return self._probing or self._clock.monotonic() < self._open_until

    @property
    def is_full(self) -> bool:
        """Whether as many requests run as may."""
        return self._max_concurrency is not None and self._running >= self._max_concurrency

    def enter(self) -> None:
        """Note that a request is sent; ``leave`` has to follow."""
        self._running += 1
        if self._open_until is not None:
            self._probing = True

    def leave(self) -> None:
        """Note that it is over, whatever way."""
        self._running -= 1
        self._probing = False

    def succeeded(self) -> None:
        """Note that the engine has answered: the circuit is closed."""
        if self._open_until is not None:
            _log.info("engine_back", engine=self._engine)
        self._failures, self._open_until, self._tripped = 0, None, False

    def failed(self, *, pause_s: float | None = None) -> None:
        """Note that it has not; ``pause_s`` is how long it wants to be left alone."""
        self._failures += 1
        self._tripped = self._tripped or self._failures >= self._settings.failures
        rest_s = max(pause_s or 0.0, self._settings.open_s if self._tripped else 0.0)
        if not rest_s:
            return
        if self._open_until is None:
            _log.warning("engine_left_alone", engine=self._engine, seconds=rest_s)
        until = self._clock.monotonic() + rest_s
        # What comes late, or asks for less, does not shorten a rest.
        self._open_until = max(until, self._open_until or until)
