"""The bytes of files, by name: on a disk, in S3, in Google Cloud Storage or in Azure.

They come in through a temporary file here, and appear under their name at once and whole.
"""

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Collection, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_WRITE_BYTES = 1024 * 1024
"""Gathered before a thread writes and hashes them."""
_HEAD_BYTES = 32
_PARTS_AT_ONCE = 2
"""Of 5 MB each, of a large blob on its way to an object store."""
_PERSISTENCE_S = 30
"""For which a request to an object store is repeated."""


class BlobMissing(Exception):
    """There are no bytes of this name."""


class BlobsUnavailable(Exception):
    """The place where they are does not answer, is full, or does not let us in."""


class Incoming:
    """Bytes on their way in: counted, hashed, and in a file that goes away if they are not kept."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._path = Path(name)
        self._hash = hashlib.sha256()
        self._gathered = bytearray()
        self.size_bytes = 0
        self.head = b""
        """The first of them, which tell what they are."""

    @property
    def sha256(self) -> str:
        """Of what was written, in hexadecimal digits; ``finish`` comes first."""
        return self._hash.hexdigest()

    async def write(self, data: bytes) -> None:
        """Take more bytes; raises ``BlobsUnavailable``."""
        self.size_bytes += len(data)
        if len(self.head) < _HEAD_BYTES:
            self.head += data[: _HEAD_BYTES - len(self.head)]
        self._gathered += data
        if len(self._gathered) >= _WRITE_BYTES:
            await self._write_out()

    async def finish(self) -> Path:
        """Return the file that has all of them; raises ``BlobsUnavailable``."""
        await self._write_out()
        return self._path

    def discard(self) -> None:
        """Remove the file, where it is still there."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    async def _write_out(self) -> None:
        gathered, self._gathered = self._gathered, bytearray()
        with _translated():
            await asyncio.to_thread(self._write, gathered)

    def _write(self, data: bytearray) -> None:
        self._hash.update(data)
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]


class Blobs:
    """Where they are; nothing is opened or made before it is needed."""

    def __init__(self, location: Path | str, incoming: Path) -> None:
        """``location`` is a folder, or the address of an object store: ``s3://bucket/prefix``."""
        self._location = location
        self._incoming = incoming

    @asynccontextmanager
    async def receive(self) -> AsyncGenerator[Incoming, None]:
        """Give what takes bytes; those that are not kept until the end are gone."""
        with _translated():
            incoming = Incoming(self._incoming)
        try:
            yield incoming
        finally:
            # A large file takes its time to go.
            await asyncio.to_thread(incoming.discard)

    async def keep(self, incoming: Incoming, name: str) -> None:
        """Have the bytes under ``name``, so that they outlive this machine's power.

        Raises ``BlobsUnavailable``.
        """
        path = await incoming.finish()
        with _translated():
            store = self._store
            if isinstance(self._location, Path):
                await asyncio.to_thread(_move, path, self._location / name)
            else:
                await store.put_async(name, path, max_concurrency=_PARTS_AT_ONCE)

    async def read(self, name: str) -> bytes:
        """Return the bytes; raises ``BlobMissing``, ``BlobsUnavailable``."""
        with _translated():
            try:
                found = await self._store.get_async(name)
            except FileNotFoundError as error:
                raise BlobMissing from error
            return bytes(await found.bytes_async())

    async def delete(self, names: Collection[str]) -> dict[str, str]:
        """Remove what is there of them, and return those that stay, each with the reason.

        Raises ``BlobsUnavailable`` when it would be the same with any of them.
        """
        staying: dict[str, str] = {}
        for name in names:
            try:
                with _translated(), suppress(FileNotFoundError):
                    await self._store.delete_async(name)
            except BlobsUnavailable as error:
                await self._require_answer(name)
                staying[name] = str(error)
        return staying

    async def clear_incoming(self, *, written_before: float) -> None:
        """Remove what crashes have left of bytes on their way in: seconds since 1970 UTC.

        Raises ``BlobsUnavailable`` when something stays, after all else.
        """
        with _translated():
            await asyncio.to_thread(_clear, self._incoming, written_before)

    async def _require_answer(self, name: str) -> None:
        """Raise ``BlobsUnavailable`` where nobody answers; no is an answer."""
        from obstore.exceptions import PermissionDeniedError  # noqa: PLC0415 - see object_store

        # Each of many that cannot be removed would take half a minute to fail.
        with _translated(), suppress(FileNotFoundError, PermissionDeniedError):
            await self._store.head_async(name)

    @cached_property
    def _store(self) -> "ObjectStore":
        return object_store(self._location)


def object_store(location: Path | str) -> "ObjectStore":
    """Return the store at a location; raises ``ValueError`` for an address that leads nowhere.

    Nothing is connected yet. Credentials, regions and endpoints are in the environment, as each
    store's own tools look for them: ``AWS_…``, ``GOOGLE_…``, ``AZURE_…``.
    """
    # Some megabytes that a server without files does without.
    from obstore.exceptions import BaseError  # noqa: PLC0415
    from obstore.store import LocalStore, from_url  # noqa: PLC0415

    if isinstance(location, Path):
        location.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LocalStore(location)
    try:
        # No options of the client: they would take the place of those in the environment. A request
        # may take 30 s.
        return from_url(
            location,
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=_PERSISTENCE_S)},
        )
    except (BaseError, ValueError) as error:
        raise ValueError(_told(error)) from error


@contextmanager
def _translated() -> Generator[None, None, None]:
    """The one seam to the disk and to the library of object stores."""
    from obstore.exceptions import BaseError  # noqa: PLC0415 - see object_store

    try:
        yield
    except (BaseError, OSError) as error:
        raise BlobsUnavailable(_told(error)) from error


def _told(error: Exception) -> str:
    # What follows the first line is for who debugs the library.
    return str(error).partition("\n")[0]


def _move(path: Path, to: Path) -> None:
    shutil.move(path, to)
    # The row that is written next may survive a power cut; so must what it speaks of.
    for place in (to, to.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _clear(folder: Path, written_before: float) -> None:
    failure: OSError | None = None
    for path in folder.glob("*"):
        try:
            if path.stat().st_mtime <= written_before:
                path.unlink()
        except FileNotFoundError:
            pass  # another process clears, too
        except OSError as error:
            failure = error
    if failure is not None:
        raise failure
