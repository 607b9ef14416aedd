"""Results on their way to the database: written in groups, each with its row of the ledger."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from antechamber.operations.allowance.spending import Pending
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
_MOST_MODELS = 4096
"""Ids come from requests."""
_OF_A_VALUE = (OverflowError, UnicodeError, ValueError)
"""What drivers raise for a value that they cannot pass on."""

_log = structlog.get_logger("antechamber.batches")


class _Told(NamedTuple):
    """An answer that waits to be written, with its row of the ledger where it has one."""

    batch_id: str
    position: int
    answer: Answer
    row: TurnRow | None
    written: asyncio.Future[None]


class Results:
    """Writes answers where there is none yet; a row of the ledger is written with its answer alone.

    Both are in one transaction, so that an item that is answered again, after its worker was
    killed, is neither told nor charged twice. Budgets know of an answer before it is written.
    """

    def __init__(self, services: Services, background: Background) -> None:
        self._services = services
        self._background = background
        self._window_s = services.settings.usage.window_ms / 1000
        self._waiting: list[_Told] = []
        self._spent: Pending | None = None
        """By the answers that wait."""
        self._writing: asyncio.Task[None] | None = None
        self._priced_models: set[str] = set()

    async def add(self, batch_id: str, position: int, answer: Answer) -> None:
        """Return when ``answer`` is in the database, which may take until that can be reached."""
        row = None if answer.record is None else await self._priced(answer.record)
        if row is not None:
            self._spent = self._spent or self._services.ledger.open_group()
            self._spent.include(spent_by([row]))
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(_Told(batch_id, position, answer, row, written))
        if self._writing is None:
            self._writing = self._background.spawn("batch-results", self._write_waiting())
        await written

    async def _priced(self, record: TurnRecord) -> TurnRow | None:
        """Return the row of a record; None where that cannot be made, and the answer can."""
        rows_of = self._services.ledger.rows_of
        try:
            if record.model in self._priced_models:
                return rows_of([record])[0]
            # Beside the loop: the first model with foreign prices takes a tenth of a second.
            [row] = await asyncio.to_thread(rows_of, [record])
        except Exception as error:  # noqa: BLE001 - a bug there must not cost the answer
            _log.error("bug", request_id=record.request_id, exc_info=error)
            return None
        if len(self._priced_models) < _MOST_MODELS:
            self._priced_models.add(record.model)
        return row

    async def _write_waiting(self) -> None:
        try:
            while self._waiting:
                await self._services.clock.sleep(self._window_s)
                told, self._waiting = self._waiting, []
                spent, self._spent = self._spent, None
                for at in range(0, len(told), _MOST_AT_ONCE):
                    await self._write_portion(told[at : at + _MOST_AT_ONCE])
                if spent is not None:
                    self._services.ledger.close_group(spent)
        finally:
            self._writing = None

    async def _write_portion(self, told: Sequence[_Told]) -> None:
        for batch_id in sorted({each.batch_id for each in told}):
            group = [each for each in told if each.batch_id == batch_id]
            try:
                await self._write_of(batch_id, group)
            except Exception as error:  # noqa: BLE001 - those who wait hear of it, others go on
                _refuse(group, error)

    async def _write_of(self, batch_id: str, told: Sequence[_Told]) -> None:
        # Of two answers to one item, after a takeover, the first is written with its own row.
        first = {each.position: each for each in reversed(told)}
        written = await self._write(batch_id, list(first.values()))
        records = (first[position].answer.record for position in written)
        self._services.ledger.show([record for record in records if record is not None])
        for each in told:
            if not each.written.done():
                each.written.set_result(None)

    async def _write(self, batch_id: str, told: Sequence[_Told]) -> set[int]:
        """Write answers as soon as the database takes them; return whose were the first."""
        services, failures = self._services, 0
        finished = [
            Finished(each.position, each.answer.outcome, each.answer.result) for each in told
        ]

        def write(connection: Connection) -> set[int]:
            new = finish_items(connection, batch_id, finished, now=services.clock.now())
            kept = (each.row for each in told if each.position in new)
            rows = [row for row in kept if row is not None]
            add_turns(connection, rows, spent_by(rows))
            return new

        while True:
            try:
                return await services.database.write(write)
            except (DataError, IntegrityError, *_OF_A_VALUE) as error:
                # One odd row must not keep all others out, nor its own result.
                return await self._write_apart(batch_id, told, error)
            except (SQLAlchemyError, TimeoutError) as error:
                # Of the whole text the driver tells the parameters too.
                if failures % _TRIES_A_MINUTE == 0:
                    _log.warning("batch_results_not_written", reason=type(error).__name__)
                failures += 1
                await services.clock.sleep(_PAUSE_S)

    async def _write_apart(
        self, batch_id: str, told: Sequence[_Told], error: Exception
    ) -> set[int]:
        if len(told) == 1:
            [only] = told
            if only.row is None:
                raise error
            reason = type(error).__name__
            _log.error("ledger_row_refused", batch_id=batch_id, reason=reason)
            return await self._write(batch_id, [only._replace(row=None)])
        written: set[int] = set()
        for each in told:
            try:
                written |= await self._write(batch_id, [each])
            except Exception as fault:  # noqa: BLE001 - as above
                _refuse([each], fault)
        return written


def _refuse(told: Sequence[_Told], error: Exception) -> None:
    _log.error("batch_results_refused", batch_id=told[0].batch_id, exc_info=error)
    for each in told:
        if not each.written.done():
            each.written.set_exception(error)
