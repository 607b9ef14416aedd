"""Files, batches and their items."""

import sqlalchemy as sa
from alembic import op

from antechamber.store.columns import Instant

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "files",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("filename", sa.String(500), nullable=False),
        sa.Column("mime_type", sa.String(255), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("downloadable", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.Column("removed_at", Instant),
        sa.CheckConstraint("size_bytes >= 0", name="ck_files_size"),
        sa.CheckConstraint(
            "status IN ('incoming', 'kept', 'expired', 'deleted')", name="ck_files_status"
        ),
        sa.CheckConstraint(
            "(removed_at IS NULL) = (status IN ('incoming', 'kept'))", name="ck_files_removed_at"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_files"),
    )
    op.create_index("ix_files_expires_at", "files", ["expires_at"])
    op.create_index(
        "ix_files_workspace_id_created_at_id", "files", ["workspace_id", "created_at", "id"]
    )
    _add_batches()
    _add_batch_workers()


def _add_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64)),
        sa.Column("surroundings", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("item_count", sa.Integer(), nullable=False),
        sa.Column("succeeded", sa.Integer(), nullable=False),
        sa.Column("errored", sa.Integer(), nullable=False),
        sa.Column("canceled", sa.Integer(), nullable=False),
        sa.Column("expired", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("queued_at", Instant),
        sa.Column("cancel_initiated_at", Instant),
        sa.Column("ended_at", Instant),
        sa.Column("archived_at", Instant),
        sa.CheckConstraint(
            "status IN ('in_progress', 'canceling', 'ended')", name="ck_batches_status"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index(
        "ix_batches_workspace_id_created_at_id", "batches", ["workspace_id", "created_at", "id"]
    )
    op.create_index("ix_batches_status_expires_at", "batches", ["status", "expires_at"])
    op.create_table(
        "batch_items",
        sa.Column("batch_id", sa.String(64), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("custom_id", sa.String(64), nullable=False),
        sa.Column("params", sa.LargeBinary()),
        sa.Column("result", sa.LargeBinary()),
        sa.Column("outcome", sa.String(16)),
        sa.CheckConstraint(
            "outcome IN ('succeeded', 'errored', 'canceled', 'expired')",
            name="ck_batch_items_outcome",
        ),
        sa.CheckConstraint("(result IS NULL) = (outcome IS NULL)", name="ck_batch_items_result"),
        sa.ForeignKeyConstraint(
            ["batch_id"],
            ["batches.id"],
            name="fk_batch_items_batch_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("batch_id", "position", name="pk_batch_items"),
        sa.UniqueConstraint("batch_id", "custom_id", name="uq_batch_items_batch_id_custom_id"),
    )


def _add_batch_workers() -> None:
    op.create_table(
        "batch_workers",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("seen_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch_workers"),
    )
