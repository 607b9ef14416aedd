"""Who may use the model now: as many turns as it has slots, a bounded line behind them.

Turns of batches have the model only while nobody else wants it: whatever comes has them give way,
for the cores that they share as well as for their slots, and they begin again when it is quiet.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from antechamber.runtime.fair_queue import FairQueue, QueueFull, Rank
from antechamber.wire.errors import ApiError, GaveWay, Overloaded

Piece = TypeVar("Piece")
_QUIET_S = 1.0
"""Somebody who asked so shortly before may ask again, and what a batch has begun is lost then."""
Way = asyncio.Future[None]
"""Done when the turn has to give way."""


class SlotGate:
    """Lets turns in by rank and workspace; who finds no place in line is told ``Overloaded``."""

    def __init__(self, *, slots: int, queue: int, quiet_s: float = _QUIET_S) -> None:
        """``quiet_s`` is how long nobody else has wanted the model before a batch gets it."""
        self._queue = FairQueue(slots, queue)
        self._quiet_s = quiet_s
        self._others = 0
        """Turns of no batch, inside or in line."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._wanted_at = float("-inf")
        """When somebody last wanted the model, on the clock of the event loop."""
        self._giving_way: set[Way] = set()

    @property
    def waiting(self) -> int:
        """How many turns stand in line."""
        return self._queue.waiting

    def check(self, rank: Rank, workspace: str) -> None:
        """Raise ``Overloaded`` when a turn that came now would not even find a place in line."""
        if not self._queue.would_take(rank, workspace):
            message = "Overloaded"
            raise Overloaded(message)

    def make_way(self) -> None:
        """Have turns of batches give way to one that is coming: before its prompt is looked at."""
        self._wanted_at = asyncio.get_running_loop().time()
        for each in self._giving_way:
            if not each.done():
                each.set_result(None)

    @asynccontextmanager
    async def slot(self, rank: Rank, workspace: str) -> AsyncGenerator[Way, None]:
        """Hold one slot; raises ``Overloaded`` when there is no place in line, or not any more.

        Gives what says when to give way, which only turns of batches have to.
        """
        way: Way = asyncio.get_running_loop().create_future()
        if rank == "batch":
            async with self._entered_when_idle(workspace, way):
                yield way
            return
        self._others += 1
        self._idle.clear()
        self.make_way()
        try:
            async with self._entered(rank, workspace):
                yield way
        finally:
            self._wanted_at = asyncio.get_running_loop().time()
            self._others -= 1
            if not self._others:
                self._idle.set()

    @asynccontextmanager
    async def _entered_when_idle(self, workspace: str, way: Way) -> AsyncGenerator[None, None]:
        await self._quiet()
        self._giving_way.add(way)
        try:
            async with self._entered("batch", workspace):
                yield
        finally:
            self._giving_way.discard(way)

    async def _quiet(self) -> None:
        """Return when nobody else has wanted the model for a while."""
        loop = asyncio.get_running_loop()
        await self._idle.wait()
        while (left_s := self._wanted_at + self._quiet_s - loop.time()) > 0:
            await asyncio.sleep(left_s)
            await self._idle.wait()

    @asynccontextmanager
    async def _entered(self, rank: Rank, workspace: str) -> AsyncGenerator[None, None]:
        try:
            await self._queue.enter(rank, workspace)
        except QueueFull as error:
            message = "Overloaded"
            raise Overloaded(message) from error
        try:
            yield
        finally:
            self._queue.leave()


async def until_it_gives_way(source: AsyncIterator[Piece], way: Way) -> AsyncGenerator[Piece, None]:
    """Yield what ``source`` gives; raises ``GaveWay`` as soon as ``way`` says so."""
    while True:
        async with asyncio.TaskGroup() as group:
            step = group.create_task(_next(source))
            await asyncio.wait((step, way), return_when=asyncio.FIRST_COMPLETED)
            step.cancel()  # does nothing to one that is over
        if step.cancelled():
            message = "The turn gave way to a request that somebody waits for."
            raise GaveWay(message)
        match step.result():
            case None:
                return
            case ApiError() as error:
                raise error
            case (piece,):
                yield piece


async def _next(source: AsyncIterator[Piece]) -> tuple[Piece] | ApiError | None:
    """Return the next piece, the error in its place, or None at the end.

    A task cannot end in ``StopAsyncIteration``, and what it raises the group would wrap.
    """
    try:
        async for piece in source:
            return (piece,)
    except ApiError as error:
        return error
    return None
