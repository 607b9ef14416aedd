"""A request's body: read once, bounded while it comes in, decoded where it is compressed."""

import asyncio
import re
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from types import coroutine
from typing import Any, Protocol

import zstandard

from antechamber.http.asgi import Message, Receive, Scope
from antechamber.runtime.background import this_task
from antechamber.wire.errors import InvalidRequest, RequestTooLarge

_IDLE_S = 60.0
_MOST_VALUES = 1_000_000
"""Of the characters that begin another value, strings left out. What fits takes a second to
validate in the worst case, and the loop stands still meanwhile; 32 MB of brackets would take half a
minute. As many messages as the API allows, each with a block of its own, are some 600,000."""
_MOST_QUOTES = 4_000_000
_VALUE_MARKS = (b"{", b"[", b",")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_PIECE = 1024
"""Bytes decoded at a time. zstd can make 32 MB of so few, so that no more is ever too much."""
_MOST_FRAMES = 1024
"""Each compressed frame costs the same however little is in it; real bodies have one."""


class ClientLeft(Exception):
    """The connection closed before there was an answer."""


class _Decoder(Protocol):
    """Decodes one frame of a compressed body."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


async def read_body(
    scope: Scope, receive: Receive, *, max_bytes: int, idle_s: float = _IDLE_S
) -> bytes:
    """Return the body, decoded.

    Raises ``RequestTooLarge`` above ``max_bytes``, before and after decoding, and for more JSON
    values than can be read in reasonable time; ``InvalidRequest`` for an encoding that is not known
    or does not fit, and when nothing comes for ``idle_s``; ``ClientLeft``.
    """
    declared = encoding = None
    for name, value in scope["headers"]:
        if name == b"content-length":
            declared = value
        elif name == b"content-encoding":
            encoding = value if encoding is None else encoding + b", " + value
    if declared is not None and declared.isdigit() and int(declared) > max_bytes:
        raise too_large()
    body = await _receive_all(receive, max_bytes, idle_s)
    if encoding is not None:
        unpacker = unpacker_of(encoding, max_bytes=max_bytes)
        if unpacker is not None:
            body = unpacker.feed(body)
            unpacker.end()
    if _has_too_many_values(body):
        raise too_large()
    return body


def _has_too_many_values(body: bytes) -> bool:
    if len(body) <= _MOST_VALUES or _marks(body) <= _MOST_VALUES:
        return False
    # A text may be all commas: only what stands outside strings begins a value.
    if body.count(b'"') - body.count(b'\\"') > _MOST_QUOTES:
        return True
    return _marks(_STRING.sub(b"", body)) > _MOST_VALUES


def _marks(text: bytes) -> int:
    return sum(map(text.count, _VALUE_MARKS))


def unpacker_of(encoding: bytes, *, max_bytes: int) -> "Unpacker | None":
    """Return what decodes a body of that ``content-encoding``, None where nothing is to be done.

    Raises ``InvalidRequest`` for an encoding that is not known.
    """
    match name := encoding.decode("latin-1").strip().lower():
        case "identity" | "":
            return None
        case "gzip" | "x-gzip":
            return Unpacker("gzip", _gunzip, max_bytes)
        case "zstd":
            unzstd = zstandard.ZstdDecompressor(max_window_size=2**27)
            return Unpacker("zstd", unzstd.decompressobj, max_bytes)
        case _:
            message = f"Unsupported content-encoding: {name}"
            details = {"error_code": "request_body_encoding_unsupported"}
            raise InvalidRequest(message, details=details)


async def _receive_all(receive: Receive, max_bytes: int, idle_s: float) -> bytes:
    first = await _receive(receive, idle_s)
    if not first.get("more_body", False):
        # The usual case: one message, and no copy.
        return _bounded(first.get("body", b""), max_bytes)
    parts, size = [first.get("body", b"")], len(first.get("body", b""))
    more = True
    while more:
        message = await _receive(receive, idle_s)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > max_bytes:
            raise too_large()
        more = message.get("more_body", False)
    return b"".join(parts)


async def body_pieces(receive: Receive, *, idle_s: float = _IDLE_S) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes, neither bounded nor decoded.

    Raises ``InvalidRequest`` when nothing comes for ``idle_s``; ``ClientLeft``.
    """
    more = True
    while more:
        message = await _receive(receive, idle_s)
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _receive(receive: Receive, idle_s: float) -> Message:
    message = await _within(receive(), idle_s)
    if message["type"] == "http.disconnect":
        raise ClientLeft
    return message


@coroutine
def _within(receiving: Awaitable[Message], wait_s: float) -> Generator[Any, None, Message]:
    """Await a message, and no longer than ``wait_s``.

    Every request waits for its body, and nearly every body is there already: no timer is set then.
    """
    steps = receiving.__await__()
    try:
        waits_for = next(steps)
    except StopIteration as there:
        return there.value
    loop = asyncio.get_running_loop()
    patience = _Patience(this_task(loop))
    timer = loop.call_later(wait_s, patience.end)
    try:
        return (yield from _Resumed(steps, waits_for))
    except asyncio.CancelledError as error:
        if not patience.is_over or patience.task.uncancel():
            raise
        text = "The request body was not received in time."
        raise InvalidRequest(text, details={"error_code": "request_body_timeout"}) from error
    finally:
        timer.cancel()


class _Resumed(Generator[Any, None, Message]):
    """What has taken its first step already, and waits for something."""

    def __init__(self, steps: Generator[Any, None, Message], waits_for: object) -> None:
        self._steps = steps
        self._waits_for: object | None = waits_for

    def send(self, value: None, /) -> Any:
        """Wait, or go on."""
        if self._waits_for is not None:
            waits_for, self._waits_for = self._waits_for, None
            return waits_for
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """Have the wait fail."""
        return self._steps.throw(*error)


class _Patience:
    """Cancels a task when it is over."""

    __slots__ = ("is_over", "task")

    def __init__(self, task: "asyncio.Task[object]") -> None:
        self.task = task
        self.is_over = False

    def end(self) -> None:
        """Cancel the task."""
        self.is_over = True
        self.task.cancel()


def _bounded(body: bytes, max_bytes: int) -> bytes:
    if len(body) > max_bytes:
        raise too_large()
    return body


def too_large() -> RequestTooLarge:
    """Return what to raise for a body that is too large as it came."""
    return RequestTooLarge("Request exceeds the maximum size")


def _gunzip() -> _Decoder:
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


class Unpacker:
    """Decodes a body: one frame or several after each other, the last one whole."""

    def __init__(self, encoding: str, decoder: Callable[[], _Decoder], max_bytes: int) -> None:
        self._encoding = encoding
        self._decoder = decoder
        self._left = max_bytes
        self._frames = 0
        self._reader: _Decoder | None = None

    def feed(self, data: bytes) -> bytes:
        """Return what ``data``, the next part of the body, holds; raises ``RequestTooLarge``."""
        decoded, at = bytearray(), 0
        try:
            while at < len(data):
                reader = self._frame()
                piece = data[at : at + _PIECE]
                decoded += reader.decompress(piece)
                at += len(piece)
                if len(decoded) > self._left:
                    raise _too_large_decoded()
                if reader.eof:
                    at -= len(reader.unused_data)
                    self._reader = None
        except (zlib.error, zstandard.ZstdError) as error:
            raise _misencoded(self._encoding) from error
        self._left -= len(decoded)
        return bytes(decoded)

    def end(self) -> None:
        """Raise ``InvalidRequest`` where the body is not whole."""
        if self._reader is not None or not self._frames:
            raise _misencoded(self._encoding)

    def _frame(self) -> _Decoder:
        if self._reader is None:
            self._frames += 1
            if self._frames > _MOST_FRAMES:
                raise _misencoded(self._encoding)
            self._reader = self._decoder()
        return self._reader


def _too_large_decoded() -> RequestTooLarge:
    return RequestTooLarge(
        "Request exceeds the maximum size",
        details={"error_code": "request_body_too_large_after_decoding"},
    )


def _misencoded(encoding: str) -> InvalidRequest:
    return InvalidRequest(
        f"The request body is not valid {encoding}",
        details={"error_code": "request_body_encoding_invalid"},
    )
