"""The table of files; pure."""

from collections.abc import Sequence

from anthropic.types import FileMetadata

from antechamber.cli.moments import minute
from antechamber.cli.sizes import size_words
from antechamber.cli.tables import NOTHING, table

_HEAD = ("id", "name", "type", "size", "created (UTC)", "expires (UTC)")

_LONGEST = 40
"""Names and types may have 255 characters; ``--json`` has the whole of them."""


def file_table(files: Sequence[FileMetadata]) -> list[str]:
    """Lay out one line for each file."""
    return table(_HEAD, [_row(each) for each in files], right=("size",))


def _row(file: FileMetadata) -> Sequence[str]:
    created, expires = minute(file.created_at), file.expires_at
    ends = NOTHING if expires is None else minute(expires)
    name, kind = _cut(file.filename), _cut(file.mime_type)
    return (file.id, name, kind, size_words(file.size_bytes), created, ends)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
