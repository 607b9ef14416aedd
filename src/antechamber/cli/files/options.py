"""What can be said of a file that is uploaded; pure."""

from datetime import timedelta
from pathlib import Path
from shlex import quote

from antechamber.cli.failures import CommandFailed
from antechamber.cli.moments import as_while
from antechamber.wire.files import media_type

_SHORTEST, _LONGEST = timedelta(hours=1), timedelta(days=90)
_PLAIN = "text/plain"
_TEXTS_BY_OTHER_NAMES = ("application/json", "application/xml", "application/yaml")


def read_expiry(text: str) -> int:
    """Read how many seconds a file is kept, within the API's bounds; raises ``CommandFailed``."""
    lasts = as_while(text)
    if lasts is None or not _SHORTEST <= lasts <= _LONGEST:
        raise CommandFailed(f"--expires {text}: give 1h to 90d, 24h for instance")
    return int(lasts.total_seconds())


def read_type(text: str) -> str:
    """Read a media type; raises ``CommandFailed``."""
    if (kind := media_type(text)) is None:
        raise CommandFailed(f"--type {text}: give a media type, {_PLAIN} for instance")
    return kind


def remedy_for(kind: str, path: Path) -> str | None:
    """Say how a text can become a document where it was kept as what no document block takes."""
    if kind == _PLAIN or not (kind.startswith("text/") or kind in _TEXTS_BY_OTHER_NAMES):
        return None
    command = f"antechamber files upload {quote(str(path))} --type {_PLAIN}"
    return f"It is {kind}, which no document block takes; for one: {command}"
