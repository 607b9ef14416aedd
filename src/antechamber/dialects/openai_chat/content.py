"""Blocks of messages as the parts of a chat message: text, images, files."""

from collections.abc import Iterator, Sequence

from antechamber.dialects.openai_chat.quirks import Quirks
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
    ToolAdditionBlock,
    ToolReferenceBlock,
    ToolRemovalBlock,
)
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.tool_changes import ToolChangeToolDefinition, ToolChangeToolReference

Part = dict[str, object]


def parts_of(blocks: Sequence[object], path: str, quirks: Quirks) -> list[Part]:
    """Return what can be shown of ``blocks``, in order; ``path`` is where they stand.

    Raises ``InvalidRequest`` for content that the host cannot be shown.
    """
    return [
        part
        for index, block in enumerate(blocks)
        for part in block_parts(block, f"{path}.{index}", quirks)
    ]


def block_parts(block: object, path: str, quirks: Quirks) -> Iterator[Part]:
    """Yield the parts of one block; nothing for one that shows nothing."""
    match block:
        case TextBlock(text=text):
            yield text_part(text)
        case ImageBlock():
            yield _image(block, f"{path}.image")
        case DocumentBlock():
            yield from _document(block, f"{path}.document", quirks)
        case SearchResultBlock(title=title, source=source, content=texts):
            body = "\n".join(part.text for part in texts)
            yield text_part(f"<search_result>\n{title}\n{source}\n{body}\n</search_result>")
        case ToolAdditionBlock() | ToolRemovalBlock() | ToolReferenceBlock():
            if name := _changed_tool(block):
                can = "can no longer" if isinstance(block, ToolRemovalBlock) else "can now"
                yield text_part(f"The function {name} {can} be called.")
        case _:
            yield from _echo(block, path, quirks)


def text_part(text: str) -> Part:
    """Return a part of text."""
    return {"type": "text", "text": text}


def content_of(parts: Sequence[Part], separator: str = "\n") -> str | list[Part]:
    """Return the content of a message: one text where there is nothing but text.

    Chat templates and small hosts read texts everywhere and lists of parts only in places.
    """
    if all(part["type"] == "text" for part in parts):
        return separator.join(str(part["text"]) for part in parts)
    return list(parts)


def _image(block: ImageBlock, path: str) -> Part:
    source = block.source
    if source.type != "base64":
        # Files and addresses are bytes by now.
        message = f"{path}.source: This model does not support image sources of type {source.type}."
        raise InvalidRequest(message)
    url = f"data:{source.media_type};base64,{source.data}"
    return {"type": "image_url", "image_url": {"url": url}}


def _document(block: DocumentBlock, path: str, quirks: Quirks) -> Iterator[Part]:
    source = block.source
    head = "".join(f"{text}\n" for text in (block.title, block.context) if text)
    match source.type:
        case "text":
            yield text_part(f"<document>\n{head}{source.data}\n</document>")
        case "content":
            inner = parts_of(source.content, f"{path}.source.content.content", quirks)
            content = content_of(inner)
            if isinstance(content, str):
                yield text_part(f"<document>\n{head}{content}\n</document>")
                return
            yield text_part(f"<document>\n{head}")
            yield from content
            yield text_part("</document>")
        case "base64" if quirks.pdf:
            if block.context:
                yield text_part(block.context)
            data = f"data:{source.media_type};base64,{source.data}"
            name = block.title or "document.pdf"
            yield {"type": "file", "file": {"filename": name, "file_data": data}}
        case _:
            message = f"{path}: This model does not support PDF input."
            raise InvalidRequest(message)


def _changed_tool(block: ToolAdditionBlock | ToolRemovalBlock | ToolReferenceBlock) -> str | None:
    if isinstance(block, ToolReferenceBlock):
        return block.tool_name
    match block.tool:
        case ToolChangeToolReference(name=name):
            return name
        case ToolChangeToolDefinition(definition=definition):
            return getattr(definition, "name", None)
        case _:
            return None


def _echo(block: object, path: str, quirks: Quirks) -> Iterator[Part]:
    """Tell what a server's tool or a browser did; nothing for what has no text."""
    match block:
        case ServerToolUseBlock(name=name, input=given) | MCPToolUseBlock(name=name, input=given):
            yield text_part(f"<tool_call>\n{name}: {shown_json(given)}\n</tool_call>")
        case MCPToolResultBlock():
            yield text_part("<tool_response>")
            yield from parts_of(block.content or (), f"{path}.content", quirks)
            yield text_part("</tool_response>")
        case BrowserStateBlock():
            yield text_part(shown_json(block))
        case _ if str(getattr(block, "type", "")).endswith("_tool_result"):
            yield text_part(
                f"<tool_response>\n{shown_json(getattr(block, 'content', None))}\n</tool_response>"
            )
        case _:
            pass
