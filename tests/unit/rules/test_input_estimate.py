"""What limits are told of a request before it is answered."""

import pytest

from antechamber.rules.input_estimate import has_breakpoints
from antechamber.wire.encoding import encode_json
from antechamber.wire.parse import parse_message_request
from tests.unit.rules.requests import Fields, assistant, text, user

MARK = {"cache_control": {"type": "ephemeral"}}
TOOL = {"name": "look", "input_schema": {"type": "object"}}


def is_marked(**fields: object) -> bool:
    body: Fields = {
        "model": "claude-opus-5",
        "max_tokens": 1,
        "messages": [user("One."), assistant("Two."), user("Three.")],
    }
    return has_breakpoints(parse_message_request(encode_json({**body, **fields})))


def test_a_request_without_marks_reads_no_cache() -> None:
    assert not is_marked()
    assert not is_marked(tools=[TOOL], system=[text("Be brief.")])


@pytest.mark.parametrize(
    "fields",
    [
        MARK,
        {"tools": [{**TOOL, **MARK}, TOOL]},
        {"system": [text("Be brief.", **MARK)]},
        {"messages": [user(text("One.", **MARK)), assistant("Two."), user("Three.")]},
        {"messages": [user("One."), assistant("Two."), user("Three.", text("Four.", **MARK))]},
    ],
)
def test_a_mark_anywhere_may_mean_a_read(fields: Fields) -> None:
    assert is_marked(**fields)
