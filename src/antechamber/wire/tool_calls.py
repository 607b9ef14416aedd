"""What the blocks of tool calls have in common: ids, callers, references, the frame of a result."""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.shape import WireModel

ToolUseId = Annotated[str, Field(pattern="^[a-zA-Z0-9_-]+$")]
"""Of a call that the client runs, or an MCP server."""
ServerToolUseId = Annotated[str, Field(pattern="^srvtoolu_[a-zA-Z0-9_]+$")]
"""Of a call that the server runs."""


class DirectCaller(WireModel):
    """The model itself."""

    type: Literal["direct"]


class ServerToolCaller(WireModel):
    """Code of the container, version 2025-08-25."""

    type: Literal["code_execution_20250825"]
    tool_id: ServerToolUseId


class ServerToolCaller20260120(WireModel):
    """Code of the container, version 2026-01-20."""

    type: Literal["code_execution_20260120"]
    tool_id: ServerToolUseId


Caller = Annotated[
    DirectCaller | ServerToolCaller | ServerToolCaller20260120, Field(discriminator="type")
]


class ServerToolResult(WireModel):
    """The frame of every result of a tool that the server runs."""

    tool_use_id: ServerToolUseId
    cache_control: CacheBreakpoint | None = None


ExecutionFault = Literal[
    "invalid_tool_input", "unavailable", "too_many_requests", "execution_time_exceeded"
]
"""Why something could not be run in the container."""


class ToolReferenceBlock(WireModel):
    """Loads a tool that was declared with ``defer_loading``."""

    type: Literal["tool_reference"]
    tool_name: Annotated[str, Field(min_length=1, max_length=256, pattern="^[a-zA-Z0-9_-]{1,256}$")]
    cache_control: CacheBreakpoint | None = None
