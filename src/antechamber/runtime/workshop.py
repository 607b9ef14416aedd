"""Work on what strangers made, in child processes that may crash, hang or take too much memory.

Each child takes one job after another and keeps what it has loaded. They are started when they are
needed, without a copy of this process and without its modules: ``workbench`` is all that they run.
"""

import asyncio
import contextlib
import os
import pickle
import sys
import typing
from asyncio.subprocess import PIPE
from collections.abc import Callable
from typing import Any, Literal, TypeVar, TypeVarTuple

import msgspec

from antechamber.runtime import workbench
from antechamber.runtime.fair_queue import FairQueue, QueueFull, Rank
from antechamber.runtime.workbench import LENGTH_BYTES, Done, Outcome, OutOfMemory, Raised

Given = TypeVarTuple("Given")
R = TypeVar("R")
Reason = Literal["crash", "timeout", "memory"]

_PROGRAM = f"from {workbench.__name__} import main; main()"
_PIECE_BYTES = 1 << 20
"""Of an answer, read at a time."""
_MOST_ANSWER_BYTES = 256 << 20
"""Above what any work tells, the most being the pages of a PDF as images."""


class WorkFailed(Exception):
    """The work was ended, or ended its process: nothing is known but why."""

    def __init__(self, reason: Reason) -> None:
        """``reason`` is for the log, and for whoever words it."""
        super().__init__(reason)
        self.reason: Reason = reason


class WorkshopFull(Exception):
    """There was no place in line, or it has gone to work that is begun sooner."""


class Workshop:
    """A bounded number of children, and a line before them that is fair to all who share it."""

    def __init__(
        self, *, processes: int, timeout_s: float, memory_mib: int, most_waiting: int = 1_000
    ) -> None:
        """``timeout_s`` is for one job, without its waiting; ``memory_mib`` is for one child.

        ``most_waiting`` bounds the line, and so the memory that what stands in it takes.
        """
        self._timeout_s = timeout_s
        self._memory_mib = memory_mib
        self._line = FairQueue(processes, most_waiting)
        self._idle: list[_Child] = []
        """The one that was used last is used first: it has loaded most."""
        self._busy: set[_Child] = set()

    async def run(
        self,
        work: Callable[[*Given], R],
        *args: *Given,
        rank: Rank = "standard",
        workspace: str = "default",
    ) -> R:
        """Return what ``work`` returns, or raise what it raises.

        ``work`` is a function that a child can import, and what it takes can be pickled. What it
        gives is of the type that it says it returns: JSON and bytes where it says nothing. What it
        raises comes back as it was if it is of a module beside that of ``work``, and else as
        ``RuntimeError``. Raises ``WorkFailed``, too, and ``WorkshopFull``. Whoever stops waiting
        ends the job, and the child with it.
        """
        try:
            await self._line.enter(rank, workspace)
        except QueueFull:
            raise WorkshopFull from None
        try:
            outcome = await self._done(work, args)
        finally:
            self._line.leave()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome.value

    async def _done(self, work: Callable[..., R], args: tuple[object, ...]) -> Done | Exception:
        child = await self._child()
        self._busy.add(child)
        try:
            outcome = await self._outcome(child, work, args)
        except BaseException:
            await child.end()
            raise
        finally:
            self._busy.discard(child)
        self._idle.append(child)
        return outcome

    async def _child(self) -> "_Child":
        while self._idle:
            child = self._idle.pop()
            if child.is_alive:
                return child
            await child.end()
        return await _Child.start(self._memory_mib)

    async def _outcome(
        self, child: "_Child", work: Callable[..., object], args: tuple[object, ...]
    ) -> Done | Exception:
        job, returned = pickle.dumps((work, args)), typing.get_type_hints(work).get("return", Any)
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await child.ask(job)
            # What was opened may speak through the child: it is believed the type alone.
            outcome: Outcome = msgspec.msgpack.decode(answer, type=Outcome)
            match outcome:
                case Done(value):
                    return Done(msgspec.convert(value, returned))
                case Raised():
                    return _error(outcome, work)
                case OutOfMemory():
                    raise WorkFailed("memory")
        except TimeoutError:
            raise WorkFailed("timeout") from None
        except (EOFError, msgspec.DecodeError, RecursionError, TypeError) as error:
            raise WorkFailed("crash") from error

    async def aclose(self) -> None:
        """End all children; jobs that still run fail."""
        for child in self._busy:
            child.kill()
        while self._idle:
            await self._idle.pop().end()


class _Child:
    """One process, and the pipes to it and from it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            message = "a child without pipes"
            raise RuntimeError(message)
        self._process = process
        self._stdin, self._stdout = process.stdin, process.stdout

    @classmethod
    async def start(cls, memory_mib: int) -> "_Child":
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-c", _PROGRAM, str(memory_mib)),
                env=_environment(),
                stdin=PIPE,
                stdout=PIPE,
                limit=_PIECE_BYTES,
                # Not in our process group: Ctrl-C is for us, and running requests are finished.
                start_new_session=True,
            )
        )

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended by itself, as when the system has no memory left."""
        return not self._stdout.at_eof()

    async def ask(self, job: bytes) -> bytes:
        """Have it do a job and return what it says of it.

        Raises ``EOFError`` when it ends before, or would say more than any work tells.
        """
        # A child that has ended cannot be written to, but what it said last can be read.
        with contextlib.suppress(ConnectionError):
            self._stdin.write(len(job).to_bytes(LENGTH_BYTES))
            self._stdin.write(job)
            await self._stdin.drain()
        length = int.from_bytes(await self._stdout.readexactly(LENGTH_BYTES))
        if length > _MOST_ANSWER_BYTES:
            raise EOFError
        return await self._stdout.readexactly(length)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> None:
        self.kill()
        self._stdin.close()
        # An answer that nobody reads would keep the pipe, and so the process, from being over.
        await self._stdout.read()
        await self._process.wait()


def _environment() -> dict[str, str]:
    """Return all that a child's has; the server's holds keys."""
    # It imports from where we do, of which a variable may have told us.
    path = os.pathsep.join(sys.path)
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": path}


def _error(raised: Raised, work: Callable[..., object]) -> Exception:
    error = RuntimeError(f"{raised.module}.{raised.name}")
    if _room(raised.module) == _room(work.__module__):
        kind = getattr(sys.modules.get(raised.module), raised.name, None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            error = kind(*raised.args)
    error.add_note(raised.where)
    return error


def _room(module: str) -> str:
    return module.rpartition(".")[0]
