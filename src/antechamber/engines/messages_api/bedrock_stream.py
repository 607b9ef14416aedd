"""Bedrock's stream as the server-sent events of the Messages API."""

from collections.abc import Mapping

import msgspec

from antechamber.engines.messages_api.cloud_errors import envelope, worded
from antechamber.engines.messages_api.event_stream_frames import Frame, FrameReader
from antechamber.wire.errors import EngineFailed
from antechamber.wire.splice import with_fields

_METRICS = "amazon-bedrock-invocationMetrics"
_METRICS_BYTES = _METRICS.encode()
_TYPES: Mapping[str, str] = {
    "accessdeniedexception": "permission_error",
    "internalserverexception": "api_error",
    "modelerrorexception": "api_error",
    "modelnotreadyexception": "overloaded_error",
    "modelstreamerrorexception": "api_error",
    "modeltimeoutexception": "timeout_error",
    "resourcenotfoundexception": "not_found_error",
    "servicequotaexceededexception": "rate_limit_error",
    "serviceunavailableexception": "overloaded_error",
    "throttlingexception": "rate_limit_error",
    "validationexception": "invalid_request_error",
}


class _Chunk(msgspec.Struct):
    event: bytes = msgspec.field(name="bytes")
    """msgspec reads bytes as base64."""


class _Event(msgspec.Struct):
    type: str


class _Exception(msgspec.Struct):
    message: str = ""
    capital_message: str = msgspec.field(name="Message", default="")
    original_message: str = msgspec.field(name="originalMessage", default="")


_chunk = msgspec.json.Decoder(_Chunk)
_event = msgspec.json.Decoder(_Event)
_exception = msgspec.json.Decoder(_Exception)


class BedrockStream:
    """Decodes one stream; its events pass untouched but for what is Bedrock's own."""

    def __init__(self, upstream: str, request_id: str | None = None) -> None:
        """``request_id`` goes into errors."""
        self._upstream = upstream
        self._request_id = request_id
        self._frames = FrameReader(upstream)

    def feed(self, chunk: bytes) -> bytes:
        """Return the events that ``chunk`` completes; raises ``EngineFailed`` for broken frames."""
        return b"".join([self._events(frame) for frame in self._frames.feed(chunk)])

    def end(self) -> bytes:
        """Return nothing; raises ``EngineFailed`` when the last frame is not whole."""
        if not self._frames.is_between_frames:
            message = f"{self._upstream} broke off in the middle of a frame."
            raise EngineFailed(message)
        return b""

    def _events(self, frame: Frame) -> bytes:
        match frame.headers.get(":message-type"):
            case "event" if frame.headers.get(":event-type") == "chunk":
                return self._event(frame.payload)
            case "exception":
                return self._error(frame.headers.get(":exception-type", ""), frame.payload)
            case "error":
                told = frame.headers.get(":error-message", "")
                return self._named_error(frame.headers.get(":error-code", ""), told)
            case _:
                # A kind that is yet to come: nothing that the API has an event for.
                return b""

    def _event(self, payload: bytes) -> bytes:
        try:
            event = _chunk.decode(payload).event
            kind = _event.decode(event).type
            if _METRICS_BYTES in event:
                event = with_fields(event, {_METRICS: None})
            if b"\n" in event or b"\r" in event:
                event = msgspec.json.format(event, indent=-1)
        except (msgspec.DecodeError, ValueError) as error:
            message = f"{self._upstream} sent an event that is none of the Messages API."
            raise EngineFailed(message) from error
        return b"event: " + kind.encode() + b"\ndata: " + event + b"\n\n"

    def _error(self, name: str, payload: bytes) -> bytes:
        try:
            told = _exception.decode(payload)
        except msgspec.DecodeError:
            told = _Exception()
        message = told.message or told.capital_message or told.original_message
        return self._named_error(name, message)

    def _named_error(self, name: str, message: str) -> bytes:
        kind = _TYPES.get(name.lower(), "api_error")
        said = worded(message) or f"{self._upstream} broke off: {name or 'no reason given'}."
        return b"event: error\ndata: " + envelope(kind, said, self._request_id) + b"\n\n"
