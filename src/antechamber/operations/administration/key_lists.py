"""Keys as lists show them: with what they are worth at the moment, and what was spent with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from antechamber.operations.administration.keys import change
from antechamber.operations.administration.workspaces import workspace_names
from antechamber.operations.callers.key_directory import DEFAULT_WORKSPACE, month_of
from antechamber.operations.pages import Page, PageOrder, page_of
from antechamber.store.keys import KeyFilter, KeyRow, find_key, has_keys, key_bounds, list_keys
from antechamber.store.workspaces import list_workspaces
from antechamber.wire.errors import NotFound

__all__ = [
    "KeyOverview",
    "KeysOrder",
    "ListedKey",
    "Standing",
    "change_listed",
    "find_listed",
    "has_keys",
    "key_overviews",
    "key_page",
    "listed_keys",
]

Standing = Literal["active", "inactive", "expired", "archived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """A key, and whether it opens anything."""

    key: KeyRow
    standing: Standing

    @property
    def workspace_id(self) -> str:
        """That of the default workspace too."""
        return self.key.workspace_id or DEFAULT_WORKSPACE


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyOverview:
    """A key with the name of its workspace, and what was spent with it in this month."""

    listed: ListedKey
    workspace: str
    spent_nano_usd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysOrder:
    """Which keys are wanted, and which part of their list; None is every one."""

    page: PageOrder
    standing: Standing | None = None
    workspace_id: str | None = None


def key_page(connection: Connection, order: KeysOrder, *, now: datetime) -> Page[ListedKey]:
    """Return keys for the models, the newest first; raises ``InvalidRequest``."""
    keys = _listed(connection, list_keys(connection, KeyFilter(kind="api")), now)
    return page_of(
        keys,
        order.page,
        lambda each: each.key.id,
        lambda each: (
            order.standing in (None, each.standing)
            and order.workspace_id in (None, each.workspace_id)
        ),
    )


def find_listed(connection: Connection, key_id: str, *, now: datetime) -> ListedKey:
    """Return a key for the models; raises ``NotFound``, for one of the administration too."""
    key = find_key(connection, key_id)
    if key is None or key.kind != "api":
        message = f"There is no key {key_id}."
        raise NotFound(message)
    return _listed(connection, [key], now)[0]


def change_listed(
    connection: Connection, key_id: str, changes: Mapping[str, object], *, now: datetime
) -> ListedKey:
    """Set columns of a key for the models; raises ``NotFound``, ``InvalidRequest``."""
    find_listed(connection, key_id, now=now)
    return _listed(connection, [change(connection, key_id, changes)], now)[0]


def listed_keys(connection: Connection, *, now: datetime) -> list[ListedKey]:
    """Return every key, the newest first."""
    return _listed(connection, list_keys(connection, KeyFilter()), now)


def key_overviews(connection: Connection, *, now: datetime) -> list[KeyOverview]:
    """Return every key, the newest first, with what people want to know of it."""
    names = workspace_names(connection)
    return [
        KeyOverview(
            listed=each,
            workspace=names.get(each.workspace_id, each.workspace_id),
            spent_nano_usd=_spent(connection, each.key, now),
        )
        for each in listed_keys(connection, now=now)
    ]


def _spent(connection: Connection, key: KeyRow, now: datetime) -> int:
    bounds = key_bounds(connection, key_hash=key.hash, month=month_of(now))
    return 0 if bounds is None else bounds.spent_nano_usd


def _listed(connection: Connection, keys: Sequence[KeyRow], now: datetime) -> list[ListedKey]:
    closed = {
        workspace.id
        for workspace in list_workspaces(connection, include_archived=True)
        if workspace.archived_at is not None
    }
    return [
        ListedKey(key=key, standing=_standing(key, now, is_closed=key.workspace_id in closed))
        for key in keys
    ]


def _standing(key: KeyRow, now: datetime, *, is_closed: bool) -> Standing:
    if is_closed or key.status == "archived":
        return "archived"
    if key.expires_at is not None and key.expires_at <= now:
        return "expired"
    return key.status
