"""Ids of calls that carry the id that an engine gave, so that it gets its own back.

Clients know calls by ids of one form, and some hosts want theirs again: Kimi's chat template reads
``functions.name:0`` of a history. There is no table: the id itself holds the other, whichever
server it comes back to. Who makes one up writes into nothing but the own conversation.

Ids have 64 characters at most: clients pass conversations on to AWS Bedrock, which takes
``[a-zA-Z0-9_-]{1,64}`` (its API reference, ToolUseBlock).
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
_CARRYING = re.compile(rf"{_PREFIX}[A-Za-z0-9]*0([1-9A-Za-z]{{1,47}})")
_CARRIED = re.compile(r"[!-~]{1,37}")
"""With a check 37 characters are 47 digits at most, which fill the 64."""
_FIRST, _KINDS = ord("!"), ord("~") - ord("!") + 1
_CHECK_BITS = 32


def carrying(original: str, new_id: NewId) -> str | None:
    """Return a fresh id of ours that carries ``original``: ``toolu_02…``, 55 characters for 29.

    None where it cannot be carried: more than 37 characters, or others than visible ASCII.
    """
    if _CARRIED.fullmatch(original) is None:
        return None
    number = 1  # keeps "!" at the beginning
    for character in original:
        number = number * _KINDS + ord(character) - _FIRST
    number = number << _CHECK_BITS | _check(original)
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
    number, check = divmod(number, 1 << _CHECK_BITS)
    characters: list[str] = []
    while number > 1:
        number, value = divmod(number, _KINDS)
        characters.append(chr(_FIRST + value))
    original = "".join(reversed(characters))
    is_whole = number == 1 and original != "" and check == _check(original)
    return original if is_whole else None


def _check(original: str) -> int:
    return crc32(original.encode("ascii"))
