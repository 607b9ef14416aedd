"""Schemas of every keyword and of tools that people use, with the gaps that their grammars have."""

from typing import Any

Schema = dict[str, Any] | bool


def _object(properties: dict[str, Any], *required: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), **more}


STRING = {"type": "string"}
INTEGER = {"type": "integer"}
CLOSED = {"additionalProperties": False}

FORMATS = [
    *("date", "time", "date-time", "duration", "email", "idn-email", "hostname", "idn-hostname"),
    *("ipv4", "ipv6", "uri", "iri", "uri-reference", "iri-reference", "uri-template"),
    *("json-pointer", "relative-json-pointer", "uuid", "regex"),
]

TOOLS: dict[str, Schema] = {
    "tool: run a command": _object(
        {
            "command": {"type": "string", "description": "The command to execute"},
            "timeout": {"type": "number", "description": "Optional timeout in milliseconds"},
            "description": {"type": "string", "description": "What the command does"},
            "run_in_background": {"type": "boolean"},
        },
        "command",
        **CLOSED,
        **{"$schema": "http://json-schema.org/draft-07/schema#"},
    ),
    "tool: edit a file": _object(
        {
            "file_path": {"type": "string", "description": "The absolute path to the file"},
            "old_string": STRING,
            "new_string": STRING,
            "replace_all": {"type": "boolean", "default": False},
        },
        "file_path",
        "old_string",
        "new_string",
        **CLOSED,
    ),
    "tool: several edits": _object(
        {
            "file_path": STRING,
            "edits": {
                "type": "array",
                "minItems": 1,
                "items": _object(
                    {
                        "old_string": STRING,
                        "new_string": STRING,
                        "replace_all": {"type": "boolean"},
                    },
                    "old_string",
                    "new_string",
                    **CLOSED,
                ),
            },
        },
        "file_path",
        "edits",
        **CLOSED,
    ),
    "tool: list of tasks": _object(
        {
            "todos": {
                "type": "array",
                "items": _object(
                    {
                        "content": {"type": "string", "minLength": 1},
                        "status": {
                            "type": "string",
                            "enum": ["pending", "in_progress", "completed"],
                        },
                        "activeForm": {"type": "string", "minLength": 1},
                    },
                    "content",
                    "status",
                    "activeForm",
                    **CLOSED,
                ),
            }
        },
        "todos",
        **CLOSED,
    ),
    "tool: search in files": _object(
        {
            "pattern": STRING,
            "path": STRING,
            "glob": STRING,
            "output_mode": {"type": "string", "enum": ["content", "files_with_matches", "count"]},
            "-B": {"type": "number"},
            "-A": {"type": "number"},
            "-n": {"type": "boolean"},
            "-i": {"type": "boolean"},
            "head_limit": {"type": "integer", "minimum": 0},
            "multiline": {"type": "boolean"},
        },
        "pattern",
        **CLOSED,
    ),
    "tool: fetch a page": _object(
        {"url": {"type": "string", "format": "uri"}, "prompt": STRING}, "url", "prompt", **CLOSED
    ),
    "tool: weather": _object(
        {
            "location": {"type": "string", "description": "City and state, e.g. San Francisco, CA"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "location",
    ),
    "tool: order": _object(
        {
            "customer": _object(
                {
                    "name": {"type": "string", "minLength": 1, "maxLength": 80},
                    "email": {"type": "string", "format": "email"},
                    "born": {"type": ["string", "null"], "format": "date"},
                },
                "name",
                "email",
            ),
            "lines": {
                "type": "array",
                "minItems": 1,
                "maxItems": 5,
                "items": _object(
                    {
                        "sku": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
                        "count": {"type": "integer", "minimum": 1, "maximum": 999},
                        "price": {"type": "number", "minimum": 0, "multipleOf": 0.01},
                    },
                    "sku",
                    "count",
                ),
            },
        },
        "customer",
        "lines",
    ),
    "tool: questions": _object(
        {
            "questions": {
                "type": "array",
                "minItems": 1,
                "maxItems": 4,
                "items": _object(
                    {
                        "question": STRING,
                        "header": {"type": "string", "maxLength": 12},
                        "options": {
                            "type": "array",
                            "minItems": 2,
                            "maxItems": 4,
                            "items": _object({"label": STRING, "description": STRING}, "label"),
                        },
                        "multiSelect": {"type": "boolean", "default": False},
                    },
                    "question",
                    "header",
                    "options",
                ),
            },
            "answers": {"type": "object", "additionalProperties": STRING},
        },
        "questions",
        **CLOSED,
    ),
    "tool: no input": {"type": "object", "properties": {}},
    "tool: thirty optional inputs": _object(
        {f"option_{number}": STRING if number % 2 else INTEGER for number in range(30)}
    ),
}

UNIONS: dict[str, Schema] = {
    "anyOf of kinds": {"anyOf": [STRING, {"type": "integer", "minimum": 0}, {"type": "null"}]},
    "anyOf beside properties": {
        **_object({"a": INTEGER, "b": STRING, "c": STRING}),
        "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "oneOf with a discriminator": {
        "oneOf": [
            _object({"kind": {"const": "circle"}, "radius": {"type": "number"}}, "kind", "radius"),
            _object({"kind": {"const": "square"}, "side": {"type": "number"}}, "kind", "side"),
            _object({"kind": {"enum": ["dot", "point"]}}, "kind"),
        ]
    },
    "oneOf of closed objects": {
        "oneOf": [
            _object({"card": STRING}, "card", **CLOSED),
            _object({"iban": STRING, "owner": STRING}, "iban", **CLOSED),
        ]
    },
    "oneOf of requirements": {
        **_object({"a": INTEGER, "b": INTEGER, "c": INTEGER}),
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "oneOf of overlapping ranges": {
        "type": "integer",
        "oneOf": [{"minimum": 0, "maximum": 20}, {"minimum": 10, "maximum": 30}],
    },
    "oneOf of open objects": {"oneOf": [_object({"a": STRING}, "a"), _object({"b": STRING}, "b")]},
    "allOf of objects": {
        "allOf": [
            _object({"a": INTEGER}, "a"),
            _object({"b": {"type": "integer", "minimum": 3}, "a": {"maximum": 9}}, "b"),
        ]
    },
    "allOf with references": {
        "$defs": {"named": _object({"name": {"type": "string", "minLength": 2}}, "name")},
        "allOf": [
            {"$ref": "#/$defs/named"},
            _object({"age": {"type": "integer", "minimum": 0}, "name": {"maxLength": 5}}, "age"),
        ],
    },
    "allOf of unions": {
        "allOf": [
            {"anyOf": [{"type": "string"}, {"type": "number"}]},
            {"anyOf": [{"type": "number"}, {"type": "boolean"}]},
        ]
    },
    "enum with anyOf": {"enum": [1, "a", None, 2.5], "anyOf": [{"type": "string"}, {"minimum": 2}]},
    "not a type": {"not": {"type": ["object", "array"]}},
    "not a constant": {"type": "string", "not": {"const": "no"}, "maxLength": 3},
    "not some numbers": {"type": "integer", "minimum": 1, "maximum": 5, "not": {"enum": [2, 4]}},
    "not a pattern": {"type": "string", "maxLength": 8, "not": {"pattern": "[^a-c]"}},
    "not required": {**_object({"a": INTEGER, "b": INTEGER}), "not": {"required": ["a", "b"]}},
    "not both": {
        "type": "integer",
        "not": {"anyOf": [{"maximum": 3}, {"minimum": 7}]},
    },
    "if then else": {
        **_object({"country": {"enum": ["US", "DE"]}, "zip": STRING}, "country", "zip"),
        "if": {"properties": {"country": {"const": "US"}}, "required": ["country"]},
        "then": {"properties": {"zip": {"pattern": "^\\d{5}(-\\d{4})?$"}}},
        "else": {"properties": {"zip": {"pattern": "^D-\\d{5}$"}}},
    },
    "dependentRequired": {
        **_object({"card": STRING, "address": STRING, "note": STRING}),
        "dependentRequired": {"card": ["address"]},
    },
    "dependentSchemas": {
        **_object({"card": STRING, "cvc": {"type": ["integer", "string"]}}),
        "dependentSchemas": {
            "card": {"required": ["cvc"], "properties": {"cvc": {"type": "integer"}}}
        },
    },
}

REFERENCES: dict[str, Schema] = {
    "recursive tree": {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": _object(
                {
                    "value": INTEGER,
                    "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "value",
            )
        },
    },
    "recursive root": _object({"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}, "next"),
    "mutual recursion": {
        "$ref": "#/definitions/list",
        "definitions": {
            "list": {"type": "array", "items": {"$ref": "#/definitions/item"}},
            "item": {"anyOf": [INTEGER, {"$ref": "#/definitions/list"}]},
        },
    },
    "anchors and resources": {
        "$id": "https://example.com/root",
        "properties": {
            "a": {"$ref": "#small"},
            "b": {"$ref": "item"},
            "c": {"$ref": "#/$defs/pair/properties/x"},
        },
        "required": ["a", "b", "c"],
        "type": "object",
        "$defs": {
            "small": {"$anchor": "small", "type": "integer", "maximum": 9, "minimum": 0},
            "item": {
                "$id": "item",
                "$ref": "#/$defs/own",
                "$defs": {"own": {"const": "own"}},
            },
            "pair": _object({"x": {"type": "boolean"}}),
        },
    },
    "dynamic reference": {
        "$dynamicAnchor": "node",
        **_object({"value": INTEGER, "next": {"$dynamicRef": "#node"}}, "value", **CLOSED),
    },
    "reference with siblings": {
        "$defs": {"name": {"type": "string", "pattern": "^[a-z]+$"}},
        **_object({"name": {"$ref": "#/$defs/name", "maxLength": 4, "minLength": 2}}, "name"),
    },
    "escaped pointer": {
        "$defs": {"a/b": {"type": "null"}, "c~d": {"type": "boolean"}, "e f": INTEGER},
        **_object(
            {
                "x": {"$ref": "#/$defs/a~1b"},
                "y": {"$ref": "#/$defs/c~0d"},
                "z": {"$ref": "#/$defs/e%20f"},
            },
            "x",
            "y",
            "z",
        ),
    },
}

OBJECTS: dict[str, Schema] = {
    "free-form object": {"type": "object"},
    "map of integers": {"type": "object", "additionalProperties": INTEGER},
    "declared and described others": {
        **_object({"id": INTEGER, "a/b": STRING}, "id"),
        "additionalProperties": {"type": "boolean"},
    },
    "patternProperties": {
        "type": "object",
        "patternProperties": {"^x-": STRING, "^\\d+$": INTEGER},
        "additionalProperties": False,
    },
    "patternProperties beside properties": {
        **_object({"x-id": {"minLength": 3}, "n": INTEGER}, "x-id"),
        "patternProperties": {"^x-": STRING},
        "additionalProperties": {"type": "null"},
    },
    "propertyNames": {
        "type": "object",
        "propertyNames": {"pattern": "^[a-z]+$", "maxLength": 6},
        "additionalProperties": INTEGER,
    },
    "propertyNames from a list": {
        "type": "object",
        "propertyNames": {"enum": ["en", "de", "fr"]},
        "additionalProperties": STRING,
    },
    "minProperties": _object({"a": INTEGER, "b": INTEGER, "c": INTEGER}, minProperties=2),
    "maxProperties": {
        **_object({"a": INTEGER, "b": INTEGER, "c": INTEGER, "d": INTEGER}, "c"),
        "maxProperties": 2,
    },
    "minProperties of a map": {
        "type": "object",
        "additionalProperties": INTEGER,
        "minProperties": 1,
        "maxProperties": 3,
    },
    "minProperties with others": {
        **_object({"a": INTEGER, "b": INTEGER}),
        "additionalProperties": INTEGER,
        "minProperties": 3,
    },
    "minProperties beyond the declared": {**_object({"a": INTEGER}, "a"), "minProperties": 2},
    "required but not declared": {
        **_object({"a": INTEGER}, "a", "b"),
        "additionalProperties": STRING,
    },
    "strange names": _object(
        {'quo"te': INTEGER, "back\\slash": INTEGER, "new\nline": INTEGER, "ümläut 😀": INTEGER},
        'quo"te',
        "new\nline",
    ),
    "unevaluatedProperties": {
        "allOf": [{"$ref": "#/$defs/base"}],
        "$defs": {"base": _object({"a": INTEGER}, "a")},
        "properties": {"b": STRING},
        "unevaluatedProperties": False,
    },
    "no integer": {"type": "number", "not": {"type": "integer"}},
    "forbidden property": _object({"a": INTEGER, "b": False}, "a"),
}

ARRAYS: dict[str, Schema] = {
    "any array": {"type": "array"},
    "array of arrays": {
        "type": "array",
        "items": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3},
    },
    "tuple": {
        "type": "array",
        "prefixItems": [STRING, INTEGER, {"type": "boolean"}],
        "items": False,
        "minItems": 2,
    },
    "tuple with a tail": {
        "type": "array",
        "prefixItems": [STRING],
        "items": INTEGER,
        "minItems": 1,
        "maxItems": 4,
    },
    "exactly two": {"type": "array", "items": INTEGER, "minItems": 2, "maxItems": 2},
    "empty only": {"type": "array", "maxItems": 0},
    "many items": {"type": "array", "items": {"type": "null"}, "minItems": 3, "maxItems": 5000},
    "contains": {"type": "array", "contains": {"const": "x"}, "items": STRING, "maxItems": 4},
    "contains at most": {
        "type": "array",
        "items": INTEGER,
        "contains": {"minimum": 10},
        "minContains": 2,
        "maxContains": 2,
    },
    "set of listed values": {
        "type": "array",
        "items": {"enum": ["r", "w", "x", 1]},
        "uniqueItems": True,
        "minItems": 1,
        "maxItems": 3,
    },
    "unevaluatedItems": {
        "type": "array",
        "prefixItems": [INTEGER, STRING],
        "unevaluatedItems": False,
    },
    "objects in arrays in objects": _object(
        {"rows": {"type": "array", "items": _object({"cells": {"type": "array"}}, "cells")}}, "rows"
    ),
}

STRINGS: dict[str, Schema] = {
    "lengths": {"type": "string", "minLength": 2, "maxLength": 5},
    "long text": {"type": "string", "minLength": 300, "maxLength": 100_000},
    "slug": {"type": "string", "pattern": "^[a-z0-9]+(?:-[a-z0-9]+)*$"},
    "identifier with a length": {"type": "string", "pattern": "^[a-zA-Z0-9_-]{1,64}$"},
    "pattern anywhere": {"type": "string", "pattern": "ab+c", "maxLength": 12},
    "pattern at the end": {"type": "string", "pattern": "\\.(js|ts)x?$", "minLength": 5},
    "alternatives with own anchors": {"type": "string", "pattern": "^a|b$", "maxLength": 6},
    "two patterns": {
        "type": "string",
        "allOf": [{"pattern": "^[a-f]+$"}, {"pattern": "bad|cab"}],
        "maxLength": 10,
    },
    "escapes": {"type": "string", "pattern": '^\\s?["\\\\/]\\w+\\u0041\\x42\\cJ?\\S[^\\d\\s]$'},
    "unicode": {"type": "string", "pattern": "^[à-ü\\u{1F600}-\\u{1F64F}]{3}$"},
    "telephone": {"type": "string", "pattern": "^(\\([0-9]{3}\\))?[0-9]{3}-[0-9]{4}$"},
    "nothing but anchors": {"type": "string", "pattern": "^$"},
    "nested quantifiers": {"type": "string", "pattern": "^((a*)*b?){2,3}$", "maxLength": 9},
    "pattern and format": {"type": "string", "format": "date", "pattern": "^2024-"},
    **{f"format {name}": {"type": "string", "format": name} for name in FORMATS},
    "unknown format": {"type": "string", "format": "colour"},
    "enum of strings": {"enum": ["a", "ab", "abc", "b", 'q"', "tab\t", "\u0001", "é"]},
}

NUMBERS: dict[str, Schema] = {
    "integers from to": {"type": "integer", "minimum": -17, "maximum": 1204},
    "integers above": {"type": "integer", "exclusiveMinimum": 99},
    "integers below": {"type": "integer", "maximum": -5},
    "integers between fractions": {"type": "integer", "minimum": 0.5, "exclusiveMaximum": 3.0},
    "large integers": {"type": "integer", "minimum": 10**17},
    "numbers from to": {"type": "number", "minimum": -0.25, "maximum": 1.5},
    "numbers strictly between": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    "numbers above": {"type": "number", "exclusiveMinimum": 9.99},
    "numbers below": {"type": "number", "maximum": -0.001},
    "latitude": {"type": "number", "minimum": -90, "maximum": 90},
    "tiny numbers": {"type": "number", "minimum": 1e-9, "maximum": 2e-9},
    "one number": {"type": "number", "minimum": 0.1, "maximum": 0.1},
    "tens": {"type": "integer", "multipleOf": 10, "minimum": -30},
    "cents": {"type": "number", "multipleOf": 0.01, "minimum": 0},
    "few multiples": {"type": "integer", "multipleOf": 7, "minimum": 1, "maximum": 100},
    "quarters": {"type": "number", "multipleOf": 0.25, "minimum": -1, "maximum": 1},
    "whole numbers": {"type": "number", "multipleOf": 1, "maximum": 10},
    "bounds without a type": {"minimum": 3, "maxLength": 2},
}

OTHERS: dict[str, Schema] = {
    "anything": {},
    "true": True,
    "annotations only": {"title": "t", "description": "d", "default": 1, "examples": [2]},
    "list of kinds": {"type": ["integer", "null", "boolean"]},
    "const object": {"const": {"a": [1, 2.5, None, True, "x"], "b": {}}},
    "enum of everything": {"enum": [None, True, 0, 1.5, "", [], {}, {"a": 1}, -3, 1e22]},
    "enum filtered by type": {"type": "integer", "enum": ["1", 1, 2.0, 2.5, True]},
    "enum filtered by keywords": {"enum": [1, 5, 50], "exclusiveMinimum": 1, "not": {"const": 50}},
    "keywords of other kinds": {"type": "boolean", "minLength": 3, "minimum": 2, "required": ["a"]},
}

EXACT: dict[str, Schema] = {
    **TOOLS,
    **UNIONS,
    **REFERENCES,
    **OBJECTS,
    **ARRAYS,
    **STRINGS,
    **NUMBERS,
    **OTHERS,
}

WITH_GAPS: dict[str, tuple[Schema, list[str]]] = {
    "look-ahead": (
        _object({"a": {"type": "string", "pattern": "^(?=.*\\d).+$"}}, "a"),
        ["#/properties/a: pattern"],
    ),
    "word boundary": ({"type": "string", "pattern": "\\bword\\b"}, ["#: pattern"]),
    "back-reference": ({"type": "string", "pattern": "^(a|b)\\1$"}, ["#: pattern"]),
    "unique items": (
        {"type": "array", "items": INTEGER, "uniqueItems": True},
        ["#: uniqueItems"],
    ),
    "multiples without end": ({"type": "integer", "multipleOf": 3}, ["#: multipleOf"]),
    "reference to elsewhere": (
        _object({"a": {"$ref": "https://example.com/other"}}, "a"),
        ["#/properties/a: $ref"],
    ),
    "reference to nowhere": ({"$ref": "#/$defs/missing"}, ["#: $ref"]),
    "not an array of strings": (
        {"type": "array", "not": {"items": STRING}},
        ["#: not"],
    ),
    "if with items": (
        {
            "type": "array",
            "if": {"items": INTEGER},
            "then": {"minItems": 2},
            "else": {"maxItems": 1},
        },
        ["#: if"],
    ),
    "oneOf of arrays": (
        {"oneOf": [{"type": "array", "items": STRING}, {"type": "array", "items": INTEGER}]},
        ["#: oneOf"],
    ),
    "oneOf of formats": (
        {
            "type": "string",
            "oneOf": [{"format": "date"}, {"format": "date-time"}, {"const": "never"}],
        },
        ["#: oneOf"],
    ),
    "two keys at least": (
        {"type": "object", "additionalProperties": INTEGER, "minProperties": 2},
        ["#: minProperties"],
    ),
    "contains after a tuple": (
        {"type": "array", "prefixItems": [INTEGER], "contains": STRING},
        ["#: contains"],
    ),
    "cousins unevaluated": (
        {
            "allOf": [
                _object({"a": INTEGER}),
                {"properties": {"b": INTEGER}, "unevaluatedProperties": False},
            ]
        },
        ["#/allOf/1: unevaluatedProperties"],
    ),
}

UNSATISFIABLE: dict[str, Schema] = {
    "false": False,
    "empty enum": {"enum": []},
    "no kind in common": {"allOf": [{"type": "string"}, {"type": "integer"}]},
    "const of another kind": {"type": "string", "const": 1},
    "range without numbers": {"type": "number", "minimum": 2, "maximum": 1},
    "no integer between": {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
    "lengths crossed": {"type": "string", "minLength": 3, "maxLength": 2},
    "pattern against length": {"type": "string", "pattern": "^a{5}$", "maxLength": 4},
    "patterns against each other": {
        "allOf": [{"type": "string", "pattern": "^a+$"}, {"pattern": "^b+$"}]
    },
    "required and forbidden": _object({"a": False}, "a"),
    "required and not allowed": {**_object({"b": INTEGER}, "a"), **CLOSED},
    "an object that must hold itself": _object({"a": {"$ref": "#"}}, "a"),
    "items needed and forbidden": {"type": "array", "items": False, "minItems": 1},
    "more required than allowed": {
        **_object({"a": INTEGER, "b": INTEGER}, "a", "b"),
        "maxProperties": 1,
    },
    "not anything": {"not": {}},
}
