"""Batches: their items, the one result of each, and who works on them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError

from antechamber.store.batches import (
    BatchRow,
    Finished,
    NewItem,
    add_batch,
    archive_batch,
    batches_in,
    change_batch,
    find_batch,
    finish_items,
    finish_rest,
    forget_deleted,
    has_unfinished,
    list_batches,
    listed_at,
    outdated_batches,
    overdue_batches,
    params_of,
    remove_batch,
    results_after,
    unfinished_items,
    unqueued_batches,
    waiting_items,
)
from antechamber.store.database import Database
from antechamber.wire.batches import CANCELED

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_DAY = timedelta(days=1)


def _batch(name: str = "msgbatch_1", items: int = 3, **other: object) -> BatchRow:
    values: dict[str, object] = {
        "id": name,
        "workspace_id": "default",
        "key_id": None,
        "surroundings": b"{}",
        "status": "in_progress",
        "item_count": items,
        "created_at": _NOW,
        "expires_at": _NOW + _DAY,
    }
    return BatchRow(**{**values, **other})  # pyright: ignore[reportArgumentType]


def _add(database: Database, batch: BatchRow) -> BatchRow:
    items = [NewItem(f"task-{at}", b'{"at":%d}' % at) for at in range(batch.item_count)]
    database.write_now(partial(add_batch, batch=batch, items=items))
    return batch


def _finish(database: Database, batch: BatchRow, *positions: int) -> set[int]:
    finished = [Finished(at, "succeeded", b'{"of":%d}' % at) for at in positions]
    return database.write_now(partial(finish_items, batch_id=batch.id, finished=finished, now=_NOW))


def _found(database: Database, batch: BatchRow) -> BatchRow:
    found = database.read_now(partial(find_batch, batch_id=batch.id))
    assert found is not None
    return found


def _ids(batches: Sequence[BatchRow]) -> list[str]:
    return [batch.id for batch in batches]


def test_a_batch_is_kept_with_its_items(database: Database) -> None:
    batch = _add(database, _batch(items=2_500))

    found = _found(database, batch)
    last = database.read_now(partial(params_of, batch_id=batch.id, position=2_499))

    assert found == batch
    assert last == b'{"at":2499}'


def test_a_name_that_comes_twice_in_a_batch_is_kept_out(database: Database) -> None:
    items = [NewItem("same", b"{}"), NewItem("same", b"{}")]

    with pytest.raises(IntegrityError):
        database.write_now(partial(add_batch, batch=_batch(items=2), items=items))

    assert database.read_now(partial(find_batch, batch_id="msgbatch_1")) is None


def test_a_batch_is_not_seen_from_another_workspace(database: Database) -> None:
    batch = _add(database, _batch())

    seen = database.read_now(partial(find_batch, batch_id=batch.id, workspace_id="wrkspc_other"))

    assert seen is None


def test_an_item_gets_one_result_whoever_comes_first(database: Database) -> None:
    batch = _add(database, _batch())

    first = _finish(database, batch, 0, 1)
    again = _finish(database, batch, 1)
    rows = database.read_now(
        partial(results_after, batch_id=batch.id, position=-1, limit=10, most_bytes=100)
    )

    assert (first, again) == ({0, 1}, set())
    assert [tuple(row) for row in rows] == [
        (0, "task-0", b'{"of":0}'),
        (1, "task-1", b'{"of":1}'),
    ]
    assert _found(database, batch).succeeded == 2


def test_the_last_result_ends_the_batch(database: Database) -> None:
    batch = _add(database, _batch())
    _finish(database, batch, 0, 2)
    before = _found(database, batch)

    _finish(database, batch, 1)

    after = _found(database, batch)
    assert (before.status, before.ended_at) == ("in_progress", None)
    assert (after.status, after.ended_at, after.finished) == ("ended", _NOW, 3)


def test_what_has_no_result_is_told_with_what_it_asks_for(database: Database) -> None:
    batch = _add(database, _batch(items=5))
    _finish(database, batch, 2)

    items = database.read_now(
        partial(unfinished_items, batch_id=batch.id, within=range(1, 4), most_bytes=100)
    )
    large = database.read_now(
        partial(unfinished_items, batch_id=batch.id, within=range(1, 2), most_bytes=2)
    )

    assert items == {1: b'{"at":1}', 3: b'{"at":3}'}
    assert large == {1: None}


def test_the_rest_of_a_batch_ends_with_it(database: Database) -> None:
    batch = _add(database, _batch())
    _finish(database, batch, 1)

    count = database.write_now(
        partial(finish_rest, batch_id=batch.id, outcome="canceled", now=_NOW)
    )
    late = _finish(database, batch, 0)
    rows = database.read_now(
        partial(results_after, batch_id=batch.id, position=-1, limit=10, most_bytes=100)
    )

    assert (count, late) == (2, set())
    assert [row.result for row in rows] == [CANCELED, b'{"of":1}', CANCELED]
    ended = _found(database, batch)
    assert (ended.status, ended.succeeded, ended.canceled) == ("ended", 1, 2)


def test_pages_of_batches_lie_next_to_the_one_that_is_given(database: Database) -> None:
    made = [
        # Two of each moment, which their ids tell apart.
        _add(database, _batch(f"msgbatch_{at}", created_at=_NOW + timedelta(seconds=at // 2)))
        for at in range(6)
    ]
    _add(database, _batch("msgbatch_other", workspace_id="wrkspc_other"))

    newest = database.read_now(partial(list_batches, workspace_id="default", limit=2))
    older = database.read_now(
        partial(list_batches, workspace_id="default", limit=3, older_than=made[4])
    )
    newer = database.read_now(
        partial(list_batches, workspace_id="default", limit=2, newer_than=made[1])
    )

    assert _ids(newest) == ["msgbatch_5", "msgbatch_4"]
    assert _ids(older) == ["msgbatch_3", "msgbatch_2", "msgbatch_1"]
    assert _ids(newer) == ["msgbatch_3", "msgbatch_2"]


def test_items_wait_until_they_have_a_result(database: Database) -> None:
    batch = _add(database, _batch(items=4))
    _add(database, _batch("msgbatch_other", workspace_id="wrkspc_other"))
    _finish(database, batch, 0)

    waiting = database.read_now(partial(waiting_items, workspace_id="default"))

    assert waiting == 3


def test_a_batch_is_handed_out_once(database: Database) -> None:
    batch = _add(database, _batch())
    before = database.read_now(unqueued_batches)

    changes = {"queued_at": _NOW}
    database.write_now(partial(change_batch, batch_id=batch.id, changes=changes))

    assert _ids(before) == [batch.id]
    assert database.read_now(unqueued_batches) == []
    assert database.read_now(has_unfinished)


def test_batches_are_overdue_and_outdated_by_their_times(database: Database) -> None:
    running = _add(database, _batch("msgbatch_running"))
    ended = _add(database, _batch("msgbatch_ended"))
    _finish(database, ended, 0, 1, 2)

    in_time = database.read_now(partial(overdue_batches, now=_NOW))
    late = database.read_now(partial(overdue_batches, now=_NOW + _DAY))
    outdated = database.read_now(partial(outdated_batches, created_before=_NOW + _DAY))
    database.write_now(partial(archive_batch, batch_id=ended.id, now=_NOW))

    assert (in_time, _ids(late), outdated) == ([], [running.id], [ended.id])
    assert _found(database, ended).archived_at == _NOW
    assert _found(database, ended).succeeded == 3
    rows = database.read_now(
        partial(results_after, batch_id=ended.id, position=-1, limit=10, most_bytes=100)
    )
    assert rows == []


def test_of_two_results_of_one_item_the_first_is_written_and_counted(database: Database) -> None:
    batch = _add(database, _batch(items=2))
    twice = [Finished(0, "succeeded", b"{}"), Finished(0, "errored", b"{}")]
    work = partial(finish_items, batch_id=batch.id, finished=twice, now=_NOW)

    assert database.write_now(work) == {0}

    found = _found(database, batch)
    assert (found.status, found.succeeded, found.errored) == ("in_progress", 1, 0)
    assert _finish(database, batch, 1) == {1}
    assert _found(database, batch).status == "ended"


def test_a_batch_whose_count_is_off_ends_all_the_same(database: Database) -> None:
    batch = _add(database, _batch(items=2))
    _finish(database, batch, 0, 1)
    database.write_now(
        partial(change_batch, batch_id=batch.id, changes={"status": "canceling", "succeeded": 1})
    )

    database.write_now(partial(finish_rest, batch_id=batch.id, outcome="canceled", now=_NOW))

    assert _found(database, batch).canceled == 0


@pytest.mark.parametrize(
    "work",
    [
        has_unfinished,
        unqueued_batches,
        partial(overdue_batches, now=_NOW),
        partial(outdated_batches, created_before=_NOW),
        partial(waiting_items, workspace_id="default"),
        partial(batches_in, status="canceling"),
    ],
)
def test_batches_that_ended_long_ago_are_not_looked_through(
    database: Database, work: Callable[[Connection], object]
) -> None:
    if not database.is_sqlite:
        pytest.skip("the plan of PostgreSQL depends on how much there is")
    asked: list[tuple[str, Any]] = []

    def note(*call: Any) -> None:
        asked.append((call[2], call[3]))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        database.read_now(work)
    finally:
        event.remove(database.engine, "before_cursor_execute", note)

    [(statement, parameters)] = [each for each in asked if each[0].startswith("SELECT")]
    plan = database.read_now(
        lambda it: it.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    )
    assert any("USING" in row[-1] and "INDEX ix_batches" in row[-1] for row in plan)
    assert not any(row[-1].startswith("SCAN") for row in plan)


def test_a_removed_batch_leaves_its_place_in_the_list_for_a_while(database: Database) -> None:
    batch = _add(database, _batch())
    other = _add(database, _batch("msgbatch_other", status="ended"))
    _finish(database, batch, 0, 1, 2)
    place = partial(listed_at, batch_id=batch.id, workspace_id="default")

    database.write_now(partial(remove_batch, batch_id=batch.id, now=_NOW))

    assert database.read_now(partial(find_batch, batch_id=batch.id)) is None
    assert (
        database.read_now(
            partial(results_after, batch_id=batch.id, position=-1, limit=9, most_bytes=9)
        )
        == []
    )
    assert database.read_now(partial(outdated_batches, created_before=_NOW + _DAY)) == [other.id]
    listed = database.read_now(partial(list_batches, workspace_id="default", limit=9))
    assert _ids(listed) == [other.id]
    assert database.read_now(place) is not None
    assert database.write_now(partial(forget_deleted, deleted_before=_NOW)) == 0
    assert database.write_now(partial(forget_deleted, deleted_before=_NOW + _DAY)) == 1
    assert database.read_now(place) is None
