"""Where a text got its facts from: the five kinds of citation, as a request may repeat them.

Limits: OpenAPI 2026-08, schemas ``Request…Citation``. A response's citation of a document also has
``file_id``; SDKs send every field back that a block came with, so it is taken here.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.shape import Omissible, WireModel

_Index = Annotated[int, Field(ge=0)]
_DocumentTitle = Annotated[str, Field(min_length=1, max_length=255)]


class CitationsConfig(WireModel):
    """Whether a document may be cited."""

    enabled: Omissible[bool] = None


class CitationCharLocation(WireModel):
    """Characters of a text document; the end is exclusive."""

    type: Literal["char_location"]
    cited_text: str
    document_index: _Index
    document_title: _DocumentTitle | None
    start_char_index: _Index
    end_char_index: int
    file_id: str | None = None


class CitationPageLocation(WireModel):
    """Pages of a PDF, counted from 1; the end is exclusive."""

    type: Literal["page_location"]
    cited_text: str
    document_index: _Index
    document_title: _DocumentTitle | None
    start_page_number: Annotated[int, Field(ge=1)]
    end_page_number: int
    file_id: str | None = None


class CitationContentBlockLocation(WireModel):
    """Blocks of a document made of blocks; the end is exclusive."""

    type: Literal["content_block_location"]
    cited_text: str
    document_index: _Index
    document_title: _DocumentTitle | None
    start_block_index: _Index
    end_block_index: int
    file_id: str | None = None


class CitationWebSearchResultLocation(WireModel):
    """A result of a web search."""

    type: Literal["web_search_result_location"]
    cited_text: str
    encrypted_index: str
    title: Annotated[str, Field(min_length=1, max_length=512)] | None
    url: Annotated[str, Field(min_length=1, max_length=2048)]


class CitationSearchResultLocation(WireModel):
    """Blocks of a ``search_result`` that the request brought along; the end is exclusive."""

    type: Literal["search_result_location"]
    cited_text: str
    search_result_index: _Index
    source: str
    title: str | None
    start_block_index: _Index
    end_block_index: int


Citation = Annotated[
    CitationCharLocation
    | CitationPageLocation
    | CitationContentBlockLocation
    | CitationWebSearchResultLocation
    | CitationSearchResultLocation,
    Field(discriminator="type"),
]
