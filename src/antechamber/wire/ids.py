"""The identifiers that this server issues: a prefix, a version and 22 base58 characters."""

import secrets
from collections.abc import Callable

_BASE58 = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BYTES = bytes(range(256))
_FAIR = len(_BYTES) // len(_BASE58) * len(_BASE58)
"""Of this many values of a byte each character has the same number."""
_CHARACTER_OF = (_BASE58 * (_FAIR // len(_BASE58))).ljust(len(_BYTES))
_UNFAIR = _BYTES[_FAIR:]
_LENGTH = 22
_POOL_BYTES = 8192

NewId = Callable[[str], str]
"""Makes an id from its prefix; passed in so that tests can fix it."""


class IdMaker:
    """Makes ids out of random bytes that it asks for by the thousand.

    The system is slow to give them one by one. Not to be shared with a process that is forked off.
    """

    def __init__(self, random_bytes: Callable[[int], bytes]) -> None:
        self._random_bytes = random_bytes
        self._pool = ""
        self._at = 0

    def new_id(self, prefix: str) -> str:
        """Return an id such as ``msg_01Xf…``: 22 characters of base58, some 128 random bits."""
        start = self._at
        end = self._at = start + _LENGTH
        if end > len(self._pool):
            self._pool = _characters(self._random_bytes(_POOL_BYTES))
            start, end = 0, _LENGTH
            self._at = end
        return f"{prefix}01{self._pool[start:end]}"


def new_id(prefix: str) -> str:
    """Return an id as ``IdMaker`` does, for who needs just one."""
    return IdMaker(secrets.token_bytes).new_id(prefix)


def _characters(random: bytes) -> str:
    return random.translate(_CHARACTER_OF, _UNFAIR).decode("ascii")
