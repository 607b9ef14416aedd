"""The SSE response: a pump feeds a bounded queue, pings fill silence, a failure ends the stream."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Protocol

from antechamber.http.asgi import Message, Send
from antechamber.http.bodies import ClientLeft
from antechamber.http.problems import as_api_error
from antechamber.turn.events import ConnectionCut
from antechamber.turn.sse import EventForm
from antechamber.wire.errors import Overloaded
from antechamber.wire.stream import MessageStart, StreamEvent

_QUEUED_BATCHES = 64
"""A client that reads slowly stops the engine after so many engine events."""
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    # nginx and its kin hold a response back otherwise.
    (b"x-accel-buffering", b"no"),
]


class Stream(Protocol):
    """What is streamed: a first event that can be had at any time, and batches of the others."""

    def start(self) -> MessageStart:
        """Return the first event."""
        ...

    def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        """Yield the events after it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait, in seconds."""

    first_event_grace_s: float
    ping_s: float
    unread_s: float = 300.0
    """A client that has read nothing for so long, while there is something, is taken for gone."""


class _Done:
    """The pump's last item after a turn that went well."""


_Item = list[StreamEvent] | Exception | _Done


async def stream_response(
    send: Send, stream: Stream, pace: Pace, form: EventForm, request_id: str
) -> None:
    """Send ``stream`` as server-sent events.

    A failure before the first engine event, within the grace, is raised: the response has not
    begun and can still be an HTTP error. Any later one becomes the stream's ``error`` event.
    Raises ``ClientLeft`` when nobody reads, ``ConnectionCut`` when the script wants no end.
    """
    queue: asyncio.Queue[_Item] = asyncio.Queue(_QUEUED_BATCHES)
    async with asyncio.TaskGroup() as group:
        pump = group.create_task(_pump(stream, queue), name="turn-pump")
        sender = _Sender(send, stream, pace, form, request_id)
        try:
            failure = await sender.run(queue)
        except ClientLeft as left:
            failure = left
        except asyncio.CancelledError:
            await sender.break_off()
            raise
        pump.cancel()
    if failure is not None:
        raise failure


class _Sender:
    """Writes one stream to one client."""

    def __init__(
        self, send: Send, stream: Stream, pace: Pace, form: EventForm, request_id: str
    ) -> None:
        self._send = send
        self._stream = stream
        self._pace = pace
        self._form = form
        self._request_id = request_id
        self._begun = False

    async def run(self, queue: asyncio.Queue[_Item]) -> Exception | None:
        """Send everything; return a failure that the stream does not tell of.

        That is any that came before the response had begun, and a cut.
        """
        now = asyncio.get_running_loop().time
        item = await _next(queue, now() + self._pace.first_event_grace_s)
        if isinstance(item, Exception):
            return item
        await self._begin()
        payload, ping_at = self._form.frame(self._stream.start()), 0.0
        while True:
            # What has come meanwhile goes out in one write; nothing waits for it.
            while item is not None:
                if isinstance(item, ConnectionCut):
                    await self._write(payload, more=True)
                    return item
                payload += self._frames(item)
                if not isinstance(item, list):
                    await self._write(payload, more=False)
                    return None
                item = None if queue.empty() else queue.get_nowait()
            # Only what is written puts the ping off: engine events that the client does not get
            # to see (counts, hidden thinking) leave the connection as silent as none.
            if payload:
                await self._write(payload, more=True)
                ping_at = now() + self._pace.ping_s
            item = await _next(queue, ping_at)
            payload = self._form.ping if item is None else b""

    async def break_off(self) -> None:
        """End a stream that is being cancelled: a client that is still there gets to know it."""
        if self._begun:
            error = Overloaded("The server is shutting down.")
            with suppress(ClientLeft):
                await self._write(self._form.error(error, self._request_id), more=False)

    async def _begin(self) -> None:
        self._begun = True
        await self._deliver({"type": "http.response.start", "status": 200, "headers": _HEADERS})

    async def _write(self, payload: bytes, *, more: bool) -> None:
        await self._deliver({"type": "http.response.body", "body": payload, "more_body": more})

    async def _deliver(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._pace.unread_s):
                await self._send(message)
        except TimeoutError as error:
            raise ClientLeft from error

    def _frames(self, item: _Item) -> bytes:
        match item:
            case list():
                return b"".join(map(self._form.frame, item))
            case _Done():
                return self._form.done
            case _:
                return self._form.error(as_api_error(item, self._request_id), self._request_id)


async def _next(queue: asyncio.Queue[_Item], until: float) -> _Item | None:
    try:
        async with asyncio.timeout_at(until):
            return await queue.get()
    except TimeoutError:
        return None


async def _pump(stream: Stream, queue: asyncio.Queue[_Item]) -> None:
    try:
        async with aclosing(stream.events()) as batches:
            async for batch in batches:
                await queue.put(batch)
    except Exception as error:  # noqa: BLE001 - told to the client by whoever reads the queue
        await queue.put(error)
    else:
        await queue.put(_Done())
