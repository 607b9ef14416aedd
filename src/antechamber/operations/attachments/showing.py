"""The images and documents of one request, each as one engine can take it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from antechamber.media.image_head import image_size, reader_of_bytes
from antechamber.operations.attachments.audience import Audience
from antechamber.operations.attachments.encoding import base64_size
from antechamber.operations.attachments.loading import Loading
from antechamber.operations.attachments.media_faults import unprocessed
from antechamber.operations.attachments.opening import Opener
from antechamber.operations.attachments.places import Media
from antechamber.operations.attachments.reader import MediaReader
from antechamber.rules.media import (
    ImageLimits,
    SizedImage,
    refuse_image_bytes,
    refuse_image_sizes,
    refuse_pdf_bytes,
)
from antechamber.wire.blocks import DocumentBlock, ImageBlock, TextBlock
from antechamber.wire.documents import PlainTextSource
from antechamber.wire.errors import ApiError, InvalidRequest, NotFound, RequestTooLarge

_AT_A_TIME = 4
"""Sources of one request that are fetched or opened side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """One image or document as it is shown."""

    block: Media | TextBlock
    pages: Sequence[str] = ()
    """The text of each page of a PDF."""


class Showing:
    """One request on its way to one engine."""

    def __init__(
        self, loading: Loading, reader: MediaReader, audience: Audience, limits: ImageLimits
    ) -> None:
        self._loading = loading
        self._audience = audience
        self._limits = limits
        self._opener = Opener(reader, audience)
        self._places = asyncio.Semaphore(_AT_A_TIME)
        self._loaded_bytes = 0
        self._has_failed = False

    async def every(self, media: Sequence[tuple[str, Media]]) -> dict[str, Resolved]:
        """Return what is to be exchanged, by path; raises the fault of the first in order."""
        async with asyncio.TaskGroup() as group:
            tasks = {
                path: group.create_task(self._tried(path, block))
                for path, block in media
                if self._audience.loads(block)
            }
        outcomes = {path: task.result() for path, task in tasks.items()}
        for outcome in outcomes.values():
            if isinstance(outcome, ApiError):
                raise outcome
        return {path: each for path, each in outcomes.items() if isinstance(each, Resolved)}

    async def _tried(self, path: str, block: Media) -> Resolved | ApiError | None:
        """Return a fault: which of several is reported must not depend on who is faster.

        Nothing is begun after one: those before it in order have been, as they came in in order.
        """
        async with self._places:
            if self._has_failed:
                return None
            try:
                if isinstance(block, ImageBlock):
                    return await self._image(path, block)
                return await self._document(path, block)
            except ApiError as fault:
                if self._audience.relays and isinstance(fault, NotFound) and not fault.details:
                    # It may be a file of the upstream's, which says so if it is not.
                    return None
                self._has_failed = True
                return fault

    async def _image(self, path: str, block: ImageBlock) -> Resolved:
        source = block.source
        at = f"{path}.image.source.{source.type}"
        data = await self._loading.image(at, block, self._audience.workspace_id)
        self._count(data)
        if source.type == "base64":
            at = f"{at}.data"
        else:
            self._refuse_image(path, block, data)
        return Resolved(block=await self._opener.image(at, block, data))

    async def _document(self, path: str, block: DocumentBlock) -> Resolved:
        kind = block.source.type
        # The hosted API names a PDF in the path; of a file it is not known yet that it is one.
        at = f"{path}.{'document' if kind == 'file' else 'pdf'}.source.{kind}"
        data, is_text = await self._loading.document(at, block, self._audience.workspace_id)
        self._count(data)
        if is_text:
            text = _decoded(at, data)
            source = PlainTextSource(type="text", media_type="text/plain", data=text)
            return Resolved(block=block.model_copy(update={"source": source}))
        at = f"{path}.pdf.source.{kind}"
        if kind == "base64":
            at = f"{at}.data"
        elif not data:
            raise InvalidRequest(f"{at}: PDF cannot be empty")
        else:
            refuse_pdf_bytes(at, base64_size(data), self._audience.max_pdf_bytes)
        block, pages = await self._opener.pdf(at, block, data)
        return Resolved(block=block, pages=pages)

    def _count(self, data: bytes) -> None:
        """Refuse more than one request may have in memory: it may name hundreds of addresses."""
        self._loaded_bytes += len(data)
        if self._loaded_bytes > self._audience.most_bytes:
            message = "Request exceeds the maximum size"
            raise RequestTooLarge(message)

    def _refuse_image(self, path: str, block: ImageBlock, data: bytes) -> None:
        """Look at what was not inside the request, and has not been looked at with it."""
        at = f"{path}.image.source.{block.source.type}"
        if not data:
            raise InvalidRequest(f"{at}: image cannot be empty")
        refuse_image_bytes(at, base64_size(data), self._limits.max_bytes)
        size = image_size(reader_of_bytes(data))
        if size is None:
            raise unprocessed("image")
        refuse_image_sizes([SizedImage(path, at, block, size)], self._limits)


def _decoded(at: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{at}: The text file is not valid UTF-8") from error
    if not text.strip():
        raise InvalidRequest(f"{at}: The text file is empty")
    return text
