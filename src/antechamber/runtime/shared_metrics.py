"""What the workers of one server tell each other of their numbers: one small file from each.

Whichever worker is asked for the metrics then answers for all. The counts of a worker that died
stay, so that sums only grow; its gauges do not.
"""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from antechamber.runtime.clock import Clock
from antechamber.runtime.metrics import Instrument, Meter, Numbers, combined

_EVERY_S = 1.0
"""Well below the seconds between two visits of Prometheus."""
_PREFIX, _LOCK, _SUFFIX = "metrics-", "lock", ".numbers"


@contextmanager
def shared_directory(data_dir: Path) -> Generator[Path, None, None]:
    """Make a directory for the workers of this server, and remove it at the end.

    Directories of servers that did not come to their end are removed too.
    """
    for directory in data_dir.glob(f"{_PREFIX}*"):
        if _is_deserted(directory):
            shutil.rmtree(directory, ignore_errors=True)
    with TemporaryDirectory(prefix=_PREFIX, dir=data_dir, ignore_cleanup_errors=True) as name:
        directory = Path(name)
        with (directory / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield directory


def _is_deserted(directory: Path) -> bool:
    try:
        with (directory / _LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is held; or not there yet, while its server is just beginning
        return False
    return True


class SharedMetrics:
    """The numbers of this worker, and those of its siblings as they were a second ago."""

    def __init__(
        self, meter: Meter, instruments: Sequence[Instrument], directory: Path | None
    ) -> None:
        """``directory`` is where siblings leave theirs; None where there are none."""
        self.instruments = instruments
        self._meter = meter
        self._directory = directory
        self._counters = [each for each in instruments if each.kind != "gauge"]

    def numbers(self) -> Numbers:
        """Return the numbers of all workers together. Reads small files."""
        parts = [self._meter.numbers()]
        if self._directory is not None:
            for path in self._directory.glob(f"*{_SUFFIX}"):
                pid = int(path.stem)
                if pid != os.getpid():
                    left = msgspec.msgpack.decode(path.read_bytes(), type=Numbers)
                    parts.append(left if _is_alive(pid) else combined(self._counters, [left]))
        return combined(self.instruments, parts)

    def leave(self) -> None:
        """Write this worker's numbers where its siblings find them."""
        if self._directory is None:
            return
        path = self._directory / f"{os.getpid()}{_SUFFIX}"
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(msgspec.msgpack.encode(self._meter.numbers()))
        # Readers see the old ones or the new ones, never half.
        unfinished.replace(path)

    async def keep_leaving(self, clock: Clock) -> None:
        """Do so every second."""
        while True:
            await asyncio.to_thread(self.leave)
            await clock.sleep(_EVERY_S)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
