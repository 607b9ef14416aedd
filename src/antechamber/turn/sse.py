"""Wire events as server-sent events: ``event:``, one line of ``data:``, a blank line.

Under the first API version, 2023-01-01, events have no names and ``[DONE]`` ends the stream.
Source: platform.claude.com/docs/en/api/versioning.
"""

from collections.abc import Callable
from dataclasses import dataclass

from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import ApiError
from antechamber.wire.problem import problem_body
from antechamber.wire.stream import (
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    MessageDelta,
    MessageStart,
    MessageStop,
    Ping,
    StreamEvent,
)

_HEADS: dict[type[StreamEvent], bytes] = {
    MessageStart: b"event: message_start\ndata: ",
    ContentBlockStart: b"event: content_block_start\ndata: ",
    ContentBlockDelta: b"event: content_block_delta\ndata: ",
    ContentBlockStop: b"event: content_block_stop\ndata: ",
    MessageDelta: b"event: message_delta\ndata: ",
    MessageStop: b"event: message_stop\ndata: ",
    Ping: b"event: ping\ndata: ",
}
PING = b'event: ping\ndata: {"type": "ping"}\n\n'
_LINE_BREAKS = {
    "\u0085".encode(): rb"\u0085",
    "\u2028".encode(): rb"\u2028",
    "\u2029".encode(): rb"\u2029",
}
"""What some clients break lines at besides LF and CR (httpx's ``iter_lines``, ``str.splitlines``);
the control characters among them are escaped in JSON anyway."""


def frame(event: StreamEvent) -> bytes:
    """Return ``event`` as one server-sent event."""
    return b"%s%s\n\n" % (_HEADS[type(event)], line_of(encode_json(event)))


def event_of(name: str, body: bytes) -> bytes:
    """Return an event whose data is JSON already."""
    return b"event: %s\ndata: %s\n\n" % (
        name.encode("ascii"),
        line_of(b" ".join(body.split(b"\n"))),
    )


def error_frame(error: ApiError, request_id: str) -> bytes:
    """Return the ``error`` event that ends a stream which can no longer change its status."""
    return b"event: error\ndata: %s\n\n" % line_of(problem_body(error, request_id))


def _refused(body: bytes) -> bytes:
    return event_of("error", body)


def _unnamed(event: bytes) -> bytes:
    return event.partition(b"\n")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventForm:
    """How the events of one API version are written."""

    frame: Callable[[StreamEvent], bytes]
    error: Callable[[ApiError, str], bytes]
    ping: bytes
    done: bytes
    """What follows the last event of a stream that went well."""
    refusal: Callable[[bytes], bytes] = _refused
    """Takes the body of an upstream's error."""


NAMED = EventForm(frame=frame, error=error_frame, ping=PING, done=b"")
UNNAMED = EventForm(
    refusal=lambda body: _unnamed(event_of("error", body)),
    frame=lambda event: _unnamed(frame(event)),
    error=lambda error, request_id: _unnamed(error_frame(error, request_id)),
    ping=_unnamed(PING),
    done=b"data: [DONE]\n\n",
)


def line_of(body: bytes) -> bytes:
    """Return JSON as the one line of an event's data, whatever its reader breaks lines at."""
    if not body.isascii():
        for character, escape in _LINE_BREAKS.items():
            body = body.replace(character, escape)
    return body
