"""Ten documents with one fact in each: PDFs with text, scans, and screenshots, made when needed."""

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pypdfium2
from fpdf import FPDF
from PIL import Image, ImageDraw, ImageFont

FILLER = (
    "The committee met in the usual room and went through the agenda without delay. "
    "Members thanked the staff for the careful preparation of the papers. "
    "It was agreed that the open points would be taken up again in the spring. "
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A document, and what can be asked about it."""

    name: str
    kind: Literal["pdf", "image"]
    media_type: str
    make: Callable[[], bytes]
    question: str
    fact: str
    """Stands in the document, in one line and once."""


def written(*paragraphs: str, pdf: FPDF | None = None) -> FPDF:
    """Return a PDF with one more page, of these paragraphs."""
    pdf = pdf or FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for paragraph in paragraphs:
        pdf.multi_cell(0, 6, paragraph, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(4)
    return pdf


def scanned(pages: FPDF, *, degrees: float, seed: int) -> Sequence[Image.Image]:
    """Return the pages as a machine sees them that draws them in askew, through dust."""
    with pypdfium2.PdfDocument(bytes(pages.output())) as document:
        sheets = [page.render(scale=200 / 72, grayscale=True).to_pil() for page in document]
    chance = random.Random(seed)  # noqa: S311 - for dust
    return [_through_the_machine(sheet, degrees, chance) for sheet in sheets]


def _through_the_machine(sheet: Image.Image, degrees: float, chance: random.Random) -> Image.Image:
    sheet = sheet.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=255)
    noise = Image.frombytes("L", sheet.size, chance.randbytes(sheet.width * sheet.height))
    return Image.blend(sheet, noise, 0.12)


def pdf_of(sheets: Sequence[Image.Image]) -> bytes:
    """Return a PDF of nothing but pictures."""
    file = io.BytesIO()
    sheets[0].save(file, "PDF", save_all=True, append_images=sheets[1:], resolution=200, quality=80)
    return file.getvalue()


def _minutes() -> bytes:
    pdf = written("Minutes of the harbour board", FILLER * 8)
    written(FILLER * 5, "The tide gate was last painted in 1987.", FILLER * 5, pdf=pdf)
    return bytes(written(FILLER * 9, pdf=pdf).output())


def _stock() -> bytes:
    pdf = written("Stock of the north store, counted in October")
    with pdf.table() as table:
        for cells in STOCK:
            table.row(cells)
    return bytes(pdf.output())


STOCK = (
    ("Part", "Name", "On the shelf", "On order"),
    ("A-17", "Hex bolt M8", "412", "0"),
    ("B-03", "Wing nut", "77", "250"),
    ("C-21", "Split washer", "1,936", "40"),
    ("D-08", "Cotter pin", "58", "600"),
)


def _newsletter() -> bytes:
    pdf = written("Quarterly letter of the bee keepers")
    with pdf.text_columns(ncols=2, gutter=12, text_align="L") as columns:
        columns.write(FILLER * 5)
        columns.write("The heaviest hive of the year came from Orchard Lane. ")
        columns.write(FILLER * 5)
    return bytes(pdf.output())


def _invoice(number: str, total: str) -> FPDF:
    pdf = written("Lindgren and Sons, boat builders", "Invoice")
    for label, value in (
        ("Invoice number", number),
        ("Date", "14 May 2025"),
        ("Customer", "Ferry Company of Norrhamn"),
        ("Total due", total),
    ):
        pdf.cell(60, 9, label)
        pdf.cell(0, 9, value, new_x="LMARGIN", new_y="NEXT")
    pdf.ln(8)
    pdf.multi_cell(0, 6, FILLER * 2)
    return pdf


def _scanned_letter() -> bytes:
    letter = written(
        "Dear Mrs Okafor,", FILLER, "The key is kept with the baker in Mill Street.", FILLER * 2
    )
    return pdf_of(scanned(letter, degrees=1, seed=5))


def _scanned_invoice() -> bytes:
    return pdf_of(scanned(_invoice("LS-20931", "4,780.50 EUR"), degrees=-1, seed=6))


def _with_scanned_annex() -> bytes:
    annex = written("Annex", FILLER, "The lease ends on 30 September 2031.", FILLER)
    (sheet,) = scanned(annex, degrees=0.7, seed=7)
    pdf = written("Contract of lease", FILLER * 6)
    pdf.add_page()
    pdf.image(sheet, x=0, y=0, w=pdf.w)
    return bytes(pdf.output())


def screen(
    lines: Sequence[str], *, size: tuple[int, int], font_px: int, dark: bool = False
) -> Image.Image:
    """Return a window with lines of text."""
    paper, ink = ("#101418", "#d8dee4") if dark else ("white", "#202020")
    image = Image.new("RGB", size, paper)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(font_px)
    for number, line in enumerate(lines):
        draw.text((2 * font_px, (2 + 1.6 * number) * font_px), line, ink, font)
    return image


def _file_of(image: Image.Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _dialog() -> bytes:
    image = Image.new("RGB", (1_280, 800), "#31708f")
    window = screen(
        [
            "The update could not be installed",
            "",
            "Not enough room on the disk. Error code WU-4471",
            "Free some room, and try again.",
        ],
        size=(640, 300),
        font_px=18,
    )
    image.paste(window, (320, 240))
    return _file_of(image, "PNG")


def _terminal() -> bytes:
    lines = [
        f"12:0{number % 10}:07 worker-{number} finished in {number * 3} ms" for number in range(30)
    ]
    lines[17] = "12:07:27 worker-17 failed: connection to db-eu-4 was refused"
    return _file_of(screen(lines, size=(1_920, 1_080), font_px=16, dark=True), "PNG")


def _receipt() -> bytes:
    lines = ["CAFE MERIDIAN", "", "2 Espresso  5.60", "1 Lemon cake  4.20", "", "Total  9.80 EUR"]
    lines += ["Table 12", "Served by Henrike"]
    return _file_of(screen(lines, size=(480, 520), font_px=22).rotate(2, fillcolor="white"), "JPEG")


def _settings_page() -> bytes:
    names = ["Host name", "Time zone", "Backups", "Listening port", "Log level", "Retention"]
    values = ["lighthouse-2", "Europe/Lisbon", "every night", "48713", "warning", "90 days"]
    image = screen(names, size=(1_400, 900), font_px=20)
    image.paste(screen(values, size=(700, 900), font_px=20), (700, 0))
    return _file_of(image, "WEBP", quality=80)


DOCUMENTS: tuple[Prepared, ...] = (
    Prepared(
        name="minutes",
        kind="pdf",
        media_type="application/pdf",
        make=_minutes,
        question="When was the tide gate last painted?",
        fact="The tide gate was last painted in 1987.",
    ),
    Prepared(
        name="stock",
        kind="pdf",
        media_type="application/pdf",
        make=_stock,
        question="How many split washers are on the shelf?",
        fact="1,936",
    ),
    Prepared(
        name="newsletter",
        kind="pdf",
        media_type="application/pdf",
        make=_newsletter,
        question="Where did the heaviest hive come from?",
        fact="Orchard Lane",
    ),
    Prepared(
        name="scanned letter",
        kind="pdf",
        media_type="application/pdf",
        make=_scanned_letter,
        question="Who keeps the key?",
        fact="The key is kept with the baker in Mill Street.",
    ),
    Prepared(
        name="scanned invoice",
        kind="pdf",
        media_type="application/pdf",
        make=_scanned_invoice,
        question="What is the number of the invoice?",
        fact="LS-20931",
    ),
    Prepared(
        name="scanned annex",
        kind="pdf",
        media_type="application/pdf",
        make=_with_scanned_annex,
        question="When does the lease end?",
        fact="The lease ends on 30 September 2031.",
    ),
    Prepared(
        name="dialog",
        kind="image",
        media_type="image/png",
        make=_dialog,
        question="What is the code of the error?",
        fact="WU-4471",
    ),
    Prepared(
        name="terminal",
        kind="image",
        media_type="image/png",
        make=_terminal,
        question="Which database refused the connection?",
        fact="db-eu-4",
    ),
    Prepared(
        name="receipt",
        kind="image",
        media_type="image/jpeg",
        make=_receipt,
        question="What was paid in all?",
        fact="9.80 EUR",
    ),
    Prepared(
        name="settings page",
        kind="image",
        media_type="image/webp",
        make=_settings_page,
        question="On which port does it listen?",
        fact="48713",
    ),
)
