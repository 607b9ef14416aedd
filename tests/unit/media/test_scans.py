"""Text that is read in images and scanned pages."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image

from antechamber.media import scans
from antechamber.media.reading import image_text, page_text
from antechamber.media.scans import OcrMissing, is_available, read_text
from antechamber.runtime.workshop import WorkFailed, Workshop
from tests.prepared_documents import FILLER, FPDF, pdf_of, scanned, screen, written
from tests.unit.media.mutants import saved


def test_it_is_there_where_the_extra_is_installed() -> None:
    assert is_available()


def test_without_the_extra_an_image_with_text_is_not_read(monkeypatch) -> None:
    monkeypatch.setattr(scans, "is_available", lambda: False)

    with pytest.raises(OcrMissing):
        read_text(Image.new("RGB", (80, 80)))


def test_where_no_letter_fits_nothing_is_looked_for() -> None:
    assert read_text(Image.new("RGB", (8_000, 7))) == ""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def child() -> AsyncIterator[Workshop]:
    """One for all tests, so that the models are loaded once."""
    workshop = Workshop(processes=1, timeout_s=60, memory_mib=2_048)
    yield workshop
    await workshop.aclose()


@pytest.mark.slow
@pytest.mark.asyncio(loop_scope="module")
class TestReading:
    async def test_an_image_without_text_has_none(self, child: Workshop) -> None:
        assert await child.run(image_text, saved(Image.new("RGB", (300, 200)), "PNG")) == ""

    async def test_code_keeps_its_indentation(self, child: Workshop) -> None:
        code = ["class Harbour:", " " * 12 + "def ships(self):", " " * 24 + "return self.list"]
        window = screen(code, size=(900, 300), font_px=24)

        lines = (await child.run(image_text, saved(window, "PNG"))).splitlines()

        indents = [len(line) - len(line.lstrip()) for line in lines]
        assert indents[0] == 0
        assert indents[1] > 0
        assert indents[2] == pytest.approx(2 * indents[1], abs=1)

    async def test_a_window_that_is_scrolled_through_is_read_to_its_end(
        self, child: Workshop
    ) -> None:
        lines = [f"Entry {number} belongs to folder {number * 7919}" for number in range(200)]
        window = screen(lines, size=(900, 7_000), font_px=20)

        text = await child.run(image_text, saved(window, "PNG"))

        assert len(set(lines) & set(text.splitlines())) > 190

    async def test_a_photograph_is_read_as_the_camera_was_held(self, child: Workshop) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        sheet = screen(["Berth 14 is free until Thursday"], size=(900, 300), font_px=30)
        photograph = saved(sheet.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif)

        assert await child.run(image_text, photograph) == "Berth 14 is free until Thursday"

    async def test_letters_on_what_shows_through_are_read(self, child: Workshop) -> None:
        letters = screen(["Signed by the harbour master"], size=(900, 200), font_px=30)
        ink = letters.convert("L").point(lambda value: 255 - value)
        overlay = Image.new("RGBA", letters.size)
        overlay.putalpha(ink)

        assert await child.run(image_text, saved(overlay, "PNG")) == "Signed by the harbour master"

    async def test_columns_of_a_scan_follow_each_other(self, child: Workshop) -> None:
        pdf = written("Quarterly letter of the bee keepers")
        with pdf.text_columns(ncols=2, gutter=12, text_align="L") as columns:
            columns.write(FILLER * 8)

        data = pdf_of(scanned(pdf, degrees=0.6, seed=2))
        text = await child.run(page_text, data, 1)

        words = " ".join(text.split())
        assert "papers. It was agreed that the open points would be taken up again" in words
        assert "   " not in text.strip()

    async def test_a_scan_with_a_stamp_of_text_on_it_is_read_all_the_same(
        self, child: Workshop
    ) -> None:
        (sheet,) = scanned(written("The mooring fee is 240 crowns."), degrees=0.5, seed=3)
        pdf = FPDF()
        pdf.add_page()
        pdf.image(sheet, x=0, y=0, w=pdf.w)
        pdf.set_font("Helvetica", size=8)
        pdf.text(20, 285, "Scanned by a machine")

        text = await child.run(page_text, bytes(pdf.output()), 1)

        assert "The mooring fee is 240 crowns." in text
        assert "Scanned by a machine" in text

    async def test_what_it_has_too_little_memory_for_is_not_read(self) -> None:
        workshop = Workshop(processes=1, timeout_s=60, memory_mib=640)

        with pytest.raises(WorkFailed) as failed:
            await workshop.run(image_text, saved(Image.new("RGB", (1_400, 1_000)), "PNG"))

        assert failed.value.reason == "memory"
        await workshop.aclose()
