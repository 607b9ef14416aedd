"""One of the processes that share a data directory: whoever holds the lock of a file."""

import fcntl
from pathlib import Path
from typing import IO


class SolePlace:
    """A place that one process has; the system takes it back when that process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def is_ours(self) -> bool:
        """Take the place if nobody has it, and tell whether it is ours."""
        if self._file is not None:
            return True
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def close(self) -> None:
        """Leave the place to others."""
        if self._file is not None:
            self._file.close()
            self._file = None
