"""This server beside LiteLLM, Portkey and nginx, before an upstream that answers at once."""

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from rich.console import Console

from bench import load, peers, tables
from bench.cases import CASES, Bench, Case, Server
from bench.peers import OURS, Peer
from bench.processes import Launch, NotStarted, Running, free_port, running
from bench.report import Section

CASE_NAMES = (*(case.name for case in CASES), "memory", "paced")
_ROOT = Path(__file__).parents[1]
_OPEN_STREAMS = 500
_UNTIL_ALL_RUN_S = 3.5
"""The reader starts, opens its connections one after the other and waits for an even state."""
_say = Console(stderr=True).print


def measure(*, quick: bool, only: str | None) -> list[Section]:
    """Run the cases against every gateway that is installed."""
    if shutil.which("wrk") is None:
        message = "wrk is missing; `make bench-setup` says how to get it"
        raise FileNotFoundError(message)
    cores = sorted(os.sched_getaffinity(0))
    pins = [["taskset", "-c", str(core)] for core in (cores[0], cores[-1])]
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        contextlib.ExitStack() as closing,
    ):
        upstream = closing.enter_context(_upstream(pins[1]))
        bench = Bench(
            folder=Path(folder),
            burst_s=1.0 if quick else 3.0,
            server_pin=pins[0],
            load_pin=pins[1],
            direct=Server(name="direct", running=upstream, asks=peers.direct_asks()),
        )
        described = _start(bench, closing, upstream.url)
        start = {server.name: server.running.memory_mb() for server in bench.servers}
        _warm(bench)
        _run_cases(bench, quick=quick, only=only)
        sections = [tables.table(bench), tables.costs(bench)]
        if only in {None, "memory"}:
            sections.append(tables.memory(bench, start))
        if only in {None, "paced"}:
            sections.append(_paced(bench, seconds=2.0 if quick else 4.0))
    shown = [section for section in sections if section.rows]
    return [*shown, described]


@contextlib.contextmanager
def _upstream(pin: Sequence[str]) -> Generator[Running, None, None]:
    port = free_port()
    command = [*pin, sys.executable, "-m", "bench.mock_upstream", str(port)]
    launch = Launch(command=command, port=port, health="/", ready="/", folder=_ROOT)
    with running(launch) as upstream:
        yield upstream


def _start(bench: Bench, closing: contextlib.ExitStack, upstream: str) -> Section:
    """Start what is there; the section tells the versions and settings."""
    rows: list[list[str]] = []
    for make in (peers.antechamber, peers.litellm, peers.portkey, peers.nginx):
        peer = make(bench.folder, upstream, bench.server_pin)
        if peer is None:
            _say(f"{make.__name__} is not installed: `make bench-setup`")
            continue
        peer, server = _started(bench, closing, peer, upstream)
        bench.servers.append(Server(name=peer.name, running=server, asks=peer.asks))
        rows.append([peer.name, peer.about])
        _say(f"{peer.name} answers after {server.healthy_s:.2f} s")
    return Section(
        title="What was compared",
        note=(
            "Each server on one core, load and upstream on another; all in one run, in turn. "
            "wrk asks for whole answers, a reader of this repository for streams of 100 events."
        ),
        columns=("", "version and settings"),
        rows=rows,
    )


def _started(
    bench: Bench, closing: contextlib.ExitStack, peer: Peer, upstream: str
) -> tuple[Peer, Running]:
    try:
        return peer, closing.enter_context(running(peer.launch))
    except NotStarted:
        if peer.name != OURS:
            raise
        told = peer.launch.log.read_text("utf-8").strip() if peer.launch.log else ""
        _say(f"{peer.name} starts without its conversion: {told.splitlines()[-1:]}")
        peer = peers.antechamber(bench.folder, upstream, bench.server_pin, ("relay",))
        return peer, closing.enter_context(running(peer.launch))


def _warm(bench: Bench) -> None:
    """Ask every server a while on each of its ways: first requests load code."""
    for server in bench.servers:
        for way in peers.WAYS:
            if (way, "") not in server.asks:
                continue
            ask = server.asks[way, ""]
            for body in ("small", "streamed"):
                target = load.Target(port=server.running.port, ask=ask, body=bench.body(body, ask))
                try:
                    if body == "small":
                        load.whole(target, bench.load_pin, connections=8, seconds=2)
                    else:
                        load.streams(target, bench.load_pin, connections=8, seconds=1)
                except load.LoadFailed as failure:
                    _say(f"{server.name}, {way}: {str(failure)[:500]}")


def _run_cases(bench: Bench, *, quick: bool, only: str | None) -> None:
    for case in CASES:
        if only not in {None, case.name}:
            continue
        able = [server for server in bench.servers if (case.way, case.form) in server.asks]
        for turn in range(1 if quick else case.rounds):
            # Forwards and backwards, so that a change in the machine's noise meets all alike.
            for server in able if turn % 2 else reversed(able):
                _one(bench, server, case)


def _one(bench: Bench, server: Server, case: Case) -> None:
    try:
        measured = case.measure(bench, server, case)
    except load.LoadFailed as failure:
        _say(f"{case.title}: {server.name} failed: {str(failure)[:500]}")
        return
    cost = "" if measured.cpu_us is None else f", {measured.cpu_us:.1f} µs of CPU each"
    _say(f"{case.title}: {server.name} {measured.value:,.2f} {case.unit}{cost}")
    bench.found.setdefault((case.name, server.name), []).append(measured)


def _paced(bench: Bench, *, seconds: float) -> Section:
    rows: list[list[str]] = []
    for way in peers.WAYS:
        for server in (bench.direct, *bench.servers):
            if (way, "paced") not in server.asks:
                continue
            ask = server.asks[way, "paced"]
            body = bench.body("streamed", ask)
            target = load.Target(port=server.running.port, ask=ask, body=body)
            what = "passthrough" if way == "relay" else "converted"
            rows.append([f"{server.name}, {what}", *_paced_row(bench, server, target, seconds)])
    return Section(
        title=f"{_OPEN_STREAMS} streams at 50 tokens a second",
        note=(
            "How late events come against an even pace from the first event of their stream: the "
            "upstream's own timer and the reader are in it, as the direct row shows. Fewer events "
            "than the direct row has mean that streams wait before they begin, or fall behind. "
            "Memory is the growth of the server while the streams are open."
        ),
        columns=("", "events/s", "late, 99th percentile", "memory per stream", "CPU"),
        rows=rows,
    )


def _paced_row(bench: Bench, server: Server, target: load.Target, seconds: float) -> list[str]:
    before = sum(server.running.memory_mb())
    try:
        with load.reading_streams(
            target, bench.load_pin, connections=_OPEN_STREAMS, seconds=seconds, pace_s=0.02
        ) as reader:
            time.sleep(_UNTIL_ALL_RUN_S)
            cpu_before, started = server.running.cpu_s(), time.monotonic()
            grown = sum(server.running.memory_mb()) - before
            seen = load.finish(reader)
    except load.LoadFailed as failure:
        _say(f"{server.name}, paced: {str(failure)[:500]}")
        return ["failed", "", "", ""]
    cpu = (server.running.cpu_s() - cpu_before) / (time.monotonic() - started)
    late = f"{seen.late_p99_ms:.0f} ms"
    memory = "" if server is bench.direct else f"{max(0.0, grown) * 1000 / _OPEN_STREAMS:.0f} KB"
    return [f"{seen.events_per_s:,.0f}", late, memory, f"{cpu * 100:.0f} %"]
