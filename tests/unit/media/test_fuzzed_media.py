"""Broken images and PDFs are refused in a way that has a name, and all else goes on."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import TypeVarTuple

import pytest

from antechamber.catalogue.facts import ImageTier
from antechamber.media.pdf import PdfBroken, PdfEmpty, PdfEncrypted, PdfTooLong
from antechamber.media.pixels import MediaUnreadable, shown_image
from antechamber.media.reading import image_text, page_text, pdf_for_eyes, pdf_for_text
from antechamber.runtime.workshop import WorkFailed, Workshop
from tests.unit.media.mutants import (
    image_bombs,
    images,
    mutants,
    page_tree_bombs,
    pdf_bombs,
    pdfs,
)

Rest = TypeVarTuple("Rest")

TIER = ImageTier(long_edge_px=1_568, max_tokens=1_568, formula="patches")
REFUSALS = (MediaUnreadable, PdfBroken, PdfEmpty, PdfEncrypted, PdfTooLong)
MEMORY_MIB = 1_024
READ, REFUSED = "read", "refused"


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    workshop = Workshop(processes=1, timeout_s=60, memory_mib=MEMORY_MIB)
    yield workshop
    await workshop.aclose()


async def what_came(
    workshop: Workshop,
    files: Iterable[tuple[str, bytes]],
    work: Callable[[bytes, *Rest], object],
    *args: *Rest,
) -> Counter[str]:
    """Return how many were read or refused, or ended their process; raises anything else."""
    ends: Counter[str] = Counter()
    for name, data in files:
        try:
            await workshop.run(work, data, *args)
        except REFUSALS:
            ends[REFUSED] += 1
        except WorkFailed as failed:
            ends[failed.reason] += 1
        except Exception as error:
            error.add_note(name)
            raise
        else:
            ends[READ] += 1
    return ends


async def memory_mib(workshop: Workshop) -> int:
    """Return the most memory that the child has had."""
    status = await workshop.run(Path.read_text, Path("/proc/self/status"))
    return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) // 1024


@pytest.mark.parametrize(
    "count", [40, pytest.param(1_000, marks=pytest.mark.slow)], ids=["some", "many"]
)
async def test_broken_images_and_pdfs_are_read_or_refused(workshop: Workshop, count: int) -> None:
    pictures = mutants(images(), count, seed=11)
    texts, pages = mutants(pdfs(), count, seed=12), mutants(pdfs(), count, seed=13)

    ends = [
        await what_came(workshop, pictures, shown_image, TIER),
        await what_came(workshop, texts, pdf_for_text, 100),
        await what_came(workshop, pages, pdf_for_eyes, 100, TIER),
    ]

    for each in ends:
        assert each.keys() == {READ, REFUSED}
        assert each.total() == count
        assert min(each.values()) > count // 10
    assert await memory_mib(workshop) < 256


@pytest.mark.slow
async def test_what_is_left_of_broken_images_and_scans_is_read() -> None:
    workshop = Workshop(processes=1, timeout_s=60, memory_mib=2_048)
    scans = mutants({"scan": pdfs()["scan"]}, 25, seed=15)

    ends = [
        await what_came(workshop, mutants(images(), 120, seed=14), image_text),
        await what_came(workshop, scans, page_text, 1),
    ]

    assert all(each.keys() == {READ, REFUSED} for each in ends)
    await workshop.aclose()


async def test_images_that_would_be_too_large_are_refused_before_they_are(
    workshop: Workshop,
) -> None:
    bombs = {name: data for name, data in image_bombs().items() if "allowed" not in name}

    ends = await what_came(workshop, bombs.items(), shown_image, TIER)

    assert ends == {REFUSED: len(bombs)}
    assert await memory_mib(workshop) < 64


@pytest.mark.slow
async def test_the_largest_images_are_shown(workshop: Workshop) -> None:
    bombs = {name: data for name, data in image_bombs().items() if "allowed" in name}

    ends = await what_came(workshop, bombs.items(), shown_image, TIER)

    assert ends == {READ: len(bombs)}


async def test_pdfs_with_a_million_pages_or_none_are_refused(workshop: Workshop) -> None:
    bombs = page_tree_bombs()

    ends = await what_came(workshop, bombs.items(), pdf_for_text, 100)

    assert ends == {REFUSED: len(bombs)}


@pytest.mark.slow
async def test_pdfs_that_grow_end_their_process_at_most(workshop: Workshop) -> None:
    bombs = pdf_bombs()

    read = await what_came(workshop, bombs.items(), pdf_for_text, 100)
    seen = await what_came(workshop, bombs.items(), pdf_for_eyes, 100, TIER)

    assert read.total() == seen.total() == len(bombs)
    assert "timeout" not in read | seen
    assert await workshop.run(sum, [17, 5]) == 22
