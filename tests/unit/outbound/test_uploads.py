"""Large requests: written as the upstream takes them, and waited for as long as it does."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.wire.errors import EngineTimedOut
from tests.unit.outbound.serving import LONG_S, NAME, OK, TINY_S, body_of, serves, trusts

FIRST_S = 0.5
BODY = b"x" * 24_000_000
Taking = Callable[[asyncio.StreamReader], Awaitable[bool]]
"""Reads a request; whether it is to be answered."""
places = pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])


@asynccontextmanager
async def taking(
    take: Taking, certificate: Path | None, first_s: float
) -> AsyncGenerator[UpstreamClient]:
    """Give the client of a server that reads a request with ``take``."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            if await take(reader):
                writer.write(OK)
            await left.wait()
        finally:
            writer.transport.abort()
            ended.set()

    left, ended = asyncio.Event(), asyncio.Event()
    place = socket.create_server(("127.0.0.1", 0))
    # What waits in the machine is taken already, as far as anybody can tell.
    place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    port = place.getsockname()[1]
    server = await asyncio.start_server(
        serve, sock=place, limit=1024, ssl=serves(certificate) if certificate else None
    )
    client = UpstreamClient(
        NAME,
        f"https://localhost:{port}" if certificate else f"http://127.0.0.1:{port}",
        headers={},
        timeouts=Timeouts(connect_s=LONG_S, first_s=first_s, idle_s=LONG_S),
        trust=trusts(certificate) if certificate else None,
    )
    try:
        async with asyncio.timeout(60):
            yield client
    finally:
        await client.aclose()
        left.set()
        await ended.wait()
        server.close()


@places
async def test_an_upload_goes_on_for_as_long_as_the_upstream_takes_some_of_it(
    certificate: Path, *, secure: bool
) -> None:
    async def slowly(reader: asyncio.StreamReader) -> bool:
        loop = asyncio.get_running_loop()
        began, size = loop.time(), 0
        while size < len(BODY) and (piece := await reader.read(1 << 18)):
            size += len(piece)
            # Evenly, over three times as long as an answer is waited for.
            await asyncio.sleep(began + 3 * FIRST_S * size / len(BODY) - loop.time())
        return True

    async with taking(slowly, certificate if secure else None, FIRST_S) as client:
        assert await body_of(client, BODY) == b"{}"


@places
async def test_an_upload_of_which_nothing_is_taken_has_a_limit(
    certificate: Path, *, secure: bool
) -> None:
    async def never(reader: asyncio.StreamReader) -> bool:
        del reader
        return False

    async with taking(never, certificate if secure else None, TINY_S) as client:
        with pytest.raises(EngineTimedOut, match=f"^{NAME} did not answer in time\\.$"):
            await body_of(client, BODY)


async def test_after_the_upload_the_answer_has_the_usual_limit() -> None:
    async def whole(reader: asyncio.StreamReader) -> bool:
        await reader.readexactly(len(BODY))
        return False

    async with taking(whole, None, FIRST_S) as client:
        with pytest.raises(EngineTimedOut):
            await body_of(client, BODY)
