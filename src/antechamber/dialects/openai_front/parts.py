"""The parts of a message's content as blocks."""

import base64
import binascii
import re
from collections.abc import Sequence

from antechamber.dialects.openai_front.ignored import Ignored
from antechamber.dialects.openai_front.places import Place, Placed
from antechamber.dialects.openai_front.shapes import (
    ContentPart,
    FileData,
    FilePart,
    ImagePart,
    TextPart,
)
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import JsonObject

_DATA = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=.+-]+)*?;base64,", re.IGNORECASE)
_MAGIC = {
    "iVBORw0KGgo": "image/png",
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
}
"""How base64 of each kind begins. The format does not look at the type that is named, the Messages
API does; many programs name one type for all."""
_PDF = "JVBERi"
_CACHED = {"cache_control": "cache_control"}
_LONGEST_TITLE = 500


def blocks_of(content: Sequence[ContentPart] | str, path: str, ignored: Ignored) -> list[Placed]:
    """Return the blocks, blank texts left out; raises ``InvalidRequest`` for what has no block."""
    if isinstance(content, str):
        return [Placed(block=_text(content), place=Place(path=path))] if content.strip() else []
    blocks = (_block(part, f"{path}.{at}", ignored) for at, part in enumerate(content))
    return [block for block in blocks if block is not None]


def text_of(content: Sequence[ContentPart] | str, path: str) -> str:
    """Return the text of a message that may hold nothing else."""
    if isinstance(content, str):
        return content
    texts: list[str] = []
    for at, part in enumerate(content):
        if part.type != "text":
            raise InvalidRequest(f"{path}.{at}: Only text parts are allowed in this message")
        texts.append(part.text)
    return "\n".join(texts)


def _block(part: ContentPart, path: str, ignored: Ignored) -> Placed | None:
    match part.type:
        case "text":
            if not part.text.strip():
                return None
            place = Place(path=path, fields={"text": "text", **_CACHED})
            return Placed(block=_cached(part, _text(part.text)), place=place)
        case "refusal":
            if not part.refusal.strip():
                return None
            place = Place(path=path, fields={"text": "refusal"})
            return Placed(block=_text(part.refusal), place=place)
        case "image_url":
            image = _cached(part, _image(part, f"{path}.image_url.url", ignored))
            place = Place(path=path, fields={"source": "image_url.url", **_CACHED})
            return Placed(block=image, place=place)
        case "file":
            data = "file_data" if part.file.file_id is None else "file_id"
            fields = {"source": f"file.{data}", "title": "file.filename"}
            document = _document(part, f"{path}.file")
            return Placed(block=document, place=Place(path=path, fields=fields))
        case "input_audio":
            raise InvalidRequest(f"{path}: Audio input is not supported")


def _text(text: str) -> JsonObject:
    return {"type": "text", "text": text}


def _cached(part: TextPart | ImagePart, block: JsonObject) -> JsonObject:
    return block if part.cache_control is None else block | {"cache_control": part.cache_control}


def _image(part: ImagePart, path: str, ignored: Ignored) -> JsonObject:
    if part.image_url.detail not in (None, "auto"):
        ignored.add("messages.image_url.detail")
    url = part.image_url.url
    if url.startswith(("http://", "https://")):
        return {"type": "image", "source": {"type": "url", "url": url}}
    found = _DATA.match(url)
    if found is None:
        raise InvalidRequest(f"{path}: Must be an http(s) address or a data: address in base64")
    data = url[found.end() :]
    named = found.group(1).lower().replace("image/jpg", "image/jpeg")
    kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), named)
    return {"type": "image", "source": {"type": "base64", "media_type": kind, "data": data}}


def _document(part: FilePart, path: str) -> JsonObject:
    file = part.file
    block: JsonObject = {"type": "document", "source": _source(file, path)}
    if file.filename:
        block["title"] = file.filename[:_LONGEST_TITLE]
    return block


def _source(file: FileData, path: str) -> JsonObject:
    if file.file_id is not None:
        return {"type": "file", "file_id": file.file_id}
    whole = file.file_data or ""
    found = _DATA.match(whole)
    kind, data = (found.group(1).lower(), whole[found.end() :]) if found else ("", whole)
    if kind == "application/pdf" or (not kind and data.startswith(_PDF)):
        return {"type": "base64", "media_type": "application/pdf", "data": data}
    if kind.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": _decoded(data, path)}
    raise InvalidRequest(f"{path}.file_data: Must be a PDF or a text as a data: address in base64")


def _decoded(data: str, path: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest(f"{path}.file_data: The text is not UTF-8 in base64") from error
