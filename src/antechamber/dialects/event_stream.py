"""Server-sent events read from bytes, whatever way they were cut.

Lines end in LF, CRLF or CR and nothing else: splitting on everything that Unicode calls a line
break would cut JSON strings that hold U+2028. Source: html.spec.whatwg.org, server-sent events.
"""

from collections.abc import Iterator
from dataclasses import dataclass

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSentEvent:
    """One event; ``event`` is empty when the stream did not name it."""

    event: str = ""
    data: bytes


class EventStreamReader:
    """Feed it bytes, take the events that are complete; keeps what is not.

    ``max_event_bytes`` bounds what is kept; a stream that exceeds it raises ``ValueError``.
    """

    def __init__(self, *, max_event_bytes: int = 16 * 1024 * 1024) -> None:
        self._rest: list[bytes] = []
        """Pieces of the line that has not ended; joined once, however many there are."""
        self._rest_bytes = 0
        self._at_start = True
        self._skip_newline = False
        self._event = ""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._max_event_bytes = max_event_bytes

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Return the events that ``chunk`` completes."""
        return [event for line in self._lines(chunk) for event in self._take(line)]

    def end(self) -> list[ServerSentEvent]:
        """Return the event that the end of the stream completes.

        The specification drops an event without a blank line behind it; servers that forget that
        line behind their last event mean it all the same.
        """
        return self.feed(b"\n\n")

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        if self._skip_newline and chunk:
            # The CR that ended the last chunk may have been half of a CRLF.
            self._skip_newline = False
            chunk = chunk.removeprefix(b"\n")
        if b"\r" in chunk:
            self._skip_newline = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            yield self._line(piece)
        self._keep(rest)

    def _line(self, piece: bytes) -> bytes:
        line = b"".join([*self._rest, piece])
        self._rest, self._rest_bytes = [], 0
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        return line

    def _keep(self, rest: bytes) -> None:
        if rest:
            self._rest.append(rest)
            self._rest_bytes += len(rest)
            self._bound(self._rest_bytes)

    def _take(self, line: bytes) -> Iterator[ServerSentEvent]:
        if line:
            self._field(line)
            return
        if self._data:
            yield ServerSentEvent(event=self._event, data=b"\n".join(self._data))
        self._event, self._data, self._data_bytes = "", [], 0

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data_bytes += len(value) + 1
            self._bound(self._data_bytes)
            self._data.append(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")

    def _bound(self, size: int) -> None:
        if size > self._max_event_bytes:
            message = f"an event of the stream is larger than {self._max_event_bytes} bytes"
            raise ValueError(message)
