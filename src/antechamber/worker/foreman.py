"""Keeps the work on batches going in one process: new ones handed out, the dead replaced."""

import asyncio
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from functools import partial

import structlog

from antechamber.operations.answering.services import Services
from antechamber.operations.batches.endings import end_canceled, end_overdue
from antechamber.operations.batches.handover import (
    hand_out,
    handed_out,
    is_there_work,
    leave,
    live,
    take_back,
    take_over,
)
from antechamber.operations.batches.runner import BatchRunner, Chunk
from antechamber.runtime.background import Background
from antechamber.wire.errors import Overloaded
from antechamber.worker.chunk_queue import ChunkQueue, QueuePlace
from antechamber.worker.presence import Presence
from antechamber.worker.sole import SolePlace

_LOOK_S = 2.0
"""How soon batches are found that were created in another process."""
_PATIENCE_S = 10.0
"""After a failure of the queue."""
_LOST_S = 60.0
"""How soon chunks are found that the queue knows nothing of any more."""

_log = structlog.get_logger("antechamber.batches")


class Foreman:
    """Starts the queue when there is something to do, and what it needs of other processes."""

    def __init__(
        self,
        services: Services,
        runner: BatchRunner,
        background: Background,
        place: QueuePlace,
        sole: SolePlace | None,
    ) -> None:
        """``sole`` is the place of the one process that may work; None is any number of them."""
        self._services = services
        self._runner = runner
        self._background = background
        self._place = place
        self._sole = sole
        sign_in = partial(live, services, place.executor_id)
        self._presence = Presence(services.clock, sign_in) if sole is None else None
        self._showing: asyncio.Task[None] | None = None
        self._queue: ChunkQueue | None = None
        self._looks_for_lost_at = float("-inf")
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look for work."""
        self._task = self._background.spawn("batches", self._keep_going())

    def nudge(self) -> None:
        """Look now: there is a new batch."""
        self._news.set()

    async def aclose(self, *, within_s: float) -> None:
        """End the work: what runs may finish for a while, the rest is begun again elsewhere."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        self._runner.stop()
        if self._queue is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._runner.idle()
            self._queue.break_off()
            await asyncio.to_thread(self._queue.close)
            if self._showing is not None:
                self._showing.cancel()
                with suppress(Overloaded):
                    await leave(self._services, self._place.executor_id)
        if self._sole is not None:
            self._sole.close()

    async def _keep_going(self) -> None:
        while True:
            if not await _went_well(self._look()):
                await self._services.clock.sleep(_PATIENCE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()
            self._news.clear()

    async def _look(self) -> None:
        if self._sole is not None and not self._sole.is_ours():
            return
        if self._queue is None:
            if not await is_there_work(self._services):
                return
            self._queue = await self._opened()
        queue = self._queue
        parts = (self._hand_out, self._take_back, self._end, self._make_way, self._take_over)
        # What fails in one keeps no other from its work.
        if not all([await _went_well(part(queue)) for part in parts]):
            await self._services.clock.sleep(_PATIENCE_S)

    async def _opened(self) -> ChunkQueue:
        if self._presence is not None:
            # Before it can begin anything, so that no work of it is nobody's.
            await self._presence.show()
        queue = await asyncio.to_thread(
            ChunkQueue, self._place, self._runner.run, asyncio.get_running_loop()
        )
        try:
            await asyncio.to_thread(queue.open)
        except BaseException:
            await asyncio.to_thread(queue.close)
            raise
        if self._presence is not None:
            self._showing = self._background.spawn("batch-worker", self._presence.keep_going())
        return queue

    async def _hand_out(self, queue: ChunkQueue) -> None:
        async def enqueue(chunks: Sequence[Chunk]) -> None:
            await asyncio.to_thread(queue.enqueue, chunks)

        await hand_out(self._services, enqueue)

    async def _take_back(self, queue: ChunkQueue) -> None:
        async def drop_lost(batch_ids: Sequence[str]) -> Sequence[str]:
            return await asyncio.to_thread(queue.drop_lost, batch_ids)

        now = self._services.clock.monotonic()
        if now < self._looks_for_lost_at:
            return
        lost = await take_back(self._services, drop_lost)
        self._looks_for_lost_at = now + _LOST_S
        if lost:
            _log.warning("batch_chunks_lost", batches=lost)
            self.nudge()

    async def _end(self, queue: ChunkQueue) -> None:
        overdue = await end_overdue(self._services)
        if overdue:
            _log.info("batches_overdue", batches=overdue)
        await end_canceled(self._services, partial(asyncio.to_thread, queue.begun))

    async def _make_way(self, queue: ChunkQueue) -> None:
        if queue.is_full:
            batch_ids = await handed_out(self._services)
            if await asyncio.to_thread(queue.is_waited_for, batch_ids):
                self._runner.make_way()

    async def _take_over(self, queue: ChunkQueue) -> None:
        if self._presence is not None:
            dead = await take_over(
                self._services,
                self._place.executor_id,
                queue.recover,
                may_judge=self._presence.may_judge,
            )
            if dead:
                _log.warning("batch_workers_replaced", workers=len(dead))

    async def clear(self) -> None:
        """Remove what the queue knows of chunks that are done."""
        if self._queue is not None:
            await asyncio.to_thread(self._queue.forget)


async def _went_well(work: Awaitable[None]) -> bool:
    """Do some work; a failure is told, and batches wait while requests do not."""
    try:
        await work
    except Overloaded:
        pass  # the database is away, which was told
    except Exception as error:  # noqa: BLE001 - whatever it is, it may be over at the next look
        _log.error("batches_stand_still", exc_info=error)
        return False
    return True
