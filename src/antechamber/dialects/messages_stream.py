"""An answer of the Messages API read as engine events: for a turn that must not just pass through.

Events, blocks, deltas and reasons that nobody here knows fail no answer: the API adds some.
"""

from collections.abc import Iterator, Mapping
from typing import get_args

import msgspec

from antechamber.dialects.event_stream import EventStreamReader
from antechamber.dialects.messages_blocks import BlockReader
from antechamber.turn.events import EngineEvent, TurnEnded, UsageReported
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    InvalidRequest,
    RequestTooLarge,
)
from antechamber.wire.responses import StopReason
from antechamber.wire.upstream_faults import (
    FAULTS_BY_TYPE,
    PASSING_BY_STATUS,
    REFUSALS_BY_STATUS,
)


class _Details(msgspec.Struct):
    thinking_tokens: int | None = None


class _CacheCreation(msgspec.Struct):
    ephemeral_1h_input_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _Details | None = None


class _Message(msgspec.Struct):
    usage: _Usage | None = None


class _Ending(msgspec.Struct):
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: dict[str, object] | None = None


class _Fault(msgspec.Struct):
    type: str = "api_error"
    message: str = ""


class _Event(msgspec.Struct):
    type: str = ""


class _Start(msgspec.Struct):
    message: _Message


class _BlockEvent(msgspec.Struct):
    index: int = 0
    content_block: msgspec.Raw = msgspec.Raw(b"{}")
    delta: msgspec.Raw = msgspec.Raw(b"{}")


class _MessageDelta(msgspec.Struct):
    delta: _Ending
    usage: _Usage | None = None


class _ErrorEvent(msgspec.Struct):
    error: _Fault


class _Answer(_Ending):
    content: list[msgspec.Raw] = []
    usage: _Usage | None = None


class _Envelope(msgspec.Struct):
    error: _Fault


_event = msgspec.json.Decoder(_Event)
_start = msgspec.json.Decoder(_Start)
_block_event = msgspec.json.Decoder(_BlockEvent)
_message_delta = msgspec.json.Decoder(_MessageDelta)
_error_event = msgspec.json.Decoder(_ErrorEvent)
_answer = msgspec.json.Decoder(_Answer)
_envelope = msgspec.json.Decoder(_Envelope)
_REASONS: Mapping[str, StopReason] = {reason: reason for reason in get_args(StopReason)}
_BY_TYPE: Mapping[str, type[ApiError]] = {
    **FAULTS_BY_TYPE,
    "invalid_request_error": InvalidRequest,
    "request_too_large": RequestTooLarge,
}
_BY_STATUS: Mapping[int, type[ApiError]] = {
    **REFUSALS_BY_STATUS,
    **PASSING_BY_STATUS,
    400: InvalidRequest,
    413: RequestTooLarge,
    422: InvalidRequest,
}


class MessagesStreamReader:
    """Feed it the bytes of one stream; it gives what an engine would have said.

    Its methods raise the ``ApiError`` that the stream tells of, and ``EngineFailed`` for one that
    is none of the Messages API.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._events = EventStreamReader()
        self._blocks = BlockReader()
        self._ending = TurnEnded(stop_reason="end_turn")
        self._ended = False

    def feed(self, chunk: bytes) -> Iterator[EngineEvent]:
        """Yield the events that ``chunk`` completes."""
        try:
            events = self._events.feed(chunk)
        except ValueError as error:
            message = f"{self._upstream} sent an event that is too large."
            raise EngineFailed(message) from error
        for event in events:
            yield from self._read(event.data)

    def end(self) -> Iterator[EngineEvent]:
        """Yield what the end of the stream completes; an event that was cut is left out."""
        for event in self._events.end():
            if _is_json(event.data):
                yield from self._read(event.data)

    def _read(self, data: bytes) -> Iterator[EngineEvent]:
        # What follows the end, as the ``[DONE]`` of another format, means nothing.
        if self._ended:
            return
        try:
            yield from self._take(_event.decode(data).type, data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = f"{self._upstream} sent an event that is none of the Messages API."
            raise EngineFailed(message) from error

    def _take(self, kind: str, data: bytes) -> Iterator[EngineEvent]:
        match kind:
            case "message_start":
                yield from _counts(_start.decode(data).message.usage)
            case "content_block_start":
                event = _block_event.decode(data)
                yield from self._blocks.start(event.index, event.content_block)
            case "content_block_delta":
                event = _block_event.decode(data)
                yield from self._blocks.extend(event.index, event.delta)
            case "content_block_stop":
                yield from self._blocks.stop(_block_event.decode(data).index)
            case "message_delta":
                told = _message_delta.decode(data)
                yield from _counts(told.usage)
                self._ending = _ending_of(told.delta) or self._ending
            case "message_stop":
                self._ended = True
                yield from self._blocks.finish()
                yield self._ending
            case "error":
                fault = _error_event.decode(data).error
                raise fault_of(fault, self._upstream, retry_after_s=None)
            case _:
                pass


def events_of_answer(body: bytes, upstream: str) -> Iterator[EngineEvent]:
    """Yield what the stream of the same answer would have said, from a whole one.

    Raises ``EngineFailed`` where it is none of the Messages API.
    """
    blocks = BlockReader()
    try:
        answer = _answer.decode(body)
        yield from _counts(answer.usage)
        for index, block in enumerate(answer.content):
            yield from blocks.start(index, block)
            yield from blocks.stop(index)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{upstream} sent an answer that is none of the Messages API."
        raise EngineFailed(message) from error
    yield _ending_of(answer) or TurnEnded(stop_reason="end_turn")


def refusal_of(body: bytes, upstream: str, *, status: int, retry_after_s: float | None) -> ApiError:
    """Return the error that an answer is about; ``status`` tells what a page in its place means."""
    try:
        told = _envelope.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind = _BY_STATUS.get(status, EngineFailed)
        return kind(f"{upstream} answered with status {status}.", retry_after_s=retry_after_s)
    return fault_of(told, upstream, retry_after_s=retry_after_s)


def fault_of(told: _Fault, upstream: str, *, retry_after_s: float | None) -> ApiError:
    """Return what the upstream's error is here: what it says of the request is the caller's."""
    kind = _BY_TYPE.get(told.type, EngineFailed)
    is_ours = issubclass(kind, EngineFailed)
    message = f"{upstream}: {told.message}" if is_ours else told.message
    return kind(message or told.type, retry_after_s=retry_after_s)


def _ending_of(told: _Ending) -> TurnEnded | None:
    if told.stop_reason is None:
        return None
    return TurnEnded(
        # A reason of tomorrow ends the turn all the same.
        stop_reason=_REASONS.get(told.stop_reason, "end_turn"),
        stop_sequence=told.stop_sequence,
        stop_details=told.stop_details,
    )


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _counts(usage: _Usage | None) -> Iterator[EngineEvent]:
    if usage is not None:
        details = usage.output_tokens_details
        yield UsageReported(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            thinking_tokens=details.thinking_tokens if details is not None else None,
            cache_read_input_tokens=usage.cache_read_input_tokens,
            cache_creation_input_tokens=usage.cache_creation_input_tokens,
            cache_creation_1h_input_tokens=usage.cache_creation.ephemeral_1h_input_tokens
            if usage.cache_creation is not None
            else None,
        )
