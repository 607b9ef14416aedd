"""Results on their way to the database: written in groups, each with its row of the ledger."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from antechamber.operations.answering.services import Services
from antechamber.operations.batches.answer import Answer
from antechamber.operations.bookkeeping.ledger import spent_by
from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.runtime.background import Background
from antechamber.store.batches import Finished, finish_items
from antechamber.store.ledger import TurnRow, add_turns

_MOST_AT_ONCE = 500
_PAUSE_S = 1.0
_TRIES_A_MINUTE = 60
_OF_A_VALUE = (OverflowError, UnicodeError, ValueError)
"""What drivers raise for a value that they cannot pass on."""

_log = structlog.get_logger("antechamber.batches")


class _Told(msgspec.Struct):
    """An answer that waits to be written."""

    batch_id: str
    position: int
    answer: Answer
    written: asyncio.Future[None]


class _Group(NamedTuple):
    """Answers of one batch with the rows of those that have one, by position."""

    batch_id: str
    finished: Sequence[Finished]
    rows: dict[int, TurnRow]


class Results:
    """Writes answers where there is none yet; a row of the ledger is written with its answer alone.

    Both are in one transaction, so that an item that is answered again, after its worker was
    killed, is neither told nor charged twice.
    """

    def __init__(self, services: Services, background: Background) -> None:
        self._services = services
        self._background = background
        self._window_s = services.settings.usage.window_ms / 1000
        self._waiting: list[_Told] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, batch_id: str, position: int, answer: Answer) -> None:
        """Return when ``answer`` is in the database, which may take until that can be reached."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(_Told(batch_id, position, answer, written))
        if self._writing is None:
            self._writing = self._background.spawn("batch-results", self._write_waiting())
        await written

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                await self._services.clock.sleep(self._window_s)
                told = self._waiting[:_MOST_AT_ONCE]
                del self._waiting[:_MOST_AT_ONCE]
                for batch_id in sorted({each.batch_id for each in told}):
                    await self._write_of([each for each in told if each.batch_id == batch_id])
        finally:
            self._writing = None

    async def _write_of(self, told: Sequence[_Told]) -> None:
        services = self._services
        records = {
            each.position: each.answer.record for each in told if each.answer.record is not None
        }
        rows = await asyncio.to_thread(services.ledger.rows_of, list(records.values()))
        group = _Group(
            told[0].batch_id,
            [Finished(each.position, each.answer.outcome, each.answer.result) for each in told],
            dict(zip(records, rows, strict=True)),
        )
        written = await self._write(group)
        services.ledger.show(_written_records(records, written))
        for each in told:
            if not each.written.done():
                each.written.set_result(None)

    async def _write(self, group: _Group) -> set[int]:
        """Write a group as soon as the database takes it; return whose answers were the first."""
        services, failures = self._services, 0

        def write(connection: Connection) -> set[int]:
            finished_at = services.clock.now()
            new = finish_items(connection, group.batch_id, group.finished, now=finished_at)
            rows = [row for position, row in group.rows.items() if position in new]
            add_turns(connection, rows, spent_by(rows))
            return new

        while True:
            try:
                return await services.database.write(write)
            except (DataError, IntegrityError, *_OF_A_VALUE) as error:
                # One odd row must not keep all others out, nor its own result.
                return await self._write_apart(group, error)
            except (SQLAlchemyError, TimeoutError) as error:
                # Of the whole text the driver tells the parameters too.
                if failures % _TRIES_A_MINUTE == 0:
                    _log.warning("batch_results_not_written", reason=type(error).__name__)
                failures += 1
                await services.clock.sleep(_PAUSE_S)

    async def _write_apart(self, group: _Group, error: Exception) -> set[int]:
        if len(group.finished) == 1:
            if not group.rows:
                raise error
            reason = type(error).__name__
            _log.error("ledger_row_refused", batch_id=group.batch_id, reason=reason)
            return await self._write(group._replace(rows={}))
        written: set[int] = set()
        for each in group.finished:
            rows = {at: row for at, row in group.rows.items() if at == each.position}
            written |= await self._write(_Group(group.batch_id, [each], rows))
        return written


def _written_records(records: dict[int, TurnRecord], written: set[int]) -> list[TurnRecord]:
    return [record for position, record in records.items() if position in written]
