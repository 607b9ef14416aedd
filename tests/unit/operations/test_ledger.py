"""The ledger's writer against a database that refuses rows, is away, or comes back."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text

from antechamber.catalogue.pricing import Cost
from antechamber.operations.allowance.spending import Own, Spending
from antechamber.operations.bookkeeping.ledger import Ledger, _row, _write, spent_by
from antechamber.operations.bookkeeping.records import Counts, TurnRecord
from antechamber.operations.callers.caller import Caller
from antechamber.runtime.background import Background
from antechamber.settings import UsageSettings
from antechamber.store.database import Database, database_url
from antechamber.store.tables import turns
from antechamber.store.upgrading import upgrade
from antechamber.wire.ids import new_id
from tests.postgres import own_database, running_postgres
from tests.records import turn_record
from tests.unit.operations.stage import StillClock

_TURN = turn_record(
    request_id="req_0",
    started_at=1_790_000_000.0,
    first_event_s=0.1,
    total_s=0.2,
    workspace_id="default",
    key_id=None,
    model="claude-sonnet-5-5",
    engine="e",
    upstream_model="claude-sonnet-5-5",
    ending="ended",
    streams=False,
    service_tier="standard",
)


_COST = Cost(1, 0, 0, 0, 4, 0)


@dataclass
class _Clock(StillClock):
    """Sleeps without waiting, and lets others run meanwhile."""

    has_waited: asyncio.Event = field(default_factory=asyncio.Event)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if len(self.slept) > 3:
            self.has_waited.set()
        await asyncio.sleep(0)


class _Desk:
    """A ledger over a database in a file."""

    def __init__(
        self, folder: Path, *, address: str | None = None, synchronous: bool = False
    ) -> None:
        self.database = Database(database_url(address, folder))
        upgrade(self.database)
        self.clock = _Clock(at=_TURN.started_at)
        self.seen: list[str] = []
        self.spending = Spending(self.clock)
        self.ledger = Ledger(
            self.database,
            self.clock,
            Background(),
            UsageSettings(synchronous=synchronous),
            cost=lambda _record: _COST,
            spending=self.spending,
        )
        self.ledger.show_to([self._see, _fails])

    def _see(self, group: Sequence[TurnRecord]) -> None:
        self.seen += [record.request_id for record in group]

    def note(self, name: str, **changes: object) -> None:
        self.ledger.note(turn_record(_TURN, request_id=name, **changes))

    def run(self, statement: str) -> None:
        self.database.write_now(lambda it: it.execute(text(statement)))

    @property
    def rows(self) -> list[str]:
        return self.database.read_now(
            lambda it: list(it.execute(select(turns.c.request_id).order_by(turns.c.id)).scalars())
        )


def _fails(_group: Sequence[TurnRecord]) -> None:
    raise ValueError("an observer's bug")


@pytest.fixture(scope="module")
def postgres() -> Generator[str, None, None]:
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> Generator[str | None, None, None]:
    """Where the ledger is; None is a file."""
    if request.param == "sqlite":
        yield None
        return
    with own_database(request.getfixturevalue("postgres"), new_id("t_").lower()) as made:
        yield made


@pytest.fixture
async def desk(tmp_path: Path, address: str | None) -> AsyncGenerator[_Desk, None]:
    desk = _Desk(tmp_path, address=address)
    yield desk
    await desk.ledger.aclose()
    desk.database.close()


async def test_rows_are_written_in_the_order_in_which_they_were_noted(desk: _Desk) -> None:
    for number in range(5):
        desk.note(f"req_{number}")

    await desk.ledger.aclose()

    assert desk.rows == [f"req_{number}" for number in range(5)] == desk.seen


@pytest.mark.parametrize("odd", [{"inference_geo": "x\0" * 90}, {"ending": "e\0" * 300}])
async def test_what_an_upstream_makes_up_fits_all_the_same(
    desk: _Desk, odd: dict[str, object]
) -> None:
    desk.note("req_odd", **odd)

    await desk.ledger.aclose()

    assert desk.rows == ["req_odd"]


async def test_a_row_has_what_each_kind_of_its_tokens_costs(desk: _Desk) -> None:
    desk.note("req_1")

    await desk.ledger.aclose()

    kept = desk.database.read_now(lambda it: it.execute(select(turns)).mappings().one())
    assert kept["cost_nano_usd"] == 5
    assert (kept["input_cost_nano_usd"], kept["output_cost_nano_usd"]) == (1, 4)
    assert kept["cache_write_5m_cost_nano_usd"] == kept["cache_read_cost_nano_usd"] == 0


async def test_what_nobody_can_price_costs_nothing_of_any_kind() -> None:
    row = _row(_TURN, None)

    assert row.cost_nano_usd is None
    assert row[-7:-1] == (None,) * 6
    assert spent_by([row]) == []


async def test_what_was_spent_is_that_of_its_month_and_owner() -> None:
    at = datetime(2026, 11, 30, 23, 59, tzinfo=UTC).timestamp()
    records = [
        turn_record(_TURN, started_at=at),
        turn_record(_TURN, started_at=at + 60),
        turn_record(_TURN, started_at=at, key_id="apikey_1"),
        turn_record(_TURN, started_at=at),
    ]

    spent = spent_by([_row(record, _COST) for record in records])

    assert [(each.key_id, each.month, each.cost_nano_usd) for each in spent] == [
        ("", "2026-11", 10),
        ("", "2026-12", 5),
        ("apikey_1", "2026-11", 5),
    ]


async def test_a_row_that_the_database_refuses_keeps_no_other_out(desk: _Desk) -> None:
    desk.note("req_1")
    desk.note("req_2", engine=None)
    desk.note("req_3")
    await desk.ledger.aclose()

    desk.note("req_4")
    await desk.ledger.aclose()

    assert desk.rows == ["req_1", "req_3", "req_4"]


async def test_rows_wait_for_a_database_that_is_away_and_are_written_once(desk: _Desk) -> None:
    desk.run("ALTER TABLE turns RENAME TO elsewhere")
    desk.note("req_1")
    async with asyncio.timeout(20):
        await desk.clock.has_waited.wait()

    desk.run("ALTER TABLE elsewhere RENAME TO turns")
    await desk.ledger.aclose()

    assert desk.rows == ["req_1"]


async def test_what_is_noted_while_the_database_is_away_is_known_all_the_same(desk: _Desk) -> None:
    """Metrics go on, and budgets know what is spent."""
    desk.run("ALTER TABLE turns RENAME TO elsewhere")
    desk.note("req_1")
    async with asyncio.timeout(20):
        await desk.clock.has_waited.wait()
        desk.note("req_2", key_id="apikey_1")
        while desk.seen != ["req_1", "req_2"] or desk.ledger.rows_waiting < 2:
            await desk.clock.sleep(0)
        caller = Caller(organization_id="org", key_id="apikey_1")
        while desk.spending.of(caller, read_at=desk.clock.at) != Own(workspace=10, key=5):
            await desk.clock.sleep(0)

    desk.run("ALTER TABLE elsewhere RENAME TO turns")
    await desk.ledger.aclose()

    assert desk.rows == ["req_1", "req_2"]


async def test_what_is_noted_while_a_writing_hangs_is_known_all_the_same(desk: _Desk) -> None:
    """A lock may be held for a minute: that is no failure yet."""
    with desk.database.engine.connect() as other:
        if desk.database.is_sqlite:
            other.exec_driver_sql("COMMIT")
            other.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            other.exec_driver_sql("LOCK TABLE turns IN ACCESS EXCLUSIVE MODE")
        desk.note("req_1")
        async with asyncio.timeout(8):
            while desk.seen != ["req_1"]:
                await asyncio.wait([asyncio.create_task(desk.clock.sleep(0))])
            desk.note("req_2")
            while desk.seen != ["req_1", "req_2"]:
                await asyncio.wait([asyncio.create_task(desk.clock.sleep(0))])
        other.exec_driver_sql("COMMIT")

    await desk.ledger.aclose()

    assert desk.rows == ["req_1", "req_2"]


async def test_an_answer_waits_for_its_row_within_bounds(tmp_path: Path) -> None:
    desk = _Desk(tmp_path, synchronous=True)
    desk.run("ALTER TABLE turns RENAME TO elsewhere")
    desk.note("req_1")

    async with asyncio.timeout(20):
        await desk.ledger.settled(within_s=0.01)

    desk.run("ALTER TABLE elsewhere RENAME TO turns")
    await desk.ledger.aclose()
    assert desk.rows == ["req_1"]
    desk.database.close()


@pytest.mark.parametrize("number", [-1, -(10**18), 2**31, 10**20])
async def test_numbers_that_no_request_has_are_brought_within_bounds(number: int) -> None:
    counts = Counts(input_tokens=7, output_tokens=number, service_tier="batch").bounded()

    assert counts.output_tokens == (0 if number < 0 else 2**31 - 1)
    assert (counts.input_tokens, counts.service_tier) == (7, "batch")
    assert counts.bounded() is counts


async def test_a_group_of_which_the_end_is_unknown_is_not_written_twice(desk: _Desk) -> None:
    record = turn_record(_TURN, request_id="req_1")
    rows = [_row(record, _COST)]
    write = partial(_write, rows=rows, spent=spent_by(rows))
    desk.database.write_now(partial(write, again=False))

    desk.database.write_now(partial(write, again=True))

    assert desk.rows == ["req_1"]
    spent = desk.database.read_now(
        lambda it: it.execute(text("SELECT cost_nano_usd FROM spending")).scalar_one()
    )
    assert spent == 5


async def test_a_synchronous_answer_ends_even_if_its_row_is_refused(tmp_path: Path) -> None:
    desk = _Desk(tmp_path, synchronous=True)
    desk.note("req_1", engine=None)

    async with asyncio.timeout(20):
        await desk.ledger.settled(within_s=20)
    desk.note("req_2")
    async with asyncio.timeout(20):
        await desk.ledger.settled(within_s=20)

    assert desk.rows == ["req_2"]
    await desk.ledger.aclose()
    desk.database.close()
