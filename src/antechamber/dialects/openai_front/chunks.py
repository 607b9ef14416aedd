"""A streamed message as ``chat.completion.chunk``s: frames of server-sent events without names.

Pings are comments: the SDKs of this format take every ``data:`` for a chunk.
"""

from collections.abc import Callable

from antechamber.dialects.openai_front.completion import (
    TIERS,
    completion_id,
    finish_reason,
    refusal_of,
    usage_of,
)
from antechamber.dialects.openai_front.problems import problem_of
from antechamber.turn.sse import EventForm, line_of
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import ApiError, InvalidRequest
from antechamber.wire.responses import Message, ToolUseBlock
from antechamber.wire.shape import JsonObject
from antechamber.wire.stream import (
    CitationsDelta,
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Delta,
    InputJsonDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    Ping,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)

InOwnTerms = Callable[[InvalidRequest], InvalidRequest]
"""Tells an error about the Messages request about the client's own."""


def chunk_form(
    *, created: int, with_usage: bool, calls_as_function: bool, in_own_terms: InOwnTerms
) -> EventForm:
    """Return how one stream is written. It has a state: each stream takes its own."""

    def error(error: ApiError, request_id: str) -> bytes:
        told = in_own_terms(error) if isinstance(error, InvalidRequest) else error
        return b"data: %s\n\n" % line_of(encode_json(problem_of(told, request_id).body))

    writer = _ChunkWriter(
        created=created, with_usage=with_usage, calls_as_function=calls_as_function
    )
    return EventForm(frame=writer.frame, error=error, ping=b": ping\n\n", done=b"data: [DONE]\n\n")


class _ChunkWriter:
    """Turns the events of one message into frames."""

    def __init__(self, *, created: int, with_usage: bool, calls_as_function: bool) -> None:
        self._created = created
        self._with_usage = with_usage
        self._calls_as_function = calls_as_function
        self._head = b""
        self._tail = b""
        self._calls = -1
        self._lacks_arguments = False

    def frame(self, event: StreamEvent) -> bytes:
        """Return the frames of ``event``; empty where the format has nothing to say."""
        match event:
            case ContentBlockDelta(delta=delta):
                return self._said(delta)
            case ContentBlockStart(content_block=ToolUseBlock() as block):
                return self._call(block)
            case ContentBlockStop():
                return self._stop()
            case MessageStart(message=message):
                return self._start(message)
            case MessageDelta():
                return self._end(event)
            case ContentBlockStart() | MessageStop() | Ping():
                return b""

    def _start(self, message: Message) -> bytes:
        shared: JsonObject = {
            "id": completion_id(message.id),
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": message.model,
            "service_tier": TIERS[message.usage.service_tier],
            "system_fingerprint": None,
        }
        # All chunks but the last have the same beginning and end: written once.
        self._head = b"data: %s" % encode_json(shared)[:-1]
        self._tail = b',"usage":null}\n\n' if self._with_usage else b"}\n\n"
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def _said(self, delta: Delta) -> bytes:
        match delta:
            case TextDelta(text=text):
                return self._chunk({"content": text}) if text else b""
            case ThinkingDelta(thinking=thought):
                return self._chunk({"reasoning_content": thought}) if thought else b""
            case InputJsonDelta(partial_json=text):
                return self._more_arguments(text) if text else b""
            case SignatureDelta() | CitationsDelta():
                return b""

    def _call(self, block: ToolUseBlock) -> bytes:
        self._calls += 1
        self._lacks_arguments = True
        function: JsonObject = {"name": block.name, "arguments": ""}
        if self._calls_as_function:
            return self._chunk({"function_call": function})
        call: JsonObject = {
            "index": self._calls,
            "id": block.id,
            "type": "function",
            "function": function,
        }
        return self._chunk({"tool_calls": [call]})

    def _more_arguments(self, text: str) -> bytes:
        self._lacks_arguments = False
        if self._calls_as_function:
            return self._chunk({"function_call": {"arguments": text}})
        return self._chunk(
            {"tool_calls": [{"index": self._calls, "function": {"arguments": text}}]}
        )

    def _stop(self) -> bytes:
        # An empty input comes without any delta; clients of this format parse the text.
        return self._more_arguments("{}") if self._lacks_arguments else b""

    def _end(self, event: MessageDelta) -> bytes:
        reason, details = event.delta.stop_reason, event.delta.stop_details
        refusal = refusal_of(reason, details)
        finish = finish_reason(reason, calls_as_function=self._calls_as_function)
        frames = self._chunk({"refusal": refusal}) if refusal else b""
        frames += self._chunk({}, finish)
        if self._with_usage:
            usage = encode_json(usage_of(event.usage))
            frames += b'%s,"choices":[],"usage":%s}\n\n' % (self._head, usage)
        return frames

    def _chunk(self, delta: JsonObject, finish: str | None = None) -> bytes:
        choice: JsonObject = {
            "index": 0,
            "delta": delta,
            "logprobs": None,
            "finish_reason": finish,
        }
        return b'%s,"choices":[%s]%s' % (self._head, line_of(encode_json(choice)), self._tail)
