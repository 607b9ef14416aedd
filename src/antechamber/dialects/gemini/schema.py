"""JSON Schema in the subset that Gemini takes.

Source: ai.google.dev/gemini-api/docs/structured-output. ``const`` is not in it, a list of one is,
and so are members and items; ``$schema`` names what every schema is here anyway. What else it does
not know Gemini refuses or passes over.
"""

from collections.abc import Mapping, Sequence
from typing import cast

_BY_NAME = frozenset({"properties", "$defs", "definitions", "patternProperties"})
_ONE = frozenset({"items", "additionalProperties", "not"})
_SEVERAL = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})


def gemini_schema(schema: Mapping[str, object]) -> dict[str, object]:
    """Return ``schema`` without what Gemini does not know; the original is left as it is."""
    told: dict[str, object] = {}
    for key, value in schema.items():
        if key == "const":
            _tell_const(value, told)
        elif key != "$schema":
            told[key] = _told(key, value)
    return told


def _told(key: str, value: object) -> object:
    if key in _BY_NAME and isinstance(value, Mapping):
        named = cast("Mapping[str, object]", value)
        return {name: _inner(inner) for name, inner in named.items()}
    if key in _SEVERAL and isinstance(value, Sequence) and not isinstance(value, str):
        return [_inner(inner) for inner in cast("Sequence[object]", value)]
    return _inner(value) if key in _ONE else value


def _inner(value: object) -> object:
    # Also true and false are schemas.
    return gemini_schema(cast("Mapping[str, object]", value)) if _is_mapping(value) else value


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _tell_const(value: object, told: dict[str, object]) -> None:
    """Say ``const`` in other words: enumerations hold text alone."""
    match value:
        case str():
            told.update(type="string", enum=[value])
        case bool():
            told["type"] = "boolean"
        case int():
            told.update(type="integer", minimum=value, maximum=value)
        case float():
            told.update(type="number", minimum=value, maximum=value)
        case None:
            told["type"] = "null"
        case Mapping():
            members = cast("Mapping[str, object]", value)
            told.update(
                type="object",
                properties={name: gemini_schema({"const": each}) for name, each in members.items()},
                required=list(members),
                additionalProperties=False,
            )
        case Sequence():
            items = cast("Sequence[object]", value)
            told.update(
                type="array",
                prefixItems=[gemini_schema({"const": each}) for each in items],
                minItems=len(items),
                maxItems=len(items),
            )
        case _:
            pass
