"""What a request costs by kind of token, its web searches, and the default workspace's own row."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from antechamber.store.columns import Instant, Tags

revision = "0002"
down_revision = "0001"

_KINDS = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "web_search")


def upgrade() -> None:
    """Add the columns, which stay empty in rows that are there, and the row."""
    for kind in _KINDS:
        op.add_column("turns", sa.Column(f"{kind}_cost_nano_usd", sa.BigInteger()))
    op.add_column("turns", sa.Column("web_searches", sa.Integer()))
    _add_default_workspace(op.get_bind())


def _add_default_workspace(connection: sa.Connection) -> None:
    workspaces = sa.table(
        "workspaces",
        sa.column("id"),
        sa.column("name"),
        sa.column("display_color"),
        sa.column("tags", Tags),
        sa.column("created_at", Instant),
    )
    is_there = sa.select(workspaces.c.id).where(workspaces.c.id == "default")
    if connection.execute(is_there).first() is not None:
        return  # since it was changed, or looked at
    connection.execute(
        sa.insert(workspaces).values(
            id="default",
            name="Default",
            display_color="#6C5BB9",
            tags={},
            created_at=_first_moment(connection),
        )
    )


def _first_moment(connection: sa.Connection) -> datetime:
    """Return when the oldest thing was made that is there; the present where nothing is."""
    created, started = sa.column("created_at", Instant), sa.column("started_at", Instant)
    oldest = [
        connection.scalar(sa.select(sa.func.min(column)).select_from(sa.table(table)))
        for table, column in (("workspaces", created), ("api_keys", created), ("turns", started))
    ]
    # Read here: a step is given nothing but the database.
    return min([at for at in oldest if at is not None], default=datetime.now(UTC))
