"""Batches: kept with their requests, and every request with its one result."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    update,
)

from antechamber.store.tables import batch_items, batches
from antechamber.wire.batches import CANCELED, EXPIRED, Outcome, ProcessingStatus

_ROWS_AT_ONCE = 1_000
"""Items of one statement, so that their parameters are not all copied at a time."""
_OUTCOMES: Sequence[Outcome] = ("succeeded", "errored", "canceled", "expired")
_UNFINISHED: Sequence[ProcessingStatus] = ("in_progress", "canceling")
"""Named, and not told by what they are not, so that an index leads to the few that there are."""
_WITHOUT_ANSWER: Mapping[Outcome, bytes] = {"canceled": CANCELED, "expired": EXPIRED}


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """One batch, as it is kept."""

    id: str
    workspace_id: str
    key_id: str | None
    surroundings: bytes
    """What came with the request beside its body, which holds for every item (JSON)."""
    status: ProcessingStatus
    item_count: int
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0
    created_at: datetime
    expires_at: datetime
    queued_at: datetime | None = None
    cancel_initiated_at: datetime | None = None
    ended_at: datetime | None = None
    archived_at: datetime | None = None
    deleted_at: datetime | None = None

    @property
    def finished(self) -> int:
        """How many items have a result."""
        return self.succeeded + self.errored + self.canceled + self.expired


class NewItem(NamedTuple):
    """One request of a new batch."""

    custom_id: str
    params: bytes | memoryview


class Finished(NamedTuple):
    """One item that has its result."""

    position: int
    outcome: Outcome
    result: bytes
    """JSON of the API's ``result``."""


class ResultRow(NamedTuple):
    """A result, as it is read."""

    position: int
    custom_id: str
    result: bytes


def add_batch(connection: Connection, batch: BatchRow, items: Iterable[NewItem]) -> None:
    """Insert a batch with all its items."""
    values = {column.name: getattr(batch, column.name) for column in batches.c}
    connection.execute(insert(batches).values(values))
    numbered = enumerate(items)
    while portion := [
        {"batch_id": batch.id, "position": position, "custom_id": custom_id, "params": params}
        for position, (custom_id, params) in islice(numbered, _ROWS_AT_ONCE)
    ]:
        connection.execute(insert(batch_items), portion)


def find_batch(
    connection: Connection, batch_id: str, *, workspace_id: str | None = None
) -> BatchRow | None:
    """Return a batch, of ``workspace_id`` where that is given."""
    statement = select(batches).where(batches.c.id == batch_id, batches.c.deleted_at.is_(None))
    if workspace_id is not None:
        statement = statement.where(batches.c.workspace_id == workspace_id)
    return next(_rows(connection, statement), None)


def listed_at(connection: Connection, batch_id: str, *, workspace_id: str) -> BatchRow | None:
    """Return what is or was in a list: who deletes what is listed goes on behind it."""
    statement = select(batches).where(
        batches.c.id == batch_id, batches.c.workspace_id == workspace_id
    )
    return next(_rows(connection, statement), None)


def lock_batch(connection: Connection, batch_id: str) -> BatchRow | None:
    """Return a batch that nobody else changes until the end of the transaction."""
    # Nothing in SQLite, where the transaction has locked the file already.
    statement = select(batches).where(batches.c.id == batch_id).with_for_update()
    return next(_rows(connection, statement), None)


def list_batches(
    connection: Connection,
    workspace_id: str,
    *,
    limit: int,
    older_than: BatchRow | None = None,
    newer_than: BatchRow | None = None,
) -> list[BatchRow]:
    """Return batches of a workspace, the newest first: those next to the one that is given."""
    place = tuple_(batches.c.created_at, batches.c.id)
    is_there = batches.c.deleted_at.is_(None)
    statement = select(batches).where(batches.c.workspace_id == workspace_id, is_there).limit(limit)
    if newer_than is not None:
        newer = statement.where(place > _place(newer_than))
        ordered = newer.order_by(batches.c.created_at, batches.c.id)
        return list(_rows(connection, ordered))[::-1]
    if older_than is not None:
        statement = statement.where(place < _place(older_than))
    ordered = statement.order_by(batches.c.created_at.desc(), batches.c.id.desc())
    return list(_rows(connection, ordered))


def _place(batch: BatchRow) -> ColumnElement[Any]:
    return tuple_(literal(batch.created_at, batches.c.created_at.type), literal(batch.id))


def waiting_items(connection: Connection, workspace_id: str) -> int:
    """Return how many items of a workspace have no result yet.

    Nobody else adds to them until the end of the transaction.
    """
    if connection.dialect.name == "postgresql":  # in SQLite only one writes at a time
        lock = func.pg_advisory_xact_lock(func.hashtext(f"batches of {workspace_id}"))
        connection.execute(select(lock))
    left = batches.c.item_count - _finished()
    statement = select(func.coalesce(func.sum(left), 0)).where(
        batches.c.workspace_id == workspace_id, batches.c.status.in_(_UNFINISHED)
    )
    return int(connection.execute(statement).scalar_one())


def change_batch(connection: Connection, batch_id: str, changes: Mapping[str, object]) -> None:
    """Set columns of a batch."""
    connection.execute(update(batches).where(batches.c.id == batch_id).values(dict(changes)))


def remove_batch(connection: Connection, batch_id: str, *, now: datetime) -> None:
    """Delete the items of a batch, and all of it but its place in the list."""
    connection.execute(delete(batch_items).where(batch_items.c.batch_id == batch_id))
    change_batch(connection, batch_id, {"deleted_at": now})


def forget_deleted(connection: Connection, *, deleted_before: datetime) -> int:
    """Remove what is left of deleted batches; return how many these were."""
    statement = delete(batches).where(batches.c.deleted_at < deleted_before)
    return connection.execute(statement).rowcount


def has_unfinished(connection: Connection) -> bool:
    """Whether a batch has not ended."""
    statement = select(batches.c.id).where(batches.c.status.in_(_UNFINISHED)).limit(1)
    return connection.execute(statement).first() is not None


def unqueued_batches(connection: Connection) -> list[BatchRow]:
    """Return batches whose items were not handed out yet, the oldest first."""
    statement = select(batches).where(
        batches.c.status.in_(_UNFINISHED), batches.c.queued_at.is_(None)
    )
    return list(_rows(connection, statement.order_by(batches.c.created_at)))


def batches_in(connection: Connection, status: ProcessingStatus) -> list[BatchRow]:
    """Return the batches of one status."""
    return list(_rows(connection, select(batches).where(batches.c.status == status)))


def unfinished_items(
    connection: Connection, batch_id: str, within: range, *, most_bytes: int
) -> dict[int, bytes | None]:
    """Return what the items of a part of a batch ask for that have no result, by position.

    None stands for what is larger than ``most_bytes``.
    """
    size = func.length(batch_items.c.params)
    statement = select(
        batch_items.c.position, case((size <= most_bytes, batch_items.c.params))
    ).where(
        batch_items.c.batch_id == batch_id,
        batch_items.c.position.between(within.start, within.stop - 1),
        batch_items.c.outcome.is_(None),
    )
    rows = connection.execute(statement.order_by(batch_items.c.position))
    return {row.position: row[1] for row in rows}


def params_of(connection: Connection, batch_id: str, position: int) -> bytes | None:
    """Return what an item asks for; None where it is gone."""
    statement = select(batch_items.c.params).where(
        batch_items.c.batch_id == batch_id, batch_items.c.position == position
    )
    return connection.execute(statement).scalar()


def finish_items(
    connection: Connection, batch_id: str, finished: Sequence[Finished], *, now: datetime
) -> set[int]:
    """Write results where there are none yet, and return the positions that got theirs.

    The last one ends the batch. Whoever comes second, after a takeover, changes nothing; of two
    results of one item the first is written.
    """
    batch = lock_batch(connection, batch_id)
    if batch is None or batch.status == "ended":
        return set()
    positions = [each.position for each in finished]
    statement = select(batch_items.c.position).where(
        batch_items.c.batch_id == batch_id,
        batch_items.c.position.in_(positions),
        batch_items.c.outcome.is_(None),
    )
    open_positions = set(connection.execute(statement).scalars())
    first = {each.position: each for each in reversed(finished)}
    written = [each for position, each in first.items() if position in open_positions]
    if written:
        connection.execute(
            update(batch_items)
            .where(
                batch_items.c.batch_id == bindparam("of_batch"),
                batch_items.c.position == bindparam("at"),
            )
            .values(params=None, result=bindparam("told"), outcome=bindparam("came")),
            [
                {
                    "of_batch": batch_id,
                    "at": each.position,
                    "told": each.result,
                    "came": each.outcome,
                }
                for each in written
            ],
        )
        _count(connection, batch, Counter(each.outcome for each in written), now)
    return open_positions


def finish_rest(connection: Connection, batch_id: str, outcome: Outcome, *, now: datetime) -> int:
    """End a batch: what has no result is ``canceled`` or ``expired``; return how many that are."""
    batch = lock_batch(connection, batch_id)
    if batch is None or batch.status == "ended":
        return 0
    statement = (
        update(batch_items)
        .where(batch_items.c.batch_id == batch_id, batch_items.c.outcome.is_(None))
        .values(params=None, result=_WITHOUT_ANSWER[outcome], outcome=outcome)
    )
    count = connection.execute(statement).rowcount
    _count(connection, batch, Counter({outcome: count}), now)
    return count


def _count(connection: Connection, batch: BatchRow, more: Counter[Outcome], now: datetime) -> None:
    changes: dict[str, object] = {
        outcome: batches.c[outcome] + more[outcome] for outcome in _OUTCOMES if more[outcome]
    }
    if batch.finished + more.total() >= batch.item_count:
        changes |= {"status": "ended", "ended_at": now}
    if changes:
        change_batch(connection, batch.id, changes)


def results_after(
    connection: Connection, batch_id: str, position: int, *, limit: int, most_bytes: int
) -> list[ResultRow]:
    """Return the next results of a batch, in the order of its items.

    There is one, where there is any, and others as far as all come to no more than ``most_bytes``.
    """
    following = (
        batch_items.c.batch_id == batch_id,
        batch_items.c.position > position,
        batch_items.c.result.is_not(None),
    )
    sizes = select(batch_items.c.position, func.length(batch_items.c.result)).where(*following)
    last, total = position, 0
    for each, size in connection.execute(sizes.order_by(batch_items.c.position).limit(limit)):
        total += size
        if total > most_bytes and last > position:
            break
        last = each
    rows = select(batch_items.c.position, batch_items.c.custom_id, batch_items.c.result).where(
        *following, batch_items.c.position <= last
    )
    return [ResultRow(*row) for row in connection.execute(rows.order_by(batch_items.c.position))]


def overdue_batches(connection: Connection, *, now: datetime) -> list[BatchRow]:
    """Return batches that should have ended."""
    statement = select(batches).where(
        batches.c.status.in_(_UNFINISHED), batches.c.expires_at <= now
    )
    return list(_rows(connection, statement))


def outdated_batches(connection: Connection, *, created_before: datetime) -> list[str]:
    """Return ids of ended batches whose results are kept no longer."""
    statement = select(batches.c.id).where(
        batches.c.status == "ended",
        batches.c.created_at < created_before,
        batches.c.archived_at.is_(None),
        batches.c.deleted_at.is_(None),
    )
    return list(connection.execute(statement).scalars())


def archive_batch(connection: Connection, batch_id: str, *, now: datetime) -> None:
    """Remove the results of a batch; what is known of it stays."""
    connection.execute(delete(batch_items).where(batch_items.c.batch_id == batch_id))
    change_batch(connection, batch_id, {"archived_at": now})


def _finished() -> ColumnElement[int]:
    return sum((batches.c[outcome] for outcome in _OUTCOMES), literal(0))


def _rows(connection: Connection, statement: Select[Any]) -> Iterator[BatchRow]:
    for row in connection.execute(statement).mappings():
        yield BatchRow(**{column.name: row[column.name] for column in batches.c})
