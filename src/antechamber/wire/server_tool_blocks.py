"""Calls of tools that the server runs, and the results of searching tools and asking the advisor.

The other results stand in ``web_blocks`` and ``execution_blocks``. Limits and error codes: OpenAPI
2026-08 and SDK 2.12, the wider of the two.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.shape import Items, JsonObject, WireModel
from antechamber.wire.tool_calls import (
    Caller,
    ExecutionFault,
    ServerToolResult,
    ServerToolUseId,
    ToolReferenceBlock,
)


class ServerToolUseBlock(WireModel):
    """A call that the server runs."""

    type: Literal["server_tool_use"]
    id: ServerToolUseId
    name: Literal[
        "advisor",
        "web_search",
        "web_fetch",
        "code_execution",
        "bash_code_execution",
        "text_editor_code_execution",
        "tool_search_tool_regex",
        "tool_search_tool_bm25",
    ]
    input: JsonObject
    caller: Caller | None = None
    cache_control: CacheBreakpoint | None = None


class ToolSearchToolSearchResultBlock(WireModel):
    """The tools that were found."""

    type: Literal["tool_search_tool_search_result"]
    tool_references: Items[ToolReferenceBlock]


class ToolSearchToolResultError(WireModel):
    """Why nothing was searched."""

    type: Literal["tool_search_tool_result_error"]
    error_code: ExecutionFault
    error_message: str | None = None


class ToolSearchToolResultBlock(ServerToolResult):
    """The result of a search for tools."""

    type: Literal["tool_search_tool_result"]
    content: Annotated[
        ToolSearchToolSearchResultBlock | ToolSearchToolResultError, Field(discriminator="type")
    ]


class AdvisorResultBlock(WireModel):
    """What the advisor said."""

    type: Literal["advisor_result"]
    text: str
    stop_reason: str | None = None


class AdvisorRedactedResultBlock(WireModel):
    """What the advisor said, encrypted."""

    type: Literal["advisor_redacted_result"]
    encrypted_content: str
    stop_reason: str | None = None


class AdvisorToolResultError(WireModel):
    """Why the advisor said nothing."""

    type: Literal["advisor_tool_result_error"]
    error_code: Literal[
        "max_uses_exceeded",
        "prompt_too_long",
        "too_many_requests",
        "overloaded",
        "unavailable",
        "execution_time_exceeded",
        "model_not_found",
    ]


class AdvisorToolResultBlock(ServerToolResult):
    """The result of asking the advisor (beta)."""

    type: Literal["advisor_tool_result"]
    content: Annotated[
        AdvisorResultBlock | AdvisorRedactedResultBlock | AdvisorToolResultError,
        Field(discriminator="type"),
    ]
