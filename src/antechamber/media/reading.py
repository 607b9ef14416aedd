"""What a model is told of images and PDFs: whole jobs, each done in one process.

What goes in and comes out can be pickled.
"""

import sys
from itertools import islice

import msgspec

from antechamber.catalogue.facts import ImageTier
from antechamber.media.image_fit import fitted
from antechamber.media.image_head import PixelSize
from antechamber.media.pdf import opened_pdf
from antechamber.media.pixels import (
    MediaUnreadable,
    jpeg_of,
    on_white,
    opened_image,
    turned_upright,
)
from antechamber.media.scans import PAGE_SIDE_PX, read_text

_MOST_LETTERS = 10_000_000
"""Of a PDF: twice what a window of a million tokens holds."""
_MOST_VIEW_BYTES = 128 * 1024 * 1024
"""Of the images of a PDF's pages: above what any request may have."""
_FEW_LETTERS = 200
"""On a page that is all picture: a number, or a stamp of what scanned it."""


class PageText(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a page to a model that sees none."""

    number: int
    """From 1."""
    text: str
    needs_reading: bool
    """It is a picture, with no text or hardly any: what is on it has to be read."""


class PageView(msgspec.Struct, frozen=True, kw_only=True):
    """A page for a model that sees it, with the text that it carries."""

    number: int
    text: str
    image: bytes
    media_type: str
    size: PixelSize


def image_text(data: bytes) -> str:
    """Return the text in an image; raises ``MediaUnreadable`` and ``OcrMissing``."""
    with opened_image(data) as image:
        plain = on_white(turned_upright(image))
    return read_text(plain)


def pdf_for_text(data: bytes, most_pages: int) -> list[PageText]:
    """Return the text that each page carries.

    Raises the faults of ``media.pdf``, and ``MediaUnreadable`` for too much text.
    """
    texts, letters = list[PageText](), 0
    with opened_pdf(data, most_pages) as pages:
        for page in pages:
            text = page.text()
            is_scan = not text.strip() and not page.is_blank()
            needs_reading = is_scan or (len(text) < _FEW_LETTERS and page.is_picture())
            letters += len(text)
            if letters > _MOST_LETTERS:
                raise MediaUnreadable
            texts.append(PageText(number=page.number, text=text, needs_reading=needs_reading))
    return texts


def page_text(data: bytes, number: int) -> str:
    """Return the text that is read on a page of a PDF, counted from 1.

    Raises the faults of ``media.pdf``, and ``OcrMissing``.
    """
    with opened_pdf(data, sys.maxsize) as pages:
        page = next(islice(pages, number - 1, None))
        return read_text(page.image(PAGE_SIDE_PX))


def pdf_for_eyes(data: bytes, most_pages: int, tier: ImageTier) -> list[PageView]:
    """Return each page as the tier sees it, with its text.

    Raises the faults of ``media.pdf``, and ``MediaUnreadable`` for too much of either.
    """
    views, letters, view_bytes = list[PageView](), 0, 0
    with opened_pdf(data, most_pages) as pages:
        for page in pages:
            text = page.text()
            image = page.image(max(fitted(page.size(tier.long_edge_px), tier)))
            view = PageView(
                number=page.number,
                text=text,
                image=jpeg_of(image),
                media_type="image/jpeg",
                size=PixelSize(*image.size),
            )
            letters, view_bytes = letters + len(text), view_bytes + len(view.image)
            if letters > _MOST_LETTERS or view_bytes > _MOST_VIEW_BYTES:
                raise MediaUnreadable
            views.append(view)
    return views
