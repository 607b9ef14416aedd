"""Files: taken in, listed, shown, deleted, and cleared away when they have expired.

A file is a row and a blob. The row comes first, unseen until the blob is there, and goes last: so
nothing that was acknowledged is lost, and nothing else is kept, wherever a process ends.
"""

import base64
import binascii
import mimetypes
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import NoReturn

import msgspec
import structlog
from sqlalchemy import Connection

from antechamber.media.image_head import media_type_of
from antechamber.operations.attachments.shelf import FileShelf, is_file_id, no_such_file, reaching
from antechamber.operations.pages import Page, PageOrder
from antechamber.runtime.clock import Clock
from antechamber.settings import FilesSettings
from antechamber.store import files as rows
from antechamber.store.blobs import Blobs, BlobsUnavailable, Incoming
from antechamber.store.database import Database, Result, Work
from antechamber.store.files import FileRow, FilesPart, Place
from antechamber.wire.errors import InvalidRequest, Overloaded
from antechamber.wire.ids import NewId

__all__ = ["FileRow", "Files", "FilesSwept", "Incoming", "NewFile", "cursor_after"]

_log = structlog.get_logger("antechamber.files")

_SHOWN_AFTER_EXPIRY = timedelta(days=30)
_GIVEN_UP_AFTER = timedelta(hours=1)
"""Of uploads that nobody has finished, and of deletions."""
_SWEPT_AT_ONCE = 500
_CURSOR = "page_"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """What comes with the bytes of a file."""

    workspace_id: str
    filename: str | None
    mime_type: str | None
    """None is to be found out."""
    expires_in_s: int | None
    """None is as the configuration says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesPage:
    """A part of a list, and the cursor of the next one."""

    data: Sequence[FileRow]
    next_page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesSwept:
    """How many files were cleared away."""

    expired: int
    """Whose bytes were removed."""
    deleted: int
    """That were deleted, or never came whole, and of which nothing is left now."""
    forgotten: int
    """That expired so long ago that they are not shown any more."""


class Files:
    """What the Files API does; every workspace has its own, and sees no other's."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        shelf: FileShelf,
        settings: FilesSettings,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._shelf = shelf
        self._settings = settings
        self._clock = clock
        self._new_id = new_id

    @property
    def max_file_bytes(self) -> int:
        """The largest file that is taken."""
        return self._settings.max_file_bytes

    @asynccontextmanager
    async def receive(self) -> AsyncGenerator[Incoming, None]:
        """Give what takes the bytes of a file; they are gone in the end unless ``keep`` came.

        Raises ``Overloaded``, also for what fails while it is open.
        """
        with reaching():
            async with self._blobs.receive() as incoming:
                yield incoming

    async def keep(self, incoming: Incoming, wanted: NewFile) -> FileRow:
        """Make a file of what was received; whoever is told of it can rely on it.

        Raises ``InvalidRequest`` when there is no more room, ``Overloaded``.
        """
        await incoming.finish()
        now = self._clock.now()
        expires_in_s = wanted.expires_in_s or self._settings.expiry_s
        mime_type = wanted.mime_type or _guessed(incoming.head, wanted.filename)
        row = FileRow(
            id=self._new_id("file_"),
            workspace_id=wanted.workspace_id,
            filename=wanted.filename or f"unnamed{mimetypes.guess_extension(mime_type) or ''}",
            mime_type=mime_type,
            size_bytes=incoming.size_bytes,
            sha256=incoming.sha256,
            downloadable=False,
            status="incoming",
            created_at=now,
            expires_at=now + timedelta(seconds=expires_in_s) if expires_in_s else None,
        )
        await self._require_room(row.size_bytes)
        with reaching():
            await self._database.write(partial(rows.add_file, row=row))
            await self._blobs.keep(incoming, row.id)
            is_kept = await self._database.write(partial(rows.keep_file, file_id=row.id))
        if not is_kept:
            # It took so long that it was given up.
            message = "Overloaded"
            raise Overloaded(message)
        return row

    async def page(self, workspace_id: str, *, limit: int, page: str | None) -> FilesPage:
        """Return files, the newest first; raises ``InvalidRequest`` for an unknown cursor."""
        start = None if page is None else _place(page)
        part = FilesPart(workspace_id=workspace_id, limit=limit, older_than=start)
        data, has_more = await self._look_up(partial(rows.list_files, part=part))
        return FilesPage(data=data, next_page=cursor_after(data[-1]) if has_more else None)

    async def among(self, workspace_id: str, file_ids: Collection[str]) -> Sequence[FileRow]:
        """Return those of the files that there are, the newest first."""
        ids = [file_id for file_id in file_ids if is_file_id(file_id)]
        look = partial(rows.find_files, file_ids=ids, workspace_id=workspace_id)
        return await self._look_up(look)

    async def part(self, workspace_id: str, order: PageOrder) -> Page[FileRow]:
        """Return files, the newest first, as the API listed them before it had pages.

        Raises ``InvalidRequest`` for a cursor that is not there.
        """
        look = partial(_part, workspace_id=workspace_id, order=order)
        data, has_more = await self._look_up(look)
        return Page(data=data, has_more=has_more)

    async def find(self, file_id: str, workspace_id: str) -> FileRow:
        """Return what is known of a file, also of an expired one; raises ``NotFound``."""
        return await self._shelf.find(file_id, workspace_id)

    async def refuse_download(self, file_id: str, workspace_id: str) -> NoReturn:
        """Raise why a file is not given out: only what a server makes is, and this one makes none.

        Raises ``InvalidRequest``, ``NotFound``, also of one that has expired, ``Overloaded``.
        """
        self._shelf.refuse_expired(await self._shelf.find(file_id, workspace_id))
        message = f"File `{file_id}` is not downloadable."
        raise InvalidRequest(message, details={"error_code": "file_not_downloadable"})

    async def delete(self, file_id: str, workspace_id: str) -> None:
        """Delete a file, at once for everybody; raises ``NotFound``, ``Overloaded``."""
        row = await self._shelf.find(file_id, workspace_id)
        hide = partial(
            rows.delete_file, file_id=row.id, workspace_id=workspace_id, now=self._clock.now()
        )
        with reaching():
            is_hidden = await self._database.write(hide)
        if not is_hidden:
            raise no_such_file(file_id)
        self._shelf.forget(row.id)
        with suppress(BlobsUnavailable):  # then the sweep removes it
            await self._blobs.delete([row.id])

    async def sweep(self) -> FilesSwept:
        """Remove what nobody may use any more; may be run anywhere.

        What fails is told in the log, keeps nothing else, and is tried again by the next sweep.
        """
        now = self._clock.now()
        given_up = now - _GIVEN_UP_AFTER
        await _tried("uploads", self._clear_incoming(given_up))
        give_up = partial(rows.give_up_incoming, begun_before=given_up, now=now)
        await _tried("incoming", self._change(give_up))
        expired, mark = partial(rows.expired_ids, now=now), partial(rows.mark_expired, now=now)
        deleted = partial(rows.deleted_ids, before=given_up)
        forget = partial(rows.forget_expired, before=now - _SHOWN_AFTER_EXPIRY)
        return FilesSwept(
            expired=await _tried("expired", self._remove(expired, mark)),
            deleted=await _tried("deleted", self._remove(deleted, rows.forget_deleted)),
            forgotten=await _tried("forgotten", self._change(forget)),
        )

    async def _clear_incoming(self, written_before: datetime) -> None:
        with reaching():
            await self._blobs.clear_incoming(written_before=written_before.timestamp())

    async def _remove(
        self,
        due: Callable[..., Sequence[str]],
        settle: Callable[..., None],
    ) -> int:
        """Remove the bytes of files that are ``due`` and have them settled; returns how many."""
        count = 0
        staying: dict[str, str] = {}
        # Those that stay are the first ones again.
        while ids := await self._look_up(
            partial(due, skip=len(staying), limit=_SWEPT_AT_ONCE), aside=True
        ):
            with reaching():
                stay = await self._blobs.delete(ids)
            gone = [file_id for file_id in ids if file_id not in stay]
            await self._change(partial(settle, file_ids=gone))
            for file_id in gone:
                self._shelf.forget(file_id)
            count += len(gone)
            staying |= stay
        for file_id, reason in islice(staying.items(), 1):
            _log.warning("blobs_stay", count=len(staying), first=file_id, reason=reason)
        return count

    async def _require_room(self, size_bytes: int) -> None:
        # Not in the transaction that writes: adding up many files takes milliseconds, in which
        # nobody else could. So files that come at the same time may go over the limit together.
        most_bytes = self._settings.max_total_bytes
        if await self._look_up(rows.bytes_kept) + size_bytes > most_bytes:
            message = f"The file storage is full: all files together may have {most_bytes} bytes."
            raise InvalidRequest(message, details={"error_code": "storage_quota_exceeded"})

    async def _look_up(self, work: Work[Result], *, aside: bool = False) -> Result:
        with reaching():
            return await self._database.read(work, aside=aside)

    async def _change(self, work: Work[Result]) -> Result:
        with reaching():
            return await self._database.write(work, aside=True)


async def _tried(part: str, step: Awaitable[int | None]) -> int:
    """Return how many a step of the sweep has removed."""
    try:
        return await step or 0
    except Overloaded:  # the reason was told
        _log.warning("sweep_failed", part=part)
        return 0


def _part(
    connection: Connection, *, workspace_id: str, order: PageOrder
) -> tuple[list[FileRow], bool]:
    if order.after_id is not None and order.before_id is not None:
        message = "after_id and before_id cannot both be specified"
        raise InvalidRequest(message)

    def place(name: str, file_id: str | None) -> Place | None:
        if file_id is None:
            return None
        found = None
        if is_file_id(file_id):
            found = rows.place_of(connection, file_id, workspace_id=workspace_id)
        if found is None:
            message = f"{name}: {file_id} is not in this list"
            raise InvalidRequest(message)
        return found

    part = FilesPart(
        workspace_id=workspace_id,
        limit=order.limit,
        older_than=place("after_id", order.after_id),
        newer_than=place("before_id", order.before_id),
    )
    return rows.list_files(connection, part)


def cursor_after(row: FileRow) -> str:
    """Return the ``page`` of what comes after a file of the list."""
    # Where it is, and not only its id: it may have been deleted when the next page is asked for.
    told = msgspec.json.encode((row.created_at, row.id))
    return _CURSOR + base64.urlsafe_b64encode(told).decode().rstrip("=")


def _place(cursor: str) -> Place:
    told = cursor.removeprefix(_CURSOR)
    try:
        decoded = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
        created_at, file_id = msgspec.json.decode(decoded, type=tuple[datetime, str])
        place = Place(created_at.astimezone(UTC), file_id)
    except (binascii.Error, ValueError, OverflowError) as error:
        raise _no_cursor() from error
    if not is_file_id(file_id):
        raise _no_cursor()
    return place


def _no_cursor() -> InvalidRequest:
    return InvalidRequest("page: Input should be the next_page of a list")


def _guessed(head: bytes, filename: str | None) -> str:
    """Return what a file seems to be, by its first bytes or its name."""
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    kind = media_type_of(lambda start, count: head[start : start + count])
    if kind is None and filename is not None:
        kind, _ = mimetypes.guess_type(filename)
    return kind or "application/octet-stream"
