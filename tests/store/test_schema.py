"""The tables: what the migrations make is what the program believes to be there."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text

import antechamber.store
from antechamber.store.database import Database, database_url
from antechamber.store.keys import key_bounds
from antechamber.store.ledger import Span, sums
from antechamber.store.schema import HEAD, SchemaStatus, schema_status
from antechamber.store.tables import metadata
from antechamber.store.upgrading import SchemaTooNew, upgrade
from antechamber.store.workspaces import WorkspaceRow, find_workspace

_TABLES = (*(table.name for table in reversed(metadata.sorted_tables)), "alembic_version")
_MIGRATIONS = Path(antechamber.store.__file__).parent / "migrations"


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_migrations_make_the_tables_that_the_program_knows(empty: Database) -> None:
    _at_step(empty, "head")

    assert empty.read_now(_differences) == []


def test_a_new_database_is_made_at_once_and_is_what_the_steps_make(empty: Database) -> None:
    upgrade(empty)
    differences, made = empty.read_now(_differences), empty.read_now(_rows)
    empty.write_now(lambda it: [it.execute(text(f"DROP TABLE {name}")) for name in _TABLES])
    _at_step(empty, "head")

    assert differences == []
    assert made == empty.read_now(_rows)
    assert len(made["workspaces"]) == 1
    assert schema_status(empty).is_current


def _rows(connection: Connection) -> dict[str, list[dict[str, object]]]:
    """Return every row of every table, without when it was made."""
    return {
        table.name: [
            {name: value for name, value in row.items() if name != "created_at"}
            for row in connection.execute(select(table)).mappings()
        ]
        for table in metadata.sorted_tables
    }


def test_a_difference_would_be_seen(database: Database) -> None:
    database.write_now(lambda it: it.execute(text("ALTER TABLE turns ADD COLUMN more INTEGER")))

    assert len(database.read_now(_differences)) == 1


def test_the_newest_step_is_the_one_that_is_looked_for_at_the_start() -> None:
    assert ScriptDirectory(str(_MIGRATIONS)).get_current_head() == HEAD


def test_an_empty_database_is_brought_up_to_date_once(empty: Database) -> None:
    before = schema_status(empty)

    upgrade(empty)
    upgrade(empty)

    assert before == SchemaStatus(current=None)
    assert schema_status(empty).is_current


def _at_step(database: Database, step: str) -> None:
    def take(connection: Connection) -> None:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(_MIGRATIONS))
        command.upgrade(config, step)

    database.write_now(take)


def _default_workspace(database: Database) -> WorkspaceRow:
    found = database.read_now(partial(find_workspace, workspace_id="default"))
    assert found is not None
    return found


def test_a_new_database_has_its_default_workspace_from_the_first_moment_on(
    empty: Database,
) -> None:
    before = datetime.now(UTC)

    upgrade(empty)

    assert before <= _default_workspace(empty).created_at <= datetime.now(UTC)


_FIRST_USE = """
INSERT INTO turns (request_id, started_at, workspace_id, model, engine, upstream_model, ending,
    streams, service_tier, input_tokens, cache_write_5m_tokens, cache_write_1h_tokens,
    cache_read_tokens, output_tokens, thinking_tokens, total_ms, cost_nano_usd)
VALUES ('req_1', 1762000000000000, 'default', 'm', 'e', 'm', 'ended', false, 'standard',
    10, 0, 0, 0, 20, 0, 1, 77)
"""


def test_what_was_used_before_costs_were_kept_by_kind_has_only_its_sum(empty: Database) -> None:
    _at_step(empty, "0001")
    empty.write_now(lambda it: it.execute(text(_FIRST_USE)))

    upgrade(empty)

    first_use = datetime.fromtimestamp(1_762_000_000, UTC)
    span = Span(starting_at=first_use, ending_at=first_use + timedelta(days=1))
    (found,) = empty.read_now(partial(sums, span=span))
    assert (found.cost_nano_usd, set(found.cost_by_kind.values())) == (77, {0})
    assert _default_workspace(empty).created_at == first_use


_OLD_KEY = """
INSERT INTO api_keys (id, hash, hint, kind, name, status, has_priority, created_at)
VALUES ('apikey_1', 'h', 'sk', 'api', 'first', 'active', false, 1762000000000000)
"""
_OLD_SPENDING = "INSERT INTO spending VALUES ('default', 'apikey_1', '2026-11', 77)"
_COLUMN_OF_THE_STEP_BEFORE = (
    "ALTER TABLE api_keys ADD COLUMN budget_id VARCHAR(64)",
    "CREATE INDEX ix_api_keys_budget_id ON api_keys (budget_id)",
)


@pytest.mark.parametrize(
    ("step", "more"),
    [("0001", ()), ("0002", ()), ("0002", _COLUMN_OF_THE_STEP_BEFORE)],
    ids=["0001", "0002", "0002 with what became 0003"],
)
def test_every_database_that_there_may_be_becomes_the_present_one_with_what_it_holds(
    empty: Database, step: str, more: Sequence[str]
) -> None:
    _at_step(empty, step)
    for statement in (*more, _FIRST_USE, _OLD_KEY, _OLD_SPENDING):
        empty.write_now(partial(Connection.execute, statement=text(statement)))

    upgrade(empty)

    bounds = empty.read_now(partial(key_bounds, key_hash="h", month="2026-11"))
    assert empty.read_now(_differences) == []
    assert schema_status(empty).is_current
    assert bounds is not None
    assert (bounds.key.budget_id, bounds.spent_nano_usd) == (None, 77)
    assert len(empty.read_now(_rows)["turns"]) == 1


def test_a_default_workspace_that_was_there_stays_as_it_was(empty: Database) -> None:
    _at_step(empty, "0001")
    empty.write_now(
        lambda it: it.execute(
            text(
                "INSERT INTO workspaces (id, name, display_color, tags, created_at)"
                " VALUES ('default', 'Ours', '#123456', '{}', 1762000000000000)"
            )
        )
    )

    upgrade(empty)

    assert _default_workspace(empty).name == "Ours"


def test_many_processes_may_upgrade_at_the_same_time(address: str, tmp_path: Path) -> None:
    opened = [Database(database_url(address, tmp_path)) for _ in range(6)]

    with ThreadPoolExecutor(len(opened)) as threads:
        list(threads.map(upgrade, opened))

    assert all(schema_status(each).is_current for each in opened)
    for each in opened:
        each.close()


def test_a_database_of_a_later_release_is_left_as_it_is(database: Database) -> None:
    database.write_now(lambda it: it.execute(text("UPDATE alembic_version SET version_num='9999'")))

    with pytest.raises(SchemaTooNew, match="step 9999"):
        upgrade(database)

    assert schema_status(database).current == "9999"
