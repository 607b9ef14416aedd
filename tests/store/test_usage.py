"""Reports and tables of use, out of ledgers of either database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from antechamber.operations.administration.keys import NewKey, create_key
from antechamber.operations.administration.usage import Report, ReportOrder, report, used
from antechamber.store.columns import micros
from antechamber.store.database import Database
from antechamber.store.ledger import TurnRow, add_turns
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.ids import new_id

_FIRST = datetime(2026, 11, 1, tzinfo=UTC)
_NOW = datetime(2026, 11, 10, 12, 30, 15, tzinfo=UTC)
_DAY = timedelta(days=1)


def _row(at: datetime, **other: Any) -> TurnRow:
    usual: dict[str, Any] = {
        "request_id": new_id("req_"),
        "started_at": micros(at),
        "workspace_id": "default",
        "key_id": "apikey_1",
        "model": "claude-opus-5-5",
        "engine": "replies",
        "upstream_model": "claude-opus-5-5",
        "ending": "ended",
        "streams": False,
        "service_tier": "standard",
        "inference_geo": None,
        "speed": None,
        "input_tokens": 100,
        "cache_write_5m_tokens": 1,
        "cache_write_1h_tokens": 2,
        "cache_read_tokens": 3,
        "output_tokens": 10,
        "thinking_tokens": 4,
        "first_event_ms": 5,
        "total_ms": 6,
        "cost_nano_usd": 1_000,
    }
    return TurnRow(**(usual | other))


def _keep(database: Database, *rows: TurnRow) -> None:
    database.write_now(partial(add_turns, rows=rows, spent=[]))


def _report(database: Database, **order: Any) -> Report:
    order.setdefault("starting_at", _FIRST)
    wanted = ReportOrder(**order)
    return database.read_now(partial(report, order=wanted, now=_NOW))


def _requests(found: Report) -> list[int]:
    return [sum(each.requests for each in bucket.sums) for bucket in found.buckets]


def test_days_stand_in_a_row_the_empty_ones_too(database: Database) -> None:
    _keep(database, _row(_FIRST), _row(_FIRST + 2 * _DAY), _row(_FIRST + 2 * _DAY))

    found = _report(database)

    assert _requests(found) == [1, 0, 2, 0, 0, 0, 0]
    assert found.buckets[0].starting_at == _FIRST
    assert [each.ending_at for each in found.buckets[:-1]] == [
        each.starting_at for each in found.buckets[1:]
    ]
    assert found.buckets[2].sums[0].input_tokens == 200
    assert found.buckets[2].sums[0].cost_nano_usd == 2_000


def test_the_pages_of_a_report_follow_each_other_to_the_bucket_of_now(database: Database) -> None:
    _keep(database, *(_row(_FIRST + number * _DAY) for number in range(10)))

    first = _report(database, limit=4)
    second = _report(database, limit=4, page=first.next_page)
    third = _report(database, limit=4, page=second.next_page)

    assert [len(page.buckets) for page in (first, second, third)] == [4, 4, 2]
    assert sum(sum(_requests(page)) for page in (first, second, third)) == 10
    assert third.buckets[-1].ending_at == datetime(2026, 11, 11, tzinfo=UTC)
    assert third.next_page is None


def test_a_start_within_a_bucket_is_that_of_the_bucket(database: Database) -> None:
    _keep(database, _row(_FIRST + timedelta(minutes=59)))

    late = _FIRST + timedelta(minutes=59, seconds=30)
    found = {
        width: _report(database, starting_at=late, width=width).buckets[0]
        for width in ("1d", "1h", "1m")
    }

    assert found["1d"].starting_at == found["1h"].starting_at == _FIRST
    assert found["1m"].starting_at == _FIRST + timedelta(minutes=59)
    assert [len(bucket.sums) for bucket in found.values()] == [1, 1, 1]


def test_only_buckets_that_end_in_time_are_told(database: Database) -> None:
    end = _FIRST + 2 * _DAY + timedelta(hours=5)

    found = _report(database, ending_at=end)

    assert [each.ending_at for each in found.buckets] == [_FIRST + _DAY, _FIRST + 2 * _DAY]
    assert found.next_page is None


@pytest.mark.parametrize(
    ("width", "usual", "most"), [("1d", 7, 31), ("1h", 24, 168), ("1m", 60, 1440)]
)
def test_each_width_has_a_usual_and_a_greatest_number(
    database: Database, width: Any, usual: int, most: int
) -> None:
    long_ago = _FIRST - 100 * _DAY

    asked = [
        len(_report(database, starting_at=long_ago, width=width, limit=limit).buckets)
        for limit in (None, most)
    ]

    assert asked == [usual, most]
    with pytest.raises(InvalidRequest, match=f"limit: .* less than or equal to {most}$"):
        _report(database, width=width, limit=most + 1)


def test_groups_and_filters_are_those_of_the_rows(database: Database) -> None:
    _keep(
        database,
        _row(_FIRST, model="a", service_tier="batch"),
        _row(_FIRST, model="b"),
        _row(_FIRST, model="b", workspace_id="wrkspc_1", key_id=None),
    )

    by_model = _report(database, by=["model"], limit=1).buckets[0]
    by_both = _report(database, by=["workspace_id", "key_id"], limit=1).buckets[0]
    only = _report(database, only={"service_tier": ["batch"], "model": ["a", "b"]}, limit=1)

    assert {each.group["model"]: each.requests for each in by_model.sums} == {"a": 1, "b": 2}
    assert {(each.group["workspace_id"], each.group["key_id"]) for each in by_both.sums} == {
        ("default", "apikey_1"),
        ("wrkspc_1", None),
    }
    assert _requests(only) == [1]


def test_what_no_report_can_be_is_refused(database: Database) -> None:
    with pytest.raises(InvalidRequest, match="ending_at"):
        _report(database, ending_at=_FIRST)
    for page in ("page_x", "page_é", "nothing", "page_MjAyNS0wNS0"):
        with pytest.raises(InvalidRequest, match="page: "):
            _report(database, page=page)


def test_the_ends_of_time_are_no_fault(database: Database) -> None:
    future = datetime(9998, 12, 31, tzinfo=UTC)

    beyond = _report(database, starting_at=future)
    far = _report(database, starting_at=datetime(1970, 1, 1, tzinfo=UTC), ending_at=future)

    assert (beyond.buckets, beyond.next_page) == ([], None)
    assert len(far.buckets) == 7
    assert far.next_page


def _used(
    database: Database, by: Any, workspace_id: str | None = None
) -> Sequence[tuple[str, int]]:
    found = database.read_now(
        partial(used, by=by, since=_FIRST, now=_NOW, workspace_id=workspace_id)
    )
    return [(each.name, each.sums.requests) for each in found]


def test_the_table_is_by_what_is_asked_for_and_of_one_workspace_alone(database: Database) -> None:
    _keep(
        database,
        _row(_FIRST - timedelta(seconds=1)),
        _row(_FIRST, key_id=None),
        _row(_FIRST + _DAY, model="other", workspace_id="wrkspc_1"),
        _row(_NOW),
    )

    assert _used(database, "day") == [("2026-11-01", 1), ("2026-11-02", 1), ("2026-11-10", 1)]
    assert _used(database, "model") == [("claude-opus-5-5", 2), ("other", 1)]
    assert sorted(_used(database, "key")) == [("(configured or none)", 1), ("apikey_1", 2)]
    assert _used(database, "workspace") == [("Default", 2), ("wrkspc_1", 1)]
    assert _used(database, "day", "wrkspc_1") == [("2026-11-02", 1)]


def test_requests_without_a_price_are_counted(database: Database) -> None:
    _keep(database, _row(_FIRST, cost_nano_usd=None), _row(_FIRST, cost_nano_usd=0), _row(_FIRST))

    [found] = _report(database, limit=1).buckets[0].sums

    assert (found.requests, found.unpriced, found.cost_nano_usd) == (3, 1, 1_000)


def test_what_cost_the_most_comes_first_and_a_key_is_told_by_its_hint(database: Database) -> None:
    make = partial(create_key, wanted=NewKey(name="laptop"), now=_NOW, new_id=new_id)
    key, _ = database.write_now(make)
    _keep(
        database,
        _row(_NOW, key_id="apikey_a", model="a", cost_nano_usd=5),
        _row(_NOW, key_id=key.id, model="b", cost_nano_usd=50),
        _row(_NOW, key_id="apikey_c", model="c", cost_nano_usd=20),
    )

    by_key = database.read_now(partial(used, by="key", since=_FIRST, now=_NOW, workspace_id=None))

    assert [name for name, _ in _used(database, "model")] == ["b", "c", "a"]
    assert [(each.name, each.hint) for each in by_key][:2] == [
        ("laptop", key.hint),
        ("apikey_c", None),
    ]
