"""A request with its images and documents as its engine can take them.

Files and addresses become bytes; images are checked and shrunk; a PDF becomes the text of its
pages, with an image of each for engines that see; what an engine cannot see is read out to it.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from antechamber.grounding.matching import SourceIndex
from antechamber.grounding.sources import Source
from antechamber.operations.attachments.loading import Loading
from antechamber.operations.attachments.places import (
    Media,
    container_uploads_in,
    media_in,
    with_media,
)
from antechamber.operations.attachments.reader import MediaReader
from antechamber.operations.attachments.showing import Audience, Resolved, Showing
from antechamber.rules.media import ImageLimits, refuse_too_many, screenshots_in
from antechamber.rules.reading import Prompt
from antechamber.runtime.kept import Kept
from antechamber.wire.blocks import TextBlock
from antechamber.wire.errors import InvalidRequest

_MOST_LETTERS = 4_000_000
"""Of the sources that an answer is grounded in, two seconds' work; beyond it nothing is cited."""
_INDEX_BYTES = 128 * 1024 * 1024
_BYTES_A_LETTER = 10
"""Of an index, about: its text, its words and where they stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRequest:
    """The request for its engine, and what has been exchanged in it, by paths."""

    request: Prompt
    resolved: Mapping[str, Resolved]


class _Sized(NamedTuple):
    value: SourceIndex
    letters: int


class Attachments:
    """Shows what requests have beside their text; one for each process."""

    def __init__(self, loading: Loading, reader: MediaReader) -> None:
        self._loading = loading
        self._reader = reader
        self._indices: Kept[_Sized] = Kept(
            "index-sources", _INDEX_BYTES, lambda it: it.letters * _BYTES_A_LETTER
        )

    @property
    def reads_scans(self) -> bool:
        """Whether text in images can be told to models that see none."""
        return self._reader.reads_scans

    async def shown_to(self, audience: Audience, request: Prompt) -> ShownRequest:
        """Return ``request`` as ``audience`` can take it.

        Raises ``ApiError``: a ``CallerFault`` in the API's words for the first image or document
        that is not as it has to be, or not there.
        """
        media = list(media_in(request))
        images = sum(1 for _, block in media if block.type == "image")
        # Each of these has a page at least; what is too much is not fetched to find that out.
        pdfs = sum(
            1
            for _, block in media
            if block.type == "document" and block.source.type in ("base64", "url")
        )
        refuse_too_many(images, pdfs, audience.facts)
        limits = ImageLimits(
            audience.facts, audience.max_image_bytes, images, screenshots_in(request)
        )
        resolved = await Showing(self._loading, self._reader, audience, limits).every(media)
        refuse_too_many(images, sum(len(each.pages) for each in resolved.values()), audience.facts)

        def put(path: str, block: Media) -> Media | TextBlock:
            return resolved[path].block if path in resolved else block

        return ShownRequest(request=with_media(request, put), resolved=resolved)

    async def refuse_kept_uploads(self, request: Prompt, workspace_id: str) -> None:
        """Raise ``InvalidRequest`` for a file of this server in a container of the upstream's.

        It is the upstream that would look for it. What is not known here passes.
        """
        paths: dict[str, str] = {}
        for path, file_id in container_uploads_in(request):
            paths.setdefault(file_id, path)
        for file_id, path in paths.items():
            if await self._loading.keeps(file_id, workspace_id):
                raise InvalidRequest(
                    f"{path}: File `{file_id}` is kept by this server, and code runs at the "
                    "upstream, which cannot read it"
                )

    async def index_of(self, sources: Sequence[Source]) -> SourceIndex | None:
        """Return what an answer can be grounded in; None where there is nothing, or too much."""
        letters = sum(len(part) for source in sources for part in source.parts)
        if not sources or letters > _MOST_LETTERS:
            return None
        digest = await asyncio.to_thread(_digest, sources)

        async def make() -> _Sized:
            return _Sized(await asyncio.to_thread(SourceIndex, sources), letters)

        return (await self._indices.get(digest, make)).value

    async def aclose(self) -> None:
        """End what is being fetched and read."""
        await self._indices.aclose()
        await self._loading.aclose()
        await self._reader.aclose()


def _digest(sources: Sequence[Source]) -> bytes:
    digest = hashlib.sha256()
    for source in sources:
        head = (source.kind, source.index, source.title, source.source, source.file_id)
        digest.update(repr((head, [len(part) for part in source.parts])).encode())
        for part in source.parts:
            digest.update(part.encode("utf-8", "surrogatepass"))
    return digest.digest()
