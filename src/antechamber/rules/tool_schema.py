"""What the ``input_schema`` of a tool may be: JSON Schema 2020-12 with an object at its top."""

import re
from functools import cache
from typing import cast

import jsonschema_rs

from antechamber.rules.reading import Reading
from antechamber.rules.tools import custom_tools
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.shape import JsonObject

_UNIONS = ("oneOf", "allOf", "anyOf")
_PROPERTY_KEY = "[a-zA-Z0-9_.-]{1,64}"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
INVALID = (
    "JSON schema is invalid. It must match JSON Schema draft 2020-12 "
    "(https://json-schema.org/draft/2020-12)."
)


def refuse_tool_schemas_that_are_none(reading: Reading) -> None:
    """Tool by tool: unions at the top, names of properties, then the schema as a whole."""
    for path, tool in custom_tools(reading):
        if not _is_tool_schema(tool.input_schema):
            raise InvalidRequest(f"{path}.input_schema{_what_is_wrong(tool.input_schema)}")


def is_json_schema(schema: JsonObject) -> bool:
    """Whether it is valid by draft 2020-12, whatever ``$schema`` it names."""
    return _json_schemas().is_valid(schema)


def _is_tool_schema(schema: JsonObject) -> bool:
    # Null stands for absent here, as in the published shape.
    if schema.get("properties", ...) is None or schema.get("required", ...) is None:
        schema = {key: value for key, value in schema.items() if value is not None}
    return _tool_schemas().is_valid(schema)


def _what_is_wrong(schema: JsonObject) -> str:
    if any(union in schema for union in _UNIONS):
        # anthropics/claude-code#27337
        return ": input_schema does not support oneOf, allOf, or anyOf at the top level"
    properties = schema.get("properties")
    named = cast("JsonObject", properties) if isinstance(properties, dict) else {}
    if not all(re.fullmatch(_PROPERTY_KEY, name) for name in named):
        # n8n-io/n8n#30590
        return f".properties: Property keys should match pattern '^{_PROPERTY_KEY}$'"
    # anthropics/claude-code#86664
    return (
        f": {INVALID} Learn more about tool use at "
        "https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview."
    )


# Compiled once a process; the meta-schema ships with the library.
@cache
def _json_schemas() -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for({"$ref": _DRAFT})


@cache
def _tool_schemas() -> jsonschema_rs.Validator:
    """All three questions in one pass: an agent declares dozens of tools with every request."""
    return jsonschema_rs.validator_for(
        {
            "$ref": _DRAFT,
            "properties": {
                "properties": {"propertyNames": {"pattern": rf"^{_PROPERTY_KEY}\z"}},
                **dict.fromkeys(_UNIONS, False),
            },
        }
    )
