"""The tools of a conversation: which are declared, which may be called, and when that changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from antechamber.dialects.client_tools import CLIENT_TOOLS, COMPUTER_WITH_ZOOM
from antechamber.wire.blocks import (
    ToolAdditionBlock,
    ToolReferenceBlock,
    ToolRemovalBlock,
    ToolResultBlock,
    ToolSearchToolResultBlock,
)
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.tools import (
    ComputerTool20241022,
    ComputerTool20250124,
    ComputerTool20251124,
    CustomTool,
    TextEditorTool20250728,
    Tool,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTool:
    """A tool that the model may call in this turn."""

    name: str
    description: str
    schema: Mapping[str, object]
    examples: Sequence[Mapping[str, object]] = ()
    strict: bool = False
    """Whether the client asked for calls that are valid against the schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredTools:
    """What a request says about tools, at its start and along the conversation."""

    known: Mapping[str, OfferedTool]
    """All of them by name, also those that nothing has loaded yet."""
    at_start: tuple[OfferedTool, ...]
    """Those that the system prompt tells of. What changes later is told in its place: a system
    prompt that changed would be read anew, with the whole conversation behind it."""
    offered: tuple[OfferedTool, ...]
    """Those in force at the end of the conversation."""


def declared_tools(request: MessageRequest | CountTokensRequest) -> DeclaredTools:
    """Read the tools of ``request``.

    Deferred tools are not offered until a ``tool_reference`` or a ``tool_addition`` names them; a
    ``tool_removal`` takes a tool out again. What only code in a container may call is not offered.

    Raises ``InvalidRequest`` for a tool type that only its maker's own models know.
    """
    known: dict[str, OfferedTool] = {}
    at_start: dict[str, OfferedTool] = {}
    for position, tool in enumerate(request.tools or ()):
        entry = offered_tool(tool, f"tools.{position}")
        known[entry.name] = entry
        if not getattr(tool, "defer_loading", None) and _is_direct(tool):
            at_start[entry.name] = entry
    offered = dict(at_start)
    for change in _changes(request):
        match change:
            case _Added(name=name, definition=definition):
                if definition is not None:
                    known[name] = definition
                if name in known:
                    offered[name] = known[name]
            case _Removed(name=name):
                offered.pop(name, None)
    return DeclaredTools(
        known=known, at_start=tuple(at_start.values()), offered=tuple(offered.values())
    )


def offered_tool(tool: Tool, path: str) -> OfferedTool:
    """Return what a model has to know of a declaration; ``path`` is where it stands."""
    if isinstance(tool, CustomTool):
        return OfferedTool(
            name=tool.name,
            description=tool.description or "",
            schema=tool.input_schema,
            examples=tuple(tool.input_examples or ()),
            strict=bool(tool.strict),
        )
    known = CLIENT_TOOLS.get(tool.type)
    if isinstance(tool, ComputerTool20251124) and tool.enable_zoom:
        known = COMPUTER_WITH_ZOOM
    if known is None:
        message = f"{path}: This model does not support tools of type {tool.type}."
        raise InvalidRequest(message)
    return OfferedTool(
        name=known.name,
        description=known.description + _particulars(tool),
        schema=known.schema,
        examples=tuple(getattr(tool, "input_examples", None) or ()),
        strict=bool(getattr(tool, "strict", None)),
    )


def _particulars(tool: Tool) -> str:
    match tool:
        case ComputerTool20241022() | ComputerTool20250124() | ComputerTool20251124():
            number = "" if tool.display_number is None else f" is number {tool.display_number} and"
            return (
                f" The screen{number} is {tool.display_width_px} pixels wide and "
                f"{tool.display_height_px} high."
            )
        case TextEditorTool20250728(max_characters=int(most)):
            return f" Of a file at most {most} characters are shown."
        case _:
            return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Added:
    name: str
    definition: OfferedTool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Removed:
    name: str


def _changes(request: MessageRequest | CountTokensRequest) -> Iterator[_Added | _Removed]:
    for at, message in enumerate(request.messages):
        for index, block in enumerate(message.content or ()):
            yield from _changes_in(block, f"messages.{at}.content.{index}")


def _changes_in(block: object, path: str) -> Iterator[_Added | _Removed]:
    match block:
        case ToolResultBlock(content=list(parts)):
            for part in parts:
                if isinstance(part, ToolReferenceBlock):
                    yield _Added(name=part.tool_name)
        case ToolSearchToolResultBlock(content=found) if found.type.endswith("_search_result"):
            for reference in getattr(found, "tool_references", ()):
                yield _Added(name=reference.tool_name)
        case ToolAdditionBlock(tool=tool) if tool.type == "tool_definition":
            added = offered_tool(tool.definition, f"{path}.tool_addition.tool.definition")
            yield _Added(name=added.name, definition=added)
        case ToolAdditionBlock(tool=tool) if tool.type == "tool_reference":
            yield _Added(name=tool.name)
        case ToolRemovalBlock(tool=tool) if tool.type == "tool_reference":
            yield _Removed(name=tool.name)
        case _:
            pass


def _is_direct(tool: object) -> bool:
    callers = getattr(tool, "allowed_callers", None)
    return callers is None or "direct" in callers
