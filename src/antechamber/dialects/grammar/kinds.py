"""The kinds of JSON values that a schema leaves open."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from antechamber.dialects.grammar.places import as_list, as_strings

Kinds = frozenset[str]
"""Out of ``ALL_KINDS``. Here ``number`` is a number that is no integer."""

ALL_KINDS: Final[Kinds] = frozenset(
    {"object", "array", "string", "number", "integer", "boolean", "null"}
)


def kinds_of(keywords: Mapping[str, object]) -> Kinds:
    """What ``type``, ``const`` and ``enum`` allow."""
    kinds = ALL_KINDS
    if "type" in keywords:
        kinds &= named_kinds(keywords["type"])
    if "const" in keywords:
        kinds &= value_kinds([keywords["const"]])
    if "enum" in keywords:
        kinds &= value_kinds(as_list(keywords["enum"]))
    return kinds


def value_kinds(values: Iterable[object]) -> Kinds:
    """The kinds of these values; 2.0 is an integer."""
    return frozenset(_kind(value) for value in values)


def named_kinds(value: object) -> Kinds:
    """What a ``type`` names; to JSON Schema every integer is a number."""
    names = frozenset([value] if isinstance(value, str) else as_strings(value))
    return names | {"integer"} if "number" in names else names


def _kind(value: object) -> str:
    if isinstance(value, float) and not value.is_integer():
        return "number"
    # A bool is an int to Python and no number to JSON, so it comes first.
    return next((kind for known, kind in _BY_TYPE if isinstance(value, known)), "null")


_BY_TYPE: Final[Sequence[tuple[type, str]]] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    (float, "integer"),
    (list, "array"),
    (tuple, "array"),
    (Mapping, "object"),
)
