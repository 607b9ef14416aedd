"""What is wrong with a configuration, in words for the person who wrote it."""

from collections.abc import Iterable
from difflib import get_close_matches

Location = tuple[str | int, ...]
"""Where a value stands: ``("engines", 0, "slots")``."""


class ConfigurationError(Exception):
    """The configuration cannot be used; one line for each problem, each naming file and key."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def dotted(location: Location) -> str:
    """Write a location as people do: ``engines[0].slots``."""
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}"
    return path.removeprefix(".")


def closest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that ``word`` is most likely a slip of."""
    return next(iter(get_close_matches(word, list(known), n=1)), None)
