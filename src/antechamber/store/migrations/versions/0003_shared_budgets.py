"""Budgets that keys share which took each other's place."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column, in which None is a budget of the key's own."""
    columns = sa.inspect(op.get_bind()).get_columns("api_keys")
    if any(column["name"] == "budget_id" for column in columns):
        return  # since it was part of the step before for a while
    op.add_column("api_keys", sa.Column("budget_id", sa.String(64)))
    op.create_index("ix_api_keys_budget_id", "api_keys", ["budget_id"])
