"""The database as commands use it, and what they share about keys and workspaces."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from antechamber.cli.failures import CommandFailed, told_plainly
from antechamber.cli.options import read_settings

if TYPE_CHECKING:
    from antechamber.operations.database_state import Database
    from antechamber.settings import Settings

NONE = "none"
"""What takes something away again that was set."""
_LONGEST_NAME = 200


@contextmanager
def opened_database(
    config: Path | None, data_dir: Path | None
) -> Generator[tuple["Settings", "Database"]]:
    """Open the database of the configuration, up to date; failures are told plainly."""
    with told_plainly():
        from antechamber.assembly import closing_database
        from antechamber.wire.errors import ApiError

        settings = read_settings(config, data_dir)
        try:
            with closing_database(settings) as database:
                yield settings, database
        except ApiError as error:
            raise CommandFailed(error.message) from error
        except OSError as error:
            raise CommandFailed(f"{settings.data_dir}: {error.strerror or error}") from error


def utc_now() -> datetime:
    """Read the clock."""
    from antechamber.runtime.clock import SystemClock

    return SystemClock().now()


def require_tier(name: str, settings: "Settings") -> None:
    """Raise ``CommandFailed`` for a tier that is neither preset nor configured."""
    from antechamber.catalogue.tiers import load_tiers

    known = dict.fromkeys([*load_tiers().tiers, *(tier.name for tier in settings.tiers)])
    if name not in known:
        raise CommandFailed(f'No tier is called "{name}"; there are: {", ".join(known)}')


def checked_name(name: str) -> str:
    """Return a name that can be kept; raises ``CommandFailed``."""
    if not 0 < len(name.strip()) <= _LONGEST_NAME:
        raise CommandFailed(f"--name: give 1 to {_LONGEST_NAME} characters")
    return name
