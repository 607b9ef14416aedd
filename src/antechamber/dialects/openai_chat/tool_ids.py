"""Ids and names of tools as a host takes them: pure functions, so use and result agree."""

import hashlib
import string
from collections.abc import Iterable, Mapping

from antechamber.dialects.openai_chat.quirks import Quirks

_ALPHABET = string.digits + string.ascii_letters
_NINE = 9
_MARK_CHARACTERS = 8


def upstream_id(call_id: str, quirks: Quirks) -> str:
    """Return the id that the host knows the call by."""
    if quirks.tool_ids == "as_is":
        return call_id
    number = int.from_bytes(hashlib.sha256(call_id.encode()).digest()[:8])
    digits: list[str] = []
    for _ in range(_NINE):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)


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
