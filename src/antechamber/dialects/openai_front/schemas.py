"""Schemas of the other format made to fit the subset that output can be held to.

What cannot be held to is told to the model in the description, as the Python SDK's
``transform_schema`` does it. Whether a keyword is in the subset is asked of the rule itself.
"""

from collections.abc import Mapping
from typing import cast

from antechamber.rules.schema_subset import first_unsupported
from antechamber.wire.encoding import encode_json
from antechamber.wire.shape import JsonObject

ANY_OBJECT: JsonObject = {"$ref": "#/open", "open": {"type": "object"}}
"""Any JSON object. The published subset has none: each part of a schema that is written out has to
list its properties. This one is only referred to, and engines that write grammars can do it."""

_MAPS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf")
_SHAPE = {
    "$ref",
    "$schema",
    "additionalProperties",
    "const",
    "default",
    "description",
    "enum",
    "required",
    "title",
    "type",
}


def fitted(schema: Mapping[str, object]) -> JsonObject:
    """Return the schema with its shape kept and its other demands in words."""
    source = _without_lone_reference(schema)
    fit: JsonObject = {}
    told: list[str] = []
    for key, value in source.items():
        if key in _MAPS and isinstance(value, dict):
            parts = cast("dict[str, object]", value)
            fit[key] = {name: _fitted_part(part) for name, part in parts.items()}
        elif key in (*_LISTS, "oneOf") and isinstance(value, list):
            several = cast("list[object]", value)
            fit["anyOf" if key == "oneOf" else key] = [_fitted_part(part) for part in several]
        elif key == "items":
            fit[key] = _fitted_part(value)
        elif key in _SHAPE or _can_hold(source, key):
            fit[key] = value
        else:
            told.append(f"{key}: {encode_json(value).decode()}")
    if fit.get("properties") and fit.get("additionalProperties") in (None, True):
        fit["additionalProperties"] = False
    if told:
        words = f"{{{', '.join(told)}}}"
        before = fit.get("description")
        fit["description"] = f"{before}\n\n{words}" if before else words
    return fit


def _fitted_part(part: object) -> object:
    return fitted(cast("JsonObject", part)) if isinstance(part, dict) else part


def _can_hold(schema: Mapping[str, object], key: str) -> bool:
    probe = {key: schema[key], "additionalProperties": False}
    if "type" in schema:
        probe["type"] = schema["type"]
    return first_unsupported(probe) is None


def _without_lone_reference(schema: Mapping[str, object]) -> Mapping[str, object]:
    """``allOf`` around one reference: how some generators put words beside a ``$ref``."""
    several = schema.get("allOf")
    if not isinstance(several, list) or len(cast("list[object]", several)) != 1:
        return schema
    only = cast("list[object]", several)[0]
    if not isinstance(only, dict) or "$ref" not in only:
        return schema
    rest = {key: value for key, value in schema.items() if key != "allOf"}
    return {**cast("JsonObject", only), **rest}
