"""Brings the tables of a database up to date: new ones at once, older ones with Alembic."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, text

from antechamber.store.database import Database
from antechamber.store.schema import HEAD, current_step, schema_status, too_new
from antechamber.store.tables import metadata
from antechamber.store.workspaces import add_workspace, default_workspace

_LOCK = 0x616E7465
"""Any number that no other program on the database locks."""
_MIGRATIONS = Path(__file__).parent / "migrations"
_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""As Alembic makes it."""


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
    current = current_step(connection)
    if current is None:
        _make_tables(connection)
    else:
        _take_steps_from(connection, current)


def _make_tables(connection: Connection) -> None:
    """Make at once what the steps make together: a new server need not load Alembic for it."""
    metadata.create_all(connection)
    _version.create(connection)
    connection.execute(insert(_version).values(version_num=HEAD))
    add_workspace(connection, default_workspace(datetime.now(UTC)))


def _take_steps_from(connection: Connection, current: str) -> None:
    from alembic import command  # noqa: PLC0415 - 10 MB, which stay
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS))
    try:
        ScriptDirectory.from_config(config).get_revision(current)
    except CommandError as error:
        raise SchemaTooNew(too_new(current)) from error
    command.upgrade(config, "head")
