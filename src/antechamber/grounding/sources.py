"""What an answer may be grounded in, and where in it a passage stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from antechamber.wire.responses import (
    CitationCharLocation,
    CitationContentBlockLocation,
    CitationPageLocation,
    CitationsSearchResultLocation,
    TextCitation,
)

_LONGEST_TITLE = 255
"""Characters of ``document_title``. A document's title may be longer, but its citation could not
be sent back then. Source: OpenAPI 2026-08, ``RequestCharLocationCitation``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A document or search result of a request whose citations are enabled."""

    kind: Literal["char", "page", "block", "search_result"]
    """How its passages are named: by characters, pages or blocks."""
    index: int
    """Its place among all documents of the request, or among all search results."""
    title: str | None = None
    source: str | None = None
    """Where a search result is from."""
    file_id: str | None = None
    parts: tuple[str, ...]
    """The whole text of ``char``, the texts of the pages or blocks of the others."""

    @property
    def is_cited_by_block(self) -> bool:
        """Whether a passage is always whole blocks."""
        return self.kind in ("block", "search_result")


class Passage(NamedTuple):
    """Text of a source, from a place in one part to a place in the same or a later one.

    It goes over several parts only where whole blocks are cited.
    """

    source: int
    """Its place in the sequence of sources."""
    first: int
    """The part that it begins in."""
    last: int
    start: int
    """Characters before it in the first part."""
    end: int
    """Characters up to its end in the last part."""


def citation_of(sources: Sequence[Source], passage: Passage) -> TextCitation:
    """Return the citation of a passage; its text is the source's own, character by character."""
    source = sources[passage.source]
    text = source.parts[passage.first][passage.start : passage.end]
    blocks = "".join(source.parts[passage.first : passage.last + 1])
    title = source.title[:_LONGEST_TITLE] if source.title else None
    match source.kind:
        case "char":
            return CitationCharLocation(
                cited_text=text,
                document_index=source.index,
                document_title=title,
                start_char_index=passage.start,
                end_char_index=passage.end,
                file_id=source.file_id,
            )
        case "page":
            return CitationPageLocation(
                cited_text=text,
                document_index=source.index,
                document_title=title,
                start_page_number=passage.first + 1,
                end_page_number=passage.last + 2,
                file_id=source.file_id,
            )
        case "block":
            return CitationContentBlockLocation(
                cited_text=blocks,
                document_index=source.index,
                document_title=title,
                start_block_index=passage.first,
                end_block_index=passage.last + 1,
                file_id=source.file_id,
            )
        case "search_result":
            return CitationsSearchResultLocation(
                cited_text=blocks,
                search_result_index=source.index,
                source=source.source or "",
                title=source.title,
                start_block_index=passage.first,
                end_block_index=passage.last + 1,
            )
