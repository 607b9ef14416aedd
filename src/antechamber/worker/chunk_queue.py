"""Chunks of batches as durable workflows of DBOS: enqueued once, begun again after a kill.

DBOS takes a third of a second and 40 MB, so nothing of it is imported before there is a batch.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

import structlog

from antechamber.operations.batches.runner import Chunk, Turnout

_log = structlog.get_logger("antechamber.batches")
_NAME = "antechamber"
_QUEUE = "batches"
_VERSION = "1"
"""Of what a chunk's workflow takes: whoever has the same works on the chunks of the others."""
_SIDE_BY_SIDE = 32
"""Chunks in one process: enough that those of a few slow batches hold up no other."""
_LOOK_S = 0.2
"""A process takes up new chunks so often."""
_POOL = 4
_AT_ONCE = 1_000
_TO_DO = ["ENQUEUED", "DELAYED", "PENDING"]
_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
"""DBOS's words for what has become of a workflow; one that is begun is PENDING."""

Run = Callable[[Chunk], Coroutine[None, None, Turnout]]
"""Works on a chunk."""


class _GivenBack(BaseException):
    """Ends a workflow without an outcome, so that it is begun again: DBOS keeps exceptions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlace:
    """Where DBOS keeps its state, and as whom."""

    url: str
    executor_id: str
    """What an executor of the same name had begun is begun again at the start."""
    of_a_batch: int
    """The most chunks of one batch in one process. Two are enough that its places are in use when
    one of them is nearly done; more would keep them from other processes."""


class ChunkQueue:
    """One process's part in the queue; its functions block."""

    def __init__(
        self,
        place: QueuePlace,
        run: Run,
        loop: asyncio.AbstractEventLoop,
        *,
        put_off_s: float = 60.0,
    ) -> None:
        """``put_off_s``: so long a chunk waits that does not get on, and others have its place."""
        from dbos import DBOS  # noqa: PLC0415 - see above

        # With a handler of its own it would write its own lines.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        self._run = run
        self._put_off_s = put_off_s
        self._of_a_batch = place.of_a_batch
        self._loop = loop
        self._running: set[Future[Turnout]] = set()
        self._dbos = DBOS(
            config={
                "name": _NAME,
                "system_database_url": place.url,
                "dbos_system_schema": "antechamber_dbos",
                "application_version": _VERSION,
                "executor_id": place.executor_id,
                "log_level": "WARNING",
                "enable_otlp": False,
                "use_listen_notify": False,
                "sys_db_pool_size": _POOL,
            }
        )

        # A function of its own: what is known of a workflow is kept in it.
        @DBOS.workflow(name="answer_chunk")
        def answer_chunk(batch_id: str, start: int, stop: int) -> None:
            self._answer(Chunk(batch_id, start, stop))

        self._workflow = answer_chunk

    def open(self) -> None:
        """Make the tables, and begin to work."""
        self._dbos.launch()
        self._dbos.register_queue(
            _QUEUE,
            worker_concurrency=_SIDE_BY_SIDE,
            partition_worker_concurrency=self._of_a_batch,
            polling_interval_sec=_LOOK_S,
        )

    def enqueue(self, chunks: Sequence[Chunk]) -> None:
        """Add chunks; those that were added before stay as they are."""
        from dbos import SetWorkflowID  # noqa: PLC0415 - see above

        for chunk in chunks:
            with SetWorkflowID(f"{chunk.batch_id}:{chunk.start}"):
                self._enqueue(chunk)

    def _enqueue(self, chunk: Chunk, *, after_s: float | None = None) -> None:
        from dbos import SetEnqueueOptions  # noqa: PLC0415 - see above

        # Every batch has its turn: a small one does not wait for a large one.
        with SetEnqueueOptions(queue_partition_key=chunk.batch_id, delay_seconds=after_s):
            self._dbos.enqueue_workflow(_QUEUE, self._workflow, *chunk)

    def recover(self, executor_ids: Sequence[str]) -> None:
        """Enqueue again what executors had begun that are no more; one process at a time."""
        begun = self._dbos.list_workflows(
            status="PENDING", executor_id=[*executor_ids], load_input=False, load_output=False
        )
        if begun:
            self._dbos.resume_workflows([each.workflow_id for each in begun], queue_name=_QUEUE)

    @property
    def is_full(self) -> bool:
        """Whether no more chunks are begun in this process."""
        return len(self._running) >= _SIDE_BY_SIDE

    def begun(self) -> set[str]:
        """Return the batches of which somebody works on a chunk."""
        begun = self._dbos.list_workflows(status="PENDING", load_input=False, load_output=False)
        return {each.queue_partition_key for each in begun if each.queue_partition_key is not None}

    def is_waited_for(self, batch_ids: Sequence[str]) -> bool:
        """Whether one of these batches has chunks that could be begun, and none that is."""
        begun = self.begun()
        waiting = (batch_id for batch_id in batch_ids if batch_id not in begun)
        return any(self._workflows(batch_id, ["ENQUEUED"], limit=1) for batch_id in waiting)

    def drop_lost(self, batch_ids: Sequence[str]) -> Sequence[str]:
        """Return the batches of which no chunk is to be worked on, as if none was ever enqueued."""
        lost = [each for each in batch_ids if not self._workflows(each, _TO_DO, limit=1)]
        for batch_id in lost:
            # Only what is over: another process may have found them lost, too, and acted.
            self._dbos.delete_workflows(self._workflows(batch_id, _OVER))
        return lost

    def forget(self) -> None:
        """Remove what is known of chunks that are done."""
        while done := self._dbos.list_workflows(
            status=_OVER, limit=_AT_ONCE, load_input=False, load_output=False
        ):
            self._dbos.delete_workflows([each.workflow_id for each in done])

    def _workflows(
        self, batch_id: str, statuses: list[str], *, limit: int | None = None
    ) -> list[str]:
        found = self._dbos.list_workflows(
            status=statuses,
            # Also of chunks that were put off.
            workflow_id_prefix=f"{batch_id}:",
            limit=limit,
            load_input=False,
            load_output=False,
        )
        return [each.workflow_id for each in found]

    def break_off(self) -> None:
        """Give back the chunks that still run."""
        for running in tuple(self._running):
            running.cancel()

    def close(self) -> None:
        """Stop; takes a second."""
        self._dbos.destroy(destroy_registry=True)

    def _answer(self, chunk: Chunk) -> None:
        """Work on a chunk, in a thread of DBOS; the work itself is on the event loop."""
        working = asyncio.run_coroutine_threadsafe(self._run(chunk), self._loop)
        self._running.add(working)
        try:
            turnout = working.result()
        except CancelledError:
            turnout = "given back"
        except Exception as error:  # noqa: BLE001 - DBOS would keep it as the chunk's outcome
            _log.error("bug", batch_id=chunk.batch_id, exc_info=error)
            turnout = "put off"
        finally:
            self._running.discard(working)
        match turnout:
            case "done":
                pass
            case "given back":
                raise _GivenBack
            # Within a workflow: once, also when this one is begun again.
            case "passed on":
                self._enqueue(chunk)
            case "put off":
                self._enqueue(chunk, after_s=self._put_off_s)
