"""What the declared tools have to be together, and what may refer to them."""

from collections.abc import Iterator

from antechamber.rules.reading import Prompt, Reading
from antechamber.wire.blocks import ToolResultBlock, ToolSearchToolResultBlock
from antechamber.wire.declarations import NamedTool
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.mcp import MCPToolset
from antechamber.wire.server_tool_blocks import ToolSearchToolSearchResultBlock
from antechamber.wire.tool_changes import (
    ToolAdditionBlock,
    ToolChangeToolDefinition,
    ToolChangeToolReference,
)
from antechamber.wire.tools import (
    BrowserToolset20260801,
    ComputerToolset20260801,
    CustomTool,
    Tool,
)


def tag_of(tool: Tool) -> str:
    """Return what the hosted API calls the tool in paths."""
    return tool.type or "custom"


def name_of(tool: Tool) -> str | None:
    """Return the name that the model calls the tool by; a toolset has none."""
    match tool:
        case MCPToolset() | BrowserToolset20260801() | ComputerToolset20260801():
            return None
        case _:
            return tool.name


def names_of(request: Prompt) -> set[str]:
    """Return the names of all tools that the request declares, in ``tools`` or on the way."""
    names = {name_of(tool) for _, tool in definitions(request)}
    return {name for name in names if name is not None}


def _added(request: Prompt) -> Iterator[tuple[str, Tool]]:
    for number, message in enumerate(request.messages):
        if message.role == "system":
            for index, block in enumerate(message.content or ()):
                if isinstance(block, ToolAdditionBlock) and isinstance(
                    block.tool, ToolChangeToolDefinition
                ):
                    path = f"messages.{number}.content.{index}.tool_addition.tool"
                    yield f"{path}.tool_definition.definition", block.tool.definition


def definitions(request: Prompt) -> Iterator[tuple[str, Tool]]:
    """Yield all tools that are defined, in ``tools`` or on the way, with their paths."""
    for number, tool in enumerate(request.tools or ()):
        yield f"tools.{number}.{tag_of(tool)}", tool
    for path, tool in _added(request):
        yield f"{path}.{tag_of(tool)}", tool


def refuse_names_that_come_twice(reading: Reading) -> None:
    """Server tools count too."""
    seen: set[str] = set()
    for tool in reading.request.tools or ():
        name = name_of(tool)
        if name is None:
            continue
        if name in seen:
            # anthropics/claude-code#10687
            raise InvalidRequest("tools: Tool names must be unique.")
        seen.add(name)


def refuse_to_defer_every_tool(reading: Reading) -> None:
    """The model would have nothing to search with."""
    tools = reading.request.tools
    if tools and all(isinstance(tool, NamedTool) and tool.defer_loading for tool in tools):
        # platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
        raise InvalidRequest(
            "At least one tool must have defer_loading=false. All tools cannot be deferred."
        )


def refuse_references_to_undeclared_tools(reading: Reading) -> None:
    """In results, and where a tool is added to a running conversation by its name."""
    referred = list(_referred(reading))
    if not referred:
        return
    names = names_of(reading.request)
    for name in referred:
        if name not in names:
            # platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool
            raise InvalidRequest(f"Tool reference '{name}' not found in available tools")


def _referred(reading: Reading) -> Iterator[str]:
    for result in reading.every(ToolResultBlock):
        for block in result.block.content or ():
            if block.type == "tool_reference":
                yield block.tool_name
    for found in reading.every(ToolSearchToolResultBlock):
        if isinstance(found.block.content, ToolSearchToolSearchResultBlock):
            for reference in found.block.content.tool_references:
                yield reference.tool_name
    for addition in reading.every(ToolAdditionBlock):
        if isinstance(addition.block.tool, ToolChangeToolReference):
            yield addition.block.tool.name


def custom_tools(reading: Reading) -> Iterator[tuple[str, CustomTool]]:
    """Yield the client's own tools with their paths."""
    for path, tool in definitions(reading.request):
        if isinstance(tool, CustomTool):
            yield path, tool
