"""Keys and workspaces made beside a server that runs, straight in its database."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from antechamber.operations.administration import keys, workspaces
from antechamber.store.database import Database
from antechamber.wire.ids import new_id


def made_key(database: Database, **wanted: Any) -> tuple[str, str]:
    """Make a key of what ``NewKey`` holds; return its id and its text."""
    new = keys.NewKey(**{"name": "first", **wanted})
    make = partial(keys.create_key, wanted=new, now=datetime.now(UTC), new_id=new_id)
    key, text = database.write_now(make)
    return key.id, text


def made_workspace(database: Database, **wanted: Any) -> str:
    """Make a workspace of what ``NewWorkspace`` holds; return its id."""
    new = workspaces.NewWorkspace(**{"name": "Team", **wanted})
    make = partial(workspaces.create, wanted=new, now=datetime.now(UTC), new_id=new_id)
    return database.write_now(make).id
