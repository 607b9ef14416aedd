"""A database as a server works with it: beside the event loop, in threads of its own."""

import asyncio
from threading import Event

from sqlalchemy import Connection, text

from antechamber.store.database import Database

_PATIENCE_S = 30.0


async def test_who_reads_long_aside_keeps_nobody_else_waiting(database: Database) -> None:
    is_over = Event()

    def long(_: Connection) -> bool:
        return is_over.wait(2 * _PATIENCE_S)

    reports = [asyncio.create_task(database.read(long, aside=True)) for _ in range(8)]
    try:
        async with asyncio.timeout(_PATIENCE_S):
            found = await database.read(lambda it: it.execute(text("SELECT 1")).scalar_one())
    finally:
        is_over.set()
    ended = await asyncio.gather(*reports)

    assert found == 1
    assert ended == [True] * 8
