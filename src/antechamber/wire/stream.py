"""The events of a streamed message, as they go over the wire."""

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, UnsetType

from antechamber.wire.responses import (
    ContentBlock,
    ContextManagement,
    Message,
    OutputTokensDetails,
    StopReason,
    TextCitation,
)


class MessageStart(msgspec.Struct, tag_field="type", tag="message_start"):
    """The first event: the message with no content and the counted input."""

    message: Message


class ContentBlockStart(msgspec.Struct, tag_field="type", tag="content_block_start"):
    """A block begins."""

    index: int
    content_block: ContentBlock


class TextDelta(msgspec.Struct, tag_field="type", tag="text_delta"):
    """More text."""

    text: str


class CitationsDelta(msgspec.Struct, tag_field="type", tag="citations_delta"):
    """One more citation of the open text."""

    citation: TextCitation


class ThinkingDelta(msgspec.Struct, tag_field="type", tag="thinking_delta"):
    """More of a thought; the estimate only under the beta ``thinking-token-count-2026-05-13``."""

    thinking: str
    estimated_tokens: int | UnsetType | None = UNSET


class SignatureDelta(msgspec.Struct, tag_field="type", tag="signature_delta"):
    """The signature of a thought, once, at its end."""

    signature: str


class InputJsonDelta(msgspec.Struct, tag_field="type", tag="input_json_delta"):
    """A piece of the JSON text of a tool's input."""

    partial_json: str


Delta = TextDelta | CitationsDelta | ThinkingDelta | SignatureDelta | InputJsonDelta


class ContentBlockDelta(msgspec.Struct, tag_field="type", tag="content_block_delta"):
    """More of the open block."""

    index: int
    delta: Delta


class ContentBlockStop(msgspec.Struct, tag_field="type", tag="content_block_stop"):
    """The open block ends."""

    index: int


class Ending(msgspec.Struct, kw_only=True):
    """Why the message ended."""

    stop_reason: StopReason | None
    stop_sequence: str | None
    stop_details: Mapping[str, object] | None = None
    container: None = None


class FinalUsage(msgspec.Struct, kw_only=True):
    """Cumulative counts at the end."""

    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int
    output_tokens_details: OutputTokensDetails | UnsetType = UNSET
    server_tool_use: None = None


class MessageDelta(msgspec.Struct, tag_field="type", tag="message_delta", kw_only=True):
    """Changes of the message as a whole, last of all its end."""

    delta: Ending
    usage: FinalUsage
    context_management: ContextManagement | UnsetType = UNSET


class MessageStop(msgspec.Struct, tag_field="type", tag="message_stop"):
    """The last event of a stream that went well."""


class Ping(msgspec.Struct, tag_field="type", tag="ping"):
    """A sign of life."""


StreamEvent = (
    MessageStart
    | ContentBlockStart
    | ContentBlockDelta
    | ContentBlockStop
    | MessageDelta
    | MessageStop
    | Ping
)
