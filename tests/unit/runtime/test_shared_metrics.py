import os
import subprocess
import sys
from pathlib import Path

import msgspec

from antechamber.runtime.metrics import Instrument, Meter, Numbers
from antechamber.runtime.shared_metrics import SharedMetrics, shared_directory

CUPS = Instrument(name="cups_total", kind="counter", help="Cups of tea.", labels=("tea",))
GUESTS = Instrument(name="guests", kind="gauge", help="Guests.")


def shared(directory: Path | None) -> tuple[Meter, SharedMetrics]:
    meter = Meter()
    return meter, SharedMetrics(meter, (CUPS, GUESTS), directory)


def left_by(pid: int, directory: Path, numbers: Numbers) -> None:
    (directory / f"{pid}.numbers").write_bytes(msgspec.msgpack.encode(numbers))


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_worker_answers_for_its_siblings_too(tmp_path: Path) -> None:
    meter, metrics = shared(tmp_path)
    meter.cell(CUPS, "green")[0] += 1
    left_by(os.getppid(), tmp_path, {"cups_total": {("green",): [2.0]}, "guests": {(): [5.0]}})

    assert metrics.numbers() == {"cups_total": {("green",): [3.0]}, "guests": {(): [5.0]}}


def test_of_a_dead_worker_the_counts_stay_and_the_gauges_go(tmp_path: Path) -> None:
    _, metrics = shared(tmp_path)
    left_by(ended_process(), tmp_path, {"cups_total": {("green",): [2.0]}, "guests": {(): [5.0]}})

    assert metrics.numbers() == {"cups_total": {("green",): [2.0]}, "guests": {}}


def test_what_a_worker_leaves_is_read_by_another_process(tmp_path: Path) -> None:
    meter, metrics = shared(tmp_path)
    meter.cell(CUPS, "green")[0] += 3
    meter.read(lambda: {"guests": {(): 2}})

    metrics.leave()

    (left,) = tmp_path.iterdir()
    assert left.name == f"{os.getpid()}.numbers"
    numbers = msgspec.msgpack.decode(left.read_bytes(), type=Numbers)
    assert numbers["cups_total"] == {("green",): [3.0]}
    assert numbers["guests"] == {(): [2.0]}


def test_a_gauge_that_is_told_as_a_truth_is_a_number_for_the_siblings(tmp_path: Path) -> None:
    meter, metrics = shared(tmp_path)
    meter.read(lambda: {"guests": {(): True}})
    metrics.leave()
    (left,) = tmp_path.iterdir()
    left.rename(tmp_path / f"{os.getppid()}.numbers")

    assert metrics.numbers()["guests"] == {(): [2.0]}


def test_a_worker_does_not_count_itself_twice(tmp_path: Path) -> None:
    meter, metrics = shared(tmp_path)
    meter.cell(CUPS, "green")[0] += 3

    metrics.leave()

    assert metrics.numbers()["cups_total"] == {("green",): [3.0]}


def test_a_worker_alone_leaves_nothing() -> None:
    meter, metrics = shared(None)
    meter.cell(CUPS, "green")[0] += 3

    metrics.leave()

    assert metrics.numbers()["cups_total"] == {("green",): [3.0]}


def test_the_directory_is_gone_when_the_server_is(tmp_path: Path) -> None:
    with shared_directory(tmp_path) as directory:
        assert directory.parent == tmp_path

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_has_left_is_cleared_and_a_running_one_keeps_its_own(
    tmp_path: Path,
) -> None:
    deserted = tmp_path / "metrics-deserted"
    deserted.mkdir()
    (deserted / "lock").touch()
    left_by(1, deserted, {})

    with shared_directory(tmp_path) as first, shared_directory(tmp_path) as second:
        assert set(tmp_path.iterdir()) == {first, second}
