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

    def forget(self) -> None:
        """Remove what is known of chunks that are done."""
        while done := self._dbos.list_workflows(
            status="SUCCESS", limit=_AT_ONCE, load_input=False, load_output=False
        ):
            self._dbos.delete_workflows([each.workflow_id for each in done])

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
        except Exception as error:
            _log.error("bug", batch_id=chunk.batch_id, exc_info=error)
            raise
        finally:
            self._running.discard(working)
        match turnout:
            case "done":
                pass
            case "given back":
                raise _GivenBack
            case "put off":
                # Within a workflow: once, also when this one is begun again.
                self._enqueue(chunk, after_s=self._put_off_s)
