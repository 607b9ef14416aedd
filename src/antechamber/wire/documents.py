"""What a model can be shown: images, documents and search results, and where their bytes are.

Limits: OpenAPI 2026-08. Whether the bytes are what they say they are is a rule.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.citations import CitationsConfig
from antechamber.wire.config import CacheBreakpoint
from antechamber.wire.shape import Items, Omissible, WireModel
from antechamber.wire.text import OrText, TextBlock


class Base64ImageSource(WireModel):
    """The image itself."""

    type: Literal["base64"]
    media_type: Literal["image/jpeg", "image/png", "image/gif", "image/webp"]
    data: str


class URLImageSource(WireModel):
    """An image to fetch."""

    type: Literal["url"]
    url: str


class FileImageSource(WireModel):
    """An image that was uploaded."""

    type: Literal["file"]
    file_id: str


class ImageTransformations(WireModel):
    """What may be done to an image that is too large."""

    oversized_image: Omissible[Literal["downsize", "error"]] = None


class ImageBlock(WireModel):
    """An image."""

    type: Literal["image"]
    source: Annotated[
        Base64ImageSource | URLImageSource | FileImageSource, Field(discriminator="type")
    ]
    transformations: ImageTransformations | None = None
    cache_control: CacheBreakpoint | None = None


class Base64PDFSource(WireModel):
    """The PDF itself."""

    type: Literal["base64"]
    media_type: Literal["application/pdf"]
    data: str


class PlainTextSource(WireModel):
    """A text that is its own document."""

    type: Literal["text"]
    media_type: Literal["text/plain"]
    data: str


class ContentBlockSource(WireModel):
    """A document cut into blocks by the client, so that citations name blocks."""

    type: Literal["content"]
    content: Annotated[
        Items[Annotated[TextBlock | ImageBlock, Field(discriminator="type")]], OrText()
    ]


class URLPDFSource(WireModel):
    """A PDF to fetch."""

    type: Literal["url"]
    url: str


class FileDocumentSource(WireModel):
    """A document that was uploaded."""

    type: Literal["file"]
    file_id: str


class DocumentBlock(WireModel):
    """A document; ``context`` is told to the model and never cited."""

    type: Literal["document"]
    source: Annotated[
        Base64PDFSource | PlainTextSource | ContentBlockSource | URLPDFSource | FileDocumentSource,
        Field(discriminator="type"),
    ]
    title: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    context: Annotated[str, Field(min_length=1)] | None = None
    citations: CitationsConfig | None = None
    cache_control: CacheBreakpoint | None = None


class SearchResultBlock(WireModel):
    """A result of the client's own search."""

    type: Literal["search_result"]
    source: str
    title: str
    content: Items[TextBlock]
    citations: Omissible[CitationsConfig] = None
    cache_control: CacheBreakpoint | None = None
