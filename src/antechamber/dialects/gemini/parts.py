"""Blocks of a message as parts of a content.

Source: ai.google.dev/api/caching, Part, FunctionResponse, FileData.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from antechamber.dialects.declared_tools import OfferedTool
from antechamber.dialects.gemini.tool_names import gemini_name
from antechamber.dialects.raw_prompt.block_text import Telling, block_text
from antechamber.wire.blocks import (
    CompactionBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolAdditionBlock,
    ToolReferenceBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from antechamber.wire.errors import InvalidRequest

GeminiPart = dict[str, object]

_MEDIA_TYPES = {
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
"""By the ending of an address; Gemini looks for itself where it has none of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartContext:
    """What the parts of a block depend on besides the block."""

    tools: Mapping[str, OfferedTool]
    """By name, those that a block may refer to."""
    call_names: Mapping[str, str]
    """The name of each call by its id, in their order: a result has to say it."""
    media_in_results: bool


def parts_of(block: object, path: str, context: PartContext) -> Iterator[GeminiPart]:
    """Yield the parts of ``block``; ``path`` is where it stands.

    Raises ``InvalidRequest`` for content that Gemini cannot be given.
    """
    match block:
        case TextBlock(text=text):
            yield from _text(text)
        case ImageBlock():
            yield _image(block, f"{path}.image")
        case DocumentBlock():
            yield from _document(block, f"{path}.document", context)
        case ToolUseBlock(name=name, input=arguments, id=call_id):
            yield {"functionCall": {"id": call_id, "name": gemini_name(name), "args": arguments}}
        case ToolResultBlock():
            yield from _result(block, f"{path}.tool_result", context)
        case ToolReferenceBlock(tool_name=name):
            yield from _text(f"The function {name} can be called from now on.")
        case ToolAdditionBlock():
            # It is among the declared functions; those that are removed are not.
            pass
        case CompactionBlock(content=str(summary)):
            yield from _text(summary)
        case _:
            # What a server's tools were asked and returned: no function of ours can be named.
            telling = Telling(tools=context.tools)
            for text in block_text(block, path, telling):
                yield from _text(text)


def _text(text: str) -> Iterator[GeminiPart]:
    if text:
        yield {"text": text}


def _image(block: ImageBlock, path: str) -> GeminiPart:
    source = block.source
    match source.type:
        case "base64":
            return {"inlineData": {"mimeType": source.media_type, "data": source.data}}
        case "url":
            return _file(source.url)
        case "file":
            raise _no_files(path)


def _file(url: str, media_type: str | None = None) -> GeminiPart:
    ending = urlsplit(url).path.rpartition(".")[2].lower()
    media_type = media_type or _MEDIA_TYPES.get(ending)
    named = {"mimeType": media_type} if media_type else {}
    return {"fileData": {**named, "fileUri": url}}


def _no_files(path: str) -> InvalidRequest:
    return InvalidRequest(f"{path}.source: This model does not support file sources.")


def _document(block: DocumentBlock, path: str, context: PartContext) -> Iterator[GeminiPart]:
    head = "\n".join(text for text in (block.title, block.context) if text)
    yield {"text": f"<document>\n{head}" if head else "<document>"}
    source = block.source
    match source.type:
        case "base64":
            yield {"inlineData": {"mimeType": source.media_type, "data": source.data}}
        case "url":
            yield _file(source.url, "application/pdf")
        case "text":
            yield from _text(source.data)
        case "content":
            for at, inner in enumerate(source.content):
                yield from parts_of(inner, f"{path}.source.content.content.{at}", context)
        case "file":
            raise _no_files(path)
    yield {"text": "</document>"}


def _result(block: ToolResultBlock, path: str, context: PartContext) -> Iterator[GeminiPart]:
    inner = [
        part
        for at, piece in enumerate(block.content or ())
        for part in parts_of(piece, f"{path}.content.{at}", context)
    ]
    texts = [str(part["text"]) for part in inner if "text" in part]
    # Only bytes may stand inside a result, addresses never (FunctionResponsePart).
    within = [p for p in inner if "inlineData" in p] if context.media_in_results else []
    beside = [part for part in inner if "text" not in part and part not in within]
    name = context.call_names.get(block.tool_use_id, block.tool_use_id)
    response: dict[str, object] = {
        "id": block.tool_use_id,
        "name": gemini_name(name),
        "response": {"error" if block.is_error else "output": "\n".join(texts)},
    }
    if within:
        response["parts"] = within
    yield {"functionResponse": response}
    if beside:
        yield {"text": f"{name} ({block.tool_use_id}) returned:"}
        yield from beside


def results_first(parts: Sequence[GeminiPart], context: PartContext) -> list[GeminiPart]:
    """Return ``parts`` with the results at the start: they have to follow their calls.

    They stand in the order of the calls: not every host of Gemini looks at the ids.
    """
    places = {call_id: place for place, call_id in enumerate(context.call_names)}
    last = len(places)

    def place(part: GeminiPart) -> int:
        response = part.get("functionResponse")
        if not isinstance(response, dict):
            return last + 1
        return places.get(str(cast("dict[str, object]", response)["id"]), last)

    return sorted(parts, key=place)
