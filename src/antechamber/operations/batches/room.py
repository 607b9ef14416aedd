"""Room for requests of batches: what requests that somebody waits for leave of each engine."""

import sys
from collections import Counter

import msgspec

from antechamber.operations.answering.services import Services
from antechamber.runtime.fair_queue import FairQueue
from antechamber.wire.errors import NotFound

_PAUSE_S = 0.05
"""Between two looks at an engine that is busy."""
_STEP_S = 0.005
"""Before each request of a batch while others ask: their events come first. Without any the loop
has its turn all the same: a hundred requests that wait for nothing would hold it for long."""
_QUIET_S = 1.0
"""Somebody who asked so shortly before may ask again."""


class _Peek(msgspec.Struct):
    model: str = ""


_peek = msgspec.json.Decoder(_Peek)


class Room:
    """Lets so many requests of batches run at an engine as the others leave idle.

    Every engine has places of its own, so that a slow one keeps nobody from a quick one, and the
    workspaces take turns at each.
    """

    def __init__(self, services: Services, concurrency: int) -> None:
        """``concurrency`` is the most at one engine, from this process."""
        self._services = services
        self._concurrency = concurrency
        self._lines: dict[str, FairQueue] = {}
        """Before each engine; one is let in at a time, to look."""
        self._ours = Counter[str]()
        """Those that run, by the engine that is asked first."""
        self._begun = Counter[str]()
        self._others_begun: dict[str, int] = {}
        self._asked_at: dict[str, float] = {}
        """When somebody else was last seen to ask an engine, on the monotonic clock."""

    async def enter(self, engine: str, workspace_id: str) -> None:
        """Wait for room on ``engine``, and take it, to ``leave`` later."""
        if engine not in self._lines:
            self._lines[engine] = FairQueue(1, most_waiting=sys.maxsize)
        # Only the first in line looks: there may be hundreds behind it.
        await self._lines[engine].enter("batch", workspace_id)
        try:
            while not self._has_room(engine):
                await self._services.clock.sleep(_PAUSE_S)
            await self._services.clock.sleep(_STEP_S if self._is_asked(engine) else 0.0)
            self._ours[engine] += 1
            self._begun[engine] += 1
        finally:
            self._lines[engine].leave()

    def leave(self, engine: str) -> None:
        """Give the room back."""
        self._ours[engine] -= 1

    def engine_of(self, params: bytes) -> str:
        """Return who would answer; the empty name where nobody does, and it is told so."""
        try:
            candidates = self._services.routing.candidates(_peek.decode(params).model)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, NotFound):
            return ""
        names = [each.engine.name for each in candidates]
        return next((name for name in names if not self._is_resting(name)), names[0])

    def _is_resting(self, engine: str) -> bool:
        health = self._services.health.get(engine)
        return health is not None and health.is_resting

    def _has_room(self, engine: str) -> bool:
        health = self._services.health.get(engine)
        if health is None:
            return True
        if health.is_full or health.is_resting:
            return False
        # One goes on beside a steady load, which would else keep batches out until they expire.
        return self._ours[engine] < (1 if self._is_asked(engine) else self._concurrency)

    def _is_asked(self, engine: str) -> bool:
        """Whether others wait for the engine, or did so a moment ago."""
        health = self._services.health.get(engine)
        if health is None:
            return False
        now, ours = self._services.clock.monotonic(), self._ours[engine]
        # Too few while one of ours is still on its way to the engine.
        others_begun = health.begun - self._begun[engine]
        is_more = others_begun > self._others_begun.setdefault(engine, others_begun)
        if is_more or not ours:
            self._others_begun[engine] = others_begun
        if is_more or health.running + health.waiting > ours:
            self._asked_at[engine] = now
        return now - self._asked_at.get(engine, float("-inf")) < _QUIET_S
