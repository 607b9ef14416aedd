"""Which tools can be called when a conversation ends: those that changed on its way, as they are.

Source: platform.claude.com/docs/en/agents-and-tools/tool-use/tool-search-tool for deferred tools,
SDK 2.12 for additions and removals.
"""

from collections.abc import Iterator

from antechamber.rules.reading import Prompt
from antechamber.rules.tools import name_of, names_of
from antechamber.wire.blocks import ToolResultBlock, ToolSearchToolResultBlock
from antechamber.wire.declarations import NamedTool
from antechamber.wire.server_tool_blocks import ToolSearchToolSearchResultBlock
from antechamber.wire.tool_changes import (
    ToolAdditionBlock,
    ToolChangeToolDefinition,
    ToolChangeToolReference,
    ToolRemovalBlock,
)


def tools_in_force(request: Prompt) -> set[str]:
    """Return the names that can be called; members of toolsets are not listed in the request."""
    known = names_of(request)
    found = {
        name
        for tool in request.tools or ()
        if (name := name_of(tool)) and not (isinstance(tool, NamedTool) and tool.defer_loading)
    }
    for name, added in _changes(request):
        if not added:
            found.discard(name)
        elif name in known:
            found.add(name)
    return found


def taken_away(request: Prompt) -> set[str]:
    """Return the names whose last change is a removal."""
    return {name for name, added in dict(_changes(request)).items() if not added}


def _changes(request: Prompt) -> Iterator[tuple[str, bool]]:
    """Yield names and whether they are added, in the order of the conversation."""
    for message in request.messages:
        for block in message.content or ():
            match block:
                case ToolAdditionBlock(tool=ToolChangeToolReference(name=name)):
                    yield name, True
                case ToolAdditionBlock(tool=ToolChangeToolDefinition(definition=tool)):
                    yield from ((name, True) for name in (name_of(tool),) if name)
                case ToolRemovalBlock(tool=ToolChangeToolReference(name=name)):
                    yield name, False
                case ToolResultBlock() | ToolSearchToolResultBlock():
                    yield from ((name, True) for name in _found(block))
                case _:
                    pass


def _found(block: ToolResultBlock | ToolSearchToolResultBlock) -> Iterator[str]:
    if isinstance(block, ToolResultBlock):
        for part in block.content or ():
            if part.type == "tool_reference":
                yield part.tool_name
    elif isinstance(block.content, ToolSearchToolSearchResultBlock):
        for reference in block.content.tool_references:
            yield reference.tool_name
