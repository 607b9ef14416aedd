"""One image or PDF, whose bytes are there, as one engine can take it."""

from collections.abc import Sequence

from antechamber.media.image_head import media_type_of, reader_of_bytes
from antechamber.operations.attachments.audience import Audience
from antechamber.operations.attachments.encoding import encoded
from antechamber.operations.attachments.media_faults import reworded, unread
from antechamber.operations.attachments.places import Media
from antechamber.operations.attachments.reader import MediaReader
from antechamber.operations.attachments.telling import image_told, page_told
from antechamber.wire.blocks import DocumentBlock, ImageBlock, TextBlock
from antechamber.wire.documents import Base64ImageSource, Base64PDFSource, ContentBlockSource

OpenedPdf = tuple[DocumentBlock, Sequence[str]]
"""What stands for it, and the text of its pages where they were read."""


class Opener:
    """Opens what one audience is shown."""

    def __init__(self, reader: MediaReader, audience: Audience) -> None:
        self._reader = reader
        self._audience = audience

    async def image(self, at: str, block: ImageBlock, data: bytes) -> Media | TextBlock:
        """Return what stands for an image; raises ``InvalidRequest`` with its place, ``at``."""
        if self._audience.relays:
            media_type = media_type_of(reader_of_bytes(data)) or ""
            return await _with_image(block, data, media_type)
        if not self._audience.sees:
            return await self._read_out(at, block, data)
        with reworded(at, "image"):
            shown = await self._reader.shown(data, self._audience)
        if block.source.type == "base64" and shown.data == data:
            return block
        return await _with_image(block, shown.data, shown.media_type)

    async def _read_out(self, at: str, block: ImageBlock, data: bytes) -> TextBlock:
        if not self._reader.reads_scans:
            raise unread(at, "image")
        with reworded(at, "image"):
            text = await self._reader.text_of_image(data, self._audience)
        return TextBlock(type="text", text=image_told(text), cache_control=block.cache_control)

    async def pdf(self, at: str, block: DocumentBlock, data: bytes) -> OpenedPdf:
        """Return what stands for a PDF; raises ``InvalidRequest`` with its place, ``at``."""
        if self._audience.relays:
            return await _with_pdf(block, data), ()
        with reworded(at, "PDF"):
            if self._audience.sees and not self._audience.opens_pdfs:
                return await self._seen(block, data)
            return await self._read(at, block, data)

    async def _read(self, at: str, block: DocumentBlock, data: bytes) -> OpenedPdf:
        audience, opens = self._audience, self._audience.opens_pdfs
        with_ocr = not opens and self._reader.reads_scans
        pages = await self._reader.pages_as_text(data, audience, with_ocr=with_ocr)
        texts = [page.text for page in pages]
        if opens:
            is_there = block.source.type == "base64"
            return block if is_there else await _with_pdf(block, data), texts
        if any(page.needs_reading and not page.text.strip() for page in pages):
            raise unread(at, "PDF")
        told = [_page(page_told(page.number, page.text, is_seen=False)) for page in pages]
        return _made_of(block, told), texts

    async def _seen(self, block: DocumentBlock, data: bytes) -> OpenedPdf:
        pages = await self._reader.pages_as_seen(data, self._audience)
        content: list[TextBlock | ImageBlock] = []
        for page in pages:
            content.append(_page(page_told(page.number, page.text, is_seen=True)))
            source = await _image_source(page.image, page.media_type)
            content.append(ImageBlock(type="image", source=source))
        return _made_of(block, content), [page.text for page in pages]


def _page(text: str) -> TextBlock:
    return TextBlock(type="text", text=text)


def _made_of(block: DocumentBlock, content: Sequence[TextBlock | ImageBlock]) -> DocumentBlock:
    source = ContentBlockSource(type="content", content=list(content))
    return block.model_copy(update={"source": source})


async def _with_image(block: ImageBlock, data: bytes, media_type: str) -> ImageBlock:
    return block.model_copy(update={"source": await _image_source(data, media_type)})


async def _image_source(data: bytes, media_type: str) -> Base64ImageSource:
    fields = {"type": "base64", "media_type": media_type, "data": await encoded(data)}
    return Base64ImageSource.model_validate(fields)


async def _with_pdf(block: DocumentBlock, data: bytes) -> DocumentBlock:
    source = Base64PDFSource(type="base64", media_type="application/pdf", data=await encoded(data))
    return block.model_copy(update={"source": source})
