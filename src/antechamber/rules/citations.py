"""What may be cited of a request, and that citations are asked for of all of it or of none.

Source: platform.claude.com/docs/en/build-with-claude/citations and …/search-results.
"""

from collections.abc import Iterator

from antechamber.rules.reading import Reading
from antechamber.wire.blocks import DocumentBlock, SearchResultBlock
from antechamber.wire.errors import InvalidRequest

Citable = tuple[str, DocumentBlock | SearchResultBlock]
"""Where it stands, with its tag, and what."""


def citable(reading: Reading) -> Iterator[Citable]:
    """Yield documents and search results in their order, those that a tool gave included."""
    for turn in reading.turns:
        for placed in turn.blocks:
            block = placed.block
            if block.type == "document" or block.type == "search_result":
                yield f"{placed.path}.{block.type}", block
            elif block.type == "tool_result":
                for number, inner in enumerate(block.content or ()):
                    if inner.type == "document" or inner.type == "search_result":
                        yield f"{placed.path}.tool_result.content.{number}.{inner.type}", inner


def is_cited(block: DocumentBlock | SearchResultBlock) -> bool:
    """Tell whether its citations are enabled."""
    return block.citations is not None and bool(block.citations.enabled)


def refuse_citations_of_some_only(reading: Reading) -> None:
    """All documents and search results of a request are cited, or none is."""
    first: bool | None = None
    for path, block in citable(reading):
        if first is None:
            first = is_cited(block)
        elif is_cited(block) != first:
            # The documents say so; which words the hosted API has for it is not known.
            raise InvalidRequest(
                f"{path}.citations: citations must be enabled on all or none of the documents "
                "and search results within a request"
            )
