"""A server on loopback that answers with the bytes that a test lays down."""

import asyncio
import os
import re
import socket
import ssl
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from antechamber.outbound.client import Timeouts, UpstreamClient

NAME = "The upstream"
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
LONG_S = 600.0
"""Longer than a test may take: whoever waits for it is not released."""
TINY_S = 0.05
SHORT = Timeouts(connect_s=30, idle_s=30)


@dataclass
class Heard:
    """A request that has come, and the way back."""

    head: bytes
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    nth: int
    """Which connection it came on, counted from 1."""
    left: asyncio.Event

    def headers(self) -> dict[str, list[str]]:
        told: dict[str, list[str]] = {}
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            if line:
                name, _, value = line.partition(": ")
                told.setdefault(name.lower(), []).append(value)
        return told

    async def say(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()

    def reset(self) -> None:
        """End the connection as a process that crashes does, not as one that has finished."""
        with socket.socket(fileno=os.dup(self.writer.get_extra_info("socket").fileno())) as same:
            same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def gone(self) -> None:
        """Wait until the client has left."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass
        self.left.set()


Answering = Callable[[Heard], Awaitable[None]]


@dataclass
class Played:
    """What a test sees of the server."""

    url: str = ""
    requests: list[Heard] = field(default_factory=list)
    connections: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    async def settled(self) -> None:
        """Wait until no connection is open."""
        await asyncio.gather(*self.serving, return_exceptions=True)

    def client(
        self,
        *,
        keep_alive: bool = True,
        trust: ssl.SSLContext | None = None,
        headers: dict[str, str] | None = None,
        **timeouts: float,
    ) -> UpstreamClient:
        return UpstreamClient(
            NAME,
            self.url,
            headers=headers or {},
            timeouts=Timeouts(**timeouts),
            keep_alive=keep_alive,
            trust=trust,
        )


def saying(*pieces: bytes, then: str = "stay") -> Answering:
    """Write the pieces; then stay, ``close`` the connection, ``reset`` it or be ``silent``."""

    async def answer(heard: Heard) -> None:
        await heard.say(*pieces)
        if then == "close":
            heard.writer.close()
        elif then == "reset":
            heard.reset()
        elif then == "silent":
            await heard.gone()

    return answer


def serves(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def trusts(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificate))
    context.set_alpn_protocols(["http/1.1"])
    return context


@asynccontextmanager
async def serving(
    answer: Answering, *, trust: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncGenerator[Played]:
    """Give a server that answers each request of each connection with ``answer``."""
    played = Played()
    writers: set[asyncio.StreamWriter] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        played.serving.add(task)
        writers.add(writer)
        played.connections += 1
        nth = played.connections
        try:
            while not writer.is_closing():
                head = await reader.readuntil(b"\r\n\r\n")
                size = re.search(rb"content-length: (\d+)", head)
                body = await reader.readexactly(int(size[1]) if size else 0)
                heard = Heard(head, body, reader, writer, nth, played.left)
                played.requests.append(heard)
                await answer(heard)
        except (OSError, asyncio.IncompleteReadError):
            played.left.set()
        finally:
            writer.close()
            writers.discard(writer)
            played.serving.discard(task)

    server = await asyncio.start_server(serve, host, 0, ssl=trust)
    name = f"[{host}]" if ":" in host else "localhost" if trust else host
    port = server.sockets[0].getsockname()[1]
    played.url = f"{'https' if trust else 'http'}://{name}:{port}"
    try:
        async with asyncio.timeout(60):
            yield played
    finally:
        server.close()
        for writer in list(writers):
            writer.transport.abort()
        await played.settled()


async def body_of(client: UpstreamClient, body: bytes = b"{}") -> bytes:
    """Post and read the whole answer."""
    async with client.send("/x", body) as answer:
        return await answer.read(max_bytes=1 << 24)
