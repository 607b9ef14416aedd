"""A stream of the Messages API read as engine events, and its errors as ours."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.messages_stream import MessagesStreamReader, refusal_of
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    RedactedThinkingOpened,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineLacksModel,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
    RequestTooLarge,
)

Data = dict[str, Any]


def opened(index: int, **block: object) -> Data:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **fields: object) -> Data:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def closed(index: int) -> Data:
    return {"type": "content_block_stop", "index": index}


def ended(reason: str | None = "end_turn", **usage: int) -> Data:
    fields = {"stop_reason": reason, "stop_sequence": None}
    return {"type": "message_delta", "delta": fields, "usage": usage}


START: Data = {
    "type": "message_start",
    "message": {"id": "msg_1", "usage": {"input_tokens": 25, "cache_read_input_tokens": 7}},
}
STOP: Data = {"type": "message_stop"}
TURN: list[Data] = [
    START,
    opened(0, type="thinking", thinking="", signature=""),
    delta(0, "thinking_delta", thinking="Hm."),
    delta(0, "signature_delta", signature="EqQB"),
    closed(0),
    opened(1, type="redacted_thinking", data="opaque"),
    closed(1),
    {"type": "ping"},
    opened(2, type="text", text="O"),
    delta(2, "text_delta", text="ne\u2028"),
    closed(2),
    opened(3, type="server_tool_use", id="srvtoolu_1", name="web_search", input={}),
    delta(3, "input_json_delta", partial_json='{"query":'),
    closed(3),
    opened(4, type="tool_use", id="toolu_1", name="look", input={}),
    delta(4, "input_json_delta", partial_json=""),
    delta(4, "input_json_delta", partial_json='{"at": "it"}'),
    closed(4),
    ended("tool_use", output_tokens=15),
    STOP,
]
EVENTS: list[EngineEvent] = [
    UsageReported(input_tokens=25, cache_read_input_tokens=7),
    ThinkingOpened(),
    BlockDelta(text="Hm."),
    BlockClosed(),
    RedactedThinkingOpened(data="opaque"),
    BlockClosed(),
    TextOpened(),
    BlockDelta(text="O"),
    BlockDelta(text="ne\u2028"),
    BlockClosed(),
    ToolUseOpened(name="look", id="toolu_1"),
    BlockDelta(text='{"at": "it"}'),
    BlockClosed(),
    UsageReported(output_tokens=15),
    TurnEnded(stop_reason="tool_use"),
]


def written(*events: Data) -> bytes:
    return "".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
        for event in events
    ).encode()


def read(stream: bytes, *cuts: int) -> list[EngineEvent]:
    reader = MessagesStreamReader("upstream")
    places = sorted({0, len(stream), *(cut % len(stream) for cut in cuts)})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    return [event for piece in pieces for event in reader.feed(piece)]


@given(st.lists(st.integers(0, 10_000), max_size=10))
def test_a_turn_is_the_same_whatever_way_it_is_cut(cuts: list[int]) -> None:
    assert read(written(*TURN), *cuts) == EVENTS


def test_why_it_ended_comes_with_the_end() -> None:
    fields: Data = {
        "type": "message_delta",
        "delta": {"stop_reason": "stop_sequence", "stop_sequence": "###"},
    }

    assert read(written(fields, STOP)) == [
        TurnEnded(stop_reason="stop_sequence", stop_sequence="###")
    ]


def test_a_stream_that_breaks_off_has_no_end() -> None:
    found = read(written(*TURN[:-1]))

    assert not any(isinstance(event, TurnEnded) for event in found)


ERRORS: list[tuple[str, type[ApiError], str]] = [
    ("invalid_request_error", InvalidRequest, "no"),
    ("request_too_large", RequestTooLarge, "no"),
    ("authentication_error", EngineRefusesUs, "upstream: no"),
    ("permission_error", EngineLacksModel, "upstream: no"),
    ("not_found_error", EngineLacksModel, "upstream: no"),
    ("billing_error", EngineRefusesUs, "upstream: no"),
    ("rate_limit_error", EngineRateLimited, "no"),
    ("timeout_error", EngineTimedOut, "no"),
    ("overloaded_error", Overloaded, "no"),
    ("api_error", EngineFailed, "upstream: no"),
    ("an_error_of_tomorrow", EngineFailed, "upstream: no"),
]


@pytest.mark.parametrize(("kind", "error", "message"), ERRORS)
def test_an_error_is_whose_fault_it_is(kind: str, error: type[ApiError], message: str) -> None:
    told: Data = {"type": "error", "error": {"type": kind, "message": "no"}}

    refused = refusal_of(json.dumps(told).encode(), "upstream", status=429, retry_after_s=3.0)
    with pytest.raises(error) as caught:
        read(written(START, told))

    assert type(refused) is type(caught.value) is error
    assert refused.message == caught.value.message == message
    assert refused.retry_after_s == 3.0


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b'{"error":', b'{"error":"x"}'])
def test_an_error_that_is_none_of_the_api_names_the_upstream(body: bytes) -> None:
    """Pitfall T59."""
    refused = refusal_of(body, "upstream", status=502, retry_after_s=None)

    assert type(refused) is EngineFailed
    assert "upstream" in refused.message


@pytest.mark.parametrize(("status", "error"), [(413, RequestTooLarge), (429, EngineRateLimited)])
def test_a_page_in_place_of_an_error_means_what_its_status_says(
    status: int, error: type[ApiError]
) -> None:
    refused = refusal_of(b"<html></html>", "upstream", status=status, retry_after_s=None)

    assert type(refused) is error
    assert refused.message == f"upstream answered with status {status}."


def test_an_event_that_is_none_of_the_api_names_the_upstream() -> None:
    with pytest.raises(EngineFailed, match="upstream"):
        read(b"data: [DONE]\n\n")


def test_an_event_that_never_ends_names_the_upstream() -> None:
    reader = MessagesStreamReader("upstream")

    with pytest.raises(EngineFailed, match="upstream"):
        for _ in range(40):
            list(reader.feed(b"x" * (1024 * 1024)))
