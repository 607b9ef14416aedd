"""The tries of one request: which engine next, after which pause, and when to give up.

Rounds go over all engines that may serve the model, in order of preference and without pause; what
is left after a round is tried again after one, with the SDKs' rules: half a second, doubled each
time, a quarter of it at random, and ``retry-after`` where the engine gave one.
Source: anthropics/anthropic-sdk-python, ``_base_client``.

An engine that is full is waited for, in its line, when no other that is well has room.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from antechamber.operations.answering.health import EngineHealth, Visit
from antechamber.operations.answering.routing import Candidate
from antechamber.runtime.clock import Clock
from antechamber.runtime.fair_queue import QueueFull, Rank
from antechamber.wire.errors import (
    ApiError,
    CallerFault,
    EngineFault,
    EngineRefusesUs,
    GaveWay,
    Overloaded,
)

_log = structlog.get_logger("antechamber.routing")
_FIRST_PAUSE_S = 0.5
_JITTER = 0.25


class Standing(msgspec.Struct, frozen=True):
    """Where a request stands in every line that it may come to."""

    rank: Rank = "standard"
    workspace: str = "default"


_USUAL = Standing()


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
        standing: Standing = _USUAL,
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
        self._standing = standing
        self._clock = clock
        self._random = random
        self._current: Candidate | None = None
        self._visit: Visit | None = None
        self._pause_s: float | None = None
        self._fault: tuple[Candidate, EngineFault] | None = None
        """The last one of an engine, and whose it is."""
        self._lack: CallerFault | None = None
        """What the engine asked before any fault says of the request: that is final."""

    @property
    def has_more(self) -> bool:
        """Whether another try may follow the running one."""
        return bool(self._round) or any(each.retries >= self._rounds for each in self._left)

    async def first(self) -> Candidate:
        """Return who is tried first, perhaps after a wait in line.

        Raises ``Overloaded`` when the lines are full too, or the wait is too long.
        """
        if len(self._left) == 1:
            # Most models have one engine, which mostly has room: the first round in fewer steps.
            candidate = self._left[0]
            health = self._health[candidate.engine.name]
            if not health.is_full:
                self._rounds = 1
                self._current = candidate
                self._visit = health.enter(candidate.upstream_model)
                return candidate
        return await self._next(None)

    async def after(
        self,
        error: EngineFault | CallerFault,
        *,
        request_id: str,
        may_repeat: bool | None = None,
    ) -> Candidate:
        """Note how the running try has failed, and return who is next.

        A ``CallerFault`` is what this engine lacks for this request: it is not asked again, and is
        none the worse for it. ``may_repeat`` is whether the upstream itself says that the same
        request may be sent to it again. Who asks for too long a pause is not waited for.

        When nobody is left, raises what the engine said that was asked first, if that is about the
        request; else the last fault of an engine, which passes, where a stand-in's lack does not.
        """
        failed = self._current
        if failed is not None:
            if isinstance(error, EngineFault):
                self._fault = failed, error
                self.failed(error)
            else:
                self._note_lack(failed, error)
                self.close()
            if not self._is_worth_repeating(error, may_repeat=may_repeat):
                self._left.remove(failed)
            elif error.retry_after_s:
                self._pause_s = max(self._pause_s or 0.0, error.retry_after_s)
            line = _log.bind(request_id=request_id, engine=failed.engine.name)
            if isinstance(error, EngineFault):
                line.warning("attempt_failed", reason=error.message)
            else:
                # What is wrong with a request may quote it, and that stays out of the log.
                line.info("attempt_failed", reason=error.type)
        return await self._next(self._lack or (self._fault and self._fault[1]) or error)

    def _note_lack(self, candidate: Candidate, error: CallerFault) -> None:
        if self._fault is not None and self._fault[0] is candidate:
            self._fault = None
        if self._fault is None and self._lack is None:
            self._lack = error

    def failed(self, fault: EngineFault) -> None:
        """Note that the running try is over and failed."""
        if isinstance(fault, GaveWay):
            self.close()
        elif (visit := self._end()) is not None:
            visit.failed(fault)

    def succeeded(self) -> None:
        """Note that the running try is over and went well."""
        if (visit := self._end()) is not None:
            visit.succeeded()

    def close(self) -> None:
        """Note that the request is over; says nothing about the engine of a running try."""
        if (visit := self._end()) is not None:
            visit.leave()

    def _end(self) -> Visit | None:
        visit, self._visit, self._current = self._visit, None, None
        return visit

    async def _next(self, error: ApiError | None) -> Candidate:
        while True:
            if not self._round:
                self._round = await self._begin_round(error)
            candidate = self._taken_from_round()
            try:
                self._visit = await self._visited(candidate)
            except QueueFull:
                continue
            except TimeoutError as waited:
                # Nobody is made to wait for so long twice.
                raise (error or Overloaded("Overloaded")) from waited
            self._current = candidate
            return candidate

    def _taken_from_round(self) -> Candidate:
        if len(self._round) == 1:
            return self._round.pop()
        candidate = min(self._round, key=self._reluctance)
        self._round.remove(candidate)
        return candidate

    def _reluctance(self, candidate: Candidate) -> tuple[bool, bool]:
        # Who is left alone goes last, and not away: with nobody else there, somebody has to try.
        health = self._health[candidate.engine.name]
        return health.is_open(candidate.upstream_model), health.is_full

    async def _visited(self, candidate: Candidate) -> Visit:
        health, model = self._health[candidate.engine.name], candidate.upstream_model
        if not health.is_full:
            return health.enter(model)
        return await health.enter_in_turn(model, self._standing.rank, self._standing.workspace)

    async def _begin_round(self, error: ApiError | None) -> list[Candidate]:
        self._left = [each for each in self._left if each.retries >= self._rounds]
        if not self._left:
            raise error or Overloaded("Overloaded")
        if self._rounds:
            await self._pause()
        self._rounds += 1
        return self._left.copy()

    async def _pause(self) -> None:
        usual_s = min(_FIRST_PAUSE_S * 2 ** (self._rounds - 1), self._longest_pause_s)
        pause_s = self._pause_s or usual_s * (1 - _JITTER * self._random())
        self._pause_s = None
        await self._clock.sleep(pause_s)

    def _is_worth_repeating(self, error: ApiError, *, may_repeat: bool | None) -> bool:
        pause_s = error.retry_after_s
        if isinstance(error, CallerFault) or (pause_s or 0.0) > self._longest_pause_s:
            return False
        return not isinstance(error, EngineRefusesUs) if may_repeat is None else may_repeat
