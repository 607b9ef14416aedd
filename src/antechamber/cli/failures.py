"""How a command fails: one plain message and status 2, never a traceback for a person's mistake."""

from collections.abc import Generator
from contextlib import contextmanager

import typer

from antechamber.cli.screen import notes

FAILED = 1
"""Something that was asked to be checked or done did not succeed."""
UNUSABLE = 2
"""What was given cannot be worked with; the same status as for an unknown option."""


class CommandFailed(Exception):
    """What stands in the way, and what to do about it, in words for the person who typed."""


@contextmanager
def told_plainly() -> Generator[None]:
    """Turn the failures of a command into a message and an exit status."""
    from antechamber.settings import ConfigurationError

    try:
        yield
    except (CommandFailed, ConfigurationError) as error:
        tell(str(error))
        raise typer.Exit(UNUSABLE) from error


def tell(words: str) -> None:
    """Print an error."""
    console = notes()
    console.print("error", style="bold red", end=" ")
    console.print(words)
