"""Files that were uploaded, as requests name them: looked up each time, their bytes read once."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy.exc import SQLAlchemyError

from antechamber.runtime.clock import Clock
from antechamber.runtime.kept import Kept
from antechamber.store.blobs import BlobMissing, Blobs, BlobsUnavailable
from antechamber.store.database import Database
from antechamber.store.files import FileRow, find_file
from antechamber.wire.errors import InternalError, NotFound, Overloaded, RequestTooLarge

_log = structlog.get_logger("antechamber.files")
_ID = re.compile(r"file_[0-9A-Za-z]{1,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelvedFile:
    """A file with its bytes."""

    mime_type: str
    data: bytes


class FileShelf:
    """Finds files; one for each process."""

    def __init__(
        self, database: Database, blobs: Blobs, clock: Clock, *, cache_mib: int, most_bytes: int
    ) -> None:
        """``most_bytes`` is the largest file that a request may name."""
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._most_bytes = most_bytes
        self._kept: Kept[bytes] = Kept("read-file", cache_mib * 1024 * 1024, len)

    async def read(self, file_id: str, workspace_id: str) -> ShelvedFile:
        """Return a file of the workspace with its bytes.

        Raises ``NotFound``, also of one that has expired, ``RequestTooLarge``, and ``Overloaded``
        while nobody can tell.
        """
        row = await self.find(file_id, workspace_id)
        self.refuse_expired(row)
        if row.size_bytes > self._most_bytes:
            message = "Request exceeds the maximum size"
            raise RequestTooLarge(message)
        try:
            with reaching():
                data = await self._kept.get(row.id, partial(self._blobs.read, row.id))
        except BlobMissing as error:
            raise await self.explained(row) from error
        return ShelvedFile(mime_type=row.mime_type, data=data)

    async def find(self, file_id: str, workspace_id: str) -> FileRow:
        """Return what is known of a file of the workspace; raises ``NotFound``, ``Overloaded``."""
        row = None
        if is_file_id(file_id):
            look = partial(find_file, file_id=file_id, workspace_id=workspace_id)
            with reaching():
                row = await self._database.read(look)
        if row is None:
            raise no_such_file(file_id)
        return row

    def refuse_expired(self, row: FileRow) -> None:
        """Raise ``NotFound`` for a file whose bytes may not be used any more."""
        if row.is_over(self._clock.now()):
            message = f"File `{row.id}` has expired."
            raise NotFound(message, details={"error_code": "file_expired"})

    async def explained(self, row: FileRow) -> InternalError:
        """Return why a file has no bytes; raises ``NotFound`` when it is gone by now."""
        self.refuse_expired(await self.find(row.id, row.workspace_id))
        _log.error("blob_missing", file=row.id)
        message = "Internal server error"
        return InternalError(message)

    def forget(self, file_id: str) -> None:
        """Drop the bytes of a file that was deleted."""
        self._kept.forget(file_id)

    async def aclose(self) -> None:
        """End what is being read."""
        await self._kept.aclose()


def is_file_id(text: str) -> bool:
    """Whether it looks like one; what does not may hold what no database takes."""
    return _ID.fullmatch(text) is not None


def no_such_file(file_id: str) -> NotFound:
    """Return what is said of a file that is not there, or not the workspace's."""
    return NotFound(f"File `{file_id}` not found.")


@contextmanager
def reaching() -> Generator[None, None, None]:
    """Raise ``Overloaded`` where the database or the blobs do not answer."""
    try:
        yield
    except (SQLAlchemyError, BlobsUnavailable) as error:
        # Of the whole text the driver of the database tells the parameters too.
        reason = str(error) if isinstance(error, BlobsUnavailable) else type(error).__name__
        _log.warning("files_not_reached", reason=reason)
        message = "Overloaded"
        raise Overloaded(message) from error
