"""The identifiers that this server issues: a prefix, a version and 22 base58 characters."""

import secrets
from collections.abc import Callable
from struct import Struct

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_PAIRS = tuple(first + second for first in _BASE58 for second in _BASE58)
"""Two characters for each of an id's numbers."""
_NUMBERS = Struct("11H")
_ID_BYTES = _NUMBERS.size
_POOL_BYTES = 256 * _ID_BYTES

NewId = Callable[[str], str]
"""Makes an id from its prefix; passed in so that tests can fix it."""


class IdMaker:
    """Makes ids out of random bytes that it asks for by the thousand.

    The system is slow to give them one by one. Not to be shared with a process that is forked off.
    """

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._pool: bytes = b""
        self._at = 0

    def new_id(self, prefix: str) -> str:
        """Do as the function of the name does."""
        if self._at == len(self._pool):
            self._pool, self._at = self._random_bytes(_POOL_BYTES), 0
        start = self._at
        self._at += _ID_BYTES
        return _id_of(prefix, self._pool[start : start + _ID_BYTES])


def new_id(prefix: str) -> str:
    """Return a fresh id such as ``msg_01Xf…``: 22 characters of base58, some 128 random bits."""
    return _id_of(prefix, secrets.token_bytes(_ID_BYTES))


def _id_of(prefix: str, random: bytes) -> str:
    numbers: tuple[int, ...] = _NUMBERS.unpack(random)
    pairs = [_PAIRS[number % len(_PAIRS)] for number in numbers]
    return f"{prefix}01{''.join(pairs)}"
