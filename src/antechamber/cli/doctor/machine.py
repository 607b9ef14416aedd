"""Checks of the machine: Python, disk, memory."""

import platform
import shutil
import sys
from pathlib import Path

from antechamber.cli.doctor.finding import Finding, broken, doubtful, well
from antechamber.cli.sizes import size_words

_LEAST_PYTHON = (3, 11)
_LITTLE_DISK_BYTES = 1_000_000_000  # no room for even a small model
_NO_DISK_BYTES = 20_000_000  # keys and logs will soon not be written
_MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
_MEMORY_USED = Path("/sys/fs/cgroup/memory.current")


def check_python() -> Finding:
    """Check the version of Python."""
    words = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info >= _LEAST_PYTHON:
        return well("python", words)
    return broken("python", words, "install Python 3.11 or newer")


def check_disk(data_dir: Path) -> Finding:
    """Check the space where the data directory is, or will be."""
    free = shutil.disk_usage(nearest_existing(data_dir)).free
    words = f"{size_words(free)} free at {data_dir}"
    if free < _NO_DISK_BYTES:
        return broken("disk", words, "make room, or take another place with --data-dir")
    if free < _LITTLE_DISK_BYTES:
        return doubtful("disk", words, "make room before you add models")
    return well("disk", words)


def check_reading(*, is_installed: bool) -> Finding:
    """Say whether the text in images can be told to models that see none."""
    if is_installed:
        return well("text in images", "read for models that see none")
    words = "not read: a model that sees no images refuses them"
    return doubtful("text in images", words, "pip install 'antechamber[ocr]'")


def nearest_existing(path: Path) -> Path:
    """Give the path, or the nearest folder above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())


def free_memory_bytes() -> int | None:
    """Give the memory that a new process can have, the container's limit included.

    None on systems that do not say it as Linux does.
    """
    available = _available_bytes()
    limit, used = _number(_MEMORY_LIMIT), _number(_MEMORY_USED)
    if limit is None or used is None:
        return available
    left = max(0, limit - used)
    return left if available is None else min(available, left)


def _available_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            return int(rest.split()[0]) * 1024
    return None


def _number(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None  # "max" where there is no limit
