"""What is compared, and how each kind of it is measured."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import bodies, load
from bench.peers import Ask, Form, Way
from bench.processes import Running

_IMAGE_RATE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One burst against one server."""

    value: float
    """What the case compares."""
    cpu_us: float | None = None
    """What the server computed for each unit: steadier than the rate where others work too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to compare."""

    name: str
    title: str
    unit: str
    way: Way
    form: Form
    body: str
    measure: Callable[["Bench", "Server", "Case"], Measured]
    smaller_is_better: bool = False
    rounds: int = 3


@dataclass(slots=True, kw_only=True)
class Server:
    """A gateway that runs."""

    name: str
    running: Running
    asks: Mapping[tuple[Way, Form], Ask]


@dataclass(slots=True, kw_only=True)
class Bench:
    """What all cases share."""

    folder: Path
    burst_s: float
    server_pin: list[str]
    load_pin: list[str]
    direct: Server
    """The upstream, asked without a gateway."""
    servers: list[Server] = field(default_factory=list[Server])
    found: dict[tuple[str, str], list[Measured]] = field(
        default_factory=dict[tuple[str, str], list[Measured]]
    )
    """By case and server."""

    def target(self, server: Server, case: Case) -> load.Target:
        """Return where ``case`` goes."""
        ask = server.asks[case.way, case.form]
        return load.Target(port=server.running.port, ask=ask, body=self.body(case.body, ask))

    def body(self, kind: str, ask: Ask) -> Path:
        """Return the file of a body, with the model that the server knows."""
        file = self.folder / f"{kind}-{ask.model}.json"
        if not file.exists():
            file.write_bytes(bodies.encoded(ask.model, bodies.KINDS[kind]()))
        return file


# ---- how each kind of case is measured ---------------------------------------


def _rate(connections: int) -> Callable[[Bench, Server, Case], Measured]:
    def measure(bench: Bench, server: Server, case: Case) -> Measured:
        before = server.running.cpu_s()
        burst = load.whole(
            bench.target(server, case),
            bench.load_pin,
            connections=connections,
            seconds=bench.burst_s,
        )
        spent = server.running.cpu_s() - before
        return Measured(value=burst.per_s, cpu_us=spent / burst.requests * 1e6)

    return measure


def _latency(bench: Bench, server: Server, case: Case) -> Measured:
    target = bench.target(server, case)
    seconds = max(1.0, bench.burst_s / 2)
    through = load.whole(target, bench.load_pin, connections=1, seconds=seconds)
    direct = load.whole(
        bench.target(bench.direct, case), bench.load_pin, connections=1, seconds=1.0
    )
    return Measured(value=through.p50_ms - direct.p50_ms)


def _events(bench: Bench, server: Server, case: Case) -> Measured:
    before, started = server.running.cpu_s(), time.monotonic()
    seen = load.streams(
        bench.target(server, case), bench.load_pin, connections=8, seconds=bench.burst_s
    )
    spent, lasted = server.running.cpu_s() - before, time.monotonic() - started
    # The reader is also busy while it starts; the server's cost is spread over what it then does.
    busy = min(lasted, bench.burst_s + 0.3)
    return Measured(value=seen.events_per_s, cpu_us=spent / (seen.events_per_s * busy) * 1e6)


def _images(bench: Bench, server: Server, case: Case) -> Measured:
    before = server.running.cpu_s()
    seen = load.paced(
        bench.target(server, case), bench.load_pin, rate=_IMAGE_RATE, seconds=bench.burst_s
    )
    spent = server.running.cpu_s() - before
    return Measured(value=seen.p50_ms, cpu_us=spent / seen.requests * 1e6)


CASES = (
    Case(
        name="latency",
        title="added latency, 1 connection",
        unit="ms",
        way="relay",
        form="",
        body="small",
        measure=_latency,
        smaller_is_better=True,
    ),
    Case(
        name="relay",
        title="passthrough, 32 connections",
        unit="req/s",
        way="relay",
        form="",
        body="small",
        measure=_rate(32),
    ),
    Case(
        name="relay-stream",
        title="passthrough stream, upstream writes event by event",
        unit="events/s",
        way="relay",
        form="",
        body="streamed",
        measure=_events,
    ),
    Case(
        name="relay-coalesced",
        title="passthrough stream, upstream writes all at once",
        unit="events/s",
        way="relay",
        form="coalesced",
        body="streamed",
        measure=_events,
    ),
    Case(
        name="chat",
        title="converted, 32 connections",
        unit="req/s",
        way="chat",
        form="",
        body="small",
        measure=_rate(32),
    ),
    Case(
        name="chat-stream",
        title="converted stream, upstream writes event by event",
        unit="events/s",
        way="chat",
        form="",
        body="streamed",
        measure=_events,
    ),
    Case(
        name="chat-coalesced",
        title="converted stream, upstream writes all at once",
        unit="events/s",
        way="chat",
        form="coalesced",
        body="streamed",
        measure=_events,
    ),
    Case(
        name="agent",
        title="agent's body of 266 KB, passthrough, 8 connections",
        unit="req/s",
        way="relay",
        form="",
        body="agent",
        measure=_rate(8),
    ),
    Case(
        name="images",
        title=f"10 MB of images at {_IMAGE_RATE:.0f} req/s, passthrough: median answer",
        unit="ms",
        way="relay",
        form="",
        body="images",
        measure=_images,
        smaller_is_better=True,
    ),
)
