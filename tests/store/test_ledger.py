"""The ledger: rows, what they come to, and what was spent."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import func, select

from antechamber.store.columns import micros
from antechamber.store.database import Database
from antechamber.store.ledger import Grouping, Span, Spent, Sums, TurnRow, add_turns, sums, written
from antechamber.store.tables import spending, turns
from antechamber.wire.ids import new_id

_DAY = datetime(2026, 11, 20, tzinfo=UTC)
_COSTS = [name for name in TurnRow._fields if name.endswith("_cost_nano_usd")]


def _row(at: datetime, **other: object) -> TurnRow:
    row = TurnRow(
        request_id=new_id("req_"),
        started_at=micros(at),
        workspace_id="default",
        key_id=None,
        model="claude-sonnet-5-5",
        engine="replies",
        upstream_model="claude-sonnet-5-5",
        ending="ended",
        streams=False,
        service_tier="standard",
        inference_geo=None,
        speed=None,
        input_tokens=10,
        cache_write_5m_tokens=1,
        cache_write_1h_tokens=2,
        cache_read_tokens=3,
        output_tokens=20,
        thinking_tokens=5,
        first_event_ms=7,
        total_ms=9,
        cost_nano_usd=1_000,
    )
    return row._replace(**other)


def _add(database: Database, rows: Sequence[TurnRow]) -> None:
    database.write_now(partial(add_turns, rows=rows, spent=[]))


def _sums(
    database: Database,
    days: int,
    *by: Grouping,
    bucket_s: int | None = None,
    only: Mapping[Grouping, Sequence[str]] | None = None,
) -> list[Sums]:
    span = Span(starting_at=_DAY, ending_at=_DAY + timedelta(days=days), bucket_s=bucket_s)
    return database.read_now(partial(sums, span=span, by=by, only=only))


def test_a_row_comes_back_as_it_was_noted(database: Database) -> None:
    at = _DAY + timedelta(hours=3, microseconds=17)
    row = _row(at, key_id="apikey_1", streams=True, inference_geo="us", cost_nano_usd=None)

    _add(database, [row])
    kept = database.read_now(lambda it: it.execute(select(turns)).mappings().one())

    assert kept["started_at"] == at
    assert kept["streams"] is True
    assert kept["cost_nano_usd"] is None
    assert tuple(kept[name] for name in row._fields[2:]) == row[2:]


def test_sums_are_by_bucket_and_group_and_leave_the_end_out(database: Database) -> None:
    hours = (0, 1, 25, 48)
    rows = [_row(_DAY + timedelta(hours=hour)) for hour in hours]
    rows.append(_row(_DAY + timedelta(hours=2), model="claude-opus-5-5", cost_nano_usd=None))

    _add(database, rows)
    found = _sums(database, 2, "model", bucket_s=86_400)

    told = [(each.bucket, each.group["model"], each.requests, each.cost_nano_usd) for each in found]
    assert told == [
        (0, "claude-opus-5-5", 1, 0),
        (0, "claude-sonnet-5-5", 2, 2_000),
        (1, "claude-sonnet-5-5", 1, 1_000),
    ]
    assert (found[1].input_tokens, found[1].cache_write_1h_tokens) == (20, 4)
    assert (found[1].output_tokens, found[1].thinking_tokens) == (40, 10)


def test_sums_tell_what_each_kind_of_token_cost_as_far_as_it_was_written_down(
    database: Database,
) -> None:
    kinds = dict(zip(_COSTS, (1, 2, 3, 4, 980, 10), strict=True))
    _add(database, [_row(_DAY, **kinds), _row(_DAY, **kinds), _row(_DAY, cost_nano_usd=7)])

    (found,) = _sums(database, 1)

    assert found.cost_nano_usd == 2_007
    assert found.cost_by_kind == {
        "input": 2,
        "cache_write_5m": 4,
        "cache_write_1h": 6,
        "cache_read": 8,
        "output": 1_960,
        "web_search": 20,
    }


def test_requests_are_told_apart_by_the_window_that_their_prompt_needs(database: Database) -> None:
    rows = [
        _row(_DAY, input_tokens=199_994),
        _row(_DAY, input_tokens=199_995),
        # As many as an integer of the database holds, of each kind.
        _row(_DAY, input_tokens=2**31 - 1, cache_read_tokens=2**31 - 1),
    ]
    _add(database, rows)

    found = _sums(database, 1, "context_window")
    only = _sums(database, 1, only={"context_window": ["0-200k"]})

    told = [(each.group["context_window"], each.requests) for each in found]
    assert told == [("0-200k", 1), ("200k-1M", 2)]
    assert [each.requests for each in only] == [1]


def test_what_a_request_did_not_say_has_the_word_of_the_reports(database: Database) -> None:
    rows = [
        _row(_DAY),
        _row(_DAY, inference_geo="not_available", speed="standard"),
        _row(_DAY, inference_geo="us", speed="fast"),
    ]
    _add(database, rows)

    found = _sums(database, 1, "inference_geo", "speed")
    only = _sums(database, 1, only={"inference_geo": ["not_available"], "speed": ["standard"]})

    assert [(each.group, each.requests) for each in found] == [
        ({"inference_geo": "not_available", "speed": "standard"}, 2),
        ({"inference_geo": "us", "speed": "fast"}, 1),
    ]
    assert [each.requests for each in only] == [2]


def test_sums_without_buckets_are_of_the_whole_time(database: Database) -> None:
    _add(database, [_row(_DAY), _row(_DAY + timedelta(days=2))])

    (found,) = _sums(database, 3)

    assert (found.bucket, found.requests, found.group) == (0, 2, {})


def test_no_workspace_is_in_the_sums_of_another(database: Database) -> None:
    _add(database, [_row(_DAY, workspace_id="wrkspc_a"), _row(_DAY, workspace_id="wrkspc_b")])

    found = _sums(database, 1, "workspace_id", only={"workspace_id": ["wrkspc_a"]})

    assert [each.group for each in found] == [{"workspace_id": "wrkspc_a"}]


def test_what_was_spent_is_added_up(database: Database) -> None:
    one = Spent(workspace_id="w", key_id="", month="2026-11", cost_nano_usd=2**40)

    for _ in range(3):
        database.write_now(partial(add_turns, rows=[], spent=[one, one]))

    total = database.read_now(
        lambda it: it.execute(select(func.sum(spending.c.cost_nano_usd))).scalar_one()
    )
    assert total == 6 * 2**40


def test_it_can_be_told_which_rows_are_there(database: Database) -> None:
    rows = [_row(_DAY), _row(_DAY)]
    _add(database, rows[:1])

    there = database.read_now(partial(written, rows=rows))

    assert there == {rows[0].request_id}
