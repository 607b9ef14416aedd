"""Two change the same thing at the same moment: the second one goes by what the first one left."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from antechamber.operations.administration import keys, workspaces
from antechamber.operations.administration.workspace_lists import WorkspaceChanges, change_workspace
from antechamber.store.database import Database
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.ids import new_id

_NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
_create_key = partial(keys.create_key, now=_NOW, new_id=new_id)
_rotate = partial(keys.rotate, ends=keys.Ends(), now=_NOW, new_id=new_id)
_archive = partial(workspaces.archive, now=_NOW)


@pytest.fixture
def key(database: Database) -> keys.KeyRow:
    return database.write_now(partial(_create_key, wanted=keys.NewKey(name="first")))[0]


@pytest.fixture
def team(database: Database) -> workspaces.WorkspaceRow:
    new = workspaces.NewWorkspace(name="Team")
    return database.write_now(partial(workspaces.create, wanted=new, now=_NOW, new_id=new_id))


def _at_once(
    database: Database, first: Callable[[Connection], Any], second: Callable[[Connection], Any]
) -> Any:
    """Begin ``second`` while ``first`` is done and not committed; return what comes of it."""
    with ThreadPoolExecutor(1) as threads:

        def both(connection: Connection) -> Future[Any]:
            first(connection)
            later = threads.submit(database.write_now, second)
            while not (database.is_sqlite or later.done() or _somebody_waits(database)):
                pass
            return later

        return database.write_now(both).result()


def _somebody_waits(database: Database) -> bool:
    return database.read_now(lambda it: it.execute(text(_WAITING)).scalar_one()) > 0


def test_a_key_that_is_being_revoked_does_not_come_back(
    database: Database, key: keys.KeyRow
) -> None:
    comes_back = partial(keys.change, key_id=key.id, changes={"status": "active"})

    with pytest.raises(InvalidRequest, match="stays archived"):
        _at_once(database, partial(keys.revoke, key_id=key.id), comes_back)

    assert database.read_now(partial(keys.one_key, key_id=key.id)).status == "archived"


def test_a_key_has_one_successor(database: Database, key: keys.KeyRow) -> None:
    rotate = partial(_rotate, key_id=key.id)

    with pytest.raises(InvalidRequest, match="is archived"):
        _at_once(database, rotate, rotate)

    assert len(database.read_now(partial(keys.keys, wanted=keys.KeyFilter(status="active")))) == 1


def test_a_workspace_that_is_being_archived_is_not_changed(
    database: Database, team: workspaces.WorkspaceRow
) -> None:
    change = partial(workspaces.change, workspace_id=team.id, changes={"name": "Ours"})

    with pytest.raises(InvalidRequest, match="is archived"):
        _at_once(database, partial(_archive, workspace_id=team.id), change)


def test_a_workspace_that_is_being_archived_gets_no_key(
    database: Database, team: workspaces.WorkspaceRow
) -> None:
    wanted = keys.NewKey(name="late", workspace_id=team.id)

    with pytest.raises(InvalidRequest, match="is archived"):
        _at_once(
            database, partial(_archive, workspace_id=team.id), partial(_create_key, wanted=wanted)
        )


def test_a_workspace_is_archived_once(database: Database, team: workspaces.WorkspaceRow) -> None:
    later = partial(workspaces.archive, workspace_id=team.id, now=_NOW.replace(year=2027))

    archived = _at_once(database, partial(_archive, workspace_id=team.id), later)

    assert archived.archived_at == _NOW


def test_tags_of_both_are_kept(database: Database, team: workspaces.WorkspaceRow) -> None:
    first, second = (
        partial(change_workspace, workspace_id=team.id, changes=WorkspaceChanges(tags={name: "1"}))
        for name in ("floor", "room")
    )

    changed = _at_once(database, first, second)

    assert changed.tags == {"floor": "1", "room": "1"}
