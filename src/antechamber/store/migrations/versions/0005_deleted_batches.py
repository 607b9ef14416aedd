"""Batches that were deleted, which keep their place in the list for a while."""

import sqlalchemy as sa
from alembic import op

from antechamber.store.columns import Instant

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column, in which None is a batch that is there."""
    op.add_column("batches", sa.Column("deleted_at", Instant))
