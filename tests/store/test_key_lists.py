"""Keys and workspaces as lists show them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from antechamber.operations.administration import keys, workspaces
from antechamber.operations.administration.key_lists import (
    KeysOrder,
    change_listed,
    find_listed,
    key_overviews,
    key_page,
)
from antechamber.operations.administration.workspace_lists import (
    WorkspaceChanges,
    WorkspacesOrder,
    add_workspace,
    change_workspace,
    workspace_overviews,
    workspace_page,
)
from antechamber.operations.pages import PageOrder
from antechamber.store.database import Database
from antechamber.store.ledger import Spent, add_turns
from antechamber.wire.errors import NotFound
from antechamber.wire.ids import new_id

_NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


def _key(database: Database, **wanted: Any) -> keys.KeyRow:
    wanted.setdefault("name", "first")
    new = keys.NewKey(**wanted)
    make = partial(keys.create_key, wanted=new, now=_NOW, new_id=new_id)
    return database.write_now(make)[0]


def _workspace(database: Database, name: str = "Team", **wanted: Any) -> workspaces.WorkspaceRow:
    return database.write_now(
        partial(
            add_workspace,
            wanted=workspaces.NewWorkspace(name=name, **wanted),
            display_color=None,
            now=_NOW,
            new_id=new_id,
        )
    )


def _names(database: Database, **wanted: Any) -> set[str]:
    order = KeysOrder(page=PageOrder(), **wanted)
    return {
        each.key.name for each in database.read_now(partial(key_page, order=order, now=_NOW)).data
    }


def test_a_key_stands_as_its_workspace_and_the_clock_let_it(database: Database) -> None:
    closed = _workspace(database)
    _key(database, name="good")
    _key(database, name="over", expires_at=_NOW)
    _key(database, name="closed", workspace_id=closed.id)
    off = _key(database, name="off")
    gone = _key(database, name="gone", expires_at=_NOW)

    database.write_now(partial(keys.change, key_id=off.id, changes={"status": "inactive"}))
    database.write_now(partial(keys.revoke, key_id=gone.id))
    database.write_now(partial(workspaces.archive, workspace_id=closed.id, now=_NOW))

    assert _names(database, standing="active") == {"good"}
    assert _names(database, standing="expired") == {"over"}
    assert _names(database, standing="inactive") == {"off"}
    assert _names(database, standing="archived") == {"gone", "closed"}


def test_keys_of_the_default_workspace_are_found_by_its_name(database: Database) -> None:
    team = _workspace(database)
    _key(database, name="of team", workspace_id=team.id)
    _key(database, name="of all")

    assert _names(database, workspace_id="default") == {"of all"}
    assert _names(database, workspace_id=team.id) == {"of team"}
    assert _names(database) == {"of all", "of team"}


def test_keys_of_the_administration_are_neither_shown_nor_changed(database: Database) -> None:
    admin = _key(database, kind="admin")

    assert _names(database) == set()
    with pytest.raises(NotFound):
        database.read_now(partial(find_listed, key_id=admin.id, now=_NOW))
    with pytest.raises(NotFound):
        database.write_now(
            partial(change_listed, key_id=admin.id, changes={"name": "mine"}, now=_NOW)
        )


def test_the_overview_has_what_was_spent_in_the_month(database: Database) -> None:
    team = _workspace(database)
    key = _key(database, workspace_id=team.id)
    spent = [
        Spent(workspace_id=team.id, key_id=key.id, month="2026-11", cost_nano_usd=7),
        Spent(workspace_id=team.id, key_id=key.id, month="2026-10", cost_nano_usd=100),
        Spent(workspace_id="default", key_id="", month="2026-11", cost_nano_usd=3),
    ]
    database.write_now(partial(add_turns, rows=[], spent=spent))

    [of_key] = database.read_now(partial(key_overviews, now=_NOW))
    by_id = {
        each.row.id: each.spent_nano_usd
        for each in database.read_now(partial(workspace_overviews, now=_NOW))
    }

    assert (of_key.workspace, of_key.spent_nano_usd) == ("Team", 7)
    assert by_id == {team.id: 7, "default": 3}


def _shown(database: Database, **wanted: Any) -> list[str]:
    order = WorkspacesOrder(page=PageOrder(), **wanted)
    page = database.read_now(partial(workspace_page, order=order))
    return sorted(each.name for each in page.data)


def test_workspaces_are_shown_as_far_as_they_are_wanted(database: Database) -> None:
    team, old = _workspace(database), _workspace(database, "Old")
    database.write_now(partial(workspaces.archive, workspace_id=old.id, now=_NOW))

    assert _shown(database) == ["Team"]
    assert _shown(database, include_archived=True) == ["Old", "Team"]
    assert _shown(database, include_default=True) == ["Default", "Team"]
    assert _shown(database, include_default=True, ids=[team.id, old.id]) == ["Team"]


def test_the_default_workspace_is_always_there_and_has_its_name(database: Database) -> None:
    _key(database)

    [overview] = database.read_now(partial(key_overviews, now=_NOW))
    default = database.read_now(partial(workspaces.one, workspace_id="default"))

    assert overview.workspace == default.name == "Default"
    assert (default.tags, default.tier, default.archived_at) == ({}, None, None)


def _tags(
    database: Database, workspace_id: str, tags: Mapping[str, str | None]
) -> Mapping[str, str]:
    changes = WorkspaceChanges(tags=tags)
    return database.write_now(
        partial(change_workspace, workspace_id=workspace_id, changes=changes)
    ).tags


def test_tags_are_laid_over_those_that_there_are(database: Database) -> None:
    team = _workspace(database, tags={"owner": "a", "floor": "2"})

    assert _tags(database, team.id, {"owner": "b", "floor": None, "room": "9"}) == {
        "owner": "b",
        "room": "9",
    }
    assert _tags(database, team.id, {}) == {"owner": "b", "room": "9"}
