"""A stream of the Messages API read as engine events: for a turn that must not just pass through.

Server tools have no engine events; their blocks are left out.
"""

from collections.abc import Iterator, Mapping

import msgspec

from antechamber.dialects.event_stream import EventStreamReader
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    RedactedThinkingOpened,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
    RequestTooLarge,
)
from antechamber.wire.responses import StopReason


class _Details(msgspec.Struct):
    thinking_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: _Details | None = None


class _Message(msgspec.Struct):
    usage: _Usage | None = None


class _Block(msgspec.Struct):
    type: str = ""
    text: str = ""
    id: str | None = None
    name: str = ""
    data: str = ""
    toolset_name: str | None = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    partial_json: str = ""
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, object] | None = None


class _Fault(msgspec.Struct):
    type: str = "api_error"
    message: str = ""


class _Event(msgspec.Struct):
    type: str = ""
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: _Fault | None = None


class _Envelope(msgspec.Struct):
    error: _Fault


_event = msgspec.json.Decoder(_Event)
_envelope = msgspec.json.Decoder(_Envelope)
_BY_TYPE: Mapping[str, type[ApiError]] = {
    "invalid_request_error": InvalidRequest,
    "request_too_large": RequestTooLarge,
    "authentication_error": EngineRefusesUs,
    "billing_error": EngineRefusesUs,
    "permission_error": EngineRefusesUs,
    "not_found_error": EngineRefusesUs,
    "rate_limit_error": EngineRateLimited,
    "timeout_error": EngineTimedOut,
    "overloaded_error": Overloaded,
}


class MessagesStreamReader:
    """Feed it the bytes of one stream; it gives what an engine would have said."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._events = EventStreamReader()
        self._is_open = False
        self._ending = TurnEnded(stop_reason="end_turn")

    def feed(self, chunk: bytes) -> Iterator[EngineEvent]:
        """Yield the events that ``chunk`` completes; raises the ``ApiError`` that it tells of."""
        try:
            events = self._events.feed(chunk)
        except ValueError as error:
            message = f"{self._upstream} sent an event that is too large."
            raise EngineFailed(message) from error
        for event in events:
            try:
                read = _event.decode(event.data)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                message = f"{self._upstream} sent an event that is none of the Messages API."
                raise EngineFailed(message) from error
            yield from self._take(read)

    def _take(self, event: _Event) -> Iterator[EngineEvent]:
        match event.type:
            case "message_start" if event.message is not None:
                yield from _counts(event.message.usage)
            case "content_block_start" if event.content_block is not None:
                yield from self._open(event.content_block)
            case "content_block_delta" if event.delta is not None and self._is_open:
                delta = event.delta
                if text := delta.text or delta.thinking or delta.partial_json:
                    yield BlockDelta(text=text)
            case "content_block_stop" if self._is_open:
                self._is_open = False
                yield BlockClosed()
            case "message_delta":
                yield from _counts(event.usage)
                self._note_ending(event.delta)
            case "message_stop":
                yield self._ending
            case "error":
                raise fault_of(event.error or _Fault(), self._upstream, retry_after_s=None)
            case _:
                pass

    def _open(self, block: _Block) -> Iterator[EngineEvent]:
        self._is_open = True
        match block.type:
            case "text":
                yield TextOpened()
                if block.text:
                    yield BlockDelta(text=block.text)
            case "thinking":
                yield ThinkingOpened()
            case "redacted_thinking":
                yield RedactedThinkingOpened(data=block.data)
            case "tool_use":
                yield ToolUseOpened(name=block.name, id=block.id, toolset_name=block.toolset_name)
            case _:
                self._is_open = False

    def _note_ending(self, delta: _Delta | None) -> None:
        if delta is not None and delta.stop_reason is not None:
            self._ending = TurnEnded(
                stop_reason=delta.stop_reason,
                stop_sequence=delta.stop_sequence,
                stop_details=delta.stop_details,
            )


def refusal_of(body: bytes, upstream: str, *, retry_after_s: float | None) -> ApiError:
    """Return the error that an answer of the Messages API is about, whatever its status."""
    try:
        told = _envelope.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return EngineFailed(f"{upstream} answered with an error that is none of the Messages API.")
    return fault_of(told, upstream, retry_after_s=retry_after_s)


def fault_of(told: _Fault, upstream: str, *, retry_after_s: float | None) -> ApiError:
    """Return what the upstream's error is here: what it says of the request is the caller's."""
    kind = _BY_TYPE.get(told.type, EngineFailed)
    is_ours = issubclass(kind, EngineFailed)
    message = f"{upstream}: {told.message}" if is_ours else told.message
    return kind(message or told.type, retry_after_s=retry_after_s)


def _counts(usage: _Usage | None) -> Iterator[EngineEvent]:
    if usage is not None:
        details = usage.output_tokens_details
        yield UsageReported(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            thinking_tokens=details.thinking_tokens if details is not None else None,
            cache_read_input_tokens=usage.cache_read_input_tokens,
            cache_creation_input_tokens=usage.cache_creation_input_tokens,
        )
