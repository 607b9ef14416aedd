"""Keys and workspaces as the database keeps them."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from antechamber.operations.administration import keys, workspaces
from antechamber.operations.administration.database_state import tier_in_use
from antechamber.operations.callers.key_directory import key_hash
from antechamber.store.database import Database
from antechamber.store.keys import KeyBounds, KeyFilter, has_keys, key_bounds
from antechamber.store.ledger import Spent, add_turns
from antechamber.wire.errors import InvalidRequest, NotFound
from antechamber.wire.ids import new_id

_NOW = datetime(2026, 11, 22, 10, 30, 15, 123456, tzinfo=UTC)
_MONTH = "2026-11"


def _created(database: Database, **wanted: Any) -> tuple[keys.KeyRow, str]:
    new = keys.NewKey(name="first", **wanted)
    return database.write_now(partial(keys.create_key, wanted=new, now=_NOW, new_id=new_id))


def _workspace(database: Database, **wanted: Any) -> workspaces.WorkspaceRow:
    new = workspaces.NewWorkspace(name="Team", **wanted)
    return database.write_now(partial(workspaces.create, wanted=new, now=_NOW, new_id=new_id))


def _bounds(database: Database, text: str) -> KeyBounds | None:
    return database.read_now(partial(key_bounds, key_hash=key_hash(text), month=_MONTH))


def test_a_key_is_found_by_its_text_and_kept_without_it(database: Database) -> None:
    until = _NOW + timedelta(days=90)
    key, secret = _created(
        database,
        tier="tier2",
        has_priority=True,
        models=("claude-opus-5-5", "claude-sonnet-5"),
        monthly_budget_nano_usd=5_000_000_000,
        expires_at=until,
    )

    found = _bounds(database, secret)
    kept = database.read_now(lambda it: it.execute(text("SELECT * FROM api_keys")).one())

    assert found is not None
    assert found.key == key
    assert (key.created_at, key.expires_at) == (_NOW, until)
    assert secret.startswith("sk-ant-api03-")
    assert len(secret) == 108
    assert secret not in str(kept)
    assert key.hint == f"{secret[:16]}...{secret[-4:]}"


def test_nobody_is_found_by_another_text(database: Database) -> None:
    _, secret = _created(database)

    assert _bounds(database, secret + "A") is None
    assert _bounds(database, key_hash(secret)) is None


def test_what_was_spent_is_that_of_the_month_the_key_and_its_workspace(database: Database) -> None:
    team, others = _workspace(database, monthly_budget_nano_usd=100), _workspace(database)
    key, secret = _created(database, workspace_id=team.id)
    spent = [
        Spent(workspace_id=team.id, key_id=key.id, month=_MONTH, cost_nano_usd=7),
        Spent(workspace_id=team.id, key_id=key.id, month=_MONTH, cost_nano_usd=3),
        Spent(workspace_id=team.id, key_id="apikey_2", month=_MONTH, cost_nano_usd=20),
        Spent(workspace_id=team.id, key_id=key.id, month="2026-10", cost_nano_usd=1_000),
        Spent(workspace_id=others.id, key_id="apikey_3", month=_MONTH, cost_nano_usd=5_000),
    ]

    database.write_now(partial(add_turns, rows=[], spent=spent))
    found = _bounds(database, secret)

    assert found is not None
    assert found.spent_nano_usd == 10
    assert found.workspace.spent_nano_usd == 30
    assert found.workspace.monthly_budget_nano_usd == 100


def test_a_key_needs_a_workspace_that_is_there_and_open(database: Database) -> None:
    team = _workspace(database)
    database.write_now(partial(workspaces.archive, workspace_id=team.id, now=_NOW))

    with pytest.raises(NotFound, match="wrkspc_none"):
        _created(database, workspace_id="wrkspc_none")
    with pytest.raises(InvalidRequest, match="archived"):
        _created(database, workspace_id=team.id)


def test_an_archived_workspace_shuts_out_its_keys(database: Database) -> None:
    team = _workspace(database)
    _, secret = _created(database, workspace_id=team.id)

    database.write_now(partial(workspaces.archive, workspace_id=team.id, now=_NOW))
    found = _bounds(database, secret)

    assert found is not None
    assert found.workspace.is_archived


def test_a_revoked_key_stays_revoked(database: Database) -> None:
    key, _ = _created(database)

    database.write_now(partial(keys.revoke, key_id=key.id))

    assert database.read_now(partial(keys.one_key, key_id=key.id)).status == "archived"
    with pytest.raises(InvalidRequest, match="stays archived"):
        database.write_now(partial(keys.change, key_id=key.id, changes={"status": "active"}))


def test_a_rotated_key_goes_on_as_another_text(database: Database) -> None:
    old, old_secret = _created(database, tier="tier1", models=("claude-opus-5-5",))
    until = _NOW + timedelta(hours=24)

    new, new_secret = database.write_now(
        partial(keys.rotate, key_id=old.id, ends=keys.Ends(old=until), now=_NOW, new_id=new_id)
    )

    before, after = _bounds(database, old_secret), _bounds(database, new_secret)
    assert before is not None
    assert after is not None
    assert before.key.expires_at == until
    assert after.key == new
    assert (new.tier, new.models, new.workspace_id) == (old.tier, old.models, old.workspace_id)
    assert new.id != old.id


def test_a_rotated_key_ends_when_the_old_one_was_to_or_as_it_is_told(database: Database) -> None:
    end, later = _NOW + timedelta(days=90), _NOW + timedelta(days=365)
    old, _ = _created(database, expires_at=end)
    rotate = partial(keys.rotate, key_id=old.id, now=_NOW, new_id=new_id)

    inherited, _ = database.write_now(partial(rotate, ends=keys.Ends(old=end)))
    told, _ = database.write_now(partial(rotate, ends=keys.Ends(old=end, new=later)))
    never, _ = database.write_now(partial(rotate, ends=keys.Ends(new=None)))

    assert [each.expires_at for each in (inherited, told, never)] == [end, later, None]


def test_the_end_of_a_key_that_was_kept_is_not_passed_on(database: Database) -> None:
    old, _ = _created(database)
    tomorrow, later = _NOW + timedelta(hours=24), _NOW + timedelta(minutes=1)
    new, _ = database.write_now(
        partial(keys.rotate, key_id=old.id, ends=keys.Ends(old=tomorrow), now=later, new_id=new_id)
    )
    again = partial(keys.rotate, key_id=old.id, now=later, new_id=new_id)

    with pytest.raises(InvalidRequest, match=f"{new.id} was made after it"):
        database.write_now(partial(again, ends=keys.Ends()))
    third, _ = database.write_now(partial(again, ends=keys.Ends(new=None)))

    assert third.expires_at is None


def test_an_archived_workspace_is_not_changed(database: Database) -> None:
    team = _workspace(database)
    database.write_now(partial(workspaces.archive, workspace_id=team.id, now=_NOW))

    with pytest.raises(InvalidRequest, match="is archived"):
        database.write_now(
            partial(workspaces.change, workspace_id=team.id, changes={"tier": "tier1"})
        )


def test_a_tier_in_use_is_found_with_how_to_take_it_away(database: Database) -> None:
    look = partial(tier_in_use, now=_NOW)
    closed = _workspace(database, tier="tier1")
    revoked, _ = _created(database, tier="tier1")
    _created(database, tier="tier1", expires_at=_NOW)
    database.write_now(partial(workspaces.archive, workspace_id=closed.id, now=_NOW))
    database.write_now(partial(keys.revoke, key_id=revoked.id))
    none = database.read_now(look)
    key, _ = _created(database, tier="tier1")
    of_key = database.read_now(look)
    team = _workspace(database, tier="tier1")
    of_workspace = database.read_now(look)

    assert none is None
    assert of_key == f"take its tier away: antechamber keys set {key.id} --tier none"
    assert of_workspace is not None
    assert f"workspaces set {team.id} --tier none" in of_workspace


def test_a_revoked_key_still_counts_so_that_the_door_stays_shut(database: Database) -> None:
    before = database.read_now(has_keys)
    key, _ = _created(database)
    database.write_now(partial(keys.revoke, key_id=key.id))

    assert not before
    assert database.read_now(has_keys)


def test_keys_are_listed_the_newest_first_and_by_what_is_wanted(database: Database) -> None:
    team = _workspace(database)
    first, _ = _created(database, workspace_id=team.id)
    second, _ = _created(database, kind="admin")

    everything = database.read_now(partial(keys.keys, wanted=KeyFilter()))
    of_team = database.read_now(partial(keys.keys, wanted=KeyFilter(workspace_id=team.id)))

    assert {key.id for key in everything} == {first.id, second.id}
    assert [key.id for key in of_team] == [first.id]


def test_the_database_itself_refuses_what_may_not_be(database: Database) -> None:
    key, _ = _created(database)
    change = partial(keys.change, key_id=key.id)

    with pytest.raises(IntegrityError):
        database.write_now(partial(change, changes={"status": "lost"}))
    with pytest.raises(IntegrityError):
        database.write_now(partial(change, changes={"monthly_budget_nano_usd": -1}))
    with pytest.raises(IntegrityError):
        database.write_now(partial(change, changes={"workspace_id": "wrkspc_none"}))
