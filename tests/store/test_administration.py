"""What the Admin API says when a database cannot do what is asked."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection, text

from antechamber.operations.administration.access import carry_out, look_up
from antechamber.operations.administration.keys import KeyFilter, keys, one_key
from antechamber.store.database import Database
from antechamber.wire.errors import InvalidRequest, NotFound, Overloaded


def _services(database: Database) -> Any:
    return cast("Any", SimpleNamespace(database=database))


async def test_a_database_that_cannot_be_used_is_no_bug(empty: Database) -> None:
    with pytest.raises(Overloaded):
        await look_up(_services(empty), lambda it: keys(it, KeyFilter()))


async def test_a_value_that_has_no_place_in_a_database_is_never_its_fault(
    database: Database,
) -> None:
    # SQLite finds nothing by it; PostgreSQL refuses to look.
    with pytest.raises((InvalidRequest, NotFound)):
        await look_up(_services(database), lambda it: one_key(it, "apikey_\x00"))


async def test_a_change_is_made_whole_or_not_at_all(database: Database) -> None:
    def half_of_it(connection: Connection) -> None:
        connection.execute(
            text(
                "INSERT INTO spending (workspace_id, key_id, month, cost_nano_usd)"
                " VALUES ('w', 'k', '2026-11', 1)"
            )
        )
        message = "no"
        raise NotFound(message)

    with pytest.raises(NotFound):
        await carry_out(_services(database), half_of_it)

    kept = database.read_now(lambda it: it.execute(text("SELECT count(*) FROM spending")).scalar())
    assert kept == 0
