"""The body of a request with its files put into it: for an upstream of the same API."""

from collections.abc import Mapping
from typing import cast

from pydantic_core import from_json

from antechamber.operations.attachments.attachments import ShownRequest
from antechamber.operations.attachments.places import media_in
from antechamber.rules.citations import citable
from antechamber.rules.reading import Prompt
from antechamber.turn.sent_files import SentFiles
from antechamber.wire.encoding import encode_json
from antechamber.wire.splice import array_of, field_of, items_of, with_fields

_Sources = Mapping[tuple[str, str], dict[str, object]]
"""What takes the place of a file, by the type of the block that names it and the file's id."""


def body_with_files(body: bytes, asked: Prompt, shown: ShownRequest) -> bytes:
    """Return ``body``, the JSON text of ``asked``, with files in it as they are ``shown``.

    Only messages that name one of them are written anew.
    """
    sources: dict[tuple[str, str], dict[str, object]] = {}
    for path, block in media_in(asked):
        if block.source.type == "file" and path in shown.resolved:
            source = shown.resolved[path].block.model_dump(include={"source"})["source"]
            sources[block.type, block.source.file_id] = source
    if not sources:
        return body
    ids = [file_id.encode() for _, file_id in sources]
    texts = [
        encode_json(_exchanged(from_json(text), sources))
        if any(file_id in text for file_id in ids)
        else text
        for text in items_of(field_of(body, "messages") or b"[]")
    ]
    return with_fields(body, {"messages": array_of(texts)})


def sent_files(asked: Prompt, shown: ShownRequest) -> SentFiles | None:
    """Return which files of ``asked`` ``body_with_files`` puts into the body; None for none."""
    paths = {
        path.encode()
        for path, block in media_in(asked)
        if block.source.type == "file" and path in shown.resolved
    }
    if not paths:
        return None
    documents = (each for each in citable(asked) if each[1].type == "document")
    by_document = {
        index: block.source.file_id
        for index, (path, block) in enumerate(documents)
        if block.type == "document" and block.source.type == "file" and path.encode() in paths
    }
    return SentFiles(by_document=by_document, paths=frozenset(paths))


def _exchanged(value: object, sources: _Sources) -> object:
    match value:
        case {"type": str(kind), "source": {"file_id": str(file_id)}} if (kind, file_id) in sources:
            return {**cast("dict[str, object]", value), "source": sources[kind, file_id]}
        case dict():
            fields = cast("dict[str, object]", value)
            return {name: _exchanged(inner, sources) for name, inner in fields.items()}
        case list():
            return [_exchanged(inner, sources) for inner in cast("list[object]", value)]
        case _:
            return value
