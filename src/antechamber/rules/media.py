"""What can be said of an image or a PDF from its first bytes: that it is what it says it is.

Pixels and pages are looked at where they are read.
Source: platform.claude.com/docs/en/build-with-claude/vision and …/pdf-support.
"""

import base64
import binascii
from collections.abc import Iterator

from antechamber.rules.reading import Reading
from antechamber.wire.blocks import DocumentBlock, ImageBlock, ToolResultBlock
from antechamber.wire.documents import Base64ImageSource, Base64PDFSource, ContentBlockSource
from antechamber.wire.errors import InvalidRequest

_MAX_IMAGE_BYTES = 10 * 1024 * 1024
"""Of the base64 text; 5 MB before the middle of 2026."""
_HEAD_CHARACTERS = 32
"""Enough for every signature below; a whole number of base64 groups."""

Media = tuple[str, ImageBlock | DocumentBlock]


def refuse_media_that_are_not_what_they_say(reading: Reading) -> None:
    """Base64 sources, wherever they stand."""
    for path, block in placed_media(reading):
        source = block.source
        if isinstance(source, Base64ImageSource):
            _refuse_image(f"{path}.image.source.base64", source)
        elif isinstance(source, Base64PDFSource):
            _refuse_pdf(f"{path}.pdf.source.base64.data", source)


def placed_media(reading: Reading) -> Iterator[Media]:
    """Yield images and documents with their paths, those inside results and documents too."""
    for placed in reading.every(ImageBlock, DocumentBlock):
        yield from _with_inner(placed.path, placed.block)
    for placed in reading.every(ToolResultBlock):
        for number, block in enumerate(placed.block.content or ()):
            if block.type == "image" or block.type == "document":
                yield from _with_inner(f"{placed.path}.tool_result.content.{number}", block)


def _with_inner(path: str, block: ImageBlock | DocumentBlock) -> Iterator[Media]:
    yield path, block
    if block.type == "document" and isinstance(block.source, ContentBlockSource):
        for number, part in enumerate(block.source.content):
            if part.type == "image":
                yield f"{path}.document.source.content.content.{number}", part


def _refuse_image(path: str, source: Base64ImageSource) -> None:
    size = len(source.data)
    if size == 0:
        raise InvalidRequest(f"{path}.data: image cannot be empty")
    if size > _MAX_IMAGE_BYTES:
        # lobehub/lobehub#14711
        raise InvalidRequest(
            f"{path}: image exceeds 10 MB maximum: {size} bytes > {_MAX_IMAGE_BYTES} bytes"
        )
    found = _media_type(_head(source.data))
    if found is None:
        raise InvalidRequest(f"{path}.data: Could not process image")
    if found != source.media_type:
        # anthropics/claude-code#13131
        raise InvalidRequest(
            f"{path}.data: Image does not match the provided media type {source.media_type}"
        )


def _refuse_pdf(path: str, source: Base64PDFSource) -> None:
    if not source.data:
        raise InvalidRequest(f"{path}: PDF cannot be empty")
    if not _head(source.data).lstrip().startswith(b"%PDF-"):
        # Claude Code 2.1.330 looks for these words
        raise InvalidRequest(f"{path}: The PDF specified was not valid")


def _media_type(head: bytes) -> str | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def _head(data: str) -> bytes:
    try:
        return base64.b64decode(data[:_HEAD_CHARACTERS], validate=True)
    except (binascii.Error, ValueError):
        return b""
