"""Tool names in the form that Gemini takes, and back.

Source: google-genai 3.4, FunctionDeclaration.name: a letter or an underscore first, at most 128
characters. The hosted API takes as many, and a digit or a hyphen first too.
"""

import hashlib
import re
from collections.abc import Iterable

_MOST_CHARACTERS = 128
_TAKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_HASH_CHARACTERS = 8


def gemini_name(name: str) -> str:
    """Return ``name`` where Gemini takes it, else one that is always the same for it."""
    if len(name) <= _MOST_CHARACTERS and _TAKEN.fullmatch(name):
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:_HASH_CHARACTERS]
    kept = name[: _MOST_CHARACTERS - _HASH_CHARACTERS - 2]
    return f"_{kept}_{mark}"


class ToolNames:
    """Finds the names of the request behind those that were sent."""

    def __init__(self, names: Iterable[str]) -> None:
        self._ours = {gemini_name(name): name for name in names}

    def ours(self, name: str) -> str:
        """Return the request's name for ``name``; one that nobody sent stays as it is."""
        return self._ours.get(name, name)
