import json
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.openai_front.request import to_messages_request
from antechamber.dialects.openai_front.shapes import ChatRequest, parse_chat_request
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.parse import parse_message_request
from tests.unit.dialects.openai_front.requests import assistant, call, function, result, user

KEYS = st.sampled_from(
    [
        "type",
        "role",
        "content",
        "text",
        "function",
        "name",
        "schema",
        "properties",
        "items",
        "anyOf",
        "$ref",
        "arguments",
        "id",
        "url",
        "image_url",
        "json_schema",
        "mode",
        "tools",
    ]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 3)
    | st.floats(allow_nan=False)
    | st.sampled_from(["", " ", "user", "function", "text", "object", "auto", "json_schema", "#"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*ChatRequest.model_fields, "seed", "store", "anything"])
WHOLE: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "messages": [
        user([{"type": "text", "text": "Hello"}]),
        assistant("I look.", tool_calls=[call()]),
        result(),
        user(),
    ],
    "tools": [function(parameters={"type": "object", "properties": {}}, strict=True)],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}},
    "stream_options": {"include_usage": True},
}


@given(st.dictionaries(FIELDS, VALUES, max_size=3))
def test_any_request_is_converted_or_refused(changes: dict[str, Any]) -> None:
    _convert(WHOLE | changes)


@given(st.data())
def test_any_change_inside_a_request_is_converted_or_refused(data: st.DataObject) -> None:
    asked = json.loads(json.dumps(WHOLE))
    place: Any = asked
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else [0]))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(VALUES)
            break
        place = place[key]

    _convert(asked)


def _convert(asked: dict[str, Any]) -> None:
    with suppress(InvalidRequest):
        chat = parse_chat_request(json.dumps(asked).encode())
        conversion = to_messages_request(
            chat, default_max_tokens=9, hosted=False, holds_open_objects=True
        )
        parse_message_request(encode_json(conversion.body))
