"""The database as it is found. Nothing is made: no file, no folder, no tables."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from antechamber.settings import ConfigurationError, Settings
from antechamber.store.database import Database, database_url
from antechamber.store.keys import KeyFilter, list_keys
from antechamber.store.schema import SchemaStatus, current_step

__all__ = ["Database", "DatabaseState", "are_keys_created", "look_at_database"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """How a database was found."""

    address: str
    """For people: without the password."""
    schema: SchemaStatus
    keys: int = 0
    """Keys for the models that are not archived."""


def look_at_database(settings: Settings) -> DatabaseState:
    """Look at the database of the settings; raises ``ConfigurationError`` where it cannot be."""
    configured = settings.database_url.reveal() if settings.database_url else None
    url = database_url(configured, settings.data_dir)
    address = url.render_as_string(hide_password=True)
    if url.drivername.startswith("sqlite") and not Path(url.database or "").is_file():
        return DatabaseState(address=address, schema=SchemaStatus(current=None))
    database = Database(url)
    try:
        return database.read_now(lambda connection: _state(connection, address))
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        message = f"the database at {address} cannot be used: {reason}"
        raise ConfigurationError(message) from error
    finally:
        database.close()


def are_keys_created(settings: Settings) -> bool:
    """Tell whether there are keys beside those of the configuration; raises as above."""
    return look_at_database(settings).keys > 0


def _state(connection: Connection, address: str) -> DatabaseState:
    schema = SchemaStatus(current=current_step(connection))
    if schema.current is None:
        return DatabaseState(address=address, schema=schema)
    keys = list_keys(connection, KeyFilter(kind="api"))
    return DatabaseState(
        address=address,
        schema=schema,
        keys=sum(key.status != "archived" for key in keys),
    )
