"""One HTTP/1.1 connection to an upstream: an exchange at a time, read as the bytes come."""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from antechamber.outbound.errors import BrokenOff, NotHttp, Unheard

_MOST_BARE = 64 * 1024
"""Bytes without one of a body: a head, trailers, extensions of a chunk."""
_MOST_UNREAD = 256 * 1024
"""Bytes of a body that wait for their reader before no more are taken from the socket."""
_PART = 64 * 1024
"""Up to this size a body is copied behind its head, so that both are one write; a larger one is
written in parts of it, as the upstream takes them."""
_UNDER_WAY_S = 0.1
"""How soon after a request the end of its connection may have been on the way already: a round
trip, which is below a millisecond nearby and some 90 ms across an ocean. What ends later may have
been at work on the request."""
_TICK_S = 0.002
"""What timers may fire too early: uvloop counts whole milliseconds."""
_SWITCHING = 101
_NOTHING = memoryview(b"")


class Reply:
    """What comes back to one request. Filled by its connection, read by one reader."""

    __slots__ = (
        "_connection",
        "asked",
        "bare",
        "begun",
        "ended",
        "failure",
        "head_size",
        "headers",
        "heard",
        "keeps",
        "pieces",
        "status",
        "unread",
        "until_closed",
    )

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self.asked = connection.now()
        """When the request was written, by the loop's time."""
        self.status = 0
        self.headers: dict[str, str] = {}
        """Names in small letters; repeated ones joined."""
        self.heard = False
        """Whether a byte has come."""
        self.begun = False
        """Whether the head is there."""
        self.ended = False
        self.keeps = False
        """Whether the connection may be used again."""
        self.until_closed = False
        """Whether the body ends with the connection."""
        self.failure: Exception | None = None
        self.pieces: list[bytes] = []
        self.unread = 0
        self.bare = 0
        self.head_size = 0

    async def head(self, within_s: float) -> None:
        """Wait for the head; the time begins anew with each part that the upstream has taken.

        Raises one of ``FOREIGN``, as ``piece`` does.
        """
        connection = self._connection
        until = self.asked + within_s
        while not self.begun:
            if self.failure is not None:
                raise self.failure
            uploading = connection.uploading
            await connection.wait(until)
            if uploading:
                until = connection.now() + within_s

    async def piece(self, until: float) -> bytes:
        """Return what has come of the body, nothing at its end; waits until the loop's ``until``.

        What came before a failure is returned before it is raised.
        """
        while not self.pieces:
            if self.ended:
                return b""
            if self.failure is not None:
                raise self.failure
            await self._connection.wait(until)
        pieces, self.pieces, self.unread = self.pieces, [], 0
        self._connection.taken()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def leave(self) -> None:
        """Give the rest up: what comes on the connection from now on is another's."""
        if not self.ended and self.failure is None:
            self.failure = BrokenOff("left")


class Connection(asyncio.Protocol):
    """A connection; ``on_lost`` is called once when it is no more."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, on_lost: Callable[["Connection"], None]
    ) -> None:
        self._loop = loop
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._reply: Reply | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self.now = loop.time
        self._unsent = _NOTHING
        """What of a large request has not been written yet."""
        self._full = False
        """Whether what has been written waits for the upstream to take it."""
        self.uploading = False
        """Whether the upstream has still to take some of the request."""
        self.expires = 0.0
        """When an unused connection is given up, by the loop's time."""

    @property
    def usable(self) -> bool:
        """Whether a request may be written."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, head: bytes, body: bytes, *, within_s: float) -> Reply:
        """Send a request and wait for the head of its answer; raises one of ``FOREIGN``."""
        transport = self._transport
        if transport is None:
            message = "closed"
            raise Unheard(message)
        reply = self._reply = Reply(self)
        if len(body) <= _PART:
            transport.write(head + body)
        else:
            transport.write(head)
            self._unsent = memoryview(body)
            self._upload()
        await reply.head(within_s)
        return reply

    def _upload(self) -> None:
        """Write as much as the upstream takes."""
        transport = self._transport
        while self._unsent and not self._full and transport and not transport.is_closing():
            transport.write(self._unsent[:_PART])
            self._unsent = self._unsent[_PART:]
        self.uploading = self._full or bool(self._unsent)

    def release(self) -> Reply | None:
        """End the exchange, wherever it is; return the reply if another one may follow it."""
        reply, self._reply = self._reply, None
        if reply is None:
            return None
        reply.leave()
        self._unsent = _NOTHING
        ready = self.usable and not self.uploading and not self._paused
        return reply if ready and reply.ended and reply.keeps else None

    def abort(self) -> None:
        """Close at once; what has not been written is not."""
        if self._transport is not None:
            self._transport.abort()

    async def wait(self, until: float) -> None:
        """Wait for something to happen; fails the exchange when nothing does."""
        self._until = until
        if self._timer is None or self._timer_at > until:
            self._arm(until)
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def taken(self) -> None:
        """Say that there is room for more."""
        if self._paused and self._transport is not None and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def _arm(self, at: float) -> None:
        # One timer for all waits of all exchanges: it is moved on when it fires too early, which
        # is far cheaper than one for every wait.
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() + _TICK_S < self._until:
            self._arm(self._until)
        else:
            self._fail(TimeoutError())

    def _fail(self, failure: Exception) -> None:
        reply = self._reply
        if reply is not None and not reply.ended and reply.failure is None:
            reply.failure = failure
        self._wake()
        self.abort()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ---- called by the loop ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        self._transport = cast("asyncio.Transport", transport)
        # Over TLS eight times as much may wait, of which a slow upstream takes long.
        self._transport.set_write_buffer_limits(_PART)

    def data_received(self, data: bytes) -> None:
        """Read what has come."""
        reply = self._reply
        if reply is None:
            self.abort()  # nothing was asked
            return
        reply.heard = True
        reply.bare += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if reply.ended:
                reply.keeps = False  # what follows an answer is nothing that was asked for
            else:
                failure = NotHttp(str(error))
                failure.__cause__ = error
                self._fail(failure)
                return
        if not reply.ended:
            if reply.bare > _MOST_BARE:
                self._fail(NotHttp("too much that is no body"))
                return
            if reply.unread > _MOST_UNREAD and not self._paused and self._transport is not None:
                self._paused = True
                self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """End a body that ends with the connection."""
        reply = self._reply
        if reply is not None and reply.until_closed and reply.failure is None:
            reply.ended = True
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what had not ended."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        reply = self._reply
        unheard = reply is None or (not reply.heard and self.now() <= reply.asked + _UNDER_WAY_S)
        failure = (Unheard if unheard else BrokenOff)(str(exc or "closed"))
        failure.__cause__ = exc
        self._fail(failure)
        # The parser holds this connection's methods: without it nothing is left to be collected.
        del self._parser
        self._on_lost(self)

    def pause_writing(self) -> None:
        """Note that the upstream does not take the request as fast as it is written."""
        self._full = self.uploading = True

    def resume_writing(self) -> None:
        """Go on with the request: the upstream has taken most of what was written."""
        self._full = False
        self._upload()
        self._wake()

    # ---- called by the parser ----

    def on_message_begin(self) -> None:
        """Note an answer to nothing."""
        if self._reply is not None and self._reply.ended:
            self._reply.keeps = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header of the head; trailers are read and not kept."""
        reply = self._reply
        if reply is None or reply.begun:
            return
        reply.head_size += len(name) + len(value) + len(b": \r\n")
        if reply.head_size > _MOST_BARE:
            message = "too large a head"
            raise NotHttp(message)
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        told = reply.headers.get(key)
        reply.headers[key] = text if told is None else f"{told}, {text}"

    def on_headers_complete(self) -> None:
        """Begin the answer, unless it is an interim one."""
        reply = self._reply
        if reply is None or reply.ended:
            return
        status = self._parser.get_status_code()
        if status < 200:
            if status < 100 or status == _SWITCHING:
                message = f"status {status}"
                raise NotHttp(message)
            reply.headers = {}
            return
        coding = reply.headers.get("transfer-encoding", "chunked").lower()
        if coding != "chunked":
            message = f"transfer-encoding {coding}"
            raise NotHttp(message)
        reply.status = status
        reply.begun = True
        reply.keeps = self._parser.should_keep_alive()
        reply.until_closed = not (
            "content-length" in reply.headers or "transfer-encoding" in reply.headers
        )

    def on_body(self, body: bytes) -> None:
        """Keep a piece for the reader."""
        reply = self._reply
        if reply is not None and not reply.ended:
            reply.pieces.append(body)
            reply.unread += len(body)
            reply.bare = 0

    def on_message_complete(self) -> None:
        """End the answer, unless it is an interim one."""
        reply = self._reply
        if reply is not None and reply.begun:
            reply.ended = True
