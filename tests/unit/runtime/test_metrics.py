import asyncio
from pathlib import Path

import pytest

from antechamber import __version__
from antechamber.runtime.metrics import (
    INSTRUMENTS,
    LOOP_LAG,
    Instrument,
    Meter,
    combined,
    observe,
    watch_loop,
)
from tests.unit.operations.stage import StillClock

CUPS = Instrument(name="cups_total", kind="counter", help="Cups of tea.", labels=("tea",))
STEEPING = Instrument(name="steeping_seconds", kind="histogram", help="Wait.", bounds=(1.0, 2.0))
OLDEST = Instrument(name="oldest", kind="gauge", help="First.", combine=min)


def test_a_cell_is_the_same_for_the_same_labels() -> None:
    meter = Meter()

    meter.cell(CUPS, "green")[0] += 1
    meter.cell(CUPS, "green")[0] += 2
    meter.cell(CUPS, "black")[0] += 4

    assert meter.numbers()["cups_total"] == {("green",): [3], ("black",): [4]}


def test_a_value_at_the_end_of_a_bucket_belongs_to_it() -> None:
    meter = Meter()

    for value in (0.5, 1.0, 1.5, 2.0, 2.5):
        observe(meter.cell(STEEPING), STEEPING.bounds, value)

    assert meter.numbers()["steeping_seconds"] == {(): [2, 2, 1, 7.5]}


def test_what_is_known_elsewhere_is_asked_for_with_the_numbers() -> None:
    meter, waiting = Meter(), {("a",): 1.0}
    meter.read(lambda: {"queue": waiting})

    before = meter.numbers()["queue"]
    waiting["a",] = 2.0
    after = meter.numbers()["queue"]

    assert (before, after) == ({("a",): [1.0]}, {("a",): [2.0]})


def test_numbers_are_a_copy() -> None:
    meter = Meter()
    cell = meter.cell(CUPS, "green")

    numbers = meter.numbers()
    cell[0] += 1

    assert numbers["cups_total"] == {("green",): [0]}


def test_numbers_of_workers_are_added_and_the_oldest_stays_the_oldest() -> None:
    one = {"cups_total": {("green",): [1.0]}, "steeping_seconds": {(): [1.0, 0.0, 0.0, 0.5]}}
    other = {
        "cups_total": {("green",): [2.0], ("black",): [4.0]},
        "steeping_seconds": {(): [0.0, 0.0, 1.0, 3.0]},
    }

    together = combined(
        (CUPS, STEEPING, OLDEST), [one | {"oldest": {(): [7.0]}}, other | {"oldest": {(): [5.0]}}]
    )

    assert together == {
        "cups_total": {("green",): [3.0], ("black",): [4.0]},
        "steeping_seconds": {(): [1.0, 0.0, 1.0, 3.5]},
        "oldest": {(): [5.0]},
    }


def test_two_workers_are_one_build() -> None:
    together = combined(INSTRUMENTS, [Meter().numbers(), Meter().numbers()])

    assert together["antechamber_build_info"] == {(__version__,): [1.0]}


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells so")
def test_the_process_is_measured() -> None:
    numbers = Meter().numbers()

    assert set(numbers) == {each.name for each in INSTRUMENTS if each is not LOOP_LAG}
    assert numbers["process_resident_memory_bytes"][()][0] > 1_000_000


async def test_a_loop_that_is_held_up_shows_a_lag() -> None:
    meter, clock = Meter(), _HeldUpClock(late_s=0.03, times=3)

    with pytest.raises(asyncio.CancelledError):
        await watch_loop(meter, clock)

    *counts, total = meter.numbers()[LOOP_LAG.name][()]
    assert counts[LOOP_LAG.bounds.index(0.05)] == sum(counts) == 3
    assert total == pytest.approx(0.09)


class _HeldUpClock(StillClock):
    def __init__(self, *, late_s: float, times: int) -> None:
        super().__init__()
        self._late_s = late_s
        self._times = times

    async def sleep(self, seconds: float) -> None:
        if not self._times:
            raise asyncio.CancelledError
        self._times -= 1
        await super().sleep(seconds + self._late_s)
