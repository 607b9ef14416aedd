"""PDFs page by page: the text that they carry, and how they look.

Source: platform.claude.com/docs/en/build-with-claude/pdf-support.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from antechamber.media.image_head import PixelSize
from antechamber.media.pdf_text import text_in_order, text_in_place

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument, PdfPage
    from pypdfium2.raw import FPDF_DOCUMENT

_DEPTH = 3
"""At which pictures are looked for: a page may be one form in another."""


class PdfBroken(Exception):
    """It, or a page of it, cannot be opened; ``The PDF specified was not valid.``."""


class PdfEncrypted(Exception):
    """It opens with a password or a key only; ``The PDF specified is password protected``."""


class PdfEmpty(Exception):
    """It has no pages; ``PDF cannot be empty``."""


class PdfTooLong(Exception):
    """It has too many pages; ``A maximum of 100 PDF pages may be provided.``."""

    def __init__(self, pages: int, most: int) -> None:
        """``pages`` as the PDF counts them."""
        super().__init__(pages, most)
        self.pages = pages
        self.most = most


class Page:
    """One page of an open PDF."""

    def __init__(self, number: int, page: "PdfPage", *, is_form: bool) -> None:
        """``number`` begins at 1."""
        self.number = number
        self._page = page
        self._is_form = is_form

    def text(self) -> str:
        """Return the text that the page carries, cells of tables apart."""
        textpage = self._page.get_textpage()
        try:
            return text_in_place(textpage) if self._is_form else text_in_order(textpage)
        finally:
            textpage.close()

    def is_blank(self) -> bool:
        """Tell whether nothing at all is on it."""
        return next(self._page.get_objects(max_depth=1), None) is None

    def is_picture(self) -> bool:
        """Tell whether one picture covers more than half of it."""
        from pypdfium2 import raw  # noqa: PLC0415 - only where PDFs are opened

        width, height = self._page.get_size()
        pictures = self._page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEPTH)
        bounds = (picture.get_bounds() for picture in pictures)
        return any(
            2 * (right - left) * (top - bottom) > width * height
            for left, bottom, right, top in bounds
        )

    def size(self, longer_px: int) -> PixelSize:
        """Return its size with a longer side of so many pixels."""
        width, height = self._page.get_size()
        scale = longer_px / max(width, height)
        return PixelSize(round(width * scale) or 1, round(height * scale) or 1)

    def image(self, longer_px: int) -> "Image":
        """Return how it looks, with its longer side of so many pixels."""
        # What is a hair longer would be a pixel longer.
        scale = (longer_px - 0.01) / max(self._page.get_size())
        bitmap = self._page.render(scale=scale, rev_byteorder=True)
        try:
            return bitmap.to_pil()
        finally:
            bitmap.close()


@contextmanager
def opened_pdf(data: bytes, most_pages: int) -> "Generator[Iterator[Page], None, None]":
    """Open a PDF; each page is closed when the next is asked for.

    Raises ``PdfEncrypted``, ``PdfEmpty``, ``PdfTooLong``, and ``PdfBroken`` within the context too.
    """
    import pypdfium2 as pdfium  # noqa: PLC0415 - only where PDFs are opened

    try:
        with pdfium.PdfDocument(_loaded(data)) as document:
            pages = len(document)
            if pages == 0:
                raise PdfEmpty
            if pages > most_pages:
                raise PdfTooLong(pages, most_pages)
            yield _pages(document, pages)
    except pdfium.PdfiumError as error:
        raise PdfBroken from error


def _loaded(data: bytes) -> "FPDF_DOCUMENT":
    """``PdfDocument`` would do it, and give the reason of an earlier failure for an empty PDF."""
    from pypdfium2 import raw  # noqa: PLC0415 - only where PDFs are opened

    document = raw.FPDF_LoadMemDocument64(data, len(data), None)
    if document:
        return document
    if raw.FPDF_GetLastError() in {raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY}:
        raise PdfEncrypted
    raise PdfBroken


def _pages(document: "PdfDocument", count: int) -> Iterator[Page]:
    from pypdfium2 import raw  # noqa: PLC0415 - only where PDFs are opened

    is_form = document.get_formtype() != raw.FORMTYPE_NONE
    for number in range(count):
        page = document[number]
        if is_form:
            # What fields are filled in with becomes part of the page when that is loaded again.
            raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
            page.close()
            page = document[number]
        try:
            yield Page(number + 1, page, is_form=is_form)
        finally:
            page.close()
