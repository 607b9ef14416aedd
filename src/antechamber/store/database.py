"""One database: opened, brought up to date, and worked with in threads of its own.

Nothing of it runs on the event loop: a statement in SQLite blocks, and what is on the way of a
request needs none (keys are remembered, rows are written in groups).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

_THREADS = 4
_ASIDE = 2
"""More threads, for what may take long: a report of a large ledger, a wait for a lock."""
_BUSY_MS = 10_000
"""How long a process waits for another one's writing; a group of rows takes milliseconds."""
_PATIENCE: dict[str, int | str] = {
    "connect_timeout": 5,
    # A server behind a network that is cut answers nothing, not even no.
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    # Milliseconds; reports of a large ledger take seconds.
    "options": "-c statement_timeout=60000",
}
_WRITES = "antechamber_writes"
_FILE_NAME = "antechamber.db"


class Database:
    """A pool of connections; ``read`` and ``write`` run a function of one in a transaction."""

    def __init__(self, url: URL) -> None:
        self._engine = _engine(url)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="database")
        self._aside = ThreadPoolExecutor(_ASIDE, thread_name_prefix="database-aside")

    @property
    def address(self) -> str:
        """Where it is, for people: without the password."""
        url = self._engine.url
        shown = url.set(drivername=url.get_backend_name(), query={})
        return shown.render_as_string(hide_password=True)

    @property
    def file(self) -> Path | None:
        """The file, where it is one."""
        name = self._engine.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @property
    def engine(self) -> Engine:
        """What migrations work on."""
        return self._engine

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file of this machine."""
        return self._engine.dialect.name == "sqlite"

    def read_now(self, work: Work[Result]) -> Result:
        """Run ``work`` here, where blocking does no harm: in commands, in a thread."""
        with self._engine.connect() as connection:
            return work(connection)

    def write_now(self, work: Work[Result]) -> Result:
        """Run ``work`` here in a transaction that may write: all of it, or nothing."""
        with (
            self._engine.connect().execution_options(**{_WRITES: True}) as connection,
            connection.begin(),
        ):
            return work(connection)

    async def read(self, work: Work[Result], *, aside: bool = False) -> Result:
        """Run ``work`` beside the event loop; ``aside`` is for what no request may wait behind."""
        return await self._beside(self.read_now, work, aside=aside)

    async def write(self, work: Work[Result], *, aside: bool = False) -> Result:
        """Run ``work`` like ``read`` does, in a transaction that may write."""
        return await self._beside(self.write_now, work, aside=aside)

    async def _beside(
        self, run: Callable[[Work[Result]], Result], work: Work[Result], *, aside: bool
    ) -> Result:
        threads = self._aside if aside else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, run, work)

    def close(self) -> None:
        """Close every connection; what still runs on one is not waited for."""
        for threads in (self._threads, self._aside):
            threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()


def database_url(configured: str | None, data_dir: Path) -> URL:
    """Return where the database is: as configured, else a file in the data directory."""
    if configured is None:
        return URL.create("sqlite", database=str(data_dir / _FILE_NAME))
    url = make_url(configured)
    return url if url.drivername.startswith("sqlite") else url.set(drivername="postgresql+psycopg")


def _engine(url: URL) -> Engine:
    if not url.drivername.startswith("sqlite"):
        size = _THREADS + _ASIDE
        return create_engine(url, pool_size=size, pool_pre_ping=True, connect_args=_PATIENCE)
    engine = create_engine(url, connect_args={"isolation_level": None})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SqliteConnection, _record: Any) -> None:
    for pragma in (
        f"busy_timeout = {_BUSY_MS}",
        "journal_mode = WAL",
        # Survives the end of the process at any moment; of the machine, but for the last groups.
        "synchronous = NORMAL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and then writes would fail where another one wrote meanwhile.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
