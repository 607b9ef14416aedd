"""The ``Message`` that a turn becomes, its blocks and its usage.

Every key that the OpenAPI document of August 2026 requires is always there, null where empty;
keys that the API sends only when something asked for them are ``UNSET`` until then.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

StopReason = Literal[
    "end_turn",
    "max_tokens",
    "stop_sequence",
    "tool_use",
    "pause_turn",
    "refusal",
    "model_context_window_exceeded",
    "compaction",
]
ServiceTier = Literal["standard", "priority", "batch"]


class CitationCharLocation(msgspec.Struct, tag_field="type", tag="char_location", kw_only=True):
    """Characters of a text document, counted from 0; every end of a location is exclusive."""

    cited_text: str
    document_index: int
    document_title: str | None
    start_char_index: int
    end_char_index: int
    file_id: str | None


class CitationPageLocation(msgspec.Struct, tag_field="type", tag="page_location", kw_only=True):
    """Pages of a PDF, counted from 1."""

    cited_text: str
    document_index: int
    document_title: str | None
    start_page_number: int
    end_page_number: int
    file_id: str | None


class CitationContentBlockLocation(
    msgspec.Struct, tag_field="type", tag="content_block_location", kw_only=True
):
    """Blocks of a document made of blocks, counted from 0; the text is the whole of them."""

    cited_text: str
    document_index: int
    document_title: str | None
    start_block_index: int
    end_block_index: int
    file_id: str | None


class CitationsSearchResultLocation(
    msgspec.Struct, tag_field="type", tag="search_result_location", kw_only=True
):
    """Blocks of a search result that the request brought along; the text is the whole of them."""

    cited_text: str
    search_result_index: int
    source: str
    title: str | None
    start_block_index: int
    end_block_index: int


class CitationsWebSearchResultLocation(
    msgspec.Struct, tag_field="type", tag="web_search_result_location", kw_only=True
):
    """A result of a web search."""

    cited_text: str
    encrypted_index: str
    title: str | None
    url: str


TextCitation = (
    CitationCharLocation
    | CitationPageLocation
    | CitationContentBlockLocation
    | CitationsSearchResultLocation
    | CitationsWebSearchResultLocation
)


class TextBlock(msgspec.Struct, tag_field="type", tag="text", kw_only=True):
    """Text of the answer, and where it is from; ``citations`` is null where nothing is cited."""

    text: str
    citations: list[TextCitation] | None = None


class ThinkingBlock(msgspec.Struct, tag_field="type", tag="thinking", kw_only=True):
    """A thought and its signature; the thought is empty when its display is omitted."""

    thinking: str
    signature: str


class RedactedThinkingBlock(
    msgspec.Struct, tag_field="type", tag="redacted_thinking", kw_only=True
):
    """Opaque reasoning."""

    data: str


class DirectCaller(msgspec.Struct, tag_field="type", tag="direct"):
    """The model itself made the call."""


class ToolUseBlock(msgspec.Struct, tag_field="type", tag="tool_use", kw_only=True):
    """A call for the client to run."""

    id: str
    name: str
    input: Mapping[str, object]
    caller: DirectCaller
    toolset_name: str | UnsetType = UNSET


ContentBlock = TextBlock | ThinkingBlock | RedactedThinkingBlock | ToolUseBlock


class CacheCreation(msgspec.Struct, kw_only=True):
    """Tokens written to the prompt cache, by lifetime."""

    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class OutputTokensDetails(msgspec.Struct, kw_only=True):
    """What the output tokens were spent on."""

    thinking_tokens: int


class Usage(msgspec.Struct, kw_only=True):
    """Tokens of one message; ``input_tokens`` counts what stands after the last breakpoint."""

    input_tokens: int
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation: CacheCreation = msgspec.field(default_factory=CacheCreation)
    output_tokens: int
    output_tokens_details: OutputTokensDetails | UnsetType = UNSET
    server_tool_use: None = None
    service_tier: ServiceTier = "standard"
    inference_geo: str = "not_available"
    speed: str | UnsetType = UNSET


class ContextManagement(msgspec.Struct, kw_only=True):
    """The context edits that were applied before the model read the prompt."""

    applied_edits: list[object]


class CacheMissModelChanged(msgspec.Struct, tag_field="type", tag="model_changed"):
    """Another model, or another speed, than in the named request."""

    cache_missed_input_tokens: int
    """About how many tokens could have been read if the prefix had matched."""


class CacheMissToolsChanged(msgspec.Struct, tag_field="type", tag="tools_changed"):
    """Other tools, or in another order."""

    cache_missed_input_tokens: int


class CacheMissSystemChanged(msgspec.Struct, tag_field="type", tag="system_changed"):
    """Another system prompt."""

    cache_missed_input_tokens: int


class CacheMissMessagesChanged(msgspec.Struct, tag_field="type", tag="messages_changed"):
    """Earlier messages differ, where they should only have been added to."""

    cache_missed_input_tokens: int


class CacheMissPreviousMessageNotFound(
    msgspec.Struct, tag_field="type", tag="previous_message_not_found"
):
    """Nothing is known, or known any more, of the named message."""


class CacheMissUnavailable(msgspec.Struct, tag_field="type", tag="unavailable"):
    """No comparison could be made, or what differs is none of the above: thinking, tool choice."""


CacheMissReason = (
    CacheMissModelChanged
    | CacheMissToolsChanged
    | CacheMissSystemChanged
    | CacheMissMessagesChanged
    | CacheMissPreviousMessageNotFound
    | CacheMissUnavailable
)


class Diagnostics(msgspec.Struct, kw_only=True):
    """Why the prompt cache missed, as far as it is known."""

    cache_miss_reason: CacheMissReason | None


class Message(msgspec.Struct, tag_field="type", tag="message", kw_only=True):
    """One whole answer."""

    id: str
    role: Literal["assistant"] = "assistant"
    model: str
    content: list[ContentBlock]
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None
    stop_details: Mapping[str, object] | None = None
    container: None = None
    usage: Usage
    context_management: ContextManagement | UnsetType = UNSET
    diagnostics: Diagnostics | UnsetType = UNSET
