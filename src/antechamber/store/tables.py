"""The tables. Every rule that the data must keep stands here, as a constraint.

Money is whole nano-dollars (10⁻⁹ USD): a token of the cheapest cache read is ten of them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from antechamber.store.columns import Instant, Names, Serial, Tags

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("display_color", String(7), nullable=False),
    Column("tags", Tags, nullable=False),
    Column("tier", String(64)),
    Column("monthly_budget_nano_usd", BigInteger),
    Column("created_at", Instant, nullable=False),
    Column("archived_at", Instant),
    CheckConstraint("monthly_budget_nano_usd >= 0", name="budget"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    # SHA-256 of the key: it is 256 random bits and more, so nothing slower is needed.
    Column("hash", String(64), nullable=False, unique=True),
    Column("hint", String(40), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("name", String(200), nullable=False),
    # None is the default workspace, whose row was made with the tables.
    Column("workspace_id", String(64), ForeignKey("workspaces.id"), index=True),
    Column("status", String(8), nullable=False),
    Column("tier", String(64)),
    Column("has_priority", Boolean, nullable=False),
    Column("models", Names),
    Column("monthly_budget_nano_usd", BigInteger),
    # Of the first of those that took each other's place, which have one budget; None is its own.
    Column("budget_id", String(64), index=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    CheckConstraint("kind IN ('api', 'admin')", name="kind"),
    CheckConstraint("status IN ('active', 'inactive', 'archived')", name="status"),
    CheckConstraint("monthly_budget_nano_usd >= 0", name="budget"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Serial, primary_key=True),
    # Not indexed: ids are random, and each new one would touch another page of the index.
    Column("request_id", String(64), nullable=False),
    Column("started_at", Instant, nullable=False, index=True),
    Column("workspace_id", String(64), nullable=False),
    Column("key_id", String(64)),
    Column("model", String, nullable=False),
    Column("engine", String, nullable=False),
    Column("upstream_model", String, nullable=False),
    Column("ending", String(64), nullable=False),
    Column("streams", Boolean, nullable=False),
    Column("service_tier", String(8), nullable=False),
    Column("inference_geo", String(64)),
    Column("speed", String(64)),
    Column("input_tokens", Integer, nullable=False),
    Column("cache_write_5m_tokens", Integer, nullable=False),
    Column("cache_write_1h_tokens", Integer, nullable=False),
    Column("cache_read_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("thinking_tokens", Integer, nullable=False),
    Column("first_event_ms", Integer),
    Column("total_ms", Integer, nullable=False),
    # None where nobody knows the model's prices.
    Column("cost_nano_usd", BigInteger),
    # What it is made of; None also of requests from before costs were kept by kind.
    Column("input_cost_nano_usd", BigInteger),
    Column("cache_write_5m_cost_nano_usd", BigInteger),
    Column("cache_write_1h_cost_nano_usd", BigInteger),
    Column("cache_read_cost_nano_usd", BigInteger),
    Column("output_cost_nano_usd", BigInteger),
    Column("web_search_cost_nano_usd", BigInteger),
    # None of requests from before they were counted.
    Column("web_searches", Integer),
)

spending = Table(
    "spending",
    metadata,
    Column("workspace_id", String(64), primary_key=True),
    # "" is no key: static ones of the configuration, or none at all.
    Column("key_id", String(64), primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("cost_nano_usd", BigInteger, nullable=False),
    Index("ix_spending_key_id_month", "key_id", "month"),
)

files = Table(
    "files",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", String(64), nullable=False),
    Column("filename", String(500), nullable=False),
    Column("mime_type", String(255), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # What the server made may be downloaded; what was uploaded may not.
    Column("downloadable", Boolean, nullable=False),
    # Its row is there before its bytes, and goes after them: so none are forgotten in a crash.
    Column("status", String(8), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, index=True),
    # When it was deleted, or its bytes; what is known of it stays for a while.
    Column("removed_at", Instant),
    CheckConstraint("size_bytes >= 0", name="size"),
    CheckConstraint("status IN ('incoming', 'kept', 'expired', 'deleted')", name="status"),
    CheckConstraint("(removed_at IS NULL) = (status IN ('incoming', 'kept'))", name="removed_at"),
    Index("ix_files_workspace_id_created_at_id", "workspace_id", "created_at", "id"),
)

batches = Table(
    "batches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", String(64), nullable=False),
    # Whose budget and models hold; None is a caller without a key of the database.
    Column("key_id", String(64)),
    # What came with the request beside its body, which holds for every item (JSON).
    Column("surroundings", LargeBinary, nullable=False),
    Column("status", String(16), nullable=False),
    Column("item_count", Integer, nullable=False),
    # Of the items that have a result; the API tells them when the batch has ended.
    Column("succeeded", Integer, nullable=False),
    Column("errored", Integer, nullable=False),
    Column("canceled", Integer, nullable=False),
    Column("expired", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    # When its items were handed to whoever works on them.
    Column("queued_at", Instant),
    Column("cancel_initiated_at", Instant),
    Column("ended_at", Instant),
    Column("archived_at", Instant),
    # It is not there any more, and who goes through the list from it on finds what follows.
    Column("deleted_at", Instant),
    CheckConstraint("status IN ('in_progress', 'canceling', 'ended')", name="status"),
    Index("ix_batches_workspace_id_created_at_id", "workspace_id", "created_at", "id"),
    Index("ix_batches_status_expires_at", "status", "expires_at"),
    Index(
        "ix_batches_created_at_kept",
        "created_at",
        sqlite_where=text("status = 'ended' AND archived_at IS NULL"),
        postgresql_where=text("status = 'ended' AND archived_at IS NULL"),
    ),
)

batch_items = Table(
    "batch_items",
    metadata,
    Column("batch_id", String(64), ForeignKey("batches.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("custom_id", String(64), nullable=False),
    # JSON, as they came; None once there is a result.
    Column("params", LargeBinary),
    # JSON of the API's `result`; an item has one or none.
    Column("result", LargeBinary),
    Column("outcome", String(16)),
    UniqueConstraint("batch_id", "custom_id"),
    CheckConstraint("outcome IN ('succeeded', 'errored', 'canceled', 'expired')", name="outcome"),
    CheckConstraint("(result IS NULL) = (outcome IS NULL)", name="result"),
)

batch_workers = Table(
    "batch_workers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("seen_at", Instant, nullable=False),
)
