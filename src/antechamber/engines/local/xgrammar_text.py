"""A grammar of ours so that xgrammar, inside OpenVINO, reads it as llama.cpp does.

On its way there xgrammar writes a character below 256 that is not printable ASCII as ``\\x`` and
two digits, and reads any further hexadecimal digit behind it as part of the same number: ``"ße"``
comes to mean one character, U+0DFE. So none may follow it: a text is cut in two there, and in a
class such characters stand last. It also writes ``^`` without an escape, and so makes a class that
begins with it the opposite: it stands behind all others.
"""

import re
from typing import Final

_PART: Final = re.compile(r'"(?:\\.|[^"\\])*"|\[(?:\\.|[^\]\\])*\]')
"""A text or a class; what stands between them is left as it is."""
_CHARACTER: Final = re.compile(r"\\x[0-9A-F]{2}|\\u[0-9A-F]{4}|\\U[0-9A-F]{8}|\\.|.", re.DOTALL)
_NAMED: Final = {"n": "\n", "r": "\r", "t": "\t"}
_HEXADECIMAL: Final = frozenset("0123456789abcdefABCDEF")
_IN_CLASS: Final = {"\\": r"\\", "[": r"\[", "]": r"\]", "-": r"\-", "^": r"\^"}

Item = tuple[str, str]
"""The first and the last character of a range."""


def for_xgrammar(grammar: str) -> str:
    """Return ``grammar`` in the spelling of xgrammar."""
    return _PART.sub(_respelled, grammar)


def _respelled(part: re.Match[str]) -> str:
    written = part[0]
    return _class(written[1:-1]) if written.startswith("[") else _text(written)


def _text(written: str) -> str:
    spelled, at_risk, cuts = "", False, 0
    for found in _CHARACTER.finditer(written[1:-1]):
        if at_risk and found[0] in _HEXADECIMAL:
            spelled += '" "'
            cuts += 1
        spelled += found[0]
        at_risk = _is_at_risk(_character(found[0]))
    # In parentheses: a repetition behind it is one of the whole.
    return f'("{spelled}")' if cuts else f'"{spelled}"'


def _class(written: str) -> str:
    items = _items(written)
    last = [item for item in items if _is_at_risk(item[1])]
    first = [item for item in items if not _is_at_risk(item[1])]
    # At most one of the ranges begins with a digit and ends beyond ASCII: they do not overlap.
    last.sort(key=lambda item: item[0] not in _HEXADECIMAL)
    carets = [item for item in first if item[0] == "^"]
    ordered = [item for item in first if item[0] != "^"] + last
    for _, high in carets:
        if high > "^":
            ordered.insert(0, ("_", high))
        ordered.append(("^", "^"))
    return f"[{''.join(_spelled(item) for item in ordered)}]"


def _items(written: str) -> list[Item]:
    items: list[Item] = []
    is_range = False
    for found in _CHARACTER.finditer(written):
        if found[0] == "-" and items:
            is_range = True
            continue
        character = _character(found[0])
        if is_range:
            items[-1] = (items[-1][0], character)
            is_range = False
        else:
            items.append((character, character))
    return items


def _spelled(item: Item) -> str:
    low, high = item
    return _spelled_one(low) if low == high else f"{_spelled_one(low)}-{_spelled_one(high)}"


def _spelled_one(character: str) -> str:
    if " " <= character <= "~":
        return _IN_CLASS.get(character, character)
    return f"\\U{ord(character):08X}" if character > "\uffff" else f"\\u{ord(character):04X}"


def _is_at_risk(character: str) -> bool:
    return character < " " or "~" < character <= "\xff"


def _character(written: str) -> str:
    """Return the character that ``written`` stands for."""
    if len(written) > 2:
        return chr(int(written[2:], 16))
    if len(written) == 2:
        return _NAMED.get(written[1], written[1])
    return written
