"""Blocks that add tools to a running conversation, or take them away (beta).

Source: SDK 2.12, ``BetaRequestToolAdditionBlockParam`` and its neighbours.
"""

from typing import Annotated, Literal, cast

from pydantic import BeforeValidator, Field

from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.shape import Items, WireModel
from antechamber.wire.tools import Tool


class ToolChangeToolReference(WireModel):
    """A tool by the name that the model calls it by."""

    type: Literal["tool_reference"]
    name: str


class ToolChangeMCPToolReference(WireModel):
    """A tool of an MCP server."""

    type: Literal["mcp_tool_reference"]
    name: str
    server_name: str


class ToolChangeMCPToolsetReference(WireModel):
    """All tools of an MCP server."""

    type: Literal["mcp_toolset_reference"]
    server_name: str


def _without_nulls(definition: object) -> object:
    # A compaction block of a response reports definitions with every field, null where there is
    # nothing, and is to be sent back unchanged; in ``tools`` the same nulls are refused.
    if not isinstance(definition, dict):
        return definition
    fields = cast("dict[str, object]", definition)
    return {key: value for key, value in fields.items() if value is not None}


class ToolChangeToolDefinition(WireModel):
    """A whole tool, as it would stand in ``tools``."""

    type: Literal["tool_definition"]
    definition: Annotated[Tool, BeforeValidator(_without_nulls)]


class ToolAdditionBlock(WireModel):
    """From here on the model has this tool."""

    type: Literal["tool_addition"]
    tool: Annotated[
        ToolChangeToolReference
        | ToolChangeMCPToolReference
        | ToolChangeMCPToolsetReference
        | ToolChangeToolDefinition,
        Field(discriminator="type"),
    ]
    cache_control: CacheBreakpoint | None = None


class ToolRemovalBlock(WireModel):
    """From here on the model no longer has this tool."""

    type: Literal["tool_removal"]
    tool: Annotated[
        ToolChangeToolReference | ToolChangeMCPToolReference | ToolChangeMCPToolsetReference,
        Field(discriminator="type"),
    ]
    cache_control: CacheBreakpoint | None = None


class CompactionBlock(WireModel):
    """A summary in the place of everything before it; null when it could not be made."""

    type: Literal["compaction"]
    content: Annotated[str, Field(min_length=1)] | None = None
    encrypted_content: str | None = None
    signature: str | None = None
    tool_changes: (
        Items[Annotated[ToolAdditionBlock | ToolRemovalBlock, Field(discriminator="type")]] | None
    ) = None
    cache_control: CacheBreakpoint | None = None
