"""Who works on batches: a sign of life of each process, so that others take over from the dead.

For PostgreSQL alone. The database's clock is the only one: those of machines go apart.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Connection, cast, delete, extract, func, insert, select, update

from antechamber.store.tables import batch_workers

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""When a worker was seen that has signed out."""
_NOW = cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)


def sign_in(connection: Connection, worker_id: str) -> None:
    """Say that a worker lives; also of one that was taken for dead."""
    seen = update(batch_workers).where(batch_workers.c.id == worker_id).values(seen_at=_NOW)
    if connection.execute(seen).rowcount == 0:
        connection.execute(insert(batch_workers).values(id=worker_id, seen_at=_NOW))


def sign_out(connection: Connection, worker_id: str) -> None:
    """Say that a worker ends: what it had begun may be taken over at once."""
    gone = update(batch_workers).where(batch_workers.c.id == worker_id)
    connection.execute(gone.values(seen_at=_LONG_AGO))


def lock_dead(connection: Connection, *, unseen_for: timedelta | None, but: str) -> Sequence[str]:
    """Return workers that are no more, and that nobody else takes over now; never ``but``.

    They have signed out, or were not ``unseen_for`` so long where that is given.
    """
    seen_at = batch_workers.c.seen_at
    is_dead = seen_at == _LONG_AGO
    if unseen_for is not None:
        is_dead = seen_at < _NOW - unseen_for // timedelta(microseconds=1)
    statement = (
        select(batch_workers.c.id)
        .where(is_dead, batch_workers.c.id != but)
        .with_for_update(skip_locked=True)
    )
    return list(connection.execute(statement).scalars())


def forget(connection: Connection, workers: Sequence[str]) -> None:
    """Remove workers whose work was taken over."""
    connection.execute(delete(batch_workers).where(batch_workers.c.id.in_(workers)))
