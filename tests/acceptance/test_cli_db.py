"""``antechamber db``, and what ``doctor`` says, of databases of other releases."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

import antechamber.store
from antechamber.store.database import Database, database_url
from antechamber.store.schema import HEAD
from antechamber.store.upgrading import upgrade
from tests.acceptance.command_line import run

_MIGRATIONS = Path(antechamber.store.__file__).parent / "migrations"
_KEY = """
INSERT INTO api_keys (id, hash, hint, kind, name, status, has_priority, created_at)
VALUES ('apikey_1', 'h', 'sk-ant-…', 'api', 'first', 'active', false, 1762000000000000)
"""


def _take_the_first_step(connection: Connection) -> None:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    command.upgrade(config, "0001")
    connection.execute(text(_KEY))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "replies.toml").write_text('[[replies]]\ntext = "Hello!"\n')
    (tmp_path / "antechamber.toml").write_text(
        '[[engines]]\nname = "replies"\ntype = "scripted"\nscript = "replies.toml"\n'
    )
    return tmp_path


@pytest.fixture
def old(folder: Path) -> Path:
    """A folder with the database of an earlier release."""
    database = Database(database_url(None, folder))
    database.write_now(_take_the_first_step)
    database.close()
    return folder


@pytest.fixture
def later(folder: Path) -> Path:
    """A folder with the database of a later release."""
    database = Database(database_url(None, folder))
    upgrade(database)
    database.write_now(lambda it: it.execute(text("UPDATE alembic_version SET version_num='9000'")))
    database.close()
    return folder


def test_an_old_database_is_told_with_its_step_and_what_to_do(old: Path) -> None:
    status = run("db", "status", "--data-dir", ".", folder=old)

    assert status.returncode == 1, status.stderr
    assert f"step      0001, newest {HEAD}" in status.stdout
    assert "antechamber db upgrade" in status.stdout
    assert "keys" not in status.stdout  # which were not counted


def test_an_old_database_is_something_to_look_at_and_its_keys_shut_the_door(old: Path) -> None:
    with (old / "antechamber.toml").open("a") as config:
        config.write('[server]\nhost = "0.0.0.0"\nport = 0\n')

    doctor = run("doctor", "--data-dir", ".", folder=old)

    assert doctor.returncode == 0, doctor.stdout
    assert f"is at step 0001, not {HEAD}" in doctor.stdout
    assert "✗ exposure" not in doctor.stdout


def test_what_is_advised_for_an_old_database_helps(old: Path) -> None:
    upgraded = run("db", "upgrade", "--data-dir", ".", folder=old)
    status = run("db", "status", "--data-dir", ".", folder=old)

    assert [upgraded.returncode, status.returncode] == [0, 0]
    assert "keys      1 for models, 0 for administration" in status.stdout


def test_a_database_of_a_later_release_wants_a_later_release(later: Path) -> None:
    env = {"ANTECHAMBER_SERVER_PORT": "0"}

    told = [
        run(*words, "--data-dir", ".", folder=later, env=env)
        for words in (("db", "status"), ("doctor",), ("db", "upgrade"))
    ]

    assert [each.returncode for each in told] == [1, 1, 2]
    for each in told:
        said = each.stdout + each.stderr
        assert "the database is at step 9000, which this release does not know" in said
        assert "install the release that made it, or a later one" in said
        assert "antechamber db upgrade" not in said
