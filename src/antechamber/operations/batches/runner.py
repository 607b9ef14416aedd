"""Answers a chunk of a batch: its requests side by side, each until it has its result."""

import asyncio
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Literal, NamedTuple
from weakref import WeakValueDictionary

import structlog
from sqlalchemy.exc import SQLAlchemyError

from antechamber.operations.answering.services import Services
from antechamber.operations.batches.answer import Answer, answer_item
from antechamber.operations.batches.results import Results
from antechamber.operations.batches.room import Room
from antechamber.operations.batches.surroundings import Owners, item_call
from antechamber.runtime.background import Background, this_task
from antechamber.store.batches import BatchRow, find_batch, params_of, unfinished_items
from antechamber.wire.batches import CANCELED, EXPIRED, errored
from antechamber.wire.errors import (
    CallerFault,
    EngineFailed,
    EngineTimedOut,
    GaveWay,
    InternalError,
    ServerFault,
)

_STEP_S = 0.05
_LOOK_S = 1.0
"""How soon a chunk hears that its batch was canceled."""
_PATIENCE_S = 60.0
"""With requests that nobody answers, before others get the place of their chunk."""
_TURN_S = 30.0
"""Of a chunk, while batches wait that have no place."""
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_DOUBLED = 8
_JITTER = 0.25
_LARGE_BYTES = 16 * 1024
"""Parameters that are larger are read when their turn has come."""
_MOST_FAILURES = 5
"""Of an engine, or of ours, in a way that need not pass; who is overloaded is asked to the end."""
_OF_A_TIMEOUT = 0.5
"""Of a failure: it may be the engine's load, or this request each time."""

_log = structlog.get_logger("antechamber.batches")

End = Literal["canceled", "expired", "given back", "passed on", "put off"]
Turnout = Literal["done", "given back", "passed on", "put off"]
"""What has become of a chunk: all of it has results; it is to be begun again by another process, at
the end of the line, or after a while."""
_WITHOUT_ANSWER: Mapping[End, Answer | None] = {
    "canceled": Answer("canceled", CANCELED, None),
    "expired": Answer("expired", EXPIRED, None),
    "given back": None,
    "passed on": None,
    "put off": None,
}


_LOST = Answer("errored", errored(InternalError("Internal server error")), None)


class Chunk(NamedTuple):
    """A part of a batch."""

    batch_id: str
    start: int
    stop: int


class BatchRunner:
    """Works on chunks in this process; what was begun elsewhere is begun again."""

    def __init__(self, services: Services, owners: Owners, background: Background) -> None:
        self._services = services
        self._owners = owners
        self._background = background
        self._room = Room(services, services.settings.batches.concurrency)
        self._results = Results(services, background)
        self._running: set[_Work] = set()
        self._turns: WeakValueDictionary[Chunk, asyncio.Lock] = WeakValueDictionary()
        self._is_stopping = False

    async def run(self, chunk: Chunk) -> Turnout:
        """Return when every request of ``chunk`` has a result, or when there is no getting on.

        Whoever is told of a chunk twice does it once: the second finds it done.
        """
        async with self._turns.setdefault(chunk, asyncio.Lock()):
            while not self._is_stopping:
                try:
                    return await self._run(chunk)
                except SQLAlchemyError as error:
                    reason = type(error).__name__
                    _log.warning("batch_not_read", batch_id=chunk.batch_id, reason=reason)
                    await self._services.clock.sleep(_LOOK_S)
        return "given back"

    async def idle(self) -> None:
        """Return when nothing runs any more; after ``stop``."""
        while self._running:
            await self._services.clock.sleep(_STEP_S)

    def stop(self) -> None:
        """Begin nothing any more: what runs may finish, the rest is given back."""
        self._is_stopping = True
        for work in self._running:
            work.end("given back")

    def make_way(self) -> None:
        """End chunks that have had their turn, for batches that wait: what runs may finish."""
        ends_before = self._services.clock.monotonic() - _TURN_S
        for work in self._running:
            if work.begun_at <= ends_before:
                work.end("passed on")

    async def _run(self, chunk: Chunk) -> Turnout:
        database = self._services.database
        batch = await database.read(lambda connection: find_batch(connection, chunk.batch_id))
        if batch is None or batch.status == "ended":
            return "done"
        within = range(chunk.start, chunk.stop)
        items = await database.read(
            lambda connection: unfinished_items(
                connection, chunk.batch_id, within, most_bytes=_LARGE_BYTES
            )
        )
        work = _Work(self._services, self._owners, self._room, self._results, batch)
        if batch.status == "canceling":
            work.end("canceled")
        self._running.add(work)
        watch = self._background.spawn("batch-watch", self._watch(work))
        try:
            await work.answer(items)
        finally:
            watch.cancel()
            self._running.discard(work)
        return work.ended if work.ended in ("given back", "passed on", "put off") else "done"

    async def _watch(self, work: "_Work") -> None:
        """Stop the work on a batch that is canceled or has expired, or when it gets nowhere.

        What runs may finish, but for a batch that was ended meanwhile, by whoever found it overdue.
        """
        services, batch = self._services, work.batch
        while True:
            with suppress(SQLAlchemyError):
                found = await services.database.read(
                    lambda connection: find_batch(connection, batch.id)
                )
                if found is None or found.status != "in_progress":
                    work.end("canceled")
                if found is None or found.status == "ended":
                    work.break_off()
                    return
            if services.clock.now() >= batch.expires_at:
                work.end("expired")
            if work.stands_still:
                work.end("put off")
            await services.clock.sleep(_LOOK_S)


class _Ended(Exception):
    """The work on a batch ended while one of its requests waited."""


class _Work:
    """The requests of one chunk."""

    def __init__(
        self, services: Services, owners: Owners, room: Room, results: Results, batch: BatchRow
    ) -> None:
        self.batch = batch
        self.ended: End | None = None
        self._services = services
        self._owners = owners
        self._room = room
        self._results = results
        self._waiting: set[asyncio.Task[object]] = set()
        """Those that no engine works on at the moment."""
        self._asking: set[asyncio.Task[object]] = set()
        self.begun_at = self._got_on_at = services.clock.monotonic()

    @property
    def stands_still(self) -> bool:
        """Whether all wait, and have for long: other batches may get on meanwhile."""
        waited_s = self._services.clock.monotonic() - self._got_on_at
        return not self._asking and waited_s > _PATIENCE_S

    def end(self, reason: End) -> None:
        """Begin no request any more; those that run finish."""
        if self.ended is None:
            self.ended = reason
            for task in self._waiting:
                task.cancel()

    def break_off(self) -> None:
        """End also what runs; once, after ``end``."""
        for task in self._asking:
            task.cancel()

    async def answer(self, items: Mapping[int, bytes | None]) -> None:
        """Answer requests until each has a result, or the work is ended."""
        async with asyncio.TaskGroup() as group:
            for position, params in items.items():
                group.create_task(self._settle(position, params), name="batch-item")

    async def _settle(self, position: int, params: bytes | None) -> None:
        answer = await self._answer(position, params)
        self._got_on_at = self._services.clock.monotonic()
        if answer is None and self.ended is not None:
            answer = _WITHOUT_ANSWER[self.ended]
        if answer is not None:
            await self._keep(position, answer)

    async def _keep(self, position: int, answer: Answer) -> None:
        """Write an answer; where it cannot be, without its row, and at last that it is lost."""
        for told in (answer, answer._replace(record=None)):
            try:
                await self._results.add(self.batch.id, position, told)
            except Exception:  # noqa: BLE001, S112 - the writer has told it in the log
                continue
            return
        await self._results.add(self.batch.id, position, _LOST)

    async def _answer(self, position: int, params: bytes | None) -> Answer | None:
        """Return an item's answer; None where the work ended before there was one."""
        failures, pauses = 0.0, 0
        with suppress(_Ended):
            while True:
                try:
                    return await self._try(position, params)
                except (ServerFault, SQLAlchemyError) as fault:
                    failures += _weight(fault)
                    if isinstance(fault, ServerFault) and failures >= _MOST_FAILURES:
                        return Answer("errored", errored(fault), None)
                    with self._among(self._waiting):
                        await self._services.clock.sleep(self._pause_s(fault, pauses))
                    pauses += not isinstance(fault, GaveWay)
        return None

    def _pause_s(self, fault: Exception, pauses: int) -> float:
        usual_s = min(_FIRST_PAUSE_S * 2 ** min(pauses, _DOUBLED), _LONGEST_PAUSE_S)
        asked_s = fault.retry_after_s if isinstance(fault, ServerFault) else None
        return max(asked_s or 0.0, usual_s * (1 - _JITTER * self._services.random()))

    async def _try(self, position: int, params: bytes | None) -> Answer:
        engine = self._room.engine_of(params or await self._read(position))
        with self._among(self._waiting):
            await self._room.enter(engine, self.batch.workspace_id)
        try:
            with self._among(self._asking):
                caller = await self._owners.find(self.batch)
                services = self._services
                call = item_call(self.batch, caller, services.clock, services.new_id)
                # What is large is not kept while it waits.
                return await answer_item(services, params or await self._read(position), call)
        except CallerFault as error:
            return Answer("errored", errored(error), None)
        finally:
            self._room.leave(engine)

    async def _read(self, position: int) -> bytes:
        batch_id = self.batch.id
        params = await self._services.database.read(
            lambda connection: params_of(connection, batch_id, position)
        )
        if params is None:
            # Somebody else has given it its result.
            raise _Ended
        return params

    @contextmanager
    def _among(self, tasks: set[asyncio.Task[object]]) -> Generator[None, None, None]:
        """Be one of ``tasks``, which the end of the work cancels; raises ``_Ended`` then."""
        if self.ended is not None:
            raise _Ended
        task = this_task(asyncio.get_running_loop())
        tasks.add(task)
        try:
            yield
        except asyncio.CancelledError as error:
            if self.ended is None or task.uncancel():
                raise
            raise _Ended from error
        finally:
            tasks.discard(task)


def _weight(fault: Exception) -> float:
    """Return how much a fault counts among those after which an item is not asked again."""
    if isinstance(fault, EngineTimedOut):
        return _OF_A_TIMEOUT
    return float(isinstance(fault, EngineFailed | InternalError))
