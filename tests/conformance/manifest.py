"""What the suite promises: requirements with stable ids, and the mark that ties a test to them."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

FOLDER = Path(__file__).parent
_KEYS = {"behavior", "source", "deferred"}

Test = TypeVar("Test", bound=Callable[..., object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing that a client may count on."""

    id: str
    behavior: str
    source: str
    """Who says so: a page of the documentation, the SDK, a public thread."""
    deferred: str | None = None
    """Why nothing tests it yet; None where something does."""


@cache
def requirements() -> dict[str, Requirement]:
    """Return every requirement by its id; they stand in ``requirements/``, one file an area."""
    found: dict[str, Requirement] = {}
    for path in sorted((FOLDER / "requirements").glob("*.toml")):
        for name, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if name in found or not isinstance(entry, dict) or not entry.keys() <= _KEYS:
                message = f"{path.name}: {name} stands twice or has a key that is not known"
                raise ValueError(message)
            found[name] = Requirement(id=name, **entry)
    return found


def requirement(*ids: str) -> Callable[[Test], Test]:
    """Say which requirements a test shows. An id that is not in the manifest is an error."""
    unknown = [name for name in ids if name not in requirements()]
    if unknown or not ids:
        message = f"not in the manifest of requirements: {', '.join(unknown) or 'no id at all'}"
        raise ValueError(message)

    def mark(test: Test) -> Test:
        return test

    return mark
