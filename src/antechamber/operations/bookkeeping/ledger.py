"""The ledger's writer: rows are noted at once and written in groups, beside the requests."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache, partial

import msgspec
import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from antechamber.catalogue.pricing import Cost
from antechamber.operations.allowance.spending import Pending, Spending
from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.operations.callers.key_directory import month_of
from antechamber.runtime.background import Background
from antechamber.runtime.clock import Clock
from antechamber.settings import UsageSettings
from antechamber.store.database import Database, Work
from antechamber.store.keys import NO_KEY
from antechamber.store.ledger import Spent, TurnRow, add_turns, written

CostOf = Callable[[TurnRecord], Cost | None]
"""What a request costs; None where nobody knows."""
Observer = Callable[[Sequence[TurnRecord]], None]

_MOST_AT_ONCE = 2_000
"""Rows of one transaction: a few milliseconds, in which nobody else writes to SQLite."""
_MOST_KEPT = 200_000
"""Rows that wait for a database which is away, some 100 MB; the oldest are given up then."""
_PAUSE_S = 1.0
_LONGEST_WAIT_S = 5.0
"""Of an answer for its row."""
_MICROS = 1_000_000
_LAST_TRIES = 3
_OF_A_VALUE = (OverflowError, UnicodeError, ValueError)
"""What drivers raise for a value that they cannot pass on."""
_LONGEST = 64
"""Characters of a column."""
_TRIES_A_MINUTE = 60
_UNPRICED = (None, None, None, None, None, None)

_log = structlog.get_logger("antechamber.ledger")


class _Group(msgspec.Struct):
    """Rows that are written in one transaction."""

    rows: Sequence[TurnRow]
    spent: Sequence[Spent]
    pending: Pending


class Ledger:
    """Keeps what was used. ``note`` is for the request's way; the rest happens beside it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        background: Background,
        settings: UsageSettings,
        *,
        cost: CostOf,
        spending: Spending,
    ) -> None:
        self._database = database
        self._clock = clock
        self._background = background
        # The other half is for the writing itself.
        self._wait_s = settings.window_ms / 2000
        self._is_synchronous = settings.synchronous
        self._cost = cost
        self._spending = spending
        self._observers: Sequence[Observer] = ()
        self._noted: list[TurnRecord] = []
        self._groups: deque[_Group] = deque()
        """Priced, and not written yet: there is more than one only while a writing takes long."""
        self._noted_count = 0
        self._written_count = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._closing = False
        self._last_tries = _LAST_TRIES
        self._lost = 0

    def show_to(self, observers: Sequence[Observer]) -> None:
        """Have ``observers`` get every group before it is written."""
        self._observers = observers

    @property
    def rows_waiting(self) -> int:
        """How many records are not written yet."""
        return len(self._noted) + sum(len(group.rows) for group in self._groups)

    @property
    def rows_lost(self) -> int:
        """How many were given up since the process started."""
        return self._lost

    def rows_of(self, records: Sequence[TurnRecord]) -> list[TurnRow]:
        """Return the rows of ``records``, priced, for who writes them together with something else.

        Blocks for a tenth of a second at the first foreign model.
        """
        return [_row(record, self._cost(record)) for record in records]

    def open_group(self) -> Pending:
        """Return what takes the spending of such rows, for budgets; ``close_group`` follows."""
        return self._spending.add((), by="batches")

    def close_group(self, group: Pending) -> None:
        """Note that the rows of a group are written, or never will be; in their order."""
        self._spending.written(group)

    def note(self, record: TurnRecord) -> None:
        """Keep ``record``; it is in the database within the window."""
        self._noted.append(record)
        self._noted_count += 1
        if self._writing is None:
            self._writing = self._background.spawn("ledger", self._write_noted())

    async def settled(self, *, within_s: float) -> None:
        """Return when what was noted is written, where the settings want answers to wait for it.

        Or when that takes too long: an answer that does not end is asked for again.
        """
        if self._is_synchronous and self._written_count < self._noted_count:
            written = asyncio.get_running_loop().create_future()
            self._waiting.append((self._noted_count, written))
            with suppress(TimeoutError):
                async with asyncio.timeout(min(within_s, _LONGEST_WAIT_S)):
                    await written

    async def aclose(self) -> None:
        """Write what is left, as far as the database can be reached."""
        self._closing = True
        if self._writing is None and self._noted:
            self._writing = self._background.spawn("ledger", self._write_noted())
        if self._writing is not None:
            await asyncio.wait([self._writing])

    async def _write_noted(self) -> None:
        try:
            while self._noted:
                if not (self._is_synchronous or self._closing):
                    await self._clock.sleep(self._wait_s)
                await self._price_noted()
                while self._groups:
                    lost = await self._write_group(self._groups[0])
                    self._forget(self._groups.popleft(), lost=lost)
        finally:
            self._writing = None

    async def _price_noted(self) -> None:
        """Make groups of what was noted until now: from here on metrics and budgets know of it."""
        for _ in range(0, len(self._noted), _MOST_AT_ONCE):
            group = self._noted[:_MOST_AT_ONCE]
            self.show(group)
            # Beside the loop: the first model with foreign prices takes a tenth of a second.
            rows, spent = await asyncio.to_thread(self._priced, group)
            del self._noted[: len(group)]
            self._groups.append(_Group(rows, spent, self._spending.add(spent)))

    def _priced(self, group: Sequence[TurnRecord]) -> tuple[list[TurnRow], list[Spent]]:
        rows = self.rows_of(group)
        return rows, spent_by(rows)

    def show(self, group: Sequence[TurnRecord]) -> None:
        """Let the observers see a group, which somebody else writes where it was not noted."""
        for observe in self._observers:
            try:
                observe(group)
            except Exception as error:  # noqa: BLE001 - what is only looked at must not be lost for it
                _log.error("observer_failed", exc_info=error)

    async def _write_group(self, group: _Group) -> int:
        """Write a group; return how many of its rows are lost."""
        failures = 0
        while True:
            try:
                write = partial(_write, rows=group.rows, spent=group.spent, again=failures > 0)
                await self._run(write)
            except (DataError, IntegrityError, *_OF_A_VALUE) as error:
                # One odd row must not keep all others out.
                return await self._write_one_by_one(group, error)
            except (DBAPIError, TimeoutError) as error:
                # The database is away, busy for too long, takes no writes, or is being changed.
                failures += 1
                if failures == 1 or failures % _TRIES_A_MINUTE == 0:
                    reason = _reason(error)
                    _log.warning("ledger_not_written", rows=self.rows_waiting, reason=reason)
                if self._closing:
                    if self._last_tries == 0:
                        return len(group.rows)
                    self._last_tries -= 1
                await self._clock.sleep(_PAUSE_S)
                await self._price_noted()
                self._give_up_the_oldest()
            else:
                return 0

    async def _run(self, write: Work[None]) -> None:
        """Write, and go on pricing while that takes its time: a lock may be held for a minute."""
        failures: list[Exception] = []

        async def attempt() -> None:
            try:
                await self._database.write(write)
            except Exception as error:  # noqa: BLE001 - raised below, where it is told apart
                failures.append(error)

        writing = self._background.spawn("ledger-write", attempt())
        while not (await asyncio.wait([writing], timeout=self._wait_s))[0]:
            await self._price_noted()
        if failures:
            raise failures[0]

    async def _write_one_by_one(self, group: _Group, error: Exception) -> int:
        """Write what the database takes of rows that it does not take together."""
        if len(group.rows) == 1:
            request_id = group.rows[0].request_id
            _log.error("ledger_row_refused", request_id=request_id, reason=_reason(error))
            return 1
        alone = (_Group([row], spent_by([row]), group.pending) for row in group.rows)
        return sum([await self._write_group(each) for each in alone])

    def _forget(self, group: _Group, *, lost: int) -> None:
        self._spending.written(group.pending)
        self._lost += lost
        if lost:
            _log.error("ledger_rows_lost", rows=lost)
        self._written_count += len(group.rows)
        while self._waiting and self._waiting[0][0] <= self._written_count:
            _, waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)

    def _give_up_the_oldest(self) -> None:
        """Bound what waits: not what is being tried, which stands first."""
        while self.rows_waiting > _MOST_KEPT and len(self._groups) > 1:
            group = self._groups[1]
            del self._groups[1]
            self._forget(group, lost=len(group.rows))


def _write(
    connection: Connection, *, rows: Sequence[TurnRow], spent: Sequence[Spent], again: bool
) -> None:
    """Write ``rows``; ``again`` after a failure, of which nobody knows how far it had come."""
    if again:
        there = written(connection, rows)
        rows = [row for row in rows if row.request_id not in there]
        spent = spent_by(rows)
    add_turns(connection, rows, spent)


def spent_by(rows: Sequence[TurnRow]) -> list[Spent]:
    """Return what ``rows`` cost, by workspace, key and month."""
    spent = Counter[tuple[str, str, str]]()
    for row in rows:
        if row.cost_nano_usd:
            month = _month(row.started_at // _MICROS)
            spent[row.workspace_id, row.key_id or NO_KEY, month] += row.cost_nano_usd
    return [
        Spent(workspace_id=workspace_id, key_id=key_id, month=month, cost_nano_usd=cost)
        # In one order everywhere: writers of the same lines would wait for each other in a circle.
        for (workspace_id, key_id, month), cost in sorted(spent.items())
    ]


def _short(text: str | None) -> str | None:
    """Return what is kept of a word of the upstream's: those that are known are much shorter."""
    return None if text is None else text.replace("\0", "")[:_LONGEST]


@lru_cache(maxsize=64)
def _month(second: int) -> str:
    """Return the month of a second since 1970; most rows of a group began within a few of them."""
    return month_of(datetime.fromtimestamp(second, UTC))


def _row(record: TurnRecord, cost: Cost | None) -> TurnRow:
    counts, first_s = record.counts, record.first_event_s
    total, kinds = (None, _UNPRICED) if cost is None else (sum(cost), cost)
    # By position: names would cost as much again, for every request.
    return TurnRow(
        record.request_id,
        int(record.started_at * _MICROS),
        record.workspace_id,
        record.key_id,
        record.model,
        record.engine,
        record.upstream_model,
        _short(record.ending) or "",
        record.streams,
        counts.service_tier,
        _short(counts.inference_geo),
        _short(counts.speed),
        counts.input_tokens,
        counts.cache_write_5m_tokens,
        counts.cache_write_1h_tokens,
        counts.cache_read_tokens,
        counts.output_tokens,
        counts.thinking_tokens,
        None if first_s is None else round(first_s * 1000),
        round(record.total_s * 1000),
        total,
        *kinds,
        counts.web_searches,
    )


def _reason(error: Exception) -> str:
    # Of the whole text the driver tells the parameters too, request ids among them.
    return type(error).__name__
