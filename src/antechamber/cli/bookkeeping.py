"""The database as commands use it, and what they share about keys and workspaces."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from antechamber.cli.failures import CommandFailed, told_plainly
from antechamber.cli.options import read_settings

if TYPE_CHECKING:
    from antechamber.operations.administration.database_state import Database
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
        from antechamber.state import closing_database
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


def require_workspace(workspace_id: str, database: "Database") -> None:
    """Raise ``NotFound`` for a workspace that is not there."""
    from antechamber.operations.administration.workspaces import one
    from antechamber.operations.callers.key_directory import DEFAULT_WORKSPACE

    if workspace_id != DEFAULT_WORKSPACE:
        database.read_now(lambda it: one(it, workspace_id))


def read_end_or_none(text: str, now: datetime) -> datetime | None:
    """Read ``--expires``, which may take an end away; raises ``CommandFailed``."""
    from antechamber.cli.moments import read_end

    return None if text == NONE else read_end(text, "--expires", now=now)


def require_tier(name: str, settings: "Settings") -> None:
    """Raise ``CommandFailed`` for a tier that is neither preset nor configured.

    ``ConfigurationError`` where several processes would each count for it alone.
    """
    from antechamber.catalogue.tiers import load_tiers
    from antechamber.settings import require_shared_tiers

    known = dict.fromkeys([*load_tiers().tiers, *(tier.name for tier in settings.tiers)])
    if name not in known:
        raise CommandFailed(f'No tier is called "{name}"; there are: {", ".join(known)}')
    require_shared_tiers(settings, "leave --tier out")


def read_tier_or_none(name: str, settings: "Settings") -> str | None:
    """Read ``--tier``, which may take a tier away; raises as ``require_tier`` does."""
    if name == NONE:
        return None
    require_tier(name, settings)
    return name


def read_budget_or_none(text: str) -> int | None:
    """Read ``--budget``, which may take a budget away; raises ``CommandFailed``."""
    from antechamber.cli.amounts import nano_usd

    return None if text == NONE else nano_usd(text, "--budget")


def checked_name(name: str) -> str:
    """Return a name that can be kept; raises ``CommandFailed``."""
    if not 0 < len(name.strip()) <= _LONGEST_NAME:
        raise CommandFailed(f"--name: give 1 to {_LONGEST_NAME} characters")
    return name
