"""How many cores this process may use, which is not how many the machine has."""

import os
from collections.abc import Callable
from math import ceil
from pathlib import Path
from typing import cast

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")


def available_cores(cpu_max: Path = _CPU_MAX) -> int:
    """Return the cores that the process may run on, within the quota of its container.

    ``cpu_max`` holds the quota of a control group: microseconds of each period, or ``max``.
    Source: docs.kernel.org/admin-guide/cgroup-v2.html.
    """
    # Not there on macOS and Windows.
    affinity = cast("Callable[[int], set[int]] | None", getattr(os, "sched_getaffinity", None))
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    try:
        quota, period = cpu_max.read_text(encoding="ascii").split()
        return max(1, min(cores, ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # no control group, or "max"
        return cores
