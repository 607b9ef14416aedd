"""What images and PDFs have to be: what they say they are, not too large, not too many.

Of those inside a request the first bytes tell most of it. Files, what is fetched, and the pages of
PDFs are looked at by the same rules where they are read.
Source: platform.claude.com/docs/en/build-with-claude/vision and …/pdf-support.
"""

from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from antechamber.catalogue.facts import ModelFacts
from antechamber.media.image_fit import MOST_SIDE_PX, fitted
from antechamber.media.image_head import (
    PixelSize,
    Read,
    image_size,
    media_type_of,
    reader_of_base64,
)
from antechamber.rules.context import RuleContext
from antechamber.rules.reading import Prompt, Reading
from antechamber.wire.blocks import DocumentBlock, ImageBlock, ToolResultBlock
from antechamber.wire.documents import Base64ImageSource, Base64PDFSource, ContentBlockSource
from antechamber.wire.errors import Details, InvalidRequest

_HEAD_BYTES = 24
"""The signature, and before that of a PDF the blanks that some programs write."""
_MB = 1024 * 1024
_MANY_IMAGES = 20
_MOST_PX_OF_MANY = 2_000
"""In a request with more images than that."""
_LARGE_WINDOW_TOKENS = 200_000
_MOST_MEDIA, _MOST_MEDIA_BEYOND = 100, 600
"""Images, or pages of PDFs, for windows up to that and for larger ones."""

Media = tuple[str, ImageBlock | DocumentBlock]
_in_order = itemgetter(0, 1)
"""The message, and the place in it."""


class ImageLimits(NamedTuple):
    """What holds for every image of one request."""

    facts: ModelFacts
    max_bytes: int
    """Of one image, as base64."""
    images: int
    """How many the request has."""
    screenshots: frozenset[str] = frozenset()
    """Where those stand that a toolset took; ``screenshots_in``."""


class SizedImage(NamedTuple):
    """An image whose header has been read."""

    path: str
    """Of the block."""
    source_path: str
    """Of what is faulty where it is too large."""
    block: ImageBlock
    size: PixelSize


def refuse_media_that_are_not_what_they_say(reading: Reading) -> None:
    """Base64 sources, wherever they stand; and more images than a request may have."""
    context = reading.context
    media = list(placed_media(reading))
    if not media:
        return
    images = sum(1 for _, block in media if block.type == "image")
    refuse_too_many(images, 0, context.facts)
    sized: list[SizedImage] = []
    for path, block in media:
        source = block.source
        if isinstance(block, ImageBlock) and isinstance(source, Base64ImageSource):
            at = f"{path}.image.source.base64"
            size = _size_of_image(at, source, context.max_image_bytes)
            if size is not None:
                sized.append(SizedImage(path, f"{at}.data", block, size))
        elif isinstance(source, Base64PDFSource):
            _refuse_pdf(f"{path}.pdf.source.base64", source, context)
    screenshots = screenshots_in(reading.request)
    limits = ImageLimits(context.facts, context.max_image_bytes, images, screenshots)
    refuse_image_sizes(sized, limits)


def placed_media(reading: Reading) -> Iterator[Media]:
    """Yield images and documents with their paths in order, those inside others too."""
    for placed in sorted(reading.every(ImageBlock, DocumentBlock, ToolResultBlock), key=_in_order):
        if placed.block.type != "tool_result":
            yield from with_inner_media(placed.path, placed.block)
            continue
        for number, block in enumerate(placed.block.content or ()):
            if block.type == "image" or block.type == "document":
                yield from with_inner_media(f"{placed.path}.tool_result.content.{number}", block)


def screenshots_in(request: Prompt) -> frozenset[str]:
    """Return the paths of the images in what tools of the computer and browser toolsets gave.

    They are not shrunk: the model says where to click in pixels of what it has seen.
    """
    calls: set[str] = set()
    paths: set[str] = set()
    for number, message in enumerate(request.messages):
        for index, block in enumerate(message.content or ()):
            if block.type == "tool_use" and block.toolset_name:
                calls.add(block.id)
            elif block.type == "tool_result" and (block.toolset_name or block.tool_use_id in calls):
                at = f"messages.{number}.content.{index}.tool_result.content"
                paths.update(
                    f"{at}.{place}"
                    for place, inner in enumerate(block.content or ())
                    if inner.type == "image"
                )
    return frozenset(paths)


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


def refuse_image_sizes(images: Sequence[SizedImage], limits: ImageLimits) -> None:
    """In pixels; the first that is too large is named, and where all stand that are."""
    most, which = MOST_SIDE_PX, ""
    if limits.images > _MANY_IMAGES:
        most, which = _MOST_PX_OF_MANY, " for many-image requests"
    large = [image for image in images if max(image.size) > most]
    if large:
        # anthropics/claude-code#4778, #49537
        raise InvalidRequest(
            f"{large[0].source_path}: At least one of the image dimensions exceed max allowed "
            f"size{which}: {most} pixels",
            details=_too_large(large, most),
        )
    tier = limits.facts.image_tier
    shrunk = [
        (image, fits)
        for image in images
        if _stays_as_it_is(image, limits) and (fits := fitted(image.size, tier)) != image.size
    ]
    if shrunk:
        first, fits = shrunk[0]
        width, height = first.size
        # The documented answer names both sizes; the words are ours
        raise InvalidRequest(
            f"{first.source_path}: image dimensions {width}x{height} exceed the largest that fit: "
            f"{fits.width}x{fits.height}",
            details=_too_large(
                [image for image, _ in shrunk], min(max(fits) for _, fits in shrunk)
            ),
        )


def _stays_as_it_is(image: SizedImage, limits: ImageLimits) -> bool:
    wanted = image.block.transformations
    return image.path in limits.screenshots or (
        wanted is not None and wanted.oversized_image == "error"
    )


def _too_large(images: Sequence[SizedImage], most: int) -> Details:
    """Return the details of SDK 2.12, whose paths have no tags in them."""
    return {
        "error_code": "image_dimensions_too_large",
        "max_side_length_pixels": most,
        "paths": [_without_tags(image.path) for image in images],
    }


def _without_tags(path: str) -> str:
    return path.replace(".tool_result.", ".").replace(".document.source.content.", ".source.")


def refuse_image_bytes(path: str, size: int, most: int) -> None:
    """Of one image: ``size`` is that of its base64."""
    if size > most:
        # lobehub/lobehub#14711
        raise InvalidRequest(
            f"{path}: image exceeds {most / _MB:.4g} MB maximum: {size} bytes > {most} bytes"
        )


def _size_of_image(path: str, source: Base64ImageSource, max_bytes: int) -> PixelSize | None:
    """Return what its header says, None where that cannot be read."""
    if not source.data:
        # anthropics/claude-code#4534
        raise InvalidRequest(f"{path}: image cannot be empty")
    refuse_image_bytes(path, len(source.data), max_bytes)
    read = reader_of_base64(source.data)
    _refuse_no_base64(path, read)
    found = media_type_of(read)
    if found is None:
        # anthropics/claude-code#56511: no path
        raise InvalidRequest("Could not process image")
    if found != source.media_type:
        # vybestack/llxprt-code#2130, of June 2026; before: anthropics/claude-code#13131
        raise InvalidRequest(
            f"{path}: The image was specified using the {source.media_type} media type, but the "
            f"image appears to be a {found} image"
        )
    return image_size(read)


def _refuse_no_base64(path: str, read: Read) -> None:
    """Of the head only: the rest is decoded where it is needed."""
    if not read(0, _HEAD_BYTES):
        # anthropics/anthropic-sdk-typescript#603
        raise InvalidRequest(f"{path}: invalid base64 data")


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
    read = reader_of_base64(source.data)
    _refuse_no_base64(path, read)
    if not read(0, _HEAD_BYTES).lstrip().startswith(b"%PDF-"):
        # anthropics/claude-code#5174
        raise InvalidRequest(f"{path}.data: The PDF specified was not valid.")
