"""API keys: kept as hashes, found by them together with everything that bounds their use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Select, and_, func, insert, or_, select, update

from antechamber.store.tables import api_keys, spending
from antechamber.store.workspaces import DEFAULT_WORKSPACE, WorkspaceBounds, workspace_bounds

KeyKind = Literal["api", "admin"]
KeyStatus = Literal["active", "inactive", "archived"]
NO_KEY = ""
"""What ``spending`` holds instead of a key's id where there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """One key, as it is kept."""

    id: str
    hash: str
    """SHA-256 of the key, in hexadecimal digits."""
    hint: str
    """Beginning and end of the key, for people to tell it by."""
    kind: KeyKind
    name: str
    workspace_id: str | None
    """None is the default workspace."""
    status: KeyStatus
    tier: str | None
    has_priority: bool
    models: Sequence[str] | None
    """None is every model."""
    monthly_budget_nano_usd: int | None
    budget_id: str | None = None
    """Of the first key of those that took each other's place: they have one budget."""
    created_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyBounds:
    """A key with its workspace, and what was spent of its budget in the month."""

    key: KeyRow
    siblings: Sequence[str]
    """The other keys that have its budget."""
    spent_nano_usd: int
    workspace: WorkspaceBounds


def add_key(connection: Connection, key: KeyRow) -> None:
    """Insert a key; raises ``IntegrityError`` for a workspace that is not there."""
    connection.execute(insert(api_keys).values(_values(key)))


def key_bounds(connection: Connection, *, key_hash: str, month: str) -> KeyBounds | None:
    """Return what is known by the hash of a key, None where it is nobody's.

    ``month`` is that of the spending, as ``2026-11``.
    """
    row = connection.execute(select(api_keys).where(api_keys.c.hash == key_hash)).mappings().first()
    if row is None:
        return None
    key = _row(row)
    spent = _spent_of_budget(connection, key.budget_id or key.id, month)
    return KeyBounds(
        key=key,
        siblings=tuple(spent.keys() - {key.id}),
        spent_nano_usd=sum(spent.values()),
        workspace=workspace_bounds(connection, key.workspace_id or DEFAULT_WORKSPACE, month=month),
    )


def _spent_of_budget(connection: Connection, budget_id: str, month: str) -> dict[str, int]:
    """Return what was spent with each of the keys that have a budget, in one reading."""
    of_key = and_(spending.c.key_id == api_keys.c.id, spending.c.month == month)
    statement = (
        select(api_keys.c.id, func.coalesce(func.sum(spending.c.cost_nano_usd), 0))
        .outerjoin(spending, of_key)
        .where(or_(api_keys.c.id == budget_id, api_keys.c.budget_id == budget_id))
        .group_by(api_keys.c.id)
    )
    return {key_id: int(spent) for key_id, spent in connection.execute(statement)}


def has_keys(connection: Connection) -> bool:
    """Whether a key was ever created: revoking the last one must not open the door to everybody."""
    return connection.execute(select(api_keys.c.id).limit(1)).first() is not None


def find_key(connection: Connection, key_id: str, *, for_update: bool = False) -> KeyRow | None:
    """Return a key by its id; ``for_update`` where what is written depends on it."""
    statement = select(api_keys).where(api_keys.c.id == key_id)
    if for_update:
        # Nothing in SQLite, where the transaction has locked the file already.
        statement = statement.with_for_update()
    return next(map(_row, connection.execute(statement).mappings()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFilter:
    """Which keys are listed; None is every one."""

    kind: KeyKind | None = None
    status: KeyStatus | None = None
    workspace_id: str | None = None


def list_keys(connection: Connection, wanted: KeyFilter) -> list[KeyRow]:
    """Return keys, the newest first."""
    statement: Select[Any] = select(api_keys)
    for name in ("kind", "status", "workspace_id"):
        if (value := getattr(wanted, name)) is not None:
            statement = statement.where(api_keys.c[name] == value)
    ordered = statement.order_by(api_keys.c.created_at.desc(), api_keys.c.id.desc())
    return [_row(row) for row in connection.execute(ordered).mappings()]


def change_key(connection: Connection, key_id: str, changes: Mapping[str, object]) -> bool:
    """Set columns of a key; whether there is such a key."""
    statement = update(api_keys).where(api_keys.c.id == key_id).values(dict(changes))
    return connection.execute(statement).rowcount > 0


def _values(key: KeyRow) -> dict[str, object]:
    return {column.name: getattr(key, column.name) for column in api_keys.c}


def _row(row: Mapping[Any, Any]) -> KeyRow:
    return KeyRow(**{column.name: row[column.name] for column in api_keys.c})
