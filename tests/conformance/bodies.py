"""Requests that tests begin from."""

from typing import Any

OPUS = "claude-opus-5-5"
SONNET = "claude-sonnet-5-5"
HAIKU = "claude-haiku-5-5"
"""The newest of each line in the newest SDK's list."""

WEATHER: Any = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["location"],
    },
}


def user(content: object) -> Any:
    return {"role": "user", "content": content}


def assistant(content: object) -> dict[str, Any]:
    return {"role": "assistant", "content": content}


def body(content: object = "Hello", **fields: Any) -> dict[str, Any]:
    """Make a request with one user message; a field that is ``None`` is left out."""
    made = {"model": OPUS, "max_tokens": 1000, "messages": [user(content)], **fields}
    return {name: value for name, value in made.items() if value is not None}


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def tool_use(tool_id: str = "toolu_01", name: str = "get_weather", **arguments: Any) -> Any:
    return {"type": "tool_use", "id": tool_id, "name": name, "input": arguments}


def tool_result(content: object = "15 degrees", tool_id: str = "toolu_01", **fields: Any) -> Any:
    return {"type": "tool_result", "tool_use_id": tool_id, "content": content, **fields}
