"""What a credential costs the database."""

from pathlib import Path

from sqlalchemy import Connection, event

from antechamber.operations.administration.keys import NewKey, create_key
from antechamber.operations.callers.caller import Credentials, Doorkeeper, caller_directory
from antechamber.runtime.background import Background
from antechamber.runtime.clock import SystemClock
from antechamber.store.database import Database, database_url
from antechamber.store.upgrading import upgrade
from antechamber.wire.ids import new_id
from tests.unit.operations.stage import StillClock


async def test_who_has_a_created_key_waits_for_that_alone(tmp_path: Path) -> None:
    clock, background = SystemClock(), Background()
    database = Database(database_url(None, tmp_path))
    upgrade(database)

    def made(connection: Connection) -> str:
        order = NewKey(name="one", kind="api")
        return create_key(connection, order, now=clock.now(), new_id=new_id)[1]

    key = await database.write(made)
    directory = caller_directory(database, clock, background, organization_id="organization")
    doorkeeper = Doorkeeper((), directory, is_local=True)
    readings: list[Connection] = []
    event.listen(database.engine, "begin", readings.append)

    caller = await doorkeeper.admit(Credentials(api_key=key))

    await background.aclose()
    database.close()
    assert caller.key_id is not None
    assert len(readings) == 1


async def test_a_reading_is_as_old_as_its_beginning(tmp_path: Path) -> None:
    """What is written while it goes on is counted by who wrote it, perhaps twice, and never not."""
    clock, background = StillClock(), Background()
    database = Database(database_url(None, tmp_path))
    upgrade(database)

    def passes(_connection: Connection) -> None:
        clock.at += 1

    event.listen(database.engine, "begin", passes)
    directory = caller_directory(database, clock, background, organization_id="organization")
    began_at = clock.at

    _, anyone = await directory.house()

    await background.aclose()
    database.close()
    assert anyone is not None
    assert anyone.bounds.read_at == began_at < clock.at
