"""What images and PDFs have to be: what they say they are, not too large, not too many.

Of those inside a request the first bytes tell most of it. Files, what is fetched, and the pages of
PDFs are looked at by the same rules where they are read.
Source: platform.claude.com/docs/en/build-with-claude/vision and …/pdf-support.
"""

from collections.abc import Iterator
from typing import NamedTuple

from antechamber.catalogue.facts import ModelFacts
from antechamber.media.image_fit import MOST_SIDE_PX, fitted
from antechamber.media.image_head import PixelSize, image_size, media_type_of, reader_of_base64
from antechamber.rules.context import RuleContext
from antechamber.rules.reading import Reading
from antechamber.wire.blocks import DocumentBlock, ImageBlock, ToolResultBlock
from antechamber.wire.documents import Base64ImageSource, Base64PDFSource, ContentBlockSource
from antechamber.wire.errors import InvalidRequest

_PDF_HEAD_BYTES = 24
"""Its signature, and blanks that some programs write before it."""
_MB = 1024 * 1024
_MANY_IMAGES = 20
_MOST_PX_OF_MANY = 2_000
"""In a request with more images than that."""
_LARGE_WINDOW_TOKENS = 200_000
_MOST_MEDIA, _MOST_MEDIA_BEYOND = 100, 600
"""Images, or pages of PDFs, for windows up to that and for larger ones."""

Media = tuple[str, ImageBlock | DocumentBlock]


class ImageLimits(NamedTuple):
    """What holds for every image of one request."""

    facts: ModelFacts
    max_bytes: int
    """Of one image, as base64."""
    images: int
    """How many the request has."""


def refuse_media_that_are_not_what_they_say(reading: Reading) -> None:
    """Base64 sources, wherever they stand; and more images than a request may have."""
    context = reading.context
    media = list(placed_media(reading))
    images = sum(1 for _, block in media if block.type == "image")
    refuse_too_many(images, 0, context.facts)
    limits = ImageLimits(context.facts, context.max_image_bytes, images)
    for path, block in media:
        source = block.source
        if isinstance(block, ImageBlock) and isinstance(source, Base64ImageSource):
            _refuse_image(f"{path}.image.source.base64", block, source, limits)
        elif isinstance(source, Base64PDFSource):
            _refuse_pdf(f"{path}.pdf.source.base64", source, context)


def placed_media(reading: Reading) -> Iterator[Media]:
    """Yield images and documents with their paths, those inside results and documents too."""
    for placed in reading.every(ImageBlock, DocumentBlock):
        yield from with_inner_media(placed.path, placed.block)
    for placed in reading.every(ToolResultBlock):
        for number, block in enumerate(placed.block.content or ()):
            if block.type == "image" or block.type == "document":
                yield from with_inner_media(f"{placed.path}.tool_result.content.{number}", block)


def with_inner_media(path: str, block: ImageBlock | DocumentBlock) -> Iterator[Media]:
    """Yield ``block``, and the images that it is made of."""
    yield path, block
    if block.type == "document" and isinstance(block.source, ContentBlockSource):
        for number, part in enumerate(block.source.content):
            if part.type == "image":
                yield f"{path}.document.source.content.content.{number}", part


def most_media(facts: ModelFacts) -> int:
    """Return how many images, and how many pages of one PDF, a request may have."""
    window = facts.window_tokens
    small = window is not None and window <= _LARGE_WINDOW_TOKENS
    return _MOST_MEDIA if small else _MOST_MEDIA_BEYOND


def refuse_too_many(images: int, pages: int, facts: ModelFacts) -> None:
    """Images and pages of a request together."""
    most = most_media(facts)
    if images + pages > most:
        # Claude Code 2.1.330 looks for these words
        raise InvalidRequest(f"Too much media: {pages} document pages + {images} images > {most}")


def refuse_image_size(path: str, block: ImageBlock, size: PixelSize, limits: ImageLimits) -> None:
    """Of one image at ``path``, its bytes included, in pixels."""
    most, which = MOST_SIDE_PX, ""
    if limits.images > _MANY_IMAGES:
        most, which = _MOST_PX_OF_MANY, " for many-image requests"
    if max(size) > most:
        # anthropics/claude-code#4778, #49537; the code is the SDK's (2.12.0)
        raise InvalidRequest(
            f"{path}: At least one of the image dimensions exceed max allowed size{which}: "
            f"{most} pixels",
            details={
                "error_code": "image_dimensions_too_large",
                "max_side_length_pixels": most,
                "paths": [path],
            },
        )
    wanted = block.transformations
    if wanted is None or wanted.oversized_image != "error":
        return
    fits = fitted(size, limits.facts.image_tier)
    if fits != size:
        # The documented answer names both sizes; the words are ours
        raise InvalidRequest(
            f"{path}: image dimensions {size.width}x{size.height} exceed the largest that fit: "
            f"{fits.width}x{fits.height}",
            details={
                "error_code": "image_dimensions_too_large",
                "max_side_length_pixels": max(fits),
                "paths": [path],
            },
        )


def refuse_image_bytes(path: str, size: int, most: int) -> None:
    """Of one image: ``size`` is that of its base64."""
    if size > most:
        # lobehub/lobehub#14711
        raise InvalidRequest(
            f"{path}: image exceeds {most / _MB:.4g} MB maximum: {size} bytes > {most} bytes"
        )


def _refuse_image(
    path: str, block: ImageBlock, source: Base64ImageSource, limits: ImageLimits
) -> None:
    if not source.data:
        raise InvalidRequest(f"{path}.data: image cannot be empty")
    refuse_image_bytes(path, len(source.data), limits.max_bytes)
    read = reader_of_base64(source.data)
    found = media_type_of(read)
    if found is None:
        raise InvalidRequest(f"{path}.data: Could not process image")
    if found != source.media_type:
        # anthropics/claude-code#13131
        raise InvalidRequest(
            f"{path}.data: Image does not match the provided media type {source.media_type}"
        )
    size = image_size(read)
    if size is not None:
        refuse_image_size(f"{path}.data", block, size, limits)


def refuse_pdf_bytes(path: str, size: int, most: int | None) -> None:
    """Of one PDF: ``size`` is that of its base64."""
    if most is not None and size > most:
        # The hosted API has no such limit; these are its words about images.
        raise InvalidRequest(
            f"{path}: PDF exceeds {most / _MB:.4g} MB maximum: {size} bytes > {most} bytes"
        )


def _refuse_pdf(path: str, source: Base64PDFSource, context: RuleContext) -> None:
    if not source.data:
        raise InvalidRequest(f"{path}.data: PDF cannot be empty")
    refuse_pdf_bytes(path, len(source.data), context.max_pdf_bytes)
    head = reader_of_base64(source.data)(0, _PDF_HEAD_BYTES)
    if not head.lstrip().startswith(b"%PDF-"):
        # Claude Code 2.1.330 looks for these words
        raise InvalidRequest(f"{path}.data: The PDF specified was not valid")
