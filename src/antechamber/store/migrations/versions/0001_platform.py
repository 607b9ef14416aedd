"""Workspaces, keys, the ledger of turns and what they cost by month."""

import sqlalchemy as sa
from alembic import op

from antechamber.store.columns import Instant, Names, Serial, Tags

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "workspaces",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("display_color", sa.String(7), nullable=False),
        sa.Column("tags", Tags, nullable=False),
        sa.Column("tier", sa.String(64)),
        sa.Column("monthly_budget_nano_usd", sa.BigInteger()),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("archived_at", Instant),
        sa.CheckConstraint("monthly_budget_nano_usd >= 0", name="ck_workspaces_budget"),
        sa.PrimaryKeyConstraint("id", name="pk_workspaces"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("hint", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("workspace_id", sa.String(64)),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("tier", sa.String(64)),
        sa.Column("has_priority", sa.Boolean(), nullable=False),
        sa.Column("models", Names),
        sa.Column("monthly_budget_nano_usd", sa.BigInteger()),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant),
        sa.CheckConstraint("kind IN ('api', 'admin')", name="ck_api_keys_kind"),
        sa.CheckConstraint(
            "status IN ('active', 'inactive', 'archived')", name="ck_api_keys_status"
        ),
        sa.CheckConstraint("monthly_budget_nano_usd >= 0", name="ck_api_keys_budget"),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name="fk_api_keys_workspace_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    op.create_index("ix_api_keys_workspace_id", "api_keys", ["workspace_id"])
    _add_ledger()


def _add_ledger() -> None:
    op.create_table("turns", *_turn_columns())
    op.create_index("ix_turns_started_at", "turns", ["started_at"])
    op.create_table(
        "spending",
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "key_id", "month", name="pk_spending"),
    )
    op.create_index("ix_spending_key_id_month", "spending", ["key_id", "month"])


def _turn_columns() -> list[sa.schema.SchemaItem]:
    counts = ("input", "cache_write_5m", "cache_write_1h", "cache_read", "output", "thinking")
    return [
        sa.Column("id", Serial, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("workspace_id", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(64)),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("upstream_model", sa.String(), nullable=False),
        sa.Column("ending", sa.String(64), nullable=False),
        sa.Column("streams", sa.Boolean(), nullable=False),
        sa.Column("service_tier", sa.String(8), nullable=False),
        sa.Column("inference_geo", sa.String(64)),
        sa.Column("speed", sa.String(64)),
        *(sa.Column(f"{kind}_tokens", sa.Integer(), nullable=False) for kind in counts),
        sa.Column("first_event_ms", sa.Integer()),
        sa.Column("total_ms", sa.Integer(), nullable=False),
        sa.Column("cost_nano_usd", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
    ]
