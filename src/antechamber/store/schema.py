"""At which step a database's tables are; how the missing ones are taken is in ``upgrading``."""

from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text

from antechamber.store.database import Database

HEAD = "0005"
"""The newest step, so that a database which is up to date needs no Alembic at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaStatus:
    """At which step a database is, and at which this release wants it."""

    current: str | None
    """None before the first."""
    head: str = HEAD

    @property
    def is_current(self) -> bool:
        """Whether nothing is to be done."""
        return self.current == self.head

    @property
    def is_too_new(self) -> bool:
        """Whether a later release took steps that this one does not know."""
        return self.current is not None and self.current > self.head


def too_new(step: str) -> str:
    """Return why a database at ``step`` is not used, and what to do."""
    return (
        f"the database is at step {step}, which this release does not know: "
        "install the release that made it, or a later one"
    )


def schema_status(database: Database) -> SchemaStatus:
    """Read at which step the database is."""
    return SchemaStatus(current=database.read_now(current_step))


def current_step(connection: Connection) -> str | None:
    """Read at which step the database is."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
