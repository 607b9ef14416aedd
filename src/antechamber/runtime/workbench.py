"""The child process of ``workshop``: takes jobs from standard input, one after another.

Ends when its parent does, however that one ended, also in the middle of a job.
"""

import contextlib
import ctypes
import os
import pickle
import resource
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from traceback import format_exc
from typing import Any, BinaryIO

import msgspec

LENGTH_BYTES = 8
"""Before every job and every outcome: how long it is."""
_M_ARENA_MAX = -8
"""Source: malloc.h of glibc."""
_NICENESS = 10
"""The event loops go first: of a core that both want, a child gets a tenth."""


class Done(msgspec.Struct, frozen=True, tag=True):
    """What the work returned."""

    value: Any


class Raised(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What it raised, by its name."""

    module: str
    name: str
    args: Sequence[Any]
    where: str
    """The traceback."""


class OutOfMemory(msgspec.Struct, frozen=True, tag=True):
    """It needed more than there is; the parent then ends this child."""


Outcome = Done | Raised | OutOfMemory


def main() -> None:
    """Do jobs until standard input ends, in as many MiB of memory as the first argument says."""
    os.nice(_NICENESS)
    # Where sessions share the cores, it counts within ours alone: sched(7), "autogroup".
    with contextlib.suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(_NICENESS))
    most_bytes = int(sys.argv[1]) << 20
    # macOS knows no such limit; and where there is a lower one that cannot be raised, it holds.
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (most_bytes, most_bytes))
    # What somebody sent is not left on the disk, however the work ends.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None)
    has_glibc = hasattr(libc, "malloc_trim")
    if has_glibc:
        # Every thread of a library would take 64 MiB of addresses, and mostly not use them.
        libc.mallopt(_M_ARENA_MAX, 1)
    outcomes = os.fdopen(os.dup(1), "wb")
    # What a library prints goes where the log goes, and not between the outcomes.
    os.dup2(2, 1)
    jobs = SimpleQueue[bytes]()
    threading.Thread(target=_take_in, args=(jobs,), daemon=True).start()
    while True:
        _say(outcomes, _outcome(jobs.get()))
        if has_glibc:
            # It would keep what a job has freed: 0.2 to 0.7 GiB after one with large images.
            libc.malloc_trim(0)


def _take_in(jobs: "SimpleQueue[bytes]") -> None:
    try:
        with open(0, "rb", closefd=False) as stdin:
            while length := stdin.read(LENGTH_BYTES):
                jobs.put(stdin.read(int.from_bytes(length)))
    finally:
        os._exit(0)


def _say(outcomes: BinaryIO, outcome: bytes) -> None:
    outcomes.write(len(outcome).to_bytes(LENGTH_BYTES))
    outcomes.write(outcome)
    outcomes.flush()


def _outcome(job: bytes) -> bytes:
    try:
        work, args = pickle.loads(job)  # noqa: S301 - from our parent
        return msgspec.msgpack.encode(Done(work(*args)))
    except MemoryError:
        return msgspec.msgpack.encode(OutOfMemory())
    except Exception as error:  # noqa: BLE001 - told to whoever waits in the parent
        kind = type(error)
        raised = Raised(
            module=kind.__module__, name=kind.__name__, args=error.args, where=format_exc()
        )
        return msgspec.msgpack.encode(raised, enc_hook=repr)
