"""The folder of added models: names, and files that come and go."""

import errno
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from antechamber.cli.failures import CommandFailed
from antechamber.cli.sizes import size_words
from antechamber.local_models import ModelLibrary

_CHUNK_BYTES = 8 * 1024 * 1024
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")

Advance = Callable[[int], None]
"""Told how many more bytes are done."""


def name_for(file_name: str, wanted: str | None) -> str:
    """Give the name that the configuration will use: the wanted one, else the file's.

    Raises ``CommandFailed``.
    """
    if wanted is None:
        stem = file_name.removesuffix(".gguf")
        return _NOT_IN_NAMES.sub("-", stem).strip("-._") or "model"
    name = wanted.removesuffix(".gguf")
    if not name[:1].isalnum() or _NOT_IN_NAMES.search(name):
        raise CommandFailed(
            f'--name {wanted}: must begin with a letter or digit and hold only those and ".", '
            '"_", "-"'
        )
    return name


def place_for(library: ModelLibrary, name: str) -> Path:
    """Give the path of a model to be added; raises ``CommandFailed`` when the name is taken."""
    path = library.folder / f"{name}.gguf"
    if find(library, name) is not None or path.exists():
        raise CommandFailed(
            f"There is a model {name} already. Choose another name with --name, or:\n"
            f"  antechamber models remove {name}"
        )
    return path


def find(library: ModelLibrary, name: str) -> Path | None:
    """Find an added model by its name, with or without ``.gguf``."""
    stem = name.removesuffix(".gguf")
    return next((path for path in library.added if path.stem == stem), None)


def link(source: Path, place: Path) -> bool:
    """Make the file of the library another name of ``source``, without taking space.

    Says whether it could: another disk, or a system that has no such links, cannot.
    """
    _make_folder(place.parent)
    try:
        place.hardlink_to(source.resolve())
    except OSError:
        return False
    return True


def copy(source: Path, place: Path, advance: Advance) -> None:
    """Copy a file into the library; it has its name only once it is whole.

    Raises ``CommandFailed``.
    """
    _make_folder(place.parent)
    require_room(place.parent, source.stat().st_size)
    draft = place.with_suffix(".gguf.part")
    try:
        with source.open("rb") as reading, draft.open("wb") as writing:
            while chunk := reading.read(_CHUNK_BYTES):
                writing.write(chunk)
                advance(len(chunk))
        draft.replace(place)
    except OSError as error:
        raise CommandFailed(failure_words(place, error)) from error
    finally:
        draft.unlink(missing_ok=True)


def move(source: Path, place: Path) -> None:
    """Give a file of the same disk its place; raises ``CommandFailed``."""
    _make_folder(place.parent)
    try:
        source.replace(place)
    except OSError as error:
        raise CommandFailed(failure_words(place, error)) from error


def require_room(folder: Path, size_bytes: int) -> None:
    """Raise ``CommandFailed`` where so much does not fit."""
    free = shutil.disk_usage(folder).free
    if size_bytes > free:
        raise CommandFailed(
            f"{folder}: {size_words(size_bytes)} are needed and {size_words(free)} are free"
        )


def failure_words(path: Path, error: OSError) -> str:
    """Say why a file could not be written."""
    if error.errno == errno.ENOSPC:
        return f"{path}: the disk is full"
    return f"{path}: cannot be written: {error.strerror or error}"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CommandFailed(failure_words(folder, error)) from error
