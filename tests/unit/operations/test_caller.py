"""What a credential costs the database."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, event

from antechamber.operations.administration.keys import Ends, NewKey, create_key, rotate
from antechamber.operations.callers.caller import Credentials, Doorkeeper, caller_directory
from antechamber.operations.callers.key_directory import month_of
from antechamber.runtime.background import Background
from antechamber.runtime.clock import SystemClock
from antechamber.store.database import Database, database_url
from antechamber.store.ledger import Spent, add_turns
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
    assert anyone.bounds.month == "1970-01"
    assert anyone.budget_id is None


async def test_keys_that_took_each_others_place_have_one_budget(tmp_path: Path) -> None:
    clock, background = SystemClock(), Background()
    database = Database(database_url(None, tmp_path))
    upgrade(database)
    now = clock.now()

    def made(connection: Connection) -> list[tuple[str, str]]:
        """Return id and text of a key, of its successor, and of another one."""
        order, ends = (
            NewKey(name="one", monthly_budget_nano_usd=100),
            Ends(old=now + timedelta(days=1)),
        )
        old, first = create_key(connection, order, now=now, new_id=new_id)
        new, second = rotate(connection, old.id, ends, now=now, new_id=new_id)
        other, third = create_key(connection, order, now=now, new_id=new_id)
        return [(old.id, first), (new.id, second), (other.id, third)]

    (old, first), (new, second), (other, third) = await database.write(made)
    spent = [
        Spent(workspace_id="default", key_id=key_id, month=month_of(now), cost_nano_usd=cost)
        for key_id, cost in ((old, 1), (new, 2), (other, 4))
    ]
    await database.write(lambda it: add_turns(it, [], spent))
    directory = caller_directory(database, clock, background, organization_id="organization")
    doorkeeper = Doorkeeper((), directory, is_local=True)

    callers = [await doorkeeper.admit(Credentials(api_key=key)) for key in (first, second, third)]

    await background.aclose()
    database.close()
    assert [caller.budget_id for caller in callers] == [old, old, other]
    assert [caller.bounds.siblings for caller in callers] == [(new,), (old,), ()]
    assert [caller.bounds.key_spent for caller in callers] == [3, 3, 4]
    assert {caller.bounds.month for caller in callers} == {month_of(now)}
