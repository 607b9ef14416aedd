"""Who works on batches: a sign of life of each process, so that others take over from the dead."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from antechamber.store.tables import batch_workers


def sign_in(connection: Connection, worker_id: str, *, now: datetime) -> None:
    """Say that a worker lives; also of one that was taken for dead."""
    seen = update(batch_workers).where(batch_workers.c.id == worker_id).values(seen_at=now)
    if connection.execute(seen).rowcount == 0:
        connection.execute(insert(batch_workers).values(id=worker_id, seen_at=now))


def sign_out(connection: Connection, worker_id: str, *, long_ago: datetime) -> None:
    """Say that a worker ends: what it had begun may be taken over at once."""
    connection.execute(
        update(batch_workers).where(batch_workers.c.id == worker_id).values(seen_at=long_ago)
    )


def lock_dead(connection: Connection, *, seen_before: datetime) -> Sequence[str]:
    """Return workers that have not been seen for long, and that nobody else takes over now."""
    statement = (
        select(batch_workers.c.id)
        .where(batch_workers.c.seen_at < seen_before)
        .with_for_update(skip_locked=True)
    )
    return list(connection.execute(statement).scalars())


def forget(connection: Connection, workers: Sequence[str]) -> None:
    """Remove workers whose work was taken over."""
    connection.execute(delete(batch_workers).where(batch_workers.c.id.in_(workers)))
