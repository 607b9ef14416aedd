"""The tables of the comparison, from what was found."""

import statistics
from collections.abc import Mapping, Sequence

from bench.cases import CASES, Bench, Case
from bench.peers import OURS
from bench.report import TIMES, Section

_SIDE_BY_SIDE = "Gateways side by side"


def table(bench: Bench) -> Section:
    """Return what each server reached, and the ratios."""
    names = [server.name for server in bench.servers]
    others = [name for name in names if name != OURS]
    rows: list[list[str]] = []
    for case in CASES:
        values = {name: _median(bench, case, name) for name in names}
        if not any(values.values()):
            continue
        ours = values.get(OURS)
        row = [f"{case.title}, {case.unit}", *(_number(values[name]) for name in names)]
        rows.append([*row, *(_times(case, ours, values[name]) for name in others)])
    return Section(
        title=_SIDE_BY_SIDE,
        note=(
            "Medians. The last columns say how many times better this server is "
            "(below 1: worse). Added latency is the median through the gateway less the median "
            "of the upstream asked directly."
        ),
        columns=("", *names, *(TIMES + name for name in others)),
        rows=rows,
    )


def costs(bench: Bench) -> Section:
    """Return what each server computed for it."""
    names = [server.name for server in bench.servers]
    rows: list[list[str]] = []
    for case in CASES:
        costs: list[str] = []
        for name in names:
            found = bench.found.get((case.name, name), [])
            cpu = [each.cpu_us for each in found if each.cpu_us is not None]
            costs.append(_number(statistics.median(cpu)) if cpu else "")
        if any(costs):
            each = "event" if case.unit == "events/s" else "request"
            rows.append([f"{case.title}, per {each}", *costs])
    return Section(
        title="What each costs",
        note="Microseconds of CPU that the server's processes spent, by the system's count.",
        columns=("", *names),
        rows=rows,
    )


def memory(bench: Bench, start: Mapping[str, tuple[float, float]]) -> Section:
    """Return how soon each server answers, and its memory now and before the cases."""
    names = [server.name for server in bench.servers]
    at_start = [f"{sum(start[server.name]):.0f} MB" for server in bench.servers]
    after = [f"{sum(server.running.memory_mb()):.0f} MB" for server in bench.servers]
    healthy = [f"{server.running.healthy_s:.2f} s" for server in bench.servers]
    return Section(
        title="Start and memory of gateways",
        note="Resident memory of all processes of a server; seconds from the start of its process.",
        columns=("", *names),
        rows=[
            ["first answer", *healthy],
            ["memory after the start", *at_start],
            ["memory after the cases above", *after],
        ],
    )


def chart_rows(sections: Sequence[Section]) -> Section | None:
    """Return the table that the plot shows."""
    found = [section for section in sections if section.title == _SIDE_BY_SIDE]
    return found[0] if found else None


def _median(bench: Bench, case: Case, name: str) -> float | None:
    found = bench.found.get((case.name, name))
    return statistics.median(each.value for each in found) if found else None


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _times(case: Case, ours: float | None, theirs: float | None) -> str:
    if not ours or not theirs or ours < 0 or theirs < 0:
        return ""
    times = theirs / ours if case.smaller_is_better else ours / theirs
    return f"{times:.1f}" if times >= 1 else f"{times:.2f}"
