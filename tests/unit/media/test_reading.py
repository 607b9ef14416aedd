"""What a model is told of images and PDFs that it cannot see, and is shown of those that it can."""

import io
from collections.abc import AsyncIterator, Sequence

import pytest
from fpdf import FPDF
from PIL import Image

from antechamber.catalogue.facts import ImageTier, ModelFacts
from antechamber.engines.base import EngineLimits
from antechamber.media import reading
from antechamber.media.image_fit import image_tokens
from antechamber.media.pdf import PdfBroken, PdfEmpty, PdfEncrypted, PdfTooLong
from antechamber.media.pixels import MediaUnreadable
from antechamber.media.reading import image_text, pdf_for_eyes, pdf_for_text
from antechamber.operations.attachments.audience import Audience
from antechamber.operations.attachments.reader import MediaReader
from antechamber.runtime.workshop import Workshop
from tests.prepared_documents import DOCUMENTS, FILLER, Prepared, written
from tests.unit.media.mutants import CATALOG, FONT, FORM, PAGE, PAGES, pdf_with, stream

TIER = ImageTier(long_edge_px=1_568, max_tokens=1_568, formula="patches")
QUICK = {"minutes", "stock", "newsletter", "dialog", "receipt"}


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    """One child, so that the models are loaded once, and are gone with it."""
    workshop = Workshop(processes=1, timeout_s=60, memory_mib=2_048)
    yield workshop
    await workshop.aclose()


ANYBODY = Audience(
    facts=ModelFacts.unlisted("model"),
    limits=EngineLimits(),
    workspace_id="default",
    max_image_bytes=10_000_000,
    most_bytes=10_000_000,
)


async def told(workshop: Workshop, document: Prepared) -> str:
    data = document.make()
    if document.kind == "image":
        return await workshop.run(image_text, data)
    reader = MediaReader(workshop, cache_mib=0)
    pages = await reader.pages_as_text(data, ANYBODY, with_ocr=True)
    return "\n".join(page.text for page in pages)


@pytest.mark.parametrize(
    "documents",
    [
        pytest.param([each for each in DOCUMENTS if each.name in QUICK], id="some"),
        pytest.param(DOCUMENTS, id="all", marks=pytest.mark.slow),
    ],
)
async def test_what_is_asked_for_is_in_what_is_told(
    workshop: Workshop, documents: Sequence[Prepared]
) -> None:
    missing = [
        document.name
        for document in documents
        if document.fact not in await told(workshop, document)
    ]

    assert missing == []


def pages_of(pdf: FPDF | bytes) -> list[str]:
    data = pdf if isinstance(pdf, bytes) else bytes(pdf.output())
    return [page.text for page in pdf_for_text(data, 100)]


def test_pages_have_their_numbers_and_their_lines() -> None:
    pdf = written("First page", "of two", pdf=None)
    data = bytes(written("Second page", pdf=pdf).output())

    pages = pdf_for_text(data, 2)

    assert [(page.number, page.text) for page in pages] == [
        (1, "First page\nof two"),
        (2, "Second page"),
    ]


def test_cells_of_a_table_stand_below_each_other() -> None:
    (text,) = pages_of(next(each for each in DOCUMENTS if each.name == "stock").make())

    _, head, *rows = text.splitlines()
    assert head.split("  ")[0] == "Part"
    assert {
        row.index(value) for row, value in zip(rows, ("412", "77", "1,936", "58"), strict=True)
    } == {rows[0].index("412")}


def test_columns_of_prose_follow_each_other() -> None:
    (text,) = pages_of(next(each for each in DOCUMENTS if each.name == "newsletter").make())

    assert " ".join((FILLER * 5).split()) in " ".join(text.split())
    assert "   " not in text


def test_a_form_is_told_with_what_it_is_filled_in_with() -> None:
    (text,) = pages_of(FORM)

    assert text.split("  ")[0] == "Name of the applicant"
    assert text.split("  ")[-1].strip() == "Ines Castellanos"


def test_a_word_that_goes_on_in_the_next_line_keeps_its_hyphen() -> None:
    assert pages_of(written("a careful exam-\nple of it")) == ["a careful exam-\nple of it"]


def test_letters_in_two_halves_are_whole_and_what_is_no_letter_is_left_out() -> None:
    meanings = b"1 begincodespacerange <00> <ff> endcodespacerange "
    meanings += b"3 beginbfchar <41> <D835DD38> <42> <D835> <43> <0001> endbfchar"
    font = FONT.replace(b" >>", b" /ToUnicode 6 0 R >>")
    drawn = stream(b"BT /F 9 Tf 20 20 Td (ABCD) Tj ET")
    page = pdf_with(CATALOG, PAGES, PAGE, font, drawn, stream(meanings))

    assert pages_of(page) == ["\U0001d538D"]


def test_pages_of_pictures_alone_are_said_to_need_reading_and_empty_ones_not() -> None:
    pdf = written("Text")
    pdf.add_page()
    pdf.add_page()
    pdf.image(Image.new("L", (40, 40)), x=10, y=10, w=50)

    pages = pdf_for_text(bytes(pdf.output()), 100)

    assert [page.needs_reading for page in pages] == [False, False, True]
    assert [page.text for page in pages] == ["Text", "", ""]


LOCKED = written(FILLER)
LOCKED.set_encryption("owner", user_password="user")
FOR_THE_OWNER = written("Everyone may read this")
FOR_THE_OWNER.set_encryption("owner", user_password="")
WHOLE = bytes(written(FILLER).output())


@pytest.mark.parametrize("read", [pdf_for_text, pdf_for_eyes], ids=["text", "eyes"])
@pytest.mark.parametrize(
    ("data", "fault"),
    [
        pytest.param(bytes(LOCKED.output()), PdfEncrypted, id="it has a password"),
        pytest.param(b"%PDF-1.7 and no more", PdfBroken, id="it is none"),
        pytest.param(b"", PdfBroken, id="nothing"),
        pytest.param(pdf_with(CATALOG, PAGES), PdfBroken, id="its page is not there"),
        pytest.param(
            pdf_with(CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"), PdfEmpty, id="no pages"
        ),
    ],
)
def test_what_is_wrong_with_a_pdf_is_told_apart(read, data: bytes, fault: type[Exception]) -> None:
    with pytest.raises(fault):
        read(data, 100, *([TIER] if read is pdf_for_eyes else []))


def test_a_pdf_that_only_its_owner_may_change_is_read() -> None:
    assert pages_of(FOR_THE_OWNER) == ["Everyone may read this"]


def test_a_pdf_with_more_pages_than_allowed_says_how_many() -> None:
    data = bytes(written("three", pdf=written("two", pdf=written("one"))).output())

    with pytest.raises(PdfTooLong) as fault:
        pdf_for_text(data, 2)

    assert (fault.value.pages, fault.value.most) == (3, 2)


def test_pages_are_shown_as_large_as_the_tier_has_them_with_their_text() -> None:
    wide = FPDF(orientation="landscape", format=(100, 400))
    data = bytes(written("wide", pdf=wide).output())

    (view,) = pdf_for_eyes(data, 1, TIER)

    assert (view.number, view.text, view.size) == (1, "wide", (1_568, 392))
    with Image.open(io.BytesIO(view.image)) as image:
        assert (image.format, image.size) == ("JPEG", view.size)
        assert view.media_type == "image/jpeg"
        assert image.convert("L").getextrema() == pytest.approx((0, 255), abs=8)


@pytest.mark.parametrize("long_edge_px", [1_568, 2_576])
def test_a_page_costs_no_more_than_the_tier_allows(long_edge_px: int) -> None:
    tier = ImageTier(long_edge_px=long_edge_px, max_tokens=1_568, formula="patches")

    (view,) = pdf_for_eyes(WHOLE, 1, tier)

    assert 1_500 < image_tokens(view.size, tier) <= 1_568


@pytest.mark.parametrize(
    ("bound", "read"),
    [
        ("_MOST_LETTERS", lambda: pdf_for_text(WHOLE, 1)),
        ("_MOST_LETTERS", lambda: pdf_for_eyes(WHOLE, 1, TIER)),
        ("_MOST_VIEW_BYTES", lambda: pdf_for_eyes(WHOLE, 1, TIER)),
    ],
)
def test_more_than_any_model_takes_is_refused(monkeypatch, bound: str, read) -> None:
    monkeypatch.setattr(reading, bound, 200)

    with pytest.raises(MediaUnreadable):
        read()
