"""Images and PDFs opened in processes of their own; what was found in them is kept for a while."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from sys import getsizeof
from typing import NamedTuple, TypeVar, cast

import msgspec

from antechamber.media import reading
from antechamber.media.pixels import ShownImage, shown_image
from antechamber.media.reading import PageText, PageView
from antechamber.media.scans import is_available
from antechamber.operations.attachments.audience import Audience
from antechamber.rules.media import most_media
from antechamber.runtime.kept import Kept
from antechamber.runtime.workshop import Workshop

Found = ShownImage | str | Sequence[PageText] | Sequence[PageView]
Kind = TypeVar("Kind", bound=Found)

_SMALL_BYTES = 256 * 1024
"""Hashed at once; what is larger is hashed beside the event loop."""
_ENTRY_BYTES = 200


class MediaReader:
    """Finds out what images and PDFs show: once for each content, however many ask."""

    def __init__(self, workshop: Workshop, *, cache_mib: int) -> None:
        self._workshop = workshop
        self._kept: Kept[Found] = Kept("read-media", cache_mib * 1024 * 1024, _size_of)

    @property
    def reads_scans(self) -> bool:
        """Whether what reads the text in images is installed."""
        return is_available()

    async def shown(self, data: bytes, audience: Audience) -> ShownImage:
        """Return the image as a model sees it.

        Raises ``MediaUnreadable``, and ``WorkFailed`` for one that takes too long.
        """
        tier = audience.facts.image_tier
        return await self._found(audience, await _content(data), shown_image, tier)

    async def text_of_image(self, data: bytes, audience: Audience) -> str:
        """Return the text in the image; raises as ``shown`` does."""
        return await self._found(audience, await _content(data), reading.image_text)

    async def pages_as_text(
        self, data: bytes, audience: Audience, *, with_ocr: bool
    ) -> Sequence[PageText]:
        """Return the text of each page, of scanned ones as it is read where ``with_ocr``.

        Raises the faults of PDFs in ``media.pdf``.
        """
        content = await _content(data)
        most = most_media(audience.facts)
        pages = await self._found(audience, content, reading.pdf_for_text, most)
        scans = [page for page in pages if page.needs_reading] if with_ocr else []
        texts = await self._read(audience, content, scans)
        read = {page.number: text for page, text in zip(scans, texts, strict=True)}
        return [
            msgspec.structs.replace(page, text=read[page.number], needs_reading=False)
            if page.number in read
            else page
            for page in pages
        ]

    async def _read(
        self, audience: Audience, content: "_Content", scans: Sequence[PageText]
    ) -> list[str]:
        """Read pages side by side: each takes seconds, and all processes share the work."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(
                        self._found(audience, content, reading.page_text, page.number)
                    )
                    for page in scans
                ]
        except ExceptionGroup as failed:
            # The others have been ended with the first one.
            raise failed.exceptions[0] from failed
        return [task.result() for task in tasks]

    async def pages_as_seen(self, data: bytes, audience: Audience) -> Sequence[PageView]:
        """Return each page as an image with its text; raises the faults of PDFs."""
        content, facts = await _content(data), audience.facts
        most = most_media(facts)
        return await self._found(audience, content, reading.pdf_for_eyes, most, facts.image_tier)

    async def _found(
        self, audience: Audience, content: "_Content", work: Callable[..., Kind], *more: object
    ) -> Kind:
        # The key says which work it was, and so what came of it.
        key = (work.__name__, content.digest, more)
        found = await self._kept.get(
            key,
            lambda: self._workshop.run(
                work,
                content.data,
                *more,
                rank=audience.rank,
                workspace=audience.workspace_id,
            ),
        )
        return cast("Kind", found)

    async def aclose(self) -> None:
        """End what runs, and the processes."""
        await self._kept.aclose()
        await self._workshop.aclose()


class _Content(NamedTuple):
    data: bytes
    digest: bytes


async def _content(data: bytes) -> _Content:
    if len(data) < _SMALL_BYTES:
        return _Content(data, hashlib.sha256(data).digest())
    hashed = await asyncio.to_thread(hashlib.sha256, data)
    return _Content(data, hashed.digest())


def _size_of(found: Found) -> int:
    match found:
        case str():
            return getsizeof(found) + _ENTRY_BYTES
        case ShownImage(data=data):
            return len(data) + _ENTRY_BYTES
        case _:
            return sum(_page_size(page) for page in found) + _ENTRY_BYTES


def _page_size(page: PageText | PageView) -> int:
    seen = len(page.image) if isinstance(page, PageView) else 0
    return getsizeof(page.text) + seen + _ENTRY_BYTES
