"""Files, as far as they are rows: found, listed, and what becomes of each; their bytes are blobs.

A row is there before its blob and goes after it, so that no blob is ever unaccounted for. Only what
is ``kept`` or ``expired`` is shown to anybody.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from antechamber.store.tables import files

FileStatus = Literal["incoming", "kept", "expired", "deleted"]
"""``expired`` are those whose bytes were removed; until then an expired one is still ``kept``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file, as it is kept."""

    id: str
    workspace_id: str
    filename: str
    mime_type: str
    size_bytes: int
    sha256: str
    """Of its bytes, in hexadecimal digits."""
    downloadable: bool
    """What the server made may be downloaded; what was uploaded may not."""
    status: FileStatus
    created_at: datetime
    expires_at: datetime | None
    removed_at: datetime | None = None
    """When it was deleted, or its bytes after it had expired."""

    def is_over(self, now: datetime) -> bool:
        """Whether its bytes may not be used any more."""
        return self.expires_at is not None and self.expires_at <= now


class Place(NamedTuple):
    """Where a file is in the list of its workspace, the newest first."""

    created_at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesPart:
    """Which part of a workspace's list is wanted."""

    workspace_id: str
    limit: int
    older_than: Place | None = None
    newer_than: Place | None = None
    """The part then ends right before this place; not together with the other one."""


_IS_SHOWN = files.c.status.in_(("kept", "expired"))


def add_file(connection: Connection, row: FileRow) -> None:
    """Insert a file."""
    connection.execute(insert(files).values(_values(row)))


def keep_file(connection: Connection, file_id: str) -> bool:
    """Show a file that was incoming; whether it still was."""
    statement = update(files).where(files.c.id == file_id, files.c.status == "incoming")
    return connection.execute(statement.values(status="kept")).rowcount > 0


def find_file(connection: Connection, file_id: str, *, workspace_id: str) -> FileRow | None:
    """Return a file of the workspace."""
    statement = select(files).where(
        files.c.id == file_id, files.c.workspace_id == workspace_id, _IS_SHOWN
    )
    return next(map(_row, connection.execute(statement).mappings()), None)


def find_files(
    connection: Connection, file_ids: Collection[str], *, workspace_id: str
) -> list[FileRow]:
    """Return those of the files that are the workspace's, the newest first."""
    statement = (
        select(files)
        .where(files.c.id.in_(file_ids), files.c.workspace_id == workspace_id, _IS_SHOWN)
        .order_by(files.c.created_at.desc(), files.c.id.desc())
    )
    return [_row(row) for row in connection.execute(statement).mappings()]


def place_of(connection: Connection, file_id: str, *, workspace_id: str) -> Place | None:
    """Return where a file is in the list, or was: who deletes what is listed goes on after it."""
    statement = select(files.c.created_at, files.c.id).where(
        files.c.id == file_id, files.c.workspace_id == workspace_id
    )
    row = connection.execute(statement).first()
    return None if row is None else Place(row.created_at, row.id)


def list_files(connection: Connection, part: FilesPart) -> tuple[list[FileRow], bool]:
    """Return files, the newest first, and whether there are more in the direction asked for."""
    statement = select(files).where(files.c.workspace_id == part.workspace_id, _IS_SHOWN)
    if part.newer_than is not None:
        statement = statement.where(_newer_than(part.newer_than))
        ordered = statement.order_by(files.c.created_at, files.c.id)
    else:
        if part.older_than is not None:
            statement = statement.where(_older_than(part.older_than))
        ordered = statement.order_by(files.c.created_at.desc(), files.c.id.desc())
    found = connection.execute(ordered.limit(part.limit + 1)).mappings()
    rows = [_row(row) for row in found]
    has_more = len(rows) > part.limit
    rows = rows[: part.limit]
    return (rows if part.newer_than is None else rows[::-1]), has_more


def delete_file(connection: Connection, file_id: str, *, workspace_id: str, now: datetime) -> bool:
    """Hide a file of the workspace for good; whether there was one."""
    statement = update(files).where(
        files.c.id == file_id, files.c.workspace_id == workspace_id, _IS_SHOWN
    )
    changed = connection.execute(statement.values(status="deleted", removed_at=now))
    return changed.rowcount > 0


def bytes_kept(connection: Connection) -> int:
    """Return the size of all files that have their bytes, in all workspaces."""
    sizes = func.coalesce(func.sum(files.c.size_bytes), 0)
    has_bytes = files.c.status.in_(("incoming", "kept"))
    return int(connection.execute(select(sizes).where(has_bytes)).scalar_one())


def give_up_incoming(connection: Connection, *, begun_before: datetime, now: datetime) -> None:
    """Delete what has been incoming for so long that nobody is sending it any more."""
    statement = update(files).where(
        files.c.status == "incoming", files.c.created_at <= begun_before
    )
    connection.execute(statement.values(status="deleted", removed_at=now))


def expired_ids(connection: Connection, *, now: datetime, skip: int, limit: int) -> Sequence[str]:
    """Return files that have expired and still have their bytes, the oldest first."""
    is_over = and_(files.c.status == "kept", files.c.expires_at <= now)
    found = select(files.c.id).where(is_over).order_by(files.c.expires_at, files.c.id)
    return connection.execute(found.offset(skip).limit(limit)).scalars().all()


def mark_expired(connection: Connection, file_ids: Collection[str], *, now: datetime) -> None:
    """Take note that the bytes of expired files were removed."""
    statement = update(files).where(files.c.id.in_(file_ids), files.c.status == "kept")
    connection.execute(statement.values(status="expired", removed_at=now))


def deleted_ids(
    connection: Connection, *, before: datetime, skip: int, limit: int
) -> Sequence[str]:
    """Return files that were deleted before that time, the oldest first."""
    is_due = and_(files.c.status == "deleted", files.c.removed_at <= before)
    found = select(files.c.id).where(is_due).order_by(files.c.removed_at, files.c.id)
    return connection.execute(found.offset(skip).limit(limit)).scalars().all()


def forget_deleted(connection: Connection, file_ids: Collection[str]) -> None:
    """Delete the rows of files that were deleted."""
    connection.execute(delete(files).where(files.c.id.in_(file_ids), files.c.status == "deleted"))


def forget_expired(connection: Connection, *, before: datetime) -> int:
    """Delete the rows of files that expired before that time; returns how many."""
    statement = delete(files).where(files.c.status == "expired", files.c.expires_at <= before)
    return connection.execute(statement).rowcount


def _older_than(place: Place) -> ColumnElement[bool]:
    return or_(
        files.c.created_at < place.created_at,
        and_(files.c.created_at == place.created_at, files.c.id < place.id),
    )


def _newer_than(place: Place) -> ColumnElement[bool]:
    return or_(
        files.c.created_at > place.created_at,
        and_(files.c.created_at == place.created_at, files.c.id > place.id),
    )


def _values(row: FileRow) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in files.c}


def _row(row: Mapping[Any, Any]) -> FileRow:
    return FileRow(**{column.name: row[column.name] for column in files.c})
