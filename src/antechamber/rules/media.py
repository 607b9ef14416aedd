"""What can be said of an image or a PDF from its first bytes: that it is what it says it is.

Pixels and pages are looked at where they are read.
Source: platform.claude.com/docs/en/build-with-claude/vision and …/pdf-support.
"""

from collections.abc import Iterator

from antechamber.media.image_head import media_type_of, reader_of_base64
from antechamber.rules.context import RuleContext
from antechamber.rules.reading import Reading
from antechamber.wire.blocks import DocumentBlock, ImageBlock, ToolResultBlock
from antechamber.wire.documents import Base64ImageSource, Base64PDFSource, ContentBlockSource
from antechamber.wire.errors import InvalidRequest

_PDF_HEAD_BYTES = 24
"""Its signature, and blanks that some programs write before it."""
_MB = 1024 * 1024

Media = tuple[str, ImageBlock | DocumentBlock]


def refuse_media_that_are_not_what_they_say(reading: Reading) -> None:
    """Base64 sources, wherever they stand."""
    for path, block in placed_media(reading):
        source = block.source
        if isinstance(source, Base64ImageSource):
            _refuse_image(f"{path}.image.source.base64", source, reading.context)
        elif isinstance(source, Base64PDFSource):
            _refuse_pdf(f"{path}.pdf.source.base64", source, reading.context)


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


def _refuse_image(path: str, source: Base64ImageSource, context: RuleContext) -> None:
    size, most = len(source.data), context.max_image_bytes
    if size == 0:
        raise InvalidRequest(f"{path}.data: image cannot be empty")
    if size > most:
        # lobehub/lobehub#14711
        raise InvalidRequest(
            f"{path}: image exceeds {most / _MB:.4g} MB maximum: {size} bytes > {most} bytes"
        )
    found = media_type_of(reader_of_base64(source.data))
    if found is None:
        raise InvalidRequest(f"{path}.data: Could not process image")
    if found != source.media_type:
        # anthropics/claude-code#13131
        raise InvalidRequest(
            f"{path}.data: Image does not match the provided media type {source.media_type}"
        )


def _refuse_pdf(path: str, source: Base64PDFSource, context: RuleContext) -> None:
    size, most = len(source.data), context.max_pdf_bytes
    if size == 0:
        raise InvalidRequest(f"{path}.data: PDF cannot be empty")
    if most is not None and size > most:
        # The hosted API has no such limit; these are its words about images.
        raise InvalidRequest(
            f"{path}: PDF exceeds {most / _MB:.4g} MB maximum: {size} bytes > {most} bytes"
        )
    head = reader_of_base64(source.data)(0, _PDF_HEAD_BYTES)
    if not head.lstrip().startswith(b"%PDF-"):
        # Claude Code 2.1.330 looks for these words
        raise InvalidRequest(f"{path}.data: The PDF specified was not valid")
