"""Who may use the model now: as many turns as it has slots, a bounded line behind them."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from antechamber.wire.errors import Overloaded


class SlotGate:
    """First come, first served; whoever finds the line full is refused at once."""

    def __init__(self, *, slots: int, queue: int) -> None:
        self._free = slots
        self._queue = queue
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        """In the order in which they came; whoever leaves is found without walking the line."""

    @property
    def waiting(self) -> int:
        """How many turns stand in line."""
        return len(self._waiting)

    def check(self) -> None:
        """Raise ``Overloaded`` when a turn that came now would not even find a place in line."""
        if self._free == 0 and len(self._waiting) >= self._queue:
            message = "Overloaded"
            raise Overloaded(message)

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Hold one slot; raises ``Overloaded`` when the line is full."""
        await self._acquire()
        try:
            yield
        finally:
            self._release()

    async def _acquire(self) -> None:
        self.check()
        # A slot is free only while nobody waits: who gives one back hands it on.
        if self._free:
            self._free -= 1
            return
        handed_over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[handed_over] = None
        try:
            await handed_over
        except asyncio.CancelledError:
            if handed_over.done() and not handed_over.cancelled():
                # The slot came in the moment of leaving.
                self._release()
            # Otherwise it may have been passed over, and taken out of the line, already.
            self._waiting.pop(handed_over, None)
            raise

    def _release(self) -> None:
        while self._waiting:
            handed_over, _ = self._waiting.popitem(last=False)
            if not handed_over.done():
                handed_over.set_result(None)
                return
        self._free += 1
