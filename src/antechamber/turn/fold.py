"""A stream folded into the message that the same request without ``stream`` answers."""

from collections.abc import Mapping
from typing import cast

from msgspec import UNSET
from pydantic_core import from_json

from antechamber.wire.errors import EngineFailed
from antechamber.wire.responses import Message, TextBlock, ThinkingBlock, ToolUseBlock
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


class Fold:
    """Collects the events of one stream; the structs that it is given become its own."""

    def __init__(self) -> None:
        self._message: Message | None = None
        self._pieces: list[str] = []
        self._stopped = False

    @property
    def message(self) -> Message:
        """The whole message. Raises ``EngineFailed`` while the stream has not ended."""
        if self._message is None or not self._stopped:
            text = "The engine ended its answer without finishing it."
            raise EngineFailed(text)
        return self._message

    def add(self, event: StreamEvent) -> None:
        """Take the next event."""
        match event:
            case ContentBlockDelta(delta=delta):
                self._extend(delta)
            case ContentBlockStart(content_block=block):
                self._open.content.append(block)
                self._pieces = []
            case ContentBlockStop():
                self._close()
            case MessageStart(message=message):
                self._message = message
            case MessageDelta():
                self._end(event)
            case MessageStop():
                self._stopped = True
            case Ping():
                pass

    @property
    def _open(self) -> Message:
        if self._message is None:
            text = "The stream began without a message."
            raise EngineFailed(text)
        return self._message

    def _extend(self, delta: Delta) -> None:
        match delta:
            case TextDelta(text=text) | ThinkingDelta(thinking=text):
                self._pieces.append(text)
            case InputJsonDelta(partial_json=text):
                self._pieces.append(text)
            case SignatureDelta(signature=signature):
                block = self._open.content[-1]
                if isinstance(block, ThinkingBlock):
                    block.signature = signature
            case CitationsDelta(citation=citation):
                block = self._open.content[-1]
                if isinstance(block, TextBlock):
                    block.citations = [*(block.citations or ()), citation]

    def _close(self) -> None:
        text = "".join(self._pieces)
        match self._open.content[-1]:
            case TextBlock() as block:
                block.text = text
            case ThinkingBlock() as block:
                block.thinking = text
            case ToolUseBlock() as block:
                block.input = _input_of(text)
            case _:
                pass

    def _end(self, event: MessageDelta) -> None:
        message, usage = self._open, event.usage
        message.stop_reason = event.delta.stop_reason
        message.stop_sequence = event.delta.stop_sequence
        message.stop_details = event.delta.stop_details
        message.context_management = event.context_management
        message.usage.input_tokens = usage.input_tokens
        message.usage.cache_creation_input_tokens = usage.cache_creation_input_tokens
        message.usage.cache_read_input_tokens = usage.cache_read_input_tokens
        message.usage.output_tokens = usage.output_tokens
        # The event has no counts by lifetime; those of the start may be older than its sum.
        written = message.usage.cache_creation
        written.ephemeral_1h_input_tokens = min(
            written.ephemeral_1h_input_tokens, usage.cache_creation_input_tokens
        )
        written.ephemeral_5m_input_tokens = (
            usage.cache_creation_input_tokens - written.ephemeral_1h_input_tokens
        )
        if usage.output_tokens_details is not UNSET:
            message.usage.output_tokens_details = usage.output_tokens_details


def _input_of(text: str) -> Mapping[str, object]:
    """Return the input as far as it came; the SDKs' accumulators read a cut one the same way."""
    if not text:
        return {}
    value = from_json(text, allow_partial=True)
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
