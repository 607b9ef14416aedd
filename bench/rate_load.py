"""Sends one body at a fixed rate: ``python -m bench.rate_load`` with a JSON order on stdin.

Waits for no answer before the next request, as independent clients do; prints JSON.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import cast

import uvloop

_GIVE_UP_S = 20.0
"""What has not been answered this long after the last request counts as failed."""


class Sender(asyncio.Protocol):
    """One connection; answers have a content length or end with the last chunk."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self.answered: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send."""
        self._transport = cast(asyncio.Transport, transport)

    async def ask(self, head: bytes, body: bytes) -> bytes:
        """Send and return the answer."""
        assert self._transport is not None
        self._received.clear()
        self.answered = asyncio.get_running_loop().create_future()
        self._transport.write(head)
        self._transport.write(body)
        return await self.answered

    def data_received(self, data: bytes) -> None:
        """Collect until the answer is complete."""
        self._received += data
        head, found, body = bytes(self._received).partition(b"\r\n\r\n")
        if not found or self.answered is None or self.answered.done():
            return
        length = _length(head)
        if body.endswith(b"0\r\n\r\n") if length is None else len(body) >= length:
            self.answered.set_result(head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits."""
        if self.answered is not None and not self.answered.done():
            self.answered.set_exception(exc or ConnectionResetError())


def _length(head: bytes) -> int | None:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return None


async def _run(order: dict[str, object], body: bytes) -> dict[str, object]:
    loop = asyncio.get_running_loop()
    head = str(order["head"]).encode() + b"\r\n\r\n"
    rate, seconds = float(cast(float, order["rate"])), float(cast(float, order["seconds"]))
    idle: list[Sender] = []
    spent: list[float] = []

    async def one() -> None:
        started = time.perf_counter()
        if idle:
            sender = idle.pop()
        else:
            _, sender = await loop.create_connection(
                Sender, "127.0.0.1", int(cast(int, order["port"]))
            )
        answer = await sender.ask(head, body)
        assert b" 200 " in answer[:20], answer
        spent.append(time.perf_counter() - started)
        idle.append(sender)

    begun = time.perf_counter()
    tasks: list[asyncio.Task[None]] = []
    for at in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begun + at / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one()))
    done, late = await asyncio.wait(tasks, timeout=_GIVE_UP_S)
    ended = time.perf_counter()
    for task in late:
        task.cancel()
    failures = [task for task in done if task.exception() is not None]
    ordered = sorted(spent) or [0.0]
    return {
        "answered": len(spent),
        "seconds": ended - begun,
        "failures": len(failures) + len(late),
        "first_failure": repr(failures[0].exception()) if failures else "",
        "p50_ms": ordered[len(ordered) // 2] * 1000,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1000,
    }


if __name__ == "__main__":
    given = json.loads(sys.stdin.readline())
    found = uvloop.run(_run(given, Path(given["body"]).read_bytes()))
    sys.stdout.write(json.dumps(found) + "\n")
