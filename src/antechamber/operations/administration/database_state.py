"""The database as it is found. Nothing is made: no file, no folder, no tables."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from antechamber.operations.administration.key_lists import ListedKey, listed_keys
from antechamber.settings import ConfigurationError, Settings
from antechamber.store.database import Database, database_url
from antechamber.store.keys import KeyKind, has_keys
from antechamber.store.schema import SchemaStatus, current_step, too_new
from antechamber.store.workspaces import list_workspaces

__all__ = ["Database", "DatabaseState", "look_at_database", "tier_in_use", "unusable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """How a database was found; one of another step tells no more than whether it has keys."""

    address: str
    """For people: without the password."""
    schema: SchemaStatus
    has_keys: bool = False
    """Whether a key was ever created: then nobody comes in without one."""
    model_keys: int = 0
    """Keys that ask models, at this moment."""
    admin_keys: int = 0
    """Keys that open the administration, at this moment."""
    tier_in_use: str | None = None
    """As the function of this name says."""

    @property
    def refusal(self) -> str | None:
        """Why this release does not use it, and what to do; None where it does."""
        if self.schema.current is None or not self.schema.is_too_new:
            return None
        return too_new(self.schema.current)


def look_at_database(settings: Settings, *, now: datetime) -> DatabaseState:
    """Look at the database of the settings; raises ``ConfigurationError`` where it cannot be."""
    configured = settings.database_url.reveal() if settings.database_url else None
    url = database_url(configured, settings.data_dir)
    database = Database(url)
    try:
        if database.is_sqlite and not Path(url.database or "").is_file():
            return DatabaseState(address=database.address, schema=SchemaStatus(current=None))
        return database.read_now(partial(_state, address=database.address, now=now))
    except SQLAlchemyError as error:
        raise unusable(database, error) from error
    finally:
        database.close()


def unusable(database: Database, error: SQLAlchemyError) -> ConfigurationError:
    """Return what a failure of the database means, and what to do about it."""
    reason = str(error.__cause__ or error).strip().splitlines()[0]
    message = f"the database at {database.address} cannot be used: {reason}"
    remedy = None if database.is_sqlite else _remedy(database.engine.url, reason)
    return ConfigurationError(message if remedy is None else f"{message}\n{remedy}")


def tier_in_use(connection: Connection, *, now: datetime) -> str | None:
    """Return how to take away the tier of a key or a workspace; None where none in use has one."""
    holders = [
        f"workspaces set {each.id}"
        for each in list_workspaces(connection, include_archived=False)
        if each.tier
    ]
    holders += [
        f"keys set {each.key.id}"
        for each in listed_keys(connection, now=now)
        if each.key.tier and each.standing == "active"
    ]
    if not holders:
        return None
    return f"take its tier away: antechamber {holders[0]} --tier none"


def _remedy(url: URL, reason: str) -> str | None:
    if "does not exist" in reason and "database" in reason:
        options = (("-h", url.host), ("-p", url.port), ("-U", url.username))
        given = [f"{option} {shlex.quote(str(text))}" for option, text in options if text]
        words = " ".join(["createdb", *given, shlex.quote(url.database or "")])
        return f"Make it: {words}\nor correct database_url."
    if "authentication failed" in reason or "role" in reason:
        return "Correct the user and the password in database_url."
    if "connect" in reason or "resolve" in reason:
        return "Start it, or correct database_url."
    return None


def _state(connection: Connection, *, address: str, now: datetime) -> DatabaseState:
    schema = SchemaStatus(current=current_step(connection))
    if schema.current is None:
        return DatabaseState(address=address, schema=schema)
    if not schema.is_current:
        # Columns that this release reads may not be there yet, or no more.
        return DatabaseState(address=address, schema=schema, has_keys=has_keys(connection))
    keys = listed_keys(connection, now=now)
    return DatabaseState(
        address=address,
        schema=schema,
        has_keys=has_keys(connection),
        model_keys=_count(keys, "api"),
        admin_keys=_count(keys, "admin"),
        tier_in_use=tier_in_use(connection, now=now),
    )


def _count(keys: Sequence[ListedKey], kind: KeyKind) -> int:
    return sum(each.standing == "active" and each.key.kind == kind for each in keys)
