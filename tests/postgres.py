"""A real PostgreSQL for tests: a cluster of its own, on loopback, without a password."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

_START_S = 30.0
_ACCOUNT = "postgres"
"""Who runs it where the tests are root's: the server refuses to be."""


def postgres_folder() -> Path | None:
    """Return where PostgreSQL's programs are, None where it is not installed."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    # Debian keeps every version in a folder of its own.
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def running_postgres() -> Generator[str, None, None]:
    """Run a server until the end of the block; yields the address of its first database."""
    programs = postgres_folder()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="antechamber-postgres-"))
    user = _ACCOUNT if os.geteuid() == 0 else None
    if user is not None:
        os.chown(folder, pwd.getpwnam(_ACCOUNT).pw_uid, -1)
    data, port = folder / "data", _free_port()
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "tests", "-A", "trust", "-E", "UTF8", "-N"],
            check=True,
            capture_output=True,
            cwd=folder,
            user=user,
        )
        options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
        server = subprocess.Popen(
            [
                *(programs / "postgres", "-D", data, "-p", str(port)),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            stderr=subprocess.DEVNULL,
            cwd=folder,
            user=user,
        )
        try:
            _wait_until_ready(port)
            yield f"postgresql://tests@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()
            server.wait(timeout=_START_S)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def own_database(server: str, name: str) -> Generator[str, None, None]:
    """Make an empty database on ``server``, and drop it in the end."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield f"{server.rpartition('/')[0]}/{name}"
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(f"postgresql://tests@127.0.0.1:{port}/postgres").close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]
