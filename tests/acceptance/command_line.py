"""The command ``antechamber`` as a person runs it, in a pipe or in a terminal."""

import errno
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import psutil

from tests.commands import bare_environment, start

_PATIENCE_S = 60.0
_COMMAND = (sys.executable, "-m", "antechamber")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def run(
    *arguments: str, folder: Path, typed: str = "", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with ``typed`` as its standard input."""
    text = partial(TemporaryFile, "w+", encoding="utf-8")
    with text() as given, text() as output, text() as errors:
        given.write(typed)
        given.seek(0)
        files = (given.fileno(), output.fileno(), errors.fileno())
        process = start(arguments, folder=folder, env=environment(folder, env), files=files)
        try:
            status = process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess([*arguments], status, output.read(), errors.read())


def environment(folder: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment without settings of the person who runs the tests."""
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "share")}
    return {**bare_environment(), **home, **(more or {})}


class TerminalSession:
    """A command that believes to have a person before it."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int, theirs: int) -> None:
        self._process = process
        self._descriptor = ours
        self._theirs: int | None = theirs
        self._unread = ""
        self.raw = ""
        """Everything that was shown, with its colours."""

    def shown_until(self, mark: str) -> str:
        """Wait until ``mark`` is shown, and return what was shown up to it, without colours."""
        deadline = time.monotonic() + _PATIENCE_S
        while mark not in self._unread:
            left = deadline - time.monotonic()
            if left <= 0 or not self._read(left):
                message = f"{mark!r} was not shown, only {self._unread!r}"
                raise AssertionError(message)
        before, self._unread = self._unread.split(mark, 1)
        return before

    def type(self, text: str) -> None:
        """Type ``text``, a line end included where it is one."""
        os.write(self._descriptor, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C, as people do, when nothing moves.

        A signal in the moment between readline's last work and its next wait is noticed by Python
        with the next key only.
        """
        command, deadline = psutil.Process(self._process.pid), time.monotonic() + _PATIENCE_S
        while command.status() != psutil.STATUS_SLEEPING:
            assert time.monotonic() < deadline, "it does not come to rest"
        self.type("\x03")

    def end_input(self) -> None:
        """Press Ctrl-D."""
        self.type("\x04")

    def exit_status(self) -> int:
        """Wait for the end; what is still shown is read away, so that nothing blocks."""
        while self._read(_PATIENCE_S):
            pass
        return self._process.wait(_PATIENCE_S)

    def close_their_side(self) -> None:
        """Leave the command's side of the terminal to the command alone."""
        if self._theirs is not None:
            os.close(self._theirs)
            self._theirs = None

    def _read(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._descriptor], [], [], timeout_s)
        if not ready:
            return False
        try:
            piece = os.read(self._descriptor, 65_536).decode("utf-8", "replace")
        except OSError as error:
            if error.errno == errno.EIO:  # how Linux says that the other side is gone
                return False
            raise
        # Whoever shows something has opened its side; ours of it would hide that it leaves.
        self.close_their_side()
        self.raw += piece
        # A sequence that is cut between two reads is put together again.
        self._unread = _ESCAPES.sub("", self._unread + piece)
        return bool(piece)


@contextmanager
def terminal(
    *arguments: str, folder: Path, env: Mapping[str, str] | None = None
) -> Generator[TerminalSession]:
    """Run a command in a terminal of its own; it is killed when the test leaves it running."""
    ours, theirs = pty.openpty()
    # The first terminal that a new session opens controls it; without one Ctrl-C is a character.
    opening = ["sh", "-c", 'exec "$@" <"$TERMINAL" >"$TERMINAL" 2>&1', "sh"]
    more = {"TERM": "xterm", "TERMINAL": os.ttyname(theirs), **(env or {})}
    process = subprocess.Popen(
        [*opening, *_COMMAND, *arguments],
        cwd=folder,
        env=environment(folder, more),
        start_new_session=True,
    )
    session = TerminalSession(process, ours, theirs)
    try:
        yield session
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()
        session.close_their_side()
        os.close(ours)
