"""The subset of JSON Schema that output can be held to, word for word.

Source: platform.claude.com/docs/en/build-with-claude/structured-outputs. Words, where others saw
them: agentjido/req_llm#302 and #706 (keywords), ghostlobster/memorize-everything#93 (``minItems``),
vercel/ai (``oneOf``), veryfront/veryfront-code#3918 (closed objects); the rest follows them.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from antechamber.wire.shape import JsonObject

_COMBINATIONS = ("oneOf", "not", "if", "then", "else")
_NUMBER = ("exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf")
_UNSUPPORTED = {
    "object": (
        "dependentRequired",
        "dependentSchemas",
        "maxProperties",
        "minProperties",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
    ),
    "array": (
        "contains",
        "maxContains",
        "maxItems",
        "minContains",
        "prefixItems",
        "unevaluatedItems",
        "uniqueItems",
    ),
    "string": ("maxLength", "minLength"),
    "number": _NUMBER,
    "integer": _NUMBER,
}
_FORMATS = {
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "uri",
    "ipv4",
    "ipv6",
    "uuid",
}
_LARGE_REPETITION = 1_000
"""A grammar writes repetitions out one by one; above this it is no longer small."""
_DIGITS = len(str(_LARGE_REPETITION))
_REPETITION = re.compile(r"\{(\d*),?(\d*)\}")
_BEYOND_REGULAR = re.compile(r"(?<!\\)(?:\\\\)*(\\[1-9bBk]|\(\?<?[=!])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What makes a grammar large."""

    optional_parameters: int
    union_parameters: int


def first_unsupported(schema: JsonObject) -> str | None:
    """Return what is wrong with the first part outside the subset; None when there is none."""
    for part in _parts(schema):
        fault = _combination(part) or _keywords(part) or _values(part) or _reference(schema, part)
        if fault is not None:
            return fault
    cycle = _cycle(schema)
    if cycle is None:
        return None
    return f"Circular reference detected in schema definitions: {' -> '.join(cycle)}"


def tally(schema: JsonObject) -> Tally:
    """Count optional parameters and parameters of several types, nested ones included."""
    optional = unions = 0
    for part in _parts(schema):
        properties = _object(part.get("properties"))
        required = part.get("required")
        named = cast("list[object]", required) if isinstance(required, list) else []
        optional += sum(1 for name in properties if name not in named)
        unions += "anyOf" in part or isinstance(part.get("type"), list)
    return Tally(optional_parameters=optional, union_parameters=unions)


def _combination(part: JsonObject) -> str | None:
    for keyword in _COMBINATIONS:
        if keyword in part:
            return f"Schema type '{keyword}' is not supported"
    if any("$ref" in each for each in _objects(part.get("allOf"))):
        return "Schema type 'allOf' is not supported together with '$ref'"
    return None


def _keywords(part: JsonObject) -> str | None:
    types = _types(part)
    for name, keywords in _UNSUPPORTED.items():
        if types and name not in types:
            continue
        found = [keyword for keyword in keywords if keyword in part]
        if len(found) == 1:
            return f"For '{name}' type, property '{found[0]}' is not supported"
        if found:
            return f"For '{name}' type, properties {', '.join(found)} are not supported"
    is_object = "object" in types or (not types and "properties" in part)
    if is_object and part.get("additionalProperties") is not False:
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    return None


def _values(part: JsonObject) -> str | None:
    if part.get("minItems", 0) not in (0, 1):
        return "For 'array' type, 'minItems' values other than 0 or 1 are not supported"
    members = part.get("enum")
    if isinstance(members, list) and not all(
        member is None or isinstance(member, str | int | float)
        for member in cast("list[object]", members)
    ):
        return "Enum values other than strings, numbers, booleans and null are not supported"
    shape = part.get("format")
    if isinstance(shape, str) and shape not in _FORMATS:
        return f"For 'string' type, format '{shape}' is not supported"
    pattern = part.get("pattern")
    if isinstance(pattern, str) and not _is_simple(pattern):
        return f"For 'string' type, pattern '{pattern}' is not supported"
    return None


def _is_simple(pattern: str) -> bool:
    """No back-references, look-around or word boundaries, and no large repetition."""
    if _BEYOND_REGULAR.search(pattern):
        return False
    bounds = (bound for found in _REPETITION.findall(pattern) for bound in found if bound)
    # Longer numbers than this Python would not even read.
    return all(len(bound) <= _DIGITS and int(bound) <= _LARGE_REPETITION for bound in bounds)


def _reference(root: JsonObject, part: JsonObject) -> str | None:
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return None
    if not reference.startswith("#"):
        return f"External schema reference '{reference}' is not supported"
    if _resolve(root, reference) is None:
        return f"Schema reference '{reference}' cannot be resolved"
    return None


def _cycle(root: JsonObject) -> list[str] | None:
    """Follow every reference once; a loop, as a client may chain thousands."""
    finished: set[str] = set()
    way: dict[str, None] = {}
    waiting = [_references(root)]
    while waiting:
        reference = next(waiting[-1], None)
        if reference is None:
            waiting.pop()
            if way:
                finished.add(way.popitem()[0])
        elif reference in way:
            names = [*way, reference]
            return [each.rpartition("/")[2] for each in names[names.index(reference) :]]
        elif reference not in finished and (target := _resolve(root, reference)) is not None:
            way[reference] = None
            waiting.append(_references(target))
    return None


def _references(part: JsonObject) -> Iterator[str]:
    for each in _parts(part):
        reference = each.get("$ref")
        if isinstance(reference, str):
            yield reference


def _resolve(root: JsonObject, reference: str) -> JsonObject | None:
    target: object = root
    for key in reference.removeprefix("#").split("/")[1:]:
        target = _object(target).get(key.replace("~1", "/").replace("~0", "~"))
    return cast("JsonObject", target) if isinstance(target, dict) else None


def _parts(schema: JsonObject) -> Iterator[JsonObject]:
    """Yield the schema and every schema inside it, in document order."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        yield part
        below = [each for key, value in part.items() for each in _below(key, value)]
        waiting.extend(reversed(below))


def _below(keyword: str, value: object) -> list[JsonObject]:
    match keyword:
        case "properties" | "$defs" | "definitions":
            return _only_objects(_object(value).values())
        case "items":
            return [cast("JsonObject", value)] if isinstance(value, dict) else []
        case "anyOf" | "allOf":
            return _objects(value)
        case _:
            return []


def _types(part: JsonObject) -> list[str]:
    named = part.get("type")
    if isinstance(named, str):
        return [named]
    return cast("list[str]", named) if isinstance(named, list) else []


def _object(value: object) -> JsonObject:
    return cast("JsonObject", value) if isinstance(value, dict) else {}


def _objects(value: object) -> list[JsonObject]:
    return _only_objects(cast("list[object]", value)) if isinstance(value, list) else []


def _only_objects(values: Iterable[object]) -> list[JsonObject]:
    return [cast("JsonObject", value) for value in values if isinstance(value, dict)]
