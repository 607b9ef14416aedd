"""Brings the tables of a database up to date, step by step, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from antechamber.store.database import Database
from antechamber.store.schema import current_step, schema_status

_LOCK = 0x616E7465
"""Any number that no other program on the database locks."""
_MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaTooNew(Exception):
    """The database was made by a later release; the message says which step it is at."""


def upgrade(database: Database) -> None:
    """Take every step that is missing: once, however many processes ask at a time.

    Raises ``SchemaTooNew`` for a database that knows steps which this release does not.
    """
    is_new = schema_status(database).current is None
    database.write_now(_take_steps)
    if is_new and database.file is not None:
        # It tells who used what, and of keys their beginnings.
        database.file.chmod(0o600)


def _take_steps(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        # In SQLite the transaction has locked the file already.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    current = current_step(connection)
    try:
        if current is not None:
            ScriptDirectory.from_config(config).get_revision(current)
    except CommandError as error:
        message = f"the database is at step {current}, which this release does not know"
        raise SchemaTooNew(message) from error
    command.upgrade(config, "head")
