"""Workspaces: created, listed, changed, archived."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from antechamber.operations.callers.key_directory import DEFAULT_WORKSPACE
from antechamber.store.workspaces import (
    DEFAULT_COLOR,
    WorkspaceRow,
    add_workspace,
    change_workspace,
    find_workspace,
    list_workspaces,
)
from antechamber.wire.errors import InvalidRequest, NotFound
from antechamber.wire.ids import NewId

__all__ = [
    "NewWorkspace",
    "WorkspaceRow",
    "archive",
    "change",
    "create",
    "one",
    "workspace_names",
    "workspaces",
]

_COLORS = (
    *(DEFAULT_COLOR, "#D97757", "#4A7C59", "#2F6DA8"),
    *("#B8547A", "#8A7A2F", "#3E8E8A", "#A85A32"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkspace:
    """What a workspace is to be."""

    name: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    tier: str | None = None
    monthly_budget_nano_usd: int | None = None


def create(
    connection: Connection, wanted: NewWorkspace, *, now: datetime, new_id: NewId
) -> WorkspaceRow:
    """Make a workspace."""
    workspace_id = new_id("wrkspc_")
    workspace = WorkspaceRow(
        id=workspace_id,
        name=wanted.name,
        display_color=_COLORS[sum(workspace_id.encode()) % len(_COLORS)],
        tags=wanted.tags,
        tier=wanted.tier,
        monthly_budget_nano_usd=wanted.monthly_budget_nano_usd,
        created_at=now,
        archived_at=None,
    )
    add_workspace(connection, workspace)
    return workspace


def workspaces(connection: Connection, *, include_archived: bool) -> list[WorkspaceRow]:
    """Return workspaces, the newest first."""
    return list_workspaces(connection, include_archived=include_archived)


def workspace_names(connection: Connection) -> dict[str, str]:
    """Return the name of each workspace by its id, of archived ones too."""
    return {each.id: each.name for each in list_workspaces(connection, include_archived=True)}


def one(connection: Connection, workspace_id: str, *, for_update: bool = False) -> WorkspaceRow:
    """Return a workspace; raises ``NotFound``."""
    if (workspace := find_workspace(connection, workspace_id, for_update=for_update)) is None:
        message = f"There is no workspace {workspace_id}."
        raise NotFound(message)
    return workspace


def change(
    connection: Connection, workspace_id: str, changes: Mapping[str, object]
) -> WorkspaceRow:
    """Set columns of a workspace and return it.

    Raises ``NotFound``, ``InvalidRequest`` for an archived one.
    """
    workspace = one(connection, workspace_id, for_update=True)
    if changes and workspace.archived_at is not None:
        message = f"The workspace {workspace_id} is archived."
        raise InvalidRequest(message)
    if changes:
        change_workspace(connection, workspace_id, changes)
    return one(connection, workspace_id)


def archive(connection: Connection, workspace_id: str, *, now: datetime) -> WorkspaceRow:
    """Close a workspace for good: its keys open nothing from now on; raises ``NotFound``."""
    if workspace_id == DEFAULT_WORKSPACE:
        message = "The default workspace cannot be archived."
        raise InvalidRequest(message)
    workspace = one(connection, workspace_id, for_update=True)
    if workspace.archived_at is None:
        change_workspace(connection, workspace_id, {"archived_at": now})
    return one(connection, workspace_id)
