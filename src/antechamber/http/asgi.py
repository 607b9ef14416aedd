"""The names that ASGI has for its parts, and what a request's head says."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import quote

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]
HEAD_LINES = "antechamber.head_lines"
"""An extension of the scope: takes lines of the answer's head as they go out, before its start."""
ON_LEAVE = "antechamber.on_leave"
"""An extension of the scope: takes what to call when the client's connection is lost, or None."""
_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def header(scope: Scope, name: bytes) -> str | None:
    """Return a request header; repeated ones joined by a comma, as HTTP means them."""
    values = [value for key, value in scope["headers"] if key == name]
    if not values:
        return None
    return b", ".join(values).decode("latin-1")


def head_line(name: bytes, value: bytes) -> bytes:
    """Return a header as it goes out; ``value`` has no control characters."""
    return b"%b: %b\r\n" % (name, value)


def headers_of(lines: bytes) -> list[Header]:
    """Return the headers that ``lines`` of a head are."""
    return [
        (name, value)
        for line in lines.split(b"\r\n")
        for name, separator, value in (line.partition(b": "),)
        if separator
    ]


def encoded(value: str) -> bytes:
    """Return the value of a header, whatever it is made of.

    What is not printable ASCII goes as its UTF-8 bytes, percent-encoded, as in an address:
    control characters may not stand in a header, and the others have no agreed meaning there.
    """
    if value.isascii() and value.isprintable():
        return value.encode("ascii")
    return quote(value, safe=_PRINTABLE).encode("ascii")


async def respond(
    send: Send, status: int, body: bytes, headers: Iterable[Header] = (), *, kind: bytes = b""
) -> None:
    """Send a whole response; ``kind`` is its content type, JSON when it is not given."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", kind or b"application/json"),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
