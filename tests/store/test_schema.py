"""The tables: what the migrations make is what the program believes to be there."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

import antechamber.store
from antechamber.store.database import Database, database_url
from antechamber.store.schema import HEAD, SchemaStatus, schema_status
from antechamber.store.tables import metadata
from antechamber.store.upgrading import SchemaTooNew, upgrade

_MIGRATIONS = Path(antechamber.store.__file__).parent / "migrations"


def _differences(connection: Connection) -> list[object]:
    options = {"compare_type": True, "compare_server_default": True}
    return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)


def test_migrations_make_the_tables_that_the_program_knows(database: Database) -> None:
    assert database.read_now(_differences) == []


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
