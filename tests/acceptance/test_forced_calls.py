"""A forced choice always yields a call of a declared tool whose input is valid, on any model."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import jsonschema_rs
import pytest

from tests.servers import RunningServer

pytestmark = pytest.mark.xdist_group("embedded")

_TEXT = {"type": "string"}
_POINT = {
    "type": "object",
    "properties": {"x": {"type": "number"}, "y": {"type": "number"}},
    "required": ["x", "y"],
    "additionalProperties": False,
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "get_weather": {
        "type": "object",
        "properties": {
            "city": _TEXT,
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city"],
    },
    "add": {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "minimum": -5, "maximum": 120},
            "b": {"type": "integer", "exclusiveMinimum": 0},
        },
        "required": ["a", "b"],
        "additionalProperties": False,
    },
    "write_todos": {
        "type": "object",
        "properties": {
            "todos": {
                "type": "array",
                "minItems": 1,
                "maxItems": 3,
                "items": {
                    "type": "object",
                    "properties": {
                        "content": {"type": "string", "minLength": 1, "maxLength": 60},
                        "status": {"enum": ["pending", "in_progress", "completed"]},
                    },
                    "required": ["content", "status"],
                    "additionalProperties": False,
                },
            }
        },
        "required": ["todos"],
    },
    "book": {
        "type": "object",
        "properties": {
            "date": {"type": "string", "format": "date"},
            "email": {"type": "string", "format": "email"},
            "seats": {"type": "array", "items": {"type": "integer"}, "maxItems": 4},
        },
        "required": ["date", "email"],
    },
    "draw": {
        "type": "object",
        "properties": {"from": {"$ref": "#/$defs/point"}, "to": {"$ref": "#/$defs/point"}},
        "required": ["from", "to"],
        "$defs": {"point": _POINT},
    },
    "look_up": {
        "type": "object",
        "properties": {"key": {"type": "string", "pattern": "^[A-Z]{2,4}-[0-9]{1,3}$"}},
        "required": ["key"],
    },
    "set_value": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "value": {"anyOf": [{"type": "boolean"}, {"type": "null"}, {"type": "integer"}]},
        },
        "required": ["name", "value"],
    },
    "choose": {
        "type": "object",
        "properties": {
            "options": {
                "type": "array",
                "uniqueItems": True,
                "maxItems": 3,
                "items": {"enum": ["red", "green", "blue"]},
            }
        },
        "required": ["options"],
    },
    "make_tree": {
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/node"}},
        "required": ["root"],
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "maxLength": 12},
                    "children": {
                        "type": "array",
                        "maxItems": 2,
                        "items": {"$ref": "#/$defs/node"},
                    },
                },
                "required": ["name"],
                "additionalProperties": False,
            }
        },
    },
    "ping": {"type": "object", "properties": {}, "additionalProperties": False},
}
_CALLS_EACH = 10


def _call(client: anthropic.Anthropic, name: str, question: str) -> str | None:
    """Force one call and return what is wrong with it."""
    answer = client.messages.create(
        model="claude-opus-5",
        max_tokens=2000,
        messages=[{"role": "user", "content": question}],
        tools=[{"name": name, "description": f"Use {name}.", "input_schema": _SCHEMAS[name]}],
        tool_choice={"type": "tool", "name": name},
    )
    block = answer.content[-1]
    if block.type != "tool_use" or block.name != name or answer.stop_reason != "tool_use":
        return f"{name}: {answer.stop_reason} {block!r}"
    if not jsonschema_rs.is_valid(_SCHEMAS[name], block.input):
        return f"{name}: invalid {block.input!r}"
    return None


def _faults(server: RunningServer, calls_each: int) -> list[str]:
    client = anthropic.Anthropic(base_url=server.url, api_key="any", timeout=300, max_retries=0)
    orders = [
        (name, f"Question {number}: please use the tool now.")
        for name in _SCHEMAS
        for number in range(calls_each)
    ]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda order: _call(client, *order), orders)
        return [fault for fault in found if fault is not None]


@pytest.mark.timeout(300)
def test_every_schema_is_met_once(embedded_auto: RunningServer) -> None:
    assert _faults(embedded_auto, 1) == []


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_hundred_forced_calls_are_a_hundred_valid_ones(embedded_auto: RunningServer) -> None:
    assert _faults(embedded_auto, _CALLS_EACH) == []
