"""Where images, documents and files stand in a request; the request with others in their places."""

from collections.abc import Callable, Iterator

from antechamber.rules.media import with_inner_media
from antechamber.rules.reading import Prompt, nested_blocks
from antechamber.wire.blocks import (
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolResultContentBlock,
)

Media = ImageBlock | DocumentBlock
Put = Callable[[str, Media], Media | TextBlock]
"""Takes a path and what stands there; returns what is to stand there."""


def has_media(request: Prompt) -> bool:
    """Whether there is an image or a document; asked of every request."""
    for message in request.messages:
        if message.role == "system":
            continue
        for block in message.content:
            kind = block.type
            if kind == "image" or kind == "document":
                return True
            if block.type == "tool_result" and any(
                inner.type == "image" or inner.type == "document" for inner in block.content or ()
            ):
                return True
    return False


def container_uploads_in(request: Prompt) -> Iterator[tuple[str, str]]:
    """Yield the paths of blocks that put a file into a container, and the file's id."""
    for number, message in enumerate(request.messages):
        if message.role == "system":
            continue
        for index, block in enumerate(message.content):
            if block.type == "container_upload":
                yield f"messages.{number}.content.{index}.container_upload", block.file_id


def media_in(request: Prompt) -> Iterator[tuple[str, Media]]:
    """Yield images and documents in their order, those inside results and documents too."""
    for path, block in nested_blocks(request):
        if block.type == "image" or block.type == "document":
            yield from with_inner_media(path, block)


def with_media(request: Prompt, put: Put) -> Prompt:
    """Return the request with every image and document exchanged for what ``put`` makes of it.

    Images inside a document are exchanged before the document.
    """
    messages = [
        message
        if message.role == "system"
        else message.model_copy(
            update={
                "content": [
                    _exchanged(block, f"messages.{number}.content.{index}", put)
                    for index, block in enumerate(message.content)
                ]
            }
        )
        for number, message in enumerate(request.messages)
    ]
    return request.model_copy(update={"messages": messages})


def _exchanged(
    block: ContentBlock | ToolResultContentBlock, path: str, put: Put
) -> ContentBlock | ToolResultContentBlock:
    if block.type == "image":
        return put(path, block)
    if block.type == "document":
        if block.source.type == "content":
            at = f"{path}.document.source.content.content"
            content = [
                put(f"{at}.{number}", part) if part.type == "image" else part
                for number, part in enumerate(block.source.content)
            ]
            source = block.source.model_copy(update={"content": content})
            block = block.model_copy(update={"source": source})
        return put(path, block)
    if block.type == "tool_result" and block.content:
        inner = [
            _exchanged(part, f"{path}.tool_result.content.{number}", put)
            for number, part in enumerate(block.content)
        ]
        return block.model_copy(update={"content": inner})
    return block
