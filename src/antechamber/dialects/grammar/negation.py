"""The opposite of a schema, where a schema can say it.

The opposite of several keywords is any one of them failing. Options that cannot be said are left
out, which makes the opposite narrower, never wrong. The keywords of an atom (``type``, ``const``,
``enum``, ``pattern``) have no opposite of their own: they stay behind ``not`` and are read there.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from antechamber.dialects.grammar.kinds import ALL_KINDS, Kinds, named_kinds
from antechamber.dialects.grammar.places import Place, Schema, as_list, as_mapping, as_strings

ANNOTATIONS: Final = frozenset(
    {
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "format",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "$comment",
        "$schema",
        "$id",
        "$anchor",
        "$dynamicAnchor",
        "$vocabulary",
        "$defs",
        "definitions",
    }
)
"""Keywords that no value can fail."""

ATOMS: Final = frozenset({"type", "const", "enum", "pattern"})


def barred_values(place: Place) -> Sequence[object]:
    """The values that an atom of the place rules out."""
    atom = _atom(place)
    return [atom["const"]] if "const" in atom else as_list(atom.get("enum"))


def barred_pattern(place: Place) -> str | None:
    """The pattern that an atom of the place rules out."""
    pattern = _atom(place).get("pattern")
    return pattern if isinstance(pattern, str) else None


def kinds_left(place: Place) -> Kinds | None:
    """The kinds that an atom of the place leaves; None when its ``not`` is no atom."""
    atom = _atom(place)
    if "type" in atom:
        return ALL_KINDS - named_kinds(atom["type"])
    # A pattern has nothing against what is no string, so its opposite has.
    only = frozenset({"string"}) if "pattern" in atom else ALL_KINDS
    return only if atom else None


def _atom(place: Place) -> Mapping[str, object]:
    barred = as_mapping(place.keywords.get("not")) or {}
    said = barred.keys() - ANNOTATIONS
    return barred if len(said) == 1 and said <= ATOMS else {}


def negated(place: Place, *, whole: bool) -> Place | None:
    """A made schema for the values that the schema refuses; None when it cannot be said.

    With ``whole`` it is said of every such value, or not at all.
    """
    if isinstance(place.schema, bool):
        return place.instead(not place.schema, "not")
    keywords = place.schema
    if "format" in keywords:
        return None  # some assert it and some do not, so nobody knows what its opposite is
    said = [keyword for keyword in keywords if keyword not in ANNOTATIONS]
    if not said:
        return place.instead(False, "not")  # noqa: FBT003  the schema that nothing satisfies
    options: list[Schema] = []
    for keyword in sorted(said, key=lambda keyword: keyword != "required"):
        found = _opposites(keyword, keywords[keyword])
        # A property each; of all other keywords the opposite is one schema.
        expected = len(as_mapping(keywords[keyword]) or ()) if keyword == "properties" else 1
        if whole and len(found) < expected:
            return None
        options.extend(found)
    if not options:
        return None
    return place.instead(options[0] if len(options) == 1 else {"anyOf": options}, "not")


def _opposites(keyword: str, value: object) -> list[Schema]:
    if keyword in ATOMS:
        return [{"not": {keyword: value}}]
    opposite = _OPPOSITES.get(keyword)
    return opposite(value) if opposite else []


def _of_required(value: object) -> list[Schema]:
    return [{"type": "object", "properties": {name: False}} for name in as_strings(value)]


def _of_properties(value: object) -> list[Schema]:
    """A property that is there and wrong; only where being wrong is easily said."""
    schemas = as_mapping(value) or {}
    return [
        {"type": "object", "required": [name], "properties": {name: {"not": schema}}}
        for name, schema in schemas.items()
        if (keywords := as_mapping(schema)) is not None and _scalar(keywords)
    ]


def _scalar(keywords: Mapping[str, object]) -> bool:
    return keywords.keys() <= (_SCALAR | ANNOTATIONS) and bool(keywords.keys() - ANNOTATIONS)


def _of_any(value: object) -> list[Schema]:
    return [{"allOf": [{"not": schema} for schema in as_list(value)]}]


def _of_all(value: object) -> list[Schema]:
    return [{"not": schema} for schema in as_list(value) if schema is not True]


def _of_not(value: object) -> list[Schema]:
    if isinstance(value, bool):
        return [value]
    schema = as_mapping(value)
    return [] if schema is None else [schema]


def _swapped(kind: str, keyword: str, step: int = 0) -> Callable[[object], list[Schema]]:
    def opposite(value: object) -> list[Schema]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return []
        bound = value + step
        # No text has fewer than 0 characters: what cannot fail has no opposite.
        return [False if step and bound < 0 else {"type": kind, keyword: bound}]

    return opposite


_OPPOSITES: Final[Mapping[str, Callable[[object], list[Schema]]]] = {
    "required": _of_required,
    "properties": _of_properties,
    "anyOf": _of_any,
    "allOf": _of_all,
    "not": _of_not,
    "minimum": _swapped("number", "exclusiveMaximum"),
    "maximum": _swapped("number", "exclusiveMinimum"),
    "exclusiveMinimum": _swapped("number", "maximum"),
    "exclusiveMaximum": _swapped("number", "minimum"),
    "minLength": _swapped("string", "maxLength", -1),
    "maxLength": _swapped("string", "minLength", 1),
    "minItems": _swapped("array", "maxItems", -1),
    "maxItems": _swapped("array", "minItems", 1),
    "minProperties": _swapped("object", "maxProperties", -1),
    "maxProperties": _swapped("object", "minProperties", 1),
}

_SCALAR: Final = ATOMS | {
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
}
