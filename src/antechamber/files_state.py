"""The part of assembly that builds what keeps files: on this disk, or in an object store."""

from dataclasses import dataclass

import structlog

from antechamber.operations.attachments.shelf import FileShelf
from antechamber.operations.files import Files
from antechamber.runtime.clock import Clock
from antechamber.settings import ConfigurationError, Settings
from antechamber.store.blobs import Blobs, object_store
from antechamber.store.database import Database
from antechamber.wire.ids import NewId

_log = structlog.get_logger("antechamber.files")
NOT_SHARED = "kept in the data directory, while the database is shared"
SHARE_THEM = "set [files] location where more than one server or a worker uses it"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesState:
    """What one process has for files."""

    files: Files
    shelf: FileShelf

    async def aclose(self) -> None:
        """End what is being read."""
        await self.shelf.aclose()


def open_files(settings: Settings, database: Database, clock: Clock, new_id: NewId) -> FilesState:
    """Return what keeps files; nothing is connected or made yet."""
    blobs = Blobs(
        settings.files.location or settings.data_dir / "files", settings.data_dir / "uploads"
    )
    shelf = FileShelf(
        database,
        blobs,
        clock,
        cache_mib=settings.files.cache_mib,
        # No more than a request could bring itself.
        most_bytes=settings.server.max_body_bytes,
    )
    files = Files(database, blobs, shelf, settings.files, clock, new_id)
    return FilesState(files=files, shelf=shelf)


def shares_no_files(settings: Settings) -> bool:
    """Tell whether others that use the database would find files there that they cannot read."""
    url = settings.database_url
    is_shared = url is not None and not url.reveal().startswith("sqlite")
    return is_shared and settings.files.location is None


def check_files(settings: Settings) -> None:
    """Log where files are kept apart from a database that is shared.

    Raises ``ConfigurationError`` for a location of files that leads nowhere.
    """
    if shares_no_files(settings):
        _log.warning("files_not_shared", reason=NOT_SHARED, remedy=SHARE_THEM)
    if settings.files.location is None:
        return
    try:
        object_store(settings.files.location)
    except ValueError as error:
        message = f"files.location: {error}"
        raise ConfigurationError(message) from error
