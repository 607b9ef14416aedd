"""A relayed answer: whole events pass untouched; what they say of usage and the end is read.

Unlike the machine this changes nothing but names: of the model, and of files. The one thing that
it may add, through its caller, is the ``error`` event that an upstream which broke off owes its
reader.
"""

import re

import msgspec

from antechamber.turn.sent_files import SentFiles
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed
from antechamber.wire.splice import field_of, with_fields

# A line ends in CRLF, LF or CR. A CR at the end of what has come may be half of a CRLF.
_BOUNDARY = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?=[^\n]))")
_NAMES = rb"message_start|message_delta|message_stop|error"
# Under the version 2023-01-01 events have no names, and their data tells what they are.
_TOLD = re.compile(
    rb'(?:^|\r)(?:event: ?(%b)(?=[ \r\n]|\Z)|data: ?\{ ?"type": ?"(%b)")' % (_NAMES, _NAMES),
    re.MULTILINE,
)
_DATA = re.compile(rb"(?:^|\r)data: ?([^\r\n]*)", re.MULTILINE)
_SIGNS_OF_AN_ANSWER = (b"message_", b"content_block", b"error")
_LONGEST_SIGN = max(map(len, _SIGNS_OF_AN_ANSWER))
_MOST_KEPT_BYTES = 16 * 1024 * 1024
"""Of an event that is not complete; far beyond any real one."""


class _CacheCreation(msgspec.Struct):
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class _OutputDetails(msgspec.Struct):
    thinking_tokens: int = 0


class _ServerToolUse(msgspec.Struct):
    web_search_requests: int = 0


class RelayedUsage(msgspec.Struct):
    """Counts as the upstream gave them; None where it did not."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerToolUse | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None

    @property
    def cache_writes(self) -> tuple[int, int]:
        """Tokens written for five minutes, and for an hour."""
        if (split := self.cache_creation) is not None:
            return split.ephemeral_5m_input_tokens, split.ephemeral_1h_input_tokens
        return self.cache_creation_input_tokens or 0, 0

    def merge(self, report: "RelayedUsage") -> None:
        """Take over what ``report`` knows: counts are cumulative."""
        for name in self.__struct_fields__:
            if (count := getattr(report, name)) is not None:
                setattr(self, name, count)


class _Message(msgspec.Struct):
    usage: RelayedUsage | None = None


class _Fault(msgspec.Struct):
    type: str = "api_error"


class _Event(msgspec.Struct):
    message: _Message | None = None
    usage: RelayedUsage | None = None
    error: _Fault | None = None


class _Envelope(msgspec.Struct):
    error: dict[str, msgspec.Raw]


class _Whole(msgspec.Struct, kw_only=True):
    content: list[msgspec.Raw]
    usage: RelayedUsage | None = None


class _Uncounted(msgspec.Struct):
    content: list[msgspec.Raw]


class _Count(msgspec.Struct):
    input_tokens: int


_event = msgspec.json.Decoder(_Event)
_whole = msgspec.json.Decoder(_Whole)
_uncounted = msgspec.json.Decoder(_Uncounted)
_count = msgspec.json.Decoder(_Count)
_envelope = msgspec.json.Decoder(_Envelope)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class RelayReader:
    """Feed it the upstream's bytes, send on what it returns: always whole events.

    ``model`` is what the answer's ``model`` is to be where the upstream has another name for it,
    ``files`` are those that it knows by their bytes alone; nothing else is ever exchanged.
    """

    def __init__(self, *, model: str | None = None, files: SentFiles | None = None) -> None:
        self._files = files
        self._model = None if model is None else encode_json(model)
        self._rest = b""
        self.usage = RelayedUsage()
        self.error_type: str | None = None
        """The type of the ``error`` event that ended the stream."""
        self.stopped = False
        """Whether ``message_stop`` has come."""
        self.ended = False
        """Whether the one terminal event has come, or the whole of an answer."""

    def feed(self, chunk: bytes) -> bytes:
        """Return the events that ``chunk`` completes, none after the terminal one.

        Raises ``EngineFailed`` for events without end.
        """
        if self.ended:
            return b""
        pending = self._rest + chunk if self._rest else chunk
        if pending.endswith((b"\n\n", b"\r\n\r\n")):
            whole, self._rest = pending, b""
        else:
            # A boundary may have begun in what was kept.
            whole = self._split(pending, searched=max(0, len(self._rest) - 3))
        return self._told(whole)

    def end(self) -> bytes:
        """Return what the end of the stream completes; an event that is cut is left out.

        Servers that forget the blank line behind their last event mean it all the same.
        """
        rest, self._rest = self._rest, b""
        if self.ended:
            return b""
        if not rest.strip(b"\r\n"):
            return rest
        data = _DATA.search(rest)
        if data is None or not _is_object(data[1]):
            return b""
        return self._told(rest if rest.endswith(b"\r\r") else rest.rstrip(b"\r\n") + b"\n\n")

    def feed_whole(self, body: bytes) -> bytes:
        """Read the usage of a message that is not streamed, and return what to send on.

        Raises ``ValueError`` when it is no message.
        """
        try:
            self.usage.merge(_whole.decode(body).usage or RelayedUsage())
        except msgspec.ValidationError:
            # Counts of another form: the client reads them, not we.
            _uncounted.decode(body)
        self.ended = True
        if self._files is not None:
            body = self._files.in_message(body)
        if self._model is None or field_of(body, "model") is None:
            return body
        return with_fields(body, {"model": self._model})

    def feed_refusal(self, body: bytes) -> bytes:
        """Return what to send on of an answer that says no."""
        return body if self._files is None else self._files.in_refusal(body)

    def feed_count(self, body: bytes) -> bytes:
        """Return a count of tokens as it is; raises ``ValueError`` when it is none."""
        self.usage.input_tokens = _count.decode(body).input_tokens
        self.ended = True
        return body

    def _told(self, events: bytes) -> bytes:
        """Read those of ``events`` that tell something, and return what to send on."""
        if self._files is not None:
            events = self._files.in_events(events)
        if b"message_" not in events and b"error" not in events:
            return events
        start: re.Match[bytes] | None = None
        read_until = 0
        for told in _TOLD.finditer(events):
            data = _DATA.search(events, told.start()) if told.start() >= read_until else None
            if data is not None:
                read_until = data.end()
                name = told[1] or told[2]
                self._read(name, data[1])
                if name == b"message_start" and start is None:
                    start = data
                if self.ended:
                    last = _BOUNDARY.search(events, read_until)
                    events = events if last is None else events[: last.end()]
                    break
        return events if self._model is None or start is None else self._renamed(events, start)

    def _renamed(self, events: bytes, start: re.Match[bytes]) -> bytes:
        """Exchange the model in the data of ``message_start``; it comes once."""
        try:
            message = with_fields(field_of(start[1], "message") or b"{}", {"model": self._model})
            text = with_fields(start[1], {"message": message})
        except ValueError:
            return events
        self._model = None
        return events[: start.start(1)] + text + events[start.end(1) :]

    def _split(self, pending: bytes, *, searched: int) -> bytes:
        end = 0
        for boundary in _BOUNDARY.finditer(pending, searched):
            end = boundary.end()
        self._rest = pending[end:]
        if len(self._rest) > _MOST_KEPT_BYTES:
            message = f"An event of the upstream is larger than {_MOST_KEPT_BYTES} bytes."
            raise EngineFailed(message)
        return pending[:end]

    def _read(self, name: bytes, data: bytes) -> None:
        try:
            event = _event.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # Passed on all the same: the client reads it, not we.
            event = _Event()
        match name:
            case b"message_start" if event.message is not None and event.message.usage is not None:
                self.usage.merge(event.message.usage)
            case b"message_delta" if event.usage is not None:
                self.usage.merge(event.usage)
            case b"message_stop":
                self.ended = self.stopped = True
            case b"error":
                self.ended = True
                self.error_type = event.error.type if event.error is not None else "api_error"
            case _:
                pass


class Beginning:
    """Tells from the pieces of a stream when its answer begins: with its first event.

    Comments and pings say that somebody is there, and nothing of the answer.
    """

    def __init__(self) -> None:
        self._last = b""

    def __call__(self, piece: bytes) -> bool:
        """Take the next piece; return whether it has begun with it."""
        seen = self._last + piece
        self._last = seen[1 - _LONGEST_SIGN :]
        return any(sign in seen for sign in _SIGNS_OF_AN_ANSWER)


def is_error(body: bytes) -> bool:
    """Tell whether ``body`` is an error as the Messages API tells it, for clients to read."""
    try:
        _envelope.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _is_object(text: bytes) -> bool:
    try:
        _object.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
