"""Every test of the store runs on both databases."""

from collections.abc import Generator
from pathlib import Path

import pytest

from antechamber.store.database import Database, database_url
from antechamber.store.upgrading import upgrade
from antechamber.wire.ids import new_id
from tests.postgres import own_database, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Generator[str, None, None]:
    """The address of a PostgreSQL server."""
    with running_postgres() as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[str, None, None]:
    """The address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server = request.getfixturevalue("postgres")
    with own_database(server, new_id("t_").lower()) as made:
        yield made


@pytest.fixture
def empty(address: str, tmp_path: Path) -> Generator[Database, None, None]:
    """A database without tables."""
    database = Database(database_url(address, tmp_path))
    yield database
    database.close()


@pytest.fixture
def database(empty: Database) -> Database:
    """A database that is up to date."""
    upgrade(empty)
    return empty
