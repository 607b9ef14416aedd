"""The SSE response: a pump feeds a bounded queue, pings fill silence, a failure ends the stream."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Protocol

from antechamber.http.asgi import Header, Message, Send
from antechamber.http.bodies import ClientLeft
from antechamber.turn.events import ConnectionCut
from antechamber.wire.errors import EngineFailed, Overloaded

_QUEUED_PIECES = 64
"""A client that reads slowly stops the engine after so many engine events."""
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx and its kin hold a response back otherwise.
    (b"x-accel-buffering", b"no"),
]
_COMMENT = b":\n\n"
"""A sign of life that is no event: nothing may come before ``message_start``."""


class FrameSource(Protocol):
    """What is streamed: pieces of bytes, each of them whole server-sent events."""

    @property
    def ping(self) -> bytes:
        """An event that says nothing, for silence."""
        ...

    async def open(self) -> AsyncGenerator[bytes, None]:
        """Return the beginning of the stream and what follows, as soon as there is a turn.

        The second piece, which may be empty, says that the turn has really begun: until then a
        failure can still be an HTTP error.
        """
        ...

    def head(self) -> Sequence[Header]:
        """Return headers of the response; called once, when it begins."""
        ...

    def error(self, error: Exception) -> bytes:
        """Return the event that ends a stream after ``error``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait, in seconds."""

    first_event_grace_s: float
    ping_s: float
    unread_s: float = 300.0
    """A client that has read nothing for so long, while there is something, is taken for gone."""


class _Done:
    """The pump's last item after a stream that went well."""


_Item = bytes | Exception | _Done


async def stream_response(send: Send, source: FrameSource, pace: Pace) -> None:
    """Send ``source`` as server-sent events.

    A failure before the turn has begun, within the grace, is raised: the response has not
    begun and can still be an HTTP error. Any later one becomes the stream's last event.
    Raises ``ClientLeft`` when nobody reads, ``ConnectionCut`` when the script wants no end.
    """
    line = _Line()
    async with asyncio.TaskGroup() as group:
        pump = group.create_task(_pump(source, line), name="turn-pump")
        sender = _Sender(send, source, pace, line)
        try:
            failure = await sender.run()
        except ClientLeft as left:
            failure = left
        except asyncio.CancelledError:
            await sender.break_off()
            raise
        finally:
            line.close()
            sender.close()
        pump.cancel()
    if failure is not None:
        raise failure


class _Line:
    """What has come from the source and not yet gone to the client; bounded.

    Items are many and waits are short, so there is one timer for all of them instead of a timeout
    around each.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[_Item] = deque()
        self._taker: asyncio.Future[None] | None = None
        self._putter: asyncio.Future[None] | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0
        self._patience_until = 0.0

    async def put(self, item: _Item) -> None:
        """Add ``item`` as soon as there is room."""
        while len(self._items) >= _QUEUED_PIECES:
            self._putter = self._loop.create_future()
            await self._putter
        self._items.append(item)
        _wake(self._taker)

    async def take(self, until: float) -> _Item | None:
        """Return the next item, or None when there is none by ``until``."""
        if not self._items:
            self._patience_until = until
            if until <= self._loop.time():
                return None
            if self._timer is None:
                self._wake_at(until)
            elif until < self._timer_at:
                self._timer.cancel()
                self._wake_at(until)
            self._taker = self._loop.create_future()
            await self._taker
            if not self._items:
                return None
        return self.take_now()

    def take_now(self) -> _Item | None:
        """Return the next item if there is one."""
        if not self._items:
            return None
        item = self._items.popleft()
        _wake(self._putter)
        return item

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _wake_at(self, at: float) -> None:
        # Kept beside the handle: of a moment that is as good as here, uvloop's does not know it.
        self._timer, self._timer_at = self._loop.call_at(at, self._on_time), at

    def _on_time(self) -> None:
        # Set for an earlier wait than the one of now, as a rule: then it just goes on.
        if self._loop.time() < self._patience_until:
            self._wake_at(self._patience_until)
        else:
            self._timer = None
            _wake(self._taker)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)


class _Sender:
    """Writes one stream to one client."""

    def __init__(self, send: Send, source: FrameSource, pace: Pace, line: _Line) -> None:
        self._send = send
        self._source = source
        self._pace = pace
        self._line = line
        self._begun = False
        loop = asyncio.get_running_loop()
        self._now = loop.time
        self._writing_since: float | None = None
        self._gave_up = False
        self._task = asyncio.current_task(loop)
        self._watch = loop.call_later(pace.unread_s, self._look)

    def close(self) -> None:
        """Stop looking whether the client reads."""
        self._watch.cancel()

    async def run(self) -> Exception | None:
        """Send everything; return a failure that the stream does not tell of.

        That is any that came before the response had begun, and a cut.
        """
        opening = await self._opening()
        if not isinstance(opening, bytes):
            return await self._fail(opening)
        grace_s = 0.0 if self._begun else self._pace.first_event_grace_s
        item = await self._line.take(self._now() + grace_s)
        if isinstance(item, Exception) and not self._begun:
            return item
        await self._begin()
        return await self._follow(opening, item)

    async def _opening(self) -> bytes | Exception:
        """Wait for the turn, with signs of life once it takes long."""
        while (item := await self._line.take(self._now() + self._pace.ping_s)) is None:
            await self._begin()
            await self._write(_COMMENT, more=True)
        if isinstance(item, _Done):
            return EngineFailed("The engine ended its answer without beginning it.")
        return item

    async def _follow(self, payload: bytes, item: _Item | None) -> Exception | None:
        ping_at = self._now() + self._pace.ping_s
        while True:
            # What has come meanwhile goes out in one write; nothing waits for it.
            while item is not None:
                match item:
                    case bytes():
                        payload += item
                    case _Done():
                        await self._write(payload, more=False)
                        return None
                    case _:
                        return await self._fail(item, payload)
                item = self._line.take_now()
            # Only what is written puts the ping off: engine events that the client does not get
            # to see (counts, hidden thinking) leave the connection as silent as none.
            if payload:
                await self._write(payload, more=True)
                ping_at = self._now() + self._pace.ping_s
            item = await self._line.take(ping_at)
            payload = self._source.ping if item is None else b""

    async def _fail(self, failure: Exception, payload: bytes = b"") -> Exception | None:
        if not self._begun:
            return failure
        if isinstance(failure, ConnectionCut):
            await self._write(payload, more=True)
            return failure
        await self._write(payload + self._source.error(failure), more=False)
        return None

    async def break_off(self) -> None:
        """End a stream that is being cancelled: a client that is still there gets to know it."""
        if self._begun:
            error = Overloaded("The server is shutting down.")
            with suppress(ClientLeft):
                await self._write(self._source.error(error), more=False)

    async def _begin(self) -> None:
        if not self._begun:
            self._begun = True
            headers = [*_HEADERS, *self._source.head()]
            await self._deliver({"type": "http.response.start", "status": 200, "headers": headers})

    async def _write(self, payload: bytes, *, more: bool) -> None:
        await self._deliver({"type": "http.response.body", "body": payload, "more_body": more})

    async def _deliver(self, message: Message) -> None:
        self._writing_since = self._now()
        try:
            await self._send(message)
        except asyncio.CancelledError as error:
            if not self._gave_up or self._task is None:
                raise
            self._task.uncancel()
            raise ClientLeft from error
        self._writing_since = None

    def _look(self) -> None:
        """Give up on a client that has taken nothing for too long; one timer for all writes."""
        now, since = self._now(), self._writing_since
        left_s = self._pace.unread_s if since is None else since + self._pace.unread_s - now
        if left_s > 0:
            self._watch = asyncio.get_running_loop().call_later(left_s, self._look)
        elif self._task is not None:
            self._gave_up = True
            self._task.cancel()


async def _pump(source: FrameSource, line: _Line) -> None:
    try:
        async with aclosing(await source.open()) as frames:
            async for piece in frames:
                await line.put(piece)
    except Exception as error:  # noqa: BLE001 - told to the client by whoever reads the line
        await line.put(error)
    else:
        await line.put(_Done())
