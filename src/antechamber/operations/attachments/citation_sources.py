"""What an answer may cite of a request: its documents and search results, as they were read."""

from collections.abc import Sequence

from antechamber.grounding.sources import Source
from antechamber.operations.attachments.attachments import ShownRequest
from antechamber.operations.attachments.showing import Resolved
from antechamber.rules.citations import citable, is_cited
from antechamber.rules.reading import Prompt
from antechamber.wire.blocks import DocumentBlock, SearchResultBlock


def citation_sources(asked: Prompt, shown: ShownRequest) -> Sequence[Source]:
    """Return the sources whose citations are enabled.

    Indices count all documents, and all search results, of the whole request, as it was ``asked``.
    """
    sources: list[Source] = []
    documents = results = 0
    for path, block in citable(asked):
        if block.type == "document":
            if is_cited(block):
                sources.append(_document(documents, block, shown.resolved.get(path)))
            documents += 1
        else:
            if is_cited(block):
                sources.append(_search_result(results, block))
            results += 1
    return sources


def _document(index: int, block: DocumentBlock, resolved: Resolved | None) -> Source:
    source = block.source
    file_id = source.file_id if source.type == "file" else None
    if resolved is not None and isinstance(resolved.block, DocumentBlock):
        if resolved.pages:
            return Source(
                kind="page",
                index=index,
                title=block.title,
                file_id=file_id,
                parts=tuple(resolved.pages),
            )
        source = resolved.block.source
    match source.type:
        case "text":
            return Source(
                kind="char", index=index, title=block.title, file_id=file_id, parts=(source.data,)
            )
        case "content":
            # An image among the blocks has a place, and no text.
            texts = tuple(part.text if part.type == "text" else "" for part in source.content)
            return Source(kind="block", index=index, title=block.title, parts=texts)
        case _:  # whoever serves the model fetches it: its text is not known here
            return Source(kind="page", index=index, title=block.title, parts=())


def _search_result(index: int, block: SearchResultBlock) -> Source:
    return Source(
        kind="search_result",
        index=index,
        title=block.title,
        source=block.source,
        parts=tuple(part.text for part in block.content),
    )
