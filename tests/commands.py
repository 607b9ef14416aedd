"""``antechamber`` as a process of its own, without the second that its imports take.

One process imports once what the command needs, and becomes the command by a fork whenever a test
runs it: with the directory, environment and files that it is given, with a memory, signals and an
end of its own.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from io import BufferedReader, FileIO, TextIOWrapper
from pathlib import Path
from typing import NoReturn

_FORKS = sys.platform == "linux"
"""Elsewhere libraries of the system do not survive it, and every command is a program."""
_OURS = ("ANTECHAMBER_", "ANTHROPIC_", "HF_", "NO_COLOR", "FORCE_COLOR")
_IMPORTED = (
    "antechamber.assembly",
    "antechamber.cli.announcement",
    "antechamber.cli.chat.session",
    "antechamber.cli.doctor.engines",
    "antechamber.cli.main",
    "antechamber.engines.messages_api",
    "antechamber.engines.scripted",
    "antechamber.store.upgrading",
    "psycopg",
    "rich.console",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
)
"""What most commands of the tests import; anything else is imported by whom it concerns."""
_LONGEST_ORDER = 100_000


class Command:
    """A command that was started; of ``subprocess.Popen`` what the tests need."""

    def __init__(self, told: socket.socket, arguments: Sequence[str]) -> None:
        self._told = told
        self._arguments = arguments
        self.pid = int(told.recv(_LONGEST_ORDER))
        self._status: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit status; raises ``subprocess.TimeoutExpired``."""
        if self._status is None:
            self._told.settimeout(timeout)
            try:
                self._status = int(self._told.recv(_LONGEST_ORDER))
            except TimeoutError:
                raise subprocess.TimeoutExpired([*self._arguments], timeout or 0) from None
            self._told.close()
        return self._status

    def terminate(self) -> None:
        """Ask it to finish."""
        self._send(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._send(signal.SIGKILL)

    def _send(self, number: signal.Signals) -> None:
        if self._status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def bare_environment() -> dict[str, str]:
    """Return the environment without settings of the person who runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


Process = Command | subprocess.Popen[bytes]


def start(
    arguments: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str],
    files: tuple[int, int, int],
    through: Sequence[str] = (),
) -> Process:
    """Start a command in ``folder`` with ``files`` as its standard input, output and error.

    ``through`` are the words of a program that starts it, for whom it has to be one itself.
    """
    must_be_program = through or not _FORKS or _of_python(env) != _of_python(os.environ)
    orders = None if must_be_program else _prepared()
    if orders is None:
        input_file, output_file, error_file = files
        return subprocess.Popen(
            [*through, sys.executable, "-m", "antechamber", *arguments],
            cwd=folder,
            env={**env, "PYTHONUNBUFFERED": "1"},
            stdin=input_file,
            stdout=output_file,
            stderr=error_file,
        )
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    order = json.dumps([[*arguments], str(folder), dict(env)]).encode()
    with theirs:
        socket.send_fds(orders, [order], [*files, theirs.fileno()])
    return Command(ours, arguments)


def _of_python(env: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that Python looks at when it starts, and at no other time."""
    return {name: value for name, value in env.items() if name.startswith("PYTHON")}


@cache
def _prepared() -> socket.socket | None:
    """Return where the process that becomes commands takes its orders, one for all tests.

    None is one that cannot import them: then each command fails by itself, and says why.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            cwd=Path(__file__).parents[1],
            env=bare_environment(),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours if ours.recv(_LONGEST_ORDER) else None


def _await_order(orders: socket.socket) -> None:
    """Return in a new process, once for each order, as the command that is wanted."""
    while True:
        order, files, _, _ = socket.recv_fds(orders, _LONGEST_ORDER, 4)
        if not order:
            sys.exit()
        if os.fork() == 0:
            break
        for each in files:
            os.close(each)
    orders.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if (pid := os.fork()) != 0:
        _tell_end(pid, files)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.close(files.pop())
    for number, each in enumerate(files):
        os.dup2(each, number)
        os.close(each)
    # Those of before believe to have the files that stood there. Without buffers, so that what a
    # server says can be read at once.
    sys.stdin = TextIOWrapper(BufferedReader(FileIO(0)))
    sys.stdout, sys.stderr = (
        TextIOWrapper(FileIO(each, "w"), line_buffering=True, write_through=True) for each in (1, 2)
    )
    arguments, folder, env = json.loads(order)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv[1:] = arguments
    sys.path[0] = folder


def _tell_end(pid: int, files: Sequence[int]) -> NoReturn:
    *rest, told = files
    for each in rest:
        os.close(each)
    os.write(told, str(pid).encode())
    _, status = os.waitpid(pid, 0)
    with suppress(BrokenPipeError):
        os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _main() -> None:
    # Whoever stops the tests by Ctrl-C lets them stop their servers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nobody waits for those who wait for commands.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for name in _IMPORTED:
        import_module(name)
    gc.freeze()
    orders = socket.socket(fileno=int(sys.argv[1]))
    orders.send(b"ready")
    _await_order(orders)
    runpy.run_module("antechamber", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
