"""The checker of streams sees what clients do not."""

from copy import deepcopy
from typing import Any

import pytest

from tests.stream_grammar import Event, check_stream, parse_sse

USAGE = {
    "input_tokens": 25,
    "output_tokens": 1,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-test-1",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "stop_details": None,
    "container": None,
    "usage": USAGE,
}
START: Event = ("message_start", {"type": "message_start", "message": MESSAGE})
PING: Event = ("ping", {"type": "ping"})
STOP: Event = ("message_stop", {"type": "message_stop"})
ERROR: Event = (
    "error",
    {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": "req_1",
    },
)
TEXT = {"type": "text", "text": ""}
THOUGHT = {"type": "thinking", "thinking": "", "signature": ""}
CALL = {
    "type": "tool_use",
    "id": "toolu_1",
    "name": "run",
    "input": {},
    "caller": {"type": "direct"},
}


def opens(index: int, block: dict[str, Any]) -> Event:
    data = {"type": "content_block_start", "index": index, "content_block": block}
    return "content_block_start", data


def delta(index: int, kind: str, **values: Any) -> Event:
    data = {"type": "content_block_delta", "index": index, "delta": {"type": kind, **values}}
    return "content_block_delta", data


def closes(index: int) -> Event:
    return "content_block_stop", {"type": "content_block_stop", "index": index}


def says(index: int, text: str = "Hi") -> Event:
    return delta(index, "text_delta", text=text)


def writes(index: int, text: str) -> Event:
    return delta(index, "input_json_delta", partial_json=text)


def ends(reason: str | None, sequence: str | None = None, **usage: Any) -> Event:
    data = {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": sequence},
        "usage": {"output_tokens": 9, **usage},
    }
    return "message_delta", data


SAID = [opens(0, TEXT), says(0), closes(0)]
CALLED = [opens(0, CALL), writes(0, ""), writes(0, "{}"), closes(0)]
CUT = [opens(0, CALL), writes(0, ""), writes(0, '{"a'), closes(0)]
THOUGHT_OF = [
    opens(0, THOUGHT),
    delta(0, "thinking_delta", thinking="Hm"),
    delta(0, "signature_delta", signature="s"),
    closes(0),
]


def second(block: dict[str, Any]) -> dict[str, Any]:
    return {**block, "id": "toolu_2"}


@pytest.mark.parametrize(
    "events",
    [
        [START, ends("end_turn"), STOP],
        [START, *SAID, ends("end_turn"), STOP],
        [START, PING, opens(0, TEXT), PING, says(0), closes(0), PING, ends("end_turn"), STOP],
        [START, *SAID, ends(None), ends("end_turn"), STOP],
        [START, *SAID, ends("stop_sequence", "END"), STOP],
        [START, *CALLED, ends("tool_use"), STOP],
        [START, *CUT, ends("max_tokens"), STOP],
        [START, *THOUGHT_OF, ends("max_tokens"), STOP],
        [
            START,
            opens(0, {"type": "redacted_thinking", "data": "x"}),
            closes(0),
            ends("end_turn"),
            STOP,
        ],
        [ERROR],
        [START, ERROR],
        [START, opens(0, CALL), writes(0, ""), writes(0, '{"a'), ERROR],
    ],
)
def test_a_correct_stream_passes(events: list[Event]) -> None:
    check_stream(events)


WRONG: dict[str, list[Event]] = {
    "empty": [],
    "no start": [*SAID, ends("end_turn"), STOP],
    "two starts": [START, START, ends("end_turn"), STOP],
    "no end": [START, *SAID],
    "no message_stop": [START, *SAID, ends("end_turn")],
    "no message_delta": [START, *SAID, STOP],
    "end without reason": [START, *SAID, ends("end_turn"), ends(None), STOP],
    "after message_stop": [START, ends("end_turn"), STOP, PING],
    "after error": [START, ERROR, STOP],
    "ping after message_delta": [START, ends("end_turn"), PING, STOP],
    "block after message_delta": [START, ends("end_turn"), *SAID, STOP],
    "name and type differ": [START, ("ping", {"type": "pong"}), ends("end_turn"), STOP],
    "unknown event": [START, ("done", {"type": "done"}), ends("end_turn"), STOP],
    "index with a gap": [START, opens(1, TEXT), says(1), closes(1), ends("end_turn"), STOP],
    "block never opened": [START, says(0), ends("end_turn"), STOP],
    "block reopened": [START, *SAID, *SAID, ends("end_turn"), STOP],
    "two blocks open": [START, opens(0, TEXT), opens(1, TEXT), says(1), closes(1), STOP],
    "delta for another block": [START, *SAID, opens(1, TEXT), says(0), closes(1), STOP],
    "delta after the block": [START, *SAID, says(0), ends("end_turn"), STOP],
    "delta that does not fit": [START, opens(0, THOUGHT), says(0), closes(0), STOP],
    "block never closed": [START, opens(0, TEXT), says(0), ends("end_turn"), STOP],
    "blank text": [START, opens(0, TEXT), says(0, " "), closes(0), ends("end_turn"), STOP],
    "empty delta": [START, opens(0, TEXT), says(0, ""), closes(0), ends("end_turn"), STOP],
    "thought without signature": [START, *THOUGHT_OF[:2], closes(0), ends("end_turn"), STOP],
    "two signatures": [START, *THOUGHT_OF[:3], THOUGHT_OF[2], closes(0), ends("end_turn"), STOP],
    "thought goes on": [START, *THOUGHT_OF[:3], THOUGHT_OF[1], closes(0), ends("end_turn"), STOP],
    "call without delta": [START, opens(0, CALL), closes(0), ends("tool_use"), STOP],
    "call without first delta": [START, opens(0, CALL), writes(0, "{}"), closes(0), STOP],
    "call with an empty delta": [START, *CALLED[:2], writes(0, ""), *CALLED[2:], STOP],
    "cut call": [START, *CUT, ends("tool_use"), STOP],
    "cut call at an ordinary end": [START, *CUT, ends("end_turn"), STOP],
    "cut call in the middle": [
        *(START, *CUT, opens(1, TEXT), says(1), closes(1), ends("max_tokens"), STOP)
    ],
    "end_turn after a call": [START, *CALLED, ends("end_turn"), STOP],
    "max_tokens after a call": [START, *CALLED, ends("max_tokens"), STOP],
    "end_turn while a call waits": [
        *(START, *CALLED, opens(1, TEXT), says(1), closes(1), ends("end_turn"), STOP)
    ],
    "tool_use without a call": [START, *SAID, ends("tool_use"), STOP],
    "foreign tool id": [START, opens(0, {**CALL, "id": "call_1"}), *CALLED[1:], STOP],
    "tool id twice": [
        *(START, *CALLED, opens(1, CALL), writes(1, ""), writes(1, "{}"), closes(1)),
        *(ends("tool_use"), STOP),
    ],
    "stop_sequence without reason": [START, *SAID, ends("end_turn", "END"), STOP],
    "reason without stop_sequence": [START, *SAID, ends("stop_sequence"), STOP],
    "unknown reason": [START, *SAID, ends("length"), STOP],
    "usage shrinks": [START, *SAID, ends("end_turn"), ends("end_turn", output_tokens=3), STOP],
    "usage below the start": [START, *SAID, ends("end_turn", output_tokens=0), STOP],
    "usage missing": [START, *SAID, ends("end_turn", output_tokens=None), STOP],
    "more thinking than output": [
        *(START, *SAID, ends("end_turn", output_tokens_details={"thinking_tokens": 10}), STOP)
    ],
    "error without a message": [
        START,
        ("error", {**ERROR[1], "error": {"type": "", "message": ""}}),
    ],
}


@pytest.mark.parametrize("events", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_stream_is_found_out(events: list[Event]) -> None:
    with pytest.raises(AssertionError):
        check_stream(events)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("id", "chatcmpl-1"), ("type", None), ("role", "user"), ("model", "")),
        *(("content", [TEXT]), ("stop_reason", "end_turn"), ("stop_sequence", "x")),
        *(("usage", {**USAGE, "input_tokens": 0}), ("usage", {**USAGE, "output_tokens": 0})),
        ("usage", {**USAGE, "cache_creation_input_tokens": 5}),
    ],
)
def test_a_wrong_start_is_found_out(key: str, value: object) -> None:
    start = deepcopy(START)
    start[1]["message"][key] = value

    with pytest.raises(AssertionError):
        check_stream([start, ends("end_turn"), STOP])


def test_a_start_without_a_required_key_is_found_out() -> None:
    start = deepcopy(START)
    del start[1]["message"]["container"]

    with pytest.raises(AssertionError, match="container"):
        check_stream([start, ends("end_turn"), STOP])


def test_bytes_become_events() -> None:
    stream = (
        b'event: ping\ndata: {"type": "ping"}\n\nevent: x\ndata: {"type":"x","a":"\xc3\xa9"}\n\n'
    )

    assert parse_sse(stream) == [("ping", {"type": "ping"}), ("x", {"type": "x", "a": "é"})]
    assert parse_sse(b"") == []


@pytest.mark.parametrize(
    "stream",
    [
        b'event: ping\ndata: {"type": "ping"}\n',
        b'event: ping\ndata: {"type": "ping"}\n\ndata: [DONE]\n\n',
        b'data: {"type": "ping"}\n\n',
        b'event: ping\ndata: {"type":\ndata: "ping"}\n\n',
        b'event: ping\ndata: {"a": NaN}\n\n',
        b'event: ping\ndata: {"a": 1, "a": 2}\n\n',
        'event: ping\ndata: {"a": "\u2028"}\n\n'.encode(),
        b"event: ping\ndata: []\n\n",
    ],
)
def test_bytes_in_another_form_are_found_out(stream: bytes) -> None:
    with pytest.raises(AssertionError):
        parse_sse(stream)
