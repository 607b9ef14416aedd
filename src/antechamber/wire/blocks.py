"""The blocks of a message, and which of them may stand where.

Limits: OpenAPI 2026-08. Larger families have modules of their own (``documents``, ``web_blocks``,
``execution_blocks``, ``mcp`` …); every block can be imported from here.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.browser import BrowserStateBlock
from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.documents import DocumentBlock, ImageBlock, SearchResultBlock
from antechamber.wire.execution_blocks import (
    BashCodeExecutionToolResultBlock,
    CodeExecutionToolResultBlock,
    TextEditorCodeExecutionToolResultBlock,
)
from antechamber.wire.mcp import MCPToolListingBlock, MCPToolResultBlock, MCPToolUseBlock
from antechamber.wire.server_tool_blocks import (
    AdvisorToolResultBlock,
    ServerToolUseBlock,
    ToolSearchToolResultBlock,
)
from antechamber.wire.shape import Items, JsonObject, Omissible, WireModel
from antechamber.wire.text import OrText, TextBlock
from antechamber.wire.tool_calls import (
    Caller,
    DirectCaller,
    ServerToolCaller,
    ServerToolCaller20260120,
    ToolReferenceBlock,
    ToolUseId,
)
from antechamber.wire.tool_changes import CompactionBlock, ToolAdditionBlock, ToolRemovalBlock
from antechamber.wire.web_blocks import WebFetchToolResultBlock, WebSearchToolResultBlock

__all__ = [
    "AdvisorToolResultBlock",
    "AnyContent",
    "BashCodeExecutionToolResultBlock",
    "BrowserStateBlock",
    "CodeExecutionToolResultBlock",
    "CompactionBlock",
    "ContainerUploadBlock",
    "ContentBlock",
    "DirectCaller",
    "DocumentBlock",
    "FallbackBlock",
    "FallbackInfo",
    "ImageBlock",
    "MCPToolListingBlock",
    "MCPToolResultBlock",
    "MCPToolUseBlock",
    "RedactedThinkingBlock",
    "SearchResultBlock",
    "ServerToolCaller",
    "ServerToolCaller20260120",
    "ServerToolUseBlock",
    "SystemContent",
    "SystemContentBlock",
    "TextBlock",
    "TextContent",
    "TextEditorCodeExecutionToolResultBlock",
    "ThinkingBlock",
    "ToolAdditionBlock",
    "ToolReferenceBlock",
    "ToolRemovalBlock",
    "ToolResultBlock",
    "ToolResultContentBlock",
    "ToolSearchToolResultBlock",
    "ToolUseBlock",
    "WebFetchToolResultBlock",
    "WebSearchToolResultBlock",
]


class ThinkingBlock(WireModel):
    """A thought of an earlier turn; empty when its display was omitted, the signature is not."""

    type: Literal["thinking"]
    thinking: str
    signature: str


class RedactedThinkingBlock(WireModel):
    """A thought that only its maker can read."""

    type: Literal["redacted_thinking"]
    data: str


class ToolUseBlock(WireModel):
    """A call that the client ran."""

    type: Literal["tool_use"]
    id: ToolUseId
    name: Annotated[str, Field(min_length=1, max_length=200)]
    input: JsonObject
    caller: Caller | None = None
    toolset_name: str | None = None
    cache_control: CacheBreakpoint | None = None


ToolResultContentBlock = Annotated[
    TextBlock
    | ImageBlock
    | SearchResultBlock
    | DocumentBlock
    | ToolReferenceBlock
    | BrowserStateBlock,
    Field(discriminator="type"),
]


class ToolResultBlock(WireModel):
    """What running a call gave; without content it gave nothing."""

    type: Literal["tool_result"]
    tool_use_id: ToolUseId
    content: Omissible[Annotated[Items[ToolResultContentBlock], OrText()]] = None
    is_error: Omissible[bool] = None
    toolset_name: str | None = None
    cache_control: CacheBreakpoint | None = None


class ContainerUploadBlock(WireModel):
    """A file for the container."""

    type: Literal["container_upload"]
    file_id: str
    cache_control: CacheBreakpoint | None = None


class FallbackInfo(WireModel):
    """One side of a change of model."""

    model: str


class FallbackBlock(WireModel):
    """Where one model's answer gives way to the next one's (beta); sent back as it came."""

    type: Literal["fallback"]
    from_: FallbackInfo = Field(alias="from")
    to: FallbackInfo
    trigger: object = None


ContentBlock = Annotated[
    TextBlock
    | ImageBlock
    | DocumentBlock
    | SearchResultBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolResultBlock
    | ServerToolUseBlock
    | WebSearchToolResultBlock
    | WebFetchToolResultBlock
    | CodeExecutionToolResultBlock
    | BashCodeExecutionToolResultBlock
    | TextEditorCodeExecutionToolResultBlock
    | ToolSearchToolResultBlock
    | ContainerUploadBlock
    | AdvisorToolResultBlock
    | MCPToolUseBlock
    | MCPToolResultBlock
    | MCPToolListingBlock
    | CompactionBlock
    | ToolAdditionBlock
    | ToolRemovalBlock
    | FallbackBlock,
    Field(discriminator="type"),
]
"""Any block of a user or an assistant message; the API does not tell the two apart here."""

SystemContentBlock = Annotated[
    TextBlock | ToolAdditionBlock | ToolRemovalBlock, Field(discriminator="type")
]

TextContent = Annotated[Items[TextBlock], OrText()]
SystemContent = Annotated[Items[SystemContentBlock], OrText()]
AnyContent = Annotated[Items[ContentBlock], OrText()]
