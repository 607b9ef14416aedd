"""Connections to upstreams: opened when there is none to use again, kept for a while after use."""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import lru_cache

import aiohappyeyeballs

from antechamber.outbound.errors import BrokenOff, Unheard, Unreachable
from antechamber.outbound.http1 import Connection, Reply
from antechamber.outbound.request import Origin

_KEPT_S = 4.0
"""How long a connection is kept unused: uvicorn (and with it vLLM), Node and llama.cpp close
theirs after 5 s."""
_KEPT_SECURE_S = 50.0
"""Behind TLS stand front ends that keep theirs for a minute and more, and a handshake is dear."""
_MOST_KEPT = 128
"""Unused connections to one place; those in use are bounded by who uses them."""
_NEXT_ADDRESS_S = 0.25  # RFC 8305, 5: the next address is tried beside the first
_RESET = struct.pack("ii", 1, 0)

_Place = tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]
AddressInfo = tuple[int, int, int, str, _Place]
Addresses = Callable[[Origin], Awaitable[Sequence[AddressInfo]]]


class Pool:
    """The connections of one client, by where they go."""

    def __init__(
        self,
        *,
        connect_s: float,
        keep_alive: bool,
        trust: ssl.SSLContext | None = None,
        addresses: Addresses | None = None,
    ) -> None:
        """``trust`` is the machine's own store of certificates where it is None.

        ``addresses`` says where an origin is, asked for each connection; None is whoever the loop
        asks. What it raises beside ``OSError`` comes out of ``ask``.
        """
        self._connect_s = connect_s
        self._keep_alive = keep_alive
        self._trust = trust
        self._addresses = addresses or _addresses
        self._kept: dict[Origin, list[Connection]] = {}
        self._open: dict[Connection, Origin] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._closed = False
        self._emptied: asyncio.Future[None] | None = None

    async def ask(
        self, origin: Origin, head: bytes, body: bytes, *, within_s: float
    ) -> tuple[Connection, Reply]:
        """Send a request and wait for the head of its answer; raises one of ``FOREIGN``.

        The connection is to be given back. ``within_s`` bounds the wait for the head alone.
        """
        kept = self._take(origin)
        if kept is not None:
            reply = await self._try(kept, head, body, within_s)
            if reply is not None:
                return kept, reply
        made = await self._connect(origin)
        try:
            return made, await made.ask(head, body, within_s=within_s)
        except BaseException:
            made.release()
            made.abort()
            raise

    async def _try(
        self, kept: Connection, head: bytes, body: bytes, within_s: float
    ) -> Reply | None:
        """Ask on a used connection; None when its end was on the way, so that nobody has read it.

        Only that is repeated: what ends later has perhaps been read, and is an ordinary fault.
        """
        try:
            return await kept.ask(head, body, within_s=within_s)
        except Unheard:
            return None
        except BaseException:
            kept.release()
            kept.abort()
            raise

    def give_back(self, connection: Connection) -> None:
        """Keep ``connection`` for the next request, or close it if its answer has not ended."""
        origin = self._open.get(connection)
        reply = connection.release()
        if reply is None or origin is None or self._closed or not self._keep_alive:
            connection.abort()
            return
        kept = self._kept.setdefault(origin, [])
        if len(kept) >= _MOST_KEPT:
            connection.abort()
            return
        connection.expires = connection.now() + _kept_s(origin, reply.headers.get("keep-alive"))
        kept.append(connection)
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_KEPT_S, self._sweep)

    def _take(self, origin: Origin) -> Connection | None:
        """Return the connection that was used last: the others may expire."""
        kept = self._kept.get(origin)
        while kept:
            connection = kept.pop()
            if connection.usable and connection.now() < connection.expires:
                return connection
            connection.abort()
        return None

    def _sweep(self) -> None:
        self._sweeping = None
        for kept in self._kept.values():
            for connection in [one for one in kept if one.now() >= one.expires]:
                kept.remove(connection)
                connection.abort()
        self._kept = {origin: kept for origin, kept in self._kept.items() if kept}
        if self._kept:
            self._sweeping = asyncio.get_running_loop().call_later(_KEPT_S, self._sweep)

    async def _connect(self, origin: Origin) -> Connection:
        try:
            async with asyncio.timeout(self._connect_s):
                trust = self._trust or await _system_trust() if origin.secure else None
                opened = await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType] - bare tuples
                    await self._addresses(origin),
                    happy_eyeballs_delay=_NEXT_ADDRESS_S,
                    interleave=1,
                    socket_factory=self._socket,
                )
                connection = await self._over(opened, origin, trust)
        except TimeoutError:
            raise
        except (OSError, UnicodeError) as error:  # the latter for a name that can be no name
            raise Unreachable(str(error)) from error
        if self._closed or not connection.usable:
            connection.abort()
            message = "closed"
            raise BrokenOff(message)
        self._open[connection] = origin
        return connection

    async def _over(
        self, opened: socket.socket, origin: Origin, trust: ssl.SSLContext | None
    ) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(loop, self._lost),
                sock=opened,
                ssl=trust,
                server_hostname=origin.host if origin.secure else None,
            )
        except BaseException:
            # uvloop has let go of it or not, as it comes (MagicStack/uvloop#653).
            with suppress(OSError):
                opened.close()
            raise
        return connection

    def _socket(self, address: AddressInfo) -> socket.socket:
        family, kind, protocol = address[:3]
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)  # noqa: FBT003 - the standard library's signature
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._keep_alive:
            # Closing is a reset, which a writing peer notices at its next write. After an
            # ordinary close the first write of the peer still goes well.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        return made

    def _lost(self, connection: Connection) -> None:
        origin = self._open.pop(connection, None)
        if origin is not None and connection in (kept := self._kept.get(origin, [])):
            kept.remove(connection)
        if self._emptied is not None and not self._open and not self._emptied.done():
            self._emptied.set_result(None)

    async def aclose(self) -> None:
        """Close every connection, and wait until they are."""
        self._closed = True
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        for connection in list(self._open):
            connection.abort()
        self._kept.clear()
        if self._open:
            self._emptied = asyncio.get_running_loop().create_future()
            await self._emptied


def _kept_s(origin: Origin, told: str | None) -> float:
    usual_s = _KEPT_SECURE_S if origin.secure else _KEPT_S
    if told is None:
        return usual_s
    for part in told.split(","):
        name, _, seconds = part.strip().partition("=")
        if name.lower() == "timeout" and seconds.isdecimal():
            # A second for the way there; not longer than the socket's own upkeep is worth.
            return max(0.0, min(int(seconds[:6]) - 1.0, _KEPT_SECURE_S))
    return usual_s


async def _addresses(origin: Origin) -> Sequence[AddressInfo]:
    try:  # without a thread where the host is an address already
        return socket.getaddrinfo(
            origin.host, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
    except socket.gaierror:
        loop = asyncio.get_running_loop()
        return await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)


async def _system_trust() -> ssl.SSLContext:
    # Reading the store takes some 20 ms.
    return await asyncio.to_thread(_make_system_trust)


@lru_cache(maxsize=1)
def _make_system_trust() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
