"""Deleted batches, which keep their place in the list for a while; the way to old results."""

import sqlalchemy as sa
from alembic import op

from antechamber.store.columns import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column, in which None is a batch that is there, and an index."""
    op.add_column("batches", sa.Column("deleted_at", Instant))
    has_results = sa.text("status = 'ended' AND archived_at IS NULL")
    op.create_index(
        "ix_batches_created_at_kept",
        "batches",
        ["created_at"],
        sqlite_where=has_results,
        postgresql_where=has_results,
    )
