"""Keys: made and shown once, listed, changed, taken away."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from antechamber.operations.callers.key_directory import DEFAULT_WORKSPACE, key_hash
from antechamber.store.keys import (
    KeyFilter,
    KeyKind,
    KeyRow,
    KeyStatus,
    add_key,
    change_key,
    find_key,
    list_keys,
)
from antechamber.store.workspaces import find_workspace
from antechamber.wire.errors import InvalidRequest, NotFound
from antechamber.wire.ids import NewId

__all__ = [
    "Ends",
    "KeyFilter",
    "KeyRow",
    "NewKey",
    "change",
    "create_key",
    "keys",
    "one_key",
    "revoke",
    "rotate",
]

_PREFIXES: dict[KeyKind, str] = {"api": "sk-ant-api03-", "admin": "sk-ant-admin01-"}
_RANDOM = 93
"""Characters of base64: 558 random bits. The hosted API's keys have as many, and end in AA."""
_SHOWN_BEFORE, _SHOWN_AFTER = 3, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What a key is to be."""

    name: str
    kind: KeyKind = "api"
    workspace_id: str | None = None
    """None is the default workspace."""
    tier: str | None = None
    has_priority: bool = False
    models: Sequence[str] | None = None
    monthly_budget_nano_usd: int | None = None
    expires_at: datetime | None = None


def create_key(
    connection: Connection, wanted: NewKey, *, now: datetime, new_id: NewId
) -> tuple[KeyRow, str]:
    """Make a key and return it with its text, which is kept nowhere.

    Raises ``NotFound`` for a workspace that is not there, ``InvalidRequest`` for an archived one.
    """
    workspace_id = None if wanted.workspace_id == DEFAULT_WORKSPACE else wanted.workspace_id
    if workspace_id is not None:
        workspace = find_workspace(connection, workspace_id, for_update=True)
        if workspace is None:
            message = f"There is no workspace {workspace_id}."
            raise NotFound(message)
        if workspace.archived_at is not None:
            message = f"The workspace {workspace_id} is archived."
            raise InvalidRequest(message)
    text = _new_text(wanted.kind)
    key = KeyRow(
        id=new_id("apikey_"),
        hash=key_hash(text),
        hint=_hint(text, wanted.kind),
        kind=wanted.kind,
        name=wanted.name,
        workspace_id=workspace_id,
        status="active",
        tier=wanted.tier,
        has_priority=wanted.has_priority,
        models=wanted.models,
        monthly_budget_nano_usd=wanted.monthly_budget_nano_usd,
        created_at=now,
        expires_at=wanted.expires_at,
    )
    add_key(connection, key)
    return key, text


def keys(connection: Connection, wanted: KeyFilter) -> list[KeyRow]:
    """Return keys, the newest first."""
    return list_keys(connection, wanted)


def one_key(connection: Connection, key_id: str, *, for_update: bool = False) -> KeyRow:
    """Return a key; raises ``NotFound``."""
    if (key := find_key(connection, key_id, for_update=for_update)) is None:
        message = f"There is no key {key_id}."
        raise NotFound(message)
    return key


def change(connection: Connection, key_id: str, changes: Mapping[str, object]) -> KeyRow:
    """Set columns of a key and return it; raises ``NotFound``, ``InvalidRequest``."""
    key = one_key(connection, key_id, for_update=True)
    if key.status == "archived" and changes.get("status", "archived") != "archived":
        message = "An archived key stays archived."
        raise InvalidRequest(message)
    if changes:
        change_key(connection, key_id, changes)
    return one_key(connection, key_id)


def revoke(connection: Connection, key_id: str) -> KeyRow:
    """Take a key away for good, within five seconds everywhere; raises ``NotFound``."""
    status: KeyStatus = "archived"
    return change(connection, key_id, {"status": status})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """When two keys end, of which one takes the place of the other."""

    old: datetime | None = None
    """None is at once."""
    new: datetime | Literal["inherited"] | None = "inherited"
    """None is never."""


def rotate(
    connection: Connection, key_id: str, ends: Ends, *, now: datetime, new_id: NewId
) -> tuple[KeyRow, str]:
    """Make a key that is like another one, which then ends; raises ``InvalidRequest``."""
    old = one_key(connection, key_id, for_update=True)
    if old.status == "archived":
        message = f"The key {key_id} is archived: create a new one."
        raise InvalidRequest(message)
    if old.expires_at is not None and old.expires_at <= now:
        message = f"The key {key_id} has expired: create a new one."
        raise InvalidRequest(message)
    if ends.new == "inherited" and (successor := _successor(connection, old)) is not None:
        # Its end may be the one that it was given when it was rotated itself.
        message = (
            f"The key {key_id} has an end, and {successor} was made after it under its name: "
            "rotate that one, or say when the new one expires."
        )
        raise InvalidRequest(message)
    text = _new_text(old.kind)
    key = replace(
        old,
        id=new_id("apikey_"),
        hash=key_hash(text),
        hint=_hint(text, old.kind),
        budget_id=old.budget_id or old.id,
        created_at=now,
        expires_at=old.expires_at if ends.new == "inherited" else ends.new,
    )
    add_key(connection, key)
    if ends.old is None:
        revoke(connection, key_id)
    else:
        until = ends.old if old.expires_at is None else min(ends.old, old.expires_at)
        change_key(connection, key_id, {"expires_at": until})
    return key, text


def _successor(connection: Connection, old: KeyRow) -> str | None:
    """Return the newest key that may have taken the place of one that has an end."""
    if old.expires_at is None:
        return None
    active = list_keys(connection, KeyFilter(kind=old.kind, status="active"))
    later = (
        each.id
        for each in active
        if (each.name, each.workspace_id) == (old.name, old.workspace_id)
        and each.created_at > old.created_at
    )
    return next(later, None)


def _new_text(kind: KeyKind) -> str:
    return f"{_PREFIXES[kind]}{secrets.token_urlsafe(_RANDOM)[:_RANDOM]}AA"


def _hint(text: str, kind: KeyKind) -> str:
    return f"{text[: len(_PREFIXES[kind]) + _SHOWN_BEFORE]}...{text[-_SHOWN_AFTER:]}"
