"""What asks: wrk for whole answers, a reader of streams, a fixed rate for large bodies."""

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.peers import Ask

_SCRIPT = Path(__file__).with_name("post.lua")
MARK = '" token"'
"""Stands once in every piece of text, in whatever dialect it comes."""


class LoadFailed(RuntimeError):
    """Some requests were not answered well, so their time means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A running server and how to ask it."""

    port: int
    ask: Ask
    body: Path
    """The file that holds the request's body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """A burst of whole answers."""

    per_s: float
    p50_ms: float
    p99_ms: float
    requests: int


def whole(target: Target, pin: Sequence[str], *, connections: int, seconds: float) -> Whole:
    """Ask as fast as answers come; raises ``LoadFailed``."""
    url = f"http://127.0.0.1:{target.port}{target.ask.path}"
    command = [*pin, "wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "20s"]
    command += ["-s", str(_SCRIPT), url, "--", str(target.body)]
    for name, value in {"content-type": "application/json", **target.ask.headers}.items():
        command += [name, value]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(told.strip().splitlines()[-1])
    if found["refused"] or found["broken"] or not found["requests"]:
        raise LoadFailed(told)
    return Whole(
        per_s=found["requests"] / found["seconds"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        requests=found["requests"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """What a reader of streams has seen."""

    events_per_s: float
    streams_per_s: float
    late_p99_ms: float
    seconds: float
    """The whole time in which the server was busy, for its cost."""


def streams(
    target: Target, pin: Sequence[str], *, connections: int, seconds: float, pace_s: float = 0.0
) -> Streams:
    """Read streams, each connection one after the other; raises ``LoadFailed``."""
    with reading_streams(
        target, pin, connections=connections, seconds=seconds, pace_s=pace_s
    ) as reader:
        return finish(reader)


@contextlib.contextmanager
def reading_streams(
    target: Target, pin: Sequence[str], *, connections: int, seconds: float, pace_s: float
) -> Generator[subprocess.Popen[str], None, None]:
    """Begin to read streams; ``finish`` waits for what was found."""
    order = {
        "port": target.port,
        "request": raw_request(target).decode(),
        "mark": MARK,
        "connections": connections,
        "seconds": seconds,
        "pace_s": pace_s,
        "warm_s": 2.0 if pace_s else 0.3,
    }
    reader = subprocess.Popen(
        [*pin, sys.executable, "-m", "bench.stream_load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin is not None
    try:
        reader.stdin.write(json.dumps(order) + "\n")
        reader.stdin.flush()
        yield reader
    finally:
        reader.kill()
        reader.communicate()


def finish(reader: subprocess.Popen[str]) -> Streams:
    """Return what the reader found; raises ``LoadFailed``."""
    started = time.monotonic()
    assert reader.stdout is not None
    told = reader.stdout.readline()
    if not told:
        message = "the reader of streams ended early"
        raise LoadFailed(message)
    found = json.loads(told)
    if found["failures"] or not found["events_per_s"]:
        raise LoadFailed(told)
    return Streams(
        events_per_s=found["events_per_s"],
        streams_per_s=found["streams_per_s"],
        late_p99_ms=found["late_ms"].get("p99", 0.0),
        seconds=time.monotonic() - started,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """Requests sent at a fixed rate."""

    per_s: float
    p50_ms: float
    p99_ms: float
    requests: int


def paced(target: Target, pin: Sequence[str], *, rate: float, seconds: float) -> Paced:
    """Send at a fixed rate whatever becomes of the ones before; raises ``LoadFailed``."""
    head, _, _ = raw_request(target, with_body=False).partition(b"\r\n\r\n")
    order: dict[str, object] = {
        "port": target.port,
        "head": head.decode(),
        "body": str(target.body),
        "rate": rate,
        "seconds": seconds,
    }
    done = subprocess.run(
        [*pin, sys.executable, "-m", "bench.rate_load"],
        input=json.dumps(order) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    found = cast(dict[str, float], json.loads(done.stdout))
    if found["failures"] or not found["answered"]:
        raise LoadFailed(done.stdout)
    return Paced(
        per_s=found["answered"] / found["seconds"],
        p50_ms=found["p50_ms"],
        p99_ms=found["p99_ms"],
        requests=int(found["answered"]),
    )


def raw_request(target: Target, *, with_body: bool = True) -> bytes:
    """Return the request as it goes over the wire."""
    size = target.body.stat().st_size
    lines = [f"POST {target.ask.path} HTTP/1.1", f"host: 127.0.0.1:{target.port}"]
    lines += ["content-type: application/json", f"content-length: {size}"]
    lines += [f"{name}: {value}" for name, value in target.ask.headers.items()]
    head = "\r\n".join(lines).encode() + b"\r\n\r\n"
    return head + (target.body.read_bytes() if with_body else b"")
