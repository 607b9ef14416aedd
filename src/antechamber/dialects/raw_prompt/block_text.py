"""One block of a message as the text that a raw prompt holds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from antechamber.dialects.declared_tools import OfferedTool, offered_tool
from antechamber.dialects.raw_prompt.tools import (
    RESULT_CLOSE,
    RESULT_OPEN,
    call_text,
    tool_line,
)
from antechamber.dialects.shown_json import shown_json
from antechamber.wire.blocks import (
    BrowserStateBlock,
    DocumentBlock,
    ImageBlock,
    MCPToolResultBlock,
    MCPToolUseBlock,
    SearchResultBlock,
    ServerToolUseBlock,
    TextBlock,
    ThinkingBlock,
    ToolAdditionBlock,
    ToolReferenceBlock,
    ToolRemovalBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from antechamber.wire.errors import InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """What the text of a block depends on besides the block."""

    tools: Mapping[str, OfferedTool]
    """By name, those that a block may refer to."""
    with_thoughts: bool = False


def block_text(block: object, path: str, telling: Telling) -> Iterator[str]:
    """Yield the text of ``block``, nothing for one that has none; ``path`` is where it stands.

    Raises ``InvalidRequest`` for content that cannot be told in text.
    """
    match block:
        case TextBlock(text=text):
            yield text
        case ThinkingBlock(thinking=thought) if telling.with_thoughts and thought:
            yield f"<think>\n{thought}\n</think>\n"
        case (
            ToolUseBlock(name=name, input=arguments)
            | ServerToolUseBlock(name=name, input=arguments)
            | MCPToolUseBlock(name=name, input=arguments)
        ):
            yield call_text(name, arguments)
        case ToolResultBlock() | MCPToolResultBlock():
            yield _result_text(block, f"{path}.{block.type}", telling)
        case ToolAdditionBlock() | ToolRemovalBlock() | ToolReferenceBlock():
            yield from _change_text(block, path, telling)
        case ImageBlock():
            message = f"{path}.image: This model does not support image input."
            raise InvalidRequest(message)
        case DocumentBlock():
            yield _document_text(block, f"{path}.document", telling)
        case SearchResultBlock(title=title, source=source, content=parts):
            body = "\n".join(part.text for part in parts)
            yield f"<search_result>\n{title}\n{source}\n{body}\n</search_result>"
        case _:
            yield from _echo_text(block)


def _texts(blocks: Sequence[object], path: str, telling: Telling) -> str:
    return "\n".join(
        text
        for index, block in enumerate(blocks)
        for text in block_text(block, f"{path}.{index}", telling)
    )


def _result_text(block: ToolResultBlock | MCPToolResultBlock, path: str, telling: Telling) -> str:
    # A result without content is a result all the same (maximhq/bifrost#6342).
    inner = _texts(block.content or (), f"{path}.content", telling)
    if block.is_error:
        inner = f"Error: {inner}"
    return f"{RESULT_OPEN}\n{inner}\n{RESULT_CLOSE}"


def _change_text(
    block: ToolAdditionBlock | ToolRemovalBlock | ToolReferenceBlock, path: str, telling: Telling
) -> Iterator[str]:
    match block:
        case ToolReferenceBlock(tool_name=name):
            yield from _loaded_text(name, telling)
        case ToolAdditionBlock(tool=tool) if tool.type == "tool_definition":
            added = offered_tool(tool.definition, f"{path}.tool_addition.tool.definition")
            yield _loading(added)
        case ToolAdditionBlock(tool=tool) if tool.type == "tool_reference":
            yield from _loaded_text(tool.name, telling)
        case ToolRemovalBlock(tool=tool) if tool.type == "tool_reference":
            yield f"The function {tool.name} can no longer be called."
        case _:
            pass


def _loaded_text(name: str, telling: Telling) -> Iterator[str]:
    if name in telling.tools:
        yield _loading(telling.tools[name])


def _loading(tool: OfferedTool) -> str:
    return f"This function can be called from now on:\n{tool_line(tool)}"


def _document_text(block: DocumentBlock, path: str, telling: Telling) -> str:
    source = block.source
    match source.type:
        case "text":
            body = source.data
        case "content":
            body = _texts(source.content, f"{path}.source.content.content", telling)
        case _:
            message = f"{path}: This model does not support PDF input."
            raise InvalidRequest(message)
    head = "".join(f"{text}\n" for text in (block.title, block.context) if text)
    return f"<document>\n{head}{body}\n</document>"


def _echo_text(block: object) -> Iterator[str]:
    """Tell what a server's tool or a browser returned; nothing for what has no text."""
    if isinstance(block, BrowserStateBlock):
        yield shown_json(block)
    elif str(getattr(block, "type", "")).endswith("_tool_result"):
        yield f"{RESULT_OPEN}\n{shown_json(getattr(block, 'content', None))}\n{RESULT_CLOSE}"
