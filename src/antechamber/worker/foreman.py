"""Keeps the work on batches going in one process: new ones handed out, the dead replaced."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import structlog

from antechamber.operations.answering.services import Services
from antechamber.operations.batches.endings import end_overdue
from antechamber.operations.batches.handover import (
    hand_out,
    is_there_work,
    leave,
    live,
    take_over,
)
from antechamber.operations.batches.runner import BatchRunner, Chunk
from antechamber.runtime.background import Background
from antechamber.wire.errors import Overloaded
from antechamber.worker.chunk_queue import ChunkQueue, QueuePlace
from antechamber.worker.sole import SolePlace

_LOOK_S = 2.0
"""How soon batches are found that were created in another process."""
_PATIENCE_S = 10.0
"""After a failure of the queue."""

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
        self._queue: ChunkQueue | None = None
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
            if self._sole is None:
                with suppress(Overloaded):
                    await leave(self._services, self._place.executor_id)
        if self._sole is not None:
            self._sole.close()

    async def _keep_going(self) -> None:
        while True:
            try:
                if self._sole is None or self._sole.is_ours():
                    await self._look()
            except Overloaded:
                pass  # the database is away, which was told
            except Exception as error:  # noqa: BLE001 - whatever it is, batches wait and requests do not
                _log.error("batches_stand_still", exc_info=error)
                await self._services.clock.sleep(_PATIENCE_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._news.wait()
            self._news.clear()

    async def _look(self) -> None:
        if self._queue is None:
            if not await is_there_work(self._services):
                return
            await self._open()
        if self._sole is None:
            await live(self._services, self._place.executor_id)
        await hand_out(self._services, self._enqueue)
        overdue = await end_overdue(self._services)
        if overdue:
            _log.info("batches_overdue", batches=overdue)
        if self._sole is None and self._queue is not None:
            dead = await take_over(self._services, self._queue.recover)
            if dead:
                _log.warning("batch_workers_replaced", workers=len(dead))

    async def _open(self) -> None:
        if self._sole is None:
            # Before it can begin anything, so that no work of it is nobody's.
            await live(self._services, self._place.executor_id)
        queue = await asyncio.to_thread(
            ChunkQueue, self._place, self._runner.run, asyncio.get_running_loop()
        )
        try:
            await asyncio.to_thread(queue.open)
        except BaseException:
            await asyncio.to_thread(queue.close)
            raise
        self._queue = queue

    async def _enqueue(self, chunks: Sequence[Chunk]) -> None:
        if self._queue is not None:
            await asyncio.to_thread(self._queue.enqueue, chunks)

    async def clear(self) -> None:
        """Remove what the queue knows of chunks that are done."""
        if self._queue is not None:
            await asyncio.to_thread(self._queue.forget)
