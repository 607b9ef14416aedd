"""Programs that use another SDK and report, a line of JSON for each of their steps."""

import json
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_TIMEOUT_S = 110

Run = Callable[[str], dict[str, Any]]


def steps_of(*command: str | Path, folder: Path) -> Run:
    """Return what tells the report of one step of the program; the program runs once."""

    def step(name: str) -> dict[str, Any]:
        report = _reports(command, folder)[name]
        assert "failed" not in report, report["failed"]
        return report

    return step


@cache
def _reports(command: tuple[str | Path, ...], folder: Path) -> dict[str, dict[str, Any]]:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return {line["step"]: line for line in map(json.loads, done.stdout.strip().split("\n"))}
