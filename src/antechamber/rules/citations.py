"""What may be cited of a request, and that citations are asked for of all of it or of none.

Source: platform.claude.com/docs/en/build-with-claude/citations and …/search-results.
"""

from collections.abc import Iterator

from antechamber.rules.reading import Prompt, Reading, nested_blocks
from antechamber.wire.blocks import DocumentBlock, SearchResultBlock
from antechamber.wire.errors import InvalidRequest

Citable = tuple[str, DocumentBlock | SearchResultBlock]
"""Where it stands, without its tag, and what."""


def citable(request: Prompt) -> Iterator[Citable]:
    """Yield documents and search results in their order, those that a tool gave included."""
    for path, block in nested_blocks(request):
        if block.type == "document" or block.type == "search_result":
            yield path, block


def is_cited(block: DocumentBlock | SearchResultBlock) -> bool:
    """Tell whether its citations are enabled."""
    return block.citations is not None and bool(block.citations.enabled)


def refuse_citations_of_some_only(reading: Reading) -> None:
    """All documents and search results of a request are cited, or none is."""
    first: bool | None = None
    for path, block in citable(reading.request):
        if first is None:
            first = is_cited(block)
        elif is_cited(block) != first:
            # The documents say so; which words the hosted API has for it is not known.
            raise InvalidRequest(
                f"{path}.{block.type}.citations: citations must be enabled on all or none of the "
                "documents and search results within a request"
            )
