"""The identifiers that this server issues: a prefix, a version and 22 base58 characters."""

import secrets
from collections.abc import Callable

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIRS = tuple(first + second for first in _BASE58 for second in _BASE58)
"""Two characters for each division of a long number, which is what an id costs."""

NewId = Callable[[str], str]
"""Makes an id from its prefix; passed in so that tests can fix it."""


def new_id(prefix: str) -> str:
    """Return a fresh id such as ``msg_01Xf…``; 22 characters of base58 hold 128 random bits."""
    number = int.from_bytes(secrets.token_bytes(16))
    characters: list[str] = []
    for _ in range(11):
        number, remainder = divmod(number, 3364)
        characters.append(_PAIRS[remainder])
    return f"{prefix}01{''.join(characters)}"
