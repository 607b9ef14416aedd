"""MCP servers, their tools, and the blocks that calling them leaves behind (beta).

Source: platform.claude.com/docs/en/agents-and-tools/mcp-connector, OpenAPI 2026-08.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.shape import ByName, Items, JsonObject, Omissible, WireModel
from antechamber.wire.text import OrText, TextBlock
from antechamber.wire.tool_calls import ToolUseId


class MCPServerToolConfiguration(WireModel):
    """Which tools of a server may be used; the form before ``mcp_toolset``."""

    enabled: bool | None = None
    allowed_tools: Items[str] | None = None


class MCPServerURLDefinition(WireModel):
    """A server to connect to."""

    type: Literal["url"]
    name: str
    url: str
    authorization_token: str | None = None
    tool_configuration: MCPServerToolConfiguration | None = None


class MCPTool(WireModel):
    """A tool as its server lists it."""

    name: str
    description: str | None = None
    input_schema: JsonObject


class MCPToolConfig(WireModel):
    """Whether a tool is used, and whether it waits until it is searched for."""

    enabled: Omissible[bool] = None
    defer_loading: Omissible[bool] = None


class MCPToolset(WireModel):
    """The tools of one server; ``configs`` go by the name of the tool."""

    type: Literal["mcp_toolset"]
    mcp_server_name: Annotated[str, Field(min_length=1, max_length=255)]
    default_config: Omissible[MCPToolConfig] = None
    configs: ByName[MCPToolConfig] | None = None
    tools: Items[MCPTool] | None = None
    cache_control: CacheBreakpoint | None = None


class MCPToolUseBlock(WireModel):
    """A call that an MCP server ran."""

    type: Literal["mcp_tool_use"]
    id: ToolUseId
    name: str
    server_name: str
    input: JsonObject
    cache_control: CacheBreakpoint | None = None


class MCPToolResultBlock(WireModel):
    """What the MCP server answered."""

    type: Literal["mcp_tool_result"]
    tool_use_id: ToolUseId
    content: Omissible[Annotated[Items[TextBlock], OrText()]] = None
    is_error: Omissible[bool] = None
    cache_control: CacheBreakpoint | None = None


class MCPToolListingBlock(WireModel):
    """The tools that a server listed while an earlier response was made."""

    type: Literal["mcp_tool_listing"]
    mcp_server_name: str
    tools: Items[MCPTool]
