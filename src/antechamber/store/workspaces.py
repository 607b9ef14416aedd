"""Workspaces: what keys belong to, and what their use is counted for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from antechamber.store.tables import spending, workspaces

DEFAULT_WORKSPACE = "default"
"""Of everything that names no other; the wire says null for it."""
DEFAULT_COLOR = "#6C5BB9"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceRow:
    """One workspace, as it is kept."""

    id: str
    name: str
    display_color: str
    """``#RRGGBB``."""
    tags: Mapping[str, str]
    tier: str | None
    monthly_budget_nano_usd: int | None
    created_at: datetime
    archived_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceBounds:
    """What a workspace may use, and has spent in the month."""

    is_archived: bool = False
    tier: str | None = None
    monthly_budget_nano_usd: int | None = None
    spent_nano_usd: int = 0


def workspace_bounds(connection: Connection, workspace_id: str, *, month: str) -> WorkspaceBounds:
    """Return what bounds a workspace."""
    statement = select(func.coalesce(func.sum(spending.c.cost_nano_usd), 0)).where(
        spending.c.workspace_id == workspace_id, spending.c.month == month
    )
    spent = int(connection.execute(statement).scalar_one())
    workspace = find_workspace(connection, workspace_id)
    if workspace is None:
        return WorkspaceBounds(spent_nano_usd=spent)
    return WorkspaceBounds(
        is_archived=workspace.archived_at is not None,
        tier=workspace.tier,
        monthly_budget_nano_usd=workspace.monthly_budget_nano_usd,
        spent_nano_usd=spent,
    )


def default_workspace(created_at: datetime) -> WorkspaceRow:
    """Return the row that every database has from the beginning."""
    return WorkspaceRow(
        id=DEFAULT_WORKSPACE,
        name="Default",
        display_color=DEFAULT_COLOR,
        tags={},
        tier=None,
        monthly_budget_nano_usd=None,
        created_at=created_at,
        archived_at=None,
    )


def add_workspace(connection: Connection, workspace: WorkspaceRow) -> None:
    """Insert a workspace; raises ``IntegrityError`` for an id that is taken."""
    connection.execute(insert(workspaces).values(_values(workspace)))


def find_workspace(
    connection: Connection, workspace_id: str, *, for_update: bool = False
) -> WorkspaceRow | None:
    """Return a workspace by its id; ``for_update`` where what is written depends on it."""
    statement = select(workspaces).where(workspaces.c.id == workspace_id)
    if for_update:
        # Nothing in SQLite, where the transaction has locked the file already.
        statement = statement.with_for_update()
    return next(map(_row, connection.execute(statement).mappings()), None)


def list_workspaces(connection: Connection, *, include_archived: bool) -> list[WorkspaceRow]:
    """Return workspaces, the newest first."""
    statement = select(workspaces)
    if not include_archived:
        statement = statement.where(workspaces.c.archived_at.is_(None))
    ordered = statement.order_by(workspaces.c.created_at.desc(), workspaces.c.id.desc())
    return [_row(row) for row in connection.execute(ordered).mappings()]


def change_workspace(
    connection: Connection, workspace_id: str, changes: Mapping[str, object]
) -> bool:
    """Set columns of a workspace; whether there is such a workspace."""
    statement = update(workspaces).where(workspaces.c.id == workspace_id)
    return connection.execute(statement.values(dict(changes))).rowcount > 0


def _values(workspace: WorkspaceRow) -> dict[str, object]:
    return {column.name: getattr(workspace, column.name) for column in workspaces.c}


def _row(row: Mapping[Any, Any]) -> WorkspaceRow:
    return WorkspaceRow(**{column.name: row[column.name] for column in workspaces.c})
