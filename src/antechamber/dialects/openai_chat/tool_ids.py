"""Ids and names of tools as a host takes them: pure functions, so use and result agree."""

import hashlib
import re
import string
from collections import Counter
from collections.abc import Iterable, Mapping

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.wire.call_ids import carried_by

_ALPHABET = string.digits + string.ascii_letters
_NINE = re.compile(r"[A-Za-z0-9]{9}")
_SAFE = re.compile(r"[A-Za-z0-9_-]{1,40}")
"""OpenAI: "string too long. Expected a string with maximum length 40" (openclaw/openclaw#875)."""
_ANY = re.compile(r".+", re.DOTALL)
_MARK_CHARACTERS = 8


def upstream_ids(call_ids: Iterable[str], quirks: Quirks) -> Mapping[str, str]:
    """Return the ids that the host knows the calls of a request by: those that it gave itself.

    Where it gave one twice, as hosts do that count from 0 in every answer, it gets ours. Instead
    of one that it would refuse it gets a mark of ours, always the same.
    """
    given = {call_id: carried_by(call_id) or call_id for call_id in call_ids}
    times = Counter(given.values())
    takes, prefix, length = _form(quirks)
    known: dict[str, str] = {}
    for call_id, original in given.items():
        own = (original, call_id) if times[original] == 1 else (call_id,)
        mark = prefix + _mark(call_id, length)
        known[call_id] = next((each for each in own if takes.fullmatch(each)), mark)
    return known


def _form(quirks: Quirks) -> tuple[re.Pattern[str], str, int]:
    """Return which ids the host takes, and how a mark begins and how long the rest of it is."""
    if quirks.tool_ids == "nine":
        return _NINE, "", 9
    # Who limits the names of tools limits their ids.
    return _ANY if quirks.most_name_characters is None else _SAFE, "call_", 24


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
