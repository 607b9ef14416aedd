"""The text that a page of a PDF carries, with its lines, and the cells of its tables apart."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from antechamber.media.layout import Piece, laid_out, spread

if TYPE_CHECKING:
    from pypdfium2 import PdfTextPage

_LINE = re.compile(r"[^\r\n]+")
_SPACES = re.compile(r"(?<=\S) +(?=\S)")
_DIVIDED = "\x02"
"""How PDFium writes the hyphen and the end of the line, where a word goes on in the next one."""
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")
"""What fonts come to that do not say which characters they have."""
_CHARACTER_WIDTH = 0.4
"""Of the height of a line, with its leading."""


def text_in_order(textpage: "PdfTextPage") -> str:
    """Return the text in the order in which it was written, as columns are."""
    lines: list[str] = []
    for cells in _lines(textpage):
        first = cells[0]
        width = (first.bottom - first.top) * _CHARACTER_WIDTH
        lines.append(spread([(cell.text, cell.left) for cell in cells], first.left, width))
    return _clean("\n".join(lines))


def text_in_place(textpage: "PdfTextPage") -> str:
    """Return the text as it stands: what a form is filled in with comes after all of the form."""
    return _clean(laid_out([cell for cells in _lines(textpage) for cell in cells]))


def _lines(textpage: "PdfTextPage") -> Iterator[list[Piece]]:
    """Yield the pieces of each line that stand apart; one for most lines."""
    from pypdfium2 import raw  # noqa: PLC0415 - only where PDFs are opened

    # One for each place: what is asked of a place is asked by its number.
    characters = [
        chr(raw.FPDFText_GetUnicode(textpage, place)) for place in range(textpage.count_chars())
    ]
    for found in _LINE.finditer("".join(characters)):
        line, start = found.group(), found.start()
        cells, begin = list[Piece](), 0
        for space in _SPACES.finditer(line):
            cell = _piece(textpage, start + begin, line[begin : space.start()])
            next_left, *_ = textpage.get_charbox(start + space.end(), loose=True)
            if next_left - cell.right > cell.bottom - cell.top:
                cells.append(cell)
                begin = space.end()
        yield [*cells, _piece(textpage, start + begin, line[begin:])]


def _piece(textpage: "PdfTextPage", start: int, text: str) -> Piece:
    left, bottom, _, top = textpage.get_charbox(start, loose=True)
    _, _, right, _ = textpage.get_charbox(start + len(text) - 1, loose=True)
    # In a PDF, y grows upwards.
    return Piece(text, left, -top, right, -bottom)


def _clean(text: str) -> str:
    # A character beyond the first 65,536 comes in two halves.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return _UNWANTED.sub("", whole.replace(_DIVIDED, "-\n"))
