"""The bytes of an image or a document: out of the request, the files, or the web."""

import structlog

from antechamber.operations.attachments.encoding import decoded
from antechamber.operations.attachments.shelf import FileShelf
from antechamber.outbound.guarded_fetch import GuardedFetch, NotFetched
from antechamber.wire.blocks import DocumentBlock, ImageBlock
from antechamber.wire.errors import InvalidRequest, NotFound

_log = structlog.get_logger("antechamber.media")
_IMAGES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_DOCUMENTS = ("application/pdf", "text/plain")


class Loading:
    """Gets bytes, wherever they are."""

    def __init__(self, shelf: FileShelf, fetch: GuardedFetch, *, most_bytes: int) -> None:
        """``most_bytes`` is the most that is fetched for one source."""
        self._shelf = shelf
        self._fetch = fetch
        self._most_bytes = most_bytes

    async def image(self, path: str, block: ImageBlock, workspace_id: str) -> bytes:
        """Return the bytes of an image; raises ``CallerFault`` in the API's words."""
        source = block.source
        match source.type:
            case "base64":
                return await _decoded(path, source.data)
            case "file":
                return (await self._file(path, source.file_id, workspace_id, _IMAGES))[0]
            case "url":
                return await self._fetched(path, source.url, _IMAGES)

    async def document(
        self, path: str, block: DocumentBlock, workspace_id: str
    ) -> tuple[bytes, bool]:
        """Return the bytes of a document, and whether they are text; else they are a PDF."""
        source = block.source
        match source.type:
            case "base64":
                return await _decoded(path, source.data), False
            case "file":
                data, kind = await self._file(path, source.file_id, workspace_id, _DOCUMENTS)
                return data, kind == "text/plain"
            case "url":
                return await self._fetched(path, source.url, _DOCUMENTS[:1]), False
            case "text" | "content":
                message = f"{path} has nothing to load"
                raise ValueError(message)

    async def keeps(self, file_id: str, workspace_id: str) -> bool:
        """Whether this server has such a file, were it an expired one; raises ``Overloaded``."""
        try:
            await self._shelf.find(file_id, workspace_id)
        except NotFound:
            return False
        return True

    async def aclose(self) -> None:
        """Give up what is being fetched."""
        await self._fetch.aclose()

    async def _file(
        self, path: str, file_id: str, workspace_id: str, kinds: tuple[str, ...]
    ) -> tuple[bytes, str]:
        file = await self._shelf.read(file_id, workspace_id)
        kind = file.mime_type.partition(";")[0].strip().lower()
        if kind not in kinds:
            raise InvalidRequest(
                f"{path}.file_id: File `{file_id}` is of type {kind}; "
                f"this block takes {', '.join(kinds)}"
            )
        return file.data, kind

    async def _fetched(self, path: str, url: str, kinds: tuple[str, ...]) -> bytes:
        try:
            fetched = await self._fetch.fetch(
                url, most_bytes=self._most_bytes, accept=", ".join(kinds)
            )
        except NotFetched as error:
            _log.info("not_fetched", path=path, reason=str(error))
            # The hosted API's words, as its users quote them; it does not say why, either.
            message = "Unable to download the file. Please verify the URL and try again."
            raise InvalidRequest(message) from error
        return fetched.data


async def _decoded(path: str, text: str) -> bytes:
    try:
        return await decoded(text)
    except ValueError as error:
        # anthropics/anthropic-sdk-typescript#603
        raise InvalidRequest(f"{path}: invalid base64 data") from error
