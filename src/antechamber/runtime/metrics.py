"""Numbers about the running process: what an instrument is, and the meter that holds its cells.

How they are written out for Prometheus is in ``http.metrics``.
"""

import operator
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Literal

from prometheus_client import ProcessCollector

from antechamber import __version__
from antechamber.runtime.clock import Clock

Labels = tuple[str, ...]
"""The values of an instrument's labels, in its order."""
Cell = list[float]
"""One number; of a histogram the count of each bucket, of what is beyond the last, and the sum."""
Numbers = dict[str, dict[Labels, Cell]]
"""Cells by the name of their instrument and their labels."""
Reading = Callable[[], Mapping[str, Mapping[Labels, float]]]
"""Tells what is known elsewhere, by the name of the instrument and the labels."""

_LAG_EVERY_S = 0.5
"""What holds the loop for longer than this is seen for certain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """What is measured, by Prometheus' conventions: prometheus.io/docs/practices/naming."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    """Of a histogram: the upper ends of its buckets, without infinity."""
    combine: Callable[[float, float], float] = operator.add
    """What the numbers of two workers are together."""


LOOP_LAG = Instrument(
    name="antechamber_event_loop_lag_seconds",
    kind="histogram",
    help="How much later than asked for a sleeping task is woken.",
    bounds=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
_BUILD = Instrument(
    name="antechamber_build_info",
    kind="gauge",
    help="Always 1; the label says which version runs.",
    labels=("version",),
    combine=max,
)
_PROCESS = (
    Instrument(
        name="process_cpu_seconds_total",
        kind="counter",
        help="CPU time of all workers, user and system. Linux only, as are the rest of its kind.",
    ),
    Instrument(
        name="process_resident_memory_bytes",
        kind="gauge",
        help="Resident memory of all workers; memory that they share is counted for each.",
    ),
    Instrument(
        name="process_virtual_memory_bytes",
        kind="gauge",
        help="Virtual memory of all workers.",
    ),
    Instrument(
        name="process_open_fds",
        kind="gauge",
        help="Open file descriptors of all workers.",
    ),
    Instrument(
        name="process_max_fds",
        kind="gauge",
        help="How many file descriptors one worker may open.",
        combine=min,
    ),
    Instrument(
        name="process_start_time_seconds",
        kind="gauge",
        help="When the first of the workers started, in seconds since 1970.",
        combine=min,
    ),
)
INSTRUMENTS = (LOOP_LAG, _BUILD, *_PROCESS)
"""What every process has."""


class Meter:
    """The cells of one process. Each cell has one writer, so that none waits for another."""

    def __init__(self) -> None:
        self._cells: Numbers = {}
        self._readings: list[Reading] = []
        # Guards which cells there are, not what stands in them.
        self._lock = Lock()
        self.read(lambda: {_BUILD.name: {(__version__,): 1.0}})
        self.read(_process_reading())

    def cell(self, instrument: Instrument, *labels: str) -> Cell:
        """Return the cell of a counter or histogram, to be added to by one thread alone."""
        size = len(instrument.bounds) + 2 if instrument.kind == "histogram" else 1
        with self._lock:
            cells = self._cells.setdefault(instrument.name, {})
            return cells.setdefault(labels, [0.0] * size)

    def read(self, reading: Reading) -> None:
        """Ask ``reading`` whenever the numbers are asked for."""
        self._readings.append(reading)

    def numbers(self) -> Numbers:
        """Return a copy of all cells as they are now."""
        with self._lock:
            numbers = {
                name: {labels: [*cell] for labels, cell in cells.items()}
                for name, cells in self._cells.items()
            }
        for reading in self._readings:
            for name, values in reading().items():
                numbers[name] = {labels: [float(value)] for labels, value in values.items()}
        return numbers


def observe(cell: Cell, bounds: tuple[float, ...], value: float) -> None:
    """Put one value into the cell of a histogram that has these bounds."""
    cell[bisect_left(bounds, value)] += 1
    cell[-1] += value


def combined(instruments: Sequence[Instrument], parts: Sequence[Numbers]) -> Numbers:
    """Return the numbers of several workers as one; of ``instruments`` alone."""
    together: Numbers = {}
    for instrument in instruments:
        cells = together.setdefault(instrument.name, {})
        for part in parts:
            for labels, cell in part.get(instrument.name, {}).items():
                known = cells.get(labels)
                cells[labels] = cell if known is None else [*map(instrument.combine, known, cell)]
    return together


async def watch_loop(meter: Meter, clock: Clock) -> None:
    """Measure the lag of the event loop for as long as it runs."""
    cell = meter.cell(LOOP_LAG)
    while True:
        asleep_at = clock.monotonic()
        await clock.sleep(_LAG_EVERY_S)
        lag_s = clock.monotonic() - asleep_at - _LAG_EVERY_S
        observe(cell, LOOP_LAG.bounds, max(0.0, lag_s))


def _process_reading() -> Reading:
    process = ProcessCollector(registry=None)

    def read() -> Mapping[str, Mapping[Labels, float]]:
        samples = (sample for family in process.collect() for sample in family.samples)
        return {sample.name: {(): sample.value} for sample in samples}

    return read
