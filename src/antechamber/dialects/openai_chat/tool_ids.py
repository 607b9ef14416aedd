"""Ids and names of tools as a host takes them: pure functions, so use and result agree."""

import hashlib
import re
import string
from collections.abc import Iterable, Mapping

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.wire.call_ids import carried_by

_ALPHABET = string.digits + string.ascii_letters
_NINE = re.compile(r"[A-Za-z0-9]{9}")
_MOST_CHARACTERS = 40
"""OpenAI: "string too long. Expected a string with maximum length 40" (openclaw/openclaw#875)."""
_MARK_CHARACTERS = 8


def upstream_id(call_id: str, quirks: Quirks) -> str:
    """Return the id that the host knows the call by: the one that it gave itself, where it did.

    Instead of one that it would refuse it gets a mark of ours, always the same.
    """
    known = carried_by(call_id) or call_id
    if quirks.tool_ids == "nine":
        return known if _NINE.fullmatch(known) else _mark(call_id, 9)
    # Who limits the names of tools limits their ids.
    if quirks.most_name_characters is None or len(known) <= _MOST_CHARACTERS:
        return known
    return f"call_{_mark(call_id, 24)}"


def upstream_name(name: str, quirks: Quirks) -> str:
    """Return the name that the host knows the tool by.

    OpenAI takes 64 characters, the Messages API 128; what is cut keeps a mark of the whole.
    """
    most = quirks.most_name_characters
    if most is None or len(name) <= most:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:_MARK_CHARACTERS]
    return f"{name[: most - _MARK_CHARACTERS - 1]}_{mark}"


def own_names(names: Iterable[str], quirks: Quirks) -> Mapping[str, str]:
    """Return the tools' own names by those that the host knows."""
    return {upstream_name(name, quirks): name for name in names}


def _mark(call_id: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(call_id.encode()).digest())
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)
