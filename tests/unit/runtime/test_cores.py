import os
from pathlib import Path

import pytest

from antechamber.runtime.cores import available_cores


def quota(folder: Path, text: str) -> Path:
    file = folder / "cpu.max"
    file.write_text(text, encoding="ascii")
    return file


@pytest.mark.parametrize("text", ["max 100000\n", "", "100000 0", "nonsense"])
def test_without_a_quota_it_is_the_cores_of_the_process(text: str, tmp_path: Path) -> None:
    assert available_cores(quota(tmp_path, text)) == available_cores(tmp_path / "not-there") >= 1


def test_a_quota_is_rounded_up_and_never_below_one(tmp_path: Path) -> None:
    assert available_cores(quota(tmp_path, "20000 100000\n")) == 1


def test_a_quota_does_not_add_cores(tmp_path: Path) -> None:
    assert available_cores(quota(tmp_path, "99900000 100000")) == available_cores(tmp_path / "no")


def test_where_the_system_does_not_bind_processes_it_is_the_machines_cores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)

    assert available_cores(tmp_path / "not-there") == os.cpu_count()
