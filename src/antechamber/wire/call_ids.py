"""Ids of calls that carry the id that an engine gave, so that it gets its own back.

Clients know calls by ids of one form, and some hosts want theirs again: Kimi's chat template reads
``functions.name:0`` of a history. There is no table: the id itself holds the other, whichever
server it comes back to. Who makes one up writes into nothing but the own conversation.
"""

import re
import string
from zlib import crc32

from antechamber.wire.ids import NewId

_PREFIX = "toolu_02"
_FRESH_CHARACTERS = 8
"""Hosts count the calls of every answer from 0 again, and the ids of a history are unique."""
_DIGITS = string.digits[1:] + string.ascii_letters
"""Without 0, which stands before them."""
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_CARRYING = re.compile(rf"{_PREFIX}[A-Za-z0-9]*0([1-9A-Za-z]{{1,120}})")
_CARRIED = re.compile(r"[!-~]{1,80}")
"""A name of 64 characters fits in with what Kimi puts around it."""
_CHECK_BYTES = 4


def carrying(original: str, new_id: NewId) -> str | None:
    """Return a fresh id of ours that carries ``original``: ``toolu_02…``, 62 characters for 29.

    None where it cannot be carried: more than 80 characters, or others than visible ASCII.
    """
    if _CARRIED.fullmatch(original) is None:
        return None
    told = original.encode("ascii")
    # The first byte keeps zeros at the beginning of the check.
    number = int.from_bytes(b"\x01" + _check(told) + told)
    digits: list[str] = []
    while number:
        number, value = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[value])
    return f"{_PREFIX}{new_id('')[-_FRESH_CHARACTERS:]}0{''.join(reversed(digits))}"


def carried_by(call_id: str) -> str | None:
    """Return the id that ``call_id`` carries; None for an id that none was put into."""
    found = _CARRYING.fullmatch(call_id)
    if found is None:
        return None
    number = 0
    for digit in found[1]:
        number = number * len(_DIGITS) + _VALUES[digit]
    held = number.to_bytes((number.bit_length() + 7) // 8)
    told = held[1 + _CHECK_BYTES :]
    if held[: 1 + _CHECK_BYTES] != b"\x01" + _check(told):
        return None
    original = told.decode("ascii", "replace")
    return original if _CARRIED.fullmatch(original) else None


def _check(told: bytes) -> bytes:
    return crc32(told).to_bytes(_CHECK_BYTES)
