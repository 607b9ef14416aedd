"""The tries of one request: which engine next, after which pause, and when to give up.

Rounds go over all engines that may serve the model, in order of preference and without pause; what
is left after a round is tried again after one, with the SDKs' rules: half a second, doubled each
time, a quarter of it at random, and ``retry-after`` where the engine gave one.
Source: anthropics/anthropic-sdk-python, ``_base_client``.
"""

from collections.abc import Callable, Mapping, Sequence

import structlog

from antechamber.operations.health import EngineHealth
from antechamber.operations.routing import Candidate
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import EngineFault, EngineRefusesUs, Overloaded

_log = structlog.get_logger("antechamber.routing")
_FIRST_PAUSE_S = 0.5
_JITTER = 0.25


class Attempts:
    """Leads one request from engine to engine; ``close`` has to be called at its end."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        health: Mapping[str, EngineHealth],
        clock: Clock,
        random: Callable[[], float],
        *,
        longest_pause_s: float,
    ) -> None:
        """``longest_pause_s``: an engine that wants more than that is not waited for."""
        self.preferred = candidates[0]
        """Who would be tried first if all were well."""
        self._left = list(candidates)
        """Those that this request may still try."""
        self._round: list[Candidate] = []
        self._rounds = 0
        self._health = health
        self._longest_pause_s = longest_pause_s
        self._clock = clock
        self._random = random
        self._current: Candidate | None = None
        self._pause_s: float | None = None

    async def first(self) -> Candidate:
        """Return who is tried first; raises ``Overloaded`` when everybody is full."""
        return await self._next(None)

    async def after(self, fault: EngineFault, *, request_id: str) -> Candidate:
        """Note the fault of the running try, and return who is next.

        Raises ``fault`` when nobody is left; who asks for too long a pause is not waited for.
        """
        failed = self._current
        if failed is not None:
            self.failed(fault)
            if isinstance(fault, EngineRefusesUs) or self._is_too_long(fault.retry_after_s):
                self._left.remove(failed)
            elif fault.retry_after_s:
                self._pause_s = max(self._pause_s or 0.0, fault.retry_after_s)
            _log.warning(
                "attempt_failed",
                request_id=request_id,
                engine=failed.engine.name,
                reason=fault.message,
            )
        return await self._next(fault)

    def failed(self, fault: EngineFault) -> None:
        """Note that the running try is over and failed."""
        if (health := self._leave()) is not None:
            health.failed(pause_s=fault.retry_after_s)

    def succeeded(self) -> None:
        """Note that the running try is over and went well."""
        if (health := self._leave()) is not None:
            health.succeeded()

    def close(self) -> None:
        """Note that the request is over; says nothing about the engine of a running try."""
        self._leave()

    def _leave(self) -> EngineHealth | None:
        if self._current is None:
            return None
        health = self._health[self._current.engine.name]
        self._current = None
        health.leave()
        return health

    async def _next(self, fault: EngineFault | None) -> Candidate:
        while True:
            if not self._round:
                self._round = await self._begin_round(fault)
            candidate = self._round.pop(0)
            health = self._health[candidate.engine.name]
            if not health.is_full:
                health.enter()
                self._current = candidate
                return candidate

    async def _begin_round(self, fault: EngineFault | None) -> list[Candidate]:
        self._left = [each for each in self._left if each.retries >= self._rounds]
        if not self._left:
            raise fault or Overloaded("Overloaded")
        if self._rounds:
            await self._pause()
        self._rounds += 1
        if len(self._left) == 1:
            return self._left.copy()
        # Who is left alone goes last, and not away: with nobody else there, somebody has to try.
        return sorted(self._left, key=lambda each: self._health[each.engine.name].is_open)

    async def _pause(self) -> None:
        usual_s = min(_FIRST_PAUSE_S * 2 ** (self._rounds - 1), self._longest_pause_s)
        pause_s = self._pause_s or usual_s * (1 - _JITTER * self._random())
        self._pause_s = None
        await self._clock.sleep(pause_s)

    def _is_too_long(self, pause_s: float | None) -> bool:
        return pause_s is not None and pause_s > self._longest_pause_s
