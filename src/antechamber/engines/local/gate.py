"""Who may use the model now: as many turns as it has slots, a bounded line behind them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from antechamber.runtime.fair_queue import FairQueue, QueueFull, Rank
from antechamber.wire.errors import Overloaded


class SlotGate:
    """Lets turns in by rank and workspace; who finds no place in line is told ``Overloaded``."""

    def __init__(self, *, slots: int, queue: int) -> None:
        self._queue = FairQueue(slots, queue)

    @property
    def waiting(self) -> int:
        """How many turns stand in line."""
        return self._queue.waiting

    def check(self, rank: Rank, workspace: str) -> None:
        """Raise ``Overloaded`` when a turn that came now would not even find a place in line."""
        if not self._queue.would_take(rank, workspace):
            message = "Overloaded"
            raise Overloaded(message)

    @asynccontextmanager
    async def slot(self, rank: Rank, workspace: str) -> AsyncGenerator[None, None]:
        """Hold one slot; raises ``Overloaded`` when there is no place in line, or not any more."""
        try:
            await self._queue.enter(rank, workspace)
        except QueueFull as error:
            message = "Overloaded"
            raise Overloaded(message) from error
        try:
            yield
        finally:
            self._queue.leave()
