"""Reads streams and counts what comes: ``python -m bench.stream_load`` with a JSON order on stdin.

Prints JSON: events and streams in the measured time, and for paced streams how late each event was
against its own stream's first one.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

_END = b"0\r\n\r\n"


@dataclass(slots=True, kw_only=True)
class Count:
    """What all connections together have read."""

    events: int = 0
    streams: int = 0
    failures: int = 0
    first_failure: str = ""
    first_s: list[float] = field(default_factory=list[float])
    """From a request to its first event."""
    late_s: list[float] = field(default_factory=list[float])
    open_streams: int = 0


class Reader(asyncio.Protocol):
    """One connection that asks, reads to the end and asks again."""

    def __init__(self, request: bytes, mark: bytes, pace_s: float, count: Count) -> None:
        self._request = request
        self._mark = mark
        self._pace_s = pace_s
        self._count = count
        self._tail = b""
        self._begun = False
        self._head = b""
        self._sent = self._first = 0.0
        self._seen = 0
        self._transport: asyncio.Transport | None = None
        self.stopping = False
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first stream."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        assert self._transport is not None
        self._tail = b""
        self._begun = False
        self._seen = 0
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count the marks, also one that is cut in two."""
        if not self._begun:
            self._begun = True
            self._head = data[:300]
            self._count.open_streams += 1
        data = self._tail + data
        found = data.count(self._mark)
        if found:
            self._note(found)
        if data.endswith(_END):
            self._finished()
        else:
            self._tail = self._rest(data)

    def _rest(self, data: bytes) -> bytes:
        """Return the end of ``data`` that may be the beginning of a mark."""
        keep = len(self._mark) - 1
        after = data.rfind(self._mark)
        return data[max(after + 1 if after >= 0 else 0, len(data) - keep) :]

    def _note(self, found: int) -> None:
        now = time.perf_counter()
        if not self._seen:
            self._first = now
            self._count.first_s.append(now - self._sent)
        if self._pace_s:
            late = now - self._first
            self._count.late_s += [late - (self._seen + at) * self._pace_s for at in range(found)]
        self._seen += found
        self._count.events += found

    def _finished(self) -> None:
        self._count.open_streams -= 1
        if self._seen and b" 200 " in self._head[:20]:
            self._count.streams += 1
        else:
            self._failed(self._head.decode(errors="replace"))
        if self.stopping or not self._seen:
            self.close()
        else:
            self._ask()

    def _failed(self, why: str) -> None:
        self._count.failures += 1
        self._count.first_failure = self._count.first_failure or why

    def close(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Say that nothing more comes."""
        if self._transport is not None and not self._transport.is_closing():
            self._failed(f"closed: {exc} {self._head!r}")
        if not self.closed.done():
            self.closed.set_result(None)


async def _run(order: dict[str, object]) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    count = Count()
    request = str(order["request"]).encode()
    mark = str(order["mark"]).encode()
    pace_s = float(cast(float, order.get("pace_s", 0.0)))
    readers: list[Reader] = []
    for _ in range(int(cast(int, order["connections"]))):
        _, reader = await loop.create_connection(
            lambda: Reader(request, mark, pace_s, count), "127.0.0.1", int(cast(int, order["port"]))
        )
        readers.append(reader)
        if pace_s:  # spread over one interval, as independent clients are
            await asyncio.sleep(pace_s / 10)
    if order.get("warm_s"):
        await asyncio.sleep(float(cast(float, order["warm_s"])))
    before, streams_before, started = count.events, count.streams, time.perf_counter()
    count.late_s.clear()
    count.first_s.clear()
    if order.get("say_open"):
        sys.stdout.write(json.dumps({"open": count.open_streams}) + "\n")
        sys.stdout.flush()
    await asyncio.sleep(float(cast(float, order["seconds"])))
    spent = time.perf_counter() - started
    answer: dict[str, object] = {
        "events_per_s": (count.events - before) / spent,
        "streams_per_s": (count.streams - streams_before) / spent,
        "failures": count.failures,
        "first_failure": count.first_failure,
        "first_ms": _quantiles(count.first_s),
        "late_ms": _quantiles(count.late_s),
    }
    for reader in readers:
        reader.stopping = True
        reader.close()
    await asyncio.wait([reader.closed for reader in readers], timeout=2)
    return answer


def _quantiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {
        name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000
        for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(_run(json.loads(sys.stdin.readline())))) + "\n")
