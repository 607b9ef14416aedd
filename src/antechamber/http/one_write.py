"""The web server's connections, with the head of an answer and what follows it in one write."""

import asyncio
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from antechamber.http.asgi import HEAD_LINES, ON_LEAVE

_HEAD = b"HTTP/1.1 "
_END = b"\r\n"


class OneWriteProtocol(HttpToolsProtocol):
    """Speaks HTTP/1.1 as uvicorn does; a short answer is one packet instead of two.

    An application may also give lines of the head as they go out (the extension ``HEAD_LINES``):
    each header that uvicorn looks at costs it as much as a small body. And it may be called when
    the client leaves (``ON_LEAVE``) instead of having a task wait for that.
    """

    _held: "_HeadHeldBack"
    _when_lost: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a connection."""
        self._held = _HeadHeldBack(transport, self.loop)
        super().connection_made(self._held)

    def on_message_begin(self) -> None:
        """Begin to read a request."""
        super().on_message_begin()
        self.scope["extensions"] = {  # type: ignore[typeddict-item]
            HEAD_LINES: self._held.add_lines,
            ON_LEAVE: self._watch,
        }

    def connection_lost(self, exc: Exception | None) -> None:
        """End what was being answered."""
        super().connection_lost(exc)
        if self._when_lost is not None:
            self._when_lost()

    def _watch(self, when_lost: Callable[[], None] | None) -> None:
        self._when_lost = when_lost


class _HeadHeldBack(asyncio.Transport):
    """A transport that keeps a head until the next write, or until the loop comes round.

    The application hands over head and body one after the other, without waiting in between.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._head = b""
        self._lines = b""
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info

    def add_lines(self, lines: bytes) -> None:
        """Put ``lines`` into the next head: whole ones, of what may stand there."""
        self._lines += lines

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send ``data`` soon, a head together with what follows."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.writelines((head, data))
        elif data[: len(_HEAD)] == _HEAD:
            lines, self._lines = self._lines, b""
            self._head = bytes(data[: -len(_END)]) + lines + _END if lines else bytes(data)
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def close(self) -> None:
        """Close when what has been written is sent."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()
