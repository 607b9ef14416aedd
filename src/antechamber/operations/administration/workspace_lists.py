"""Workspaces as the Admin API shows and changes them, the default one among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from antechamber.operations.administration.workspaces import (
    NewWorkspace,
    WorkspaceRow,
    change,
    create,
    one,
    workspaces,
)
from antechamber.operations.callers.key_directory import DEFAULT_WORKSPACE, month_of
from antechamber.operations.pages import Page, PageOrder, page_of
from antechamber.store.workspaces import workspace_bounds
from antechamber.wire.ids import NewId


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspacesOrder:
    """Which workspaces are wanted, and which part of their list."""

    page: PageOrder
    ids: Sequence[str] | None = None
    """None is every one."""
    include_archived: bool = False
    include_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceOverview:
    """A workspace, and what was spent in it in this month."""

    row: WorkspaceRow
    spent_nano_usd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceChanges:
    """What becomes of a workspace; None leaves as it is."""

    name: str | None = None
    display_color: str | None = None
    tags: Mapping[str, str | None] | None = None
    """Laid over those that there are; one that is None goes away."""


def workspace_page(connection: Connection, order: WorkspacesOrder) -> Page[WorkspaceRow]:
    """Return workspaces, the newest first; raises ``InvalidRequest``."""
    return page_of(
        workspaces(connection, include_archived=True),
        order.page,
        lambda each: each.id,
        lambda each: (
            (order.include_archived or each.archived_at is None)
            and (order.include_default or each.id != DEFAULT_WORKSPACE)
            and (order.ids is None or each.id in order.ids)
        ),
    )


def workspace_overviews(connection: Connection, *, now: datetime) -> list[WorkspaceOverview]:
    """Return every workspace, the newest first and the default one at the end."""
    rows = workspaces(connection, include_archived=True)
    rows.sort(key=lambda each: each.id == DEFAULT_WORKSPACE)
    month = month_of(now)
    return [
        WorkspaceOverview(
            row=each,
            spent_nano_usd=workspace_bounds(connection, each.id, month=month).spent_nano_usd,
        )
        for each in rows
    ]


def add_workspace(
    connection: Connection,
    wanted: NewWorkspace,
    *,
    display_color: str | None,
    now: datetime,
    new_id: NewId,
) -> WorkspaceRow:
    """Make a workspace, in a colour of its own unless one is wanted."""
    made = create(connection, wanted, now=now, new_id=new_id)
    changes = WorkspaceChanges(display_color=display_color)
    return change_workspace(connection, made.id, changes)


def change_workspace(
    connection: Connection, workspace_id: str, changes: WorkspaceChanges
) -> WorkspaceRow:
    """Change a workspace and return it; raises ``NotFound``."""
    columns: dict[str, object] = {}
    if changes.name is not None:
        columns["name"] = changes.name
    if changes.display_color is not None:
        columns["display_color"] = changes.display_color
    if changes.tags is not None:
        there = one(connection, workspace_id, for_update=True).tags
        merged = {**there, **changes.tags}
        columns["tags"] = {name: text for name, text in merged.items() if text is not None}
    return change(connection, workspace_id, columns)
