import json
import struct
from itertools import pairwise
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from antechamber.engines.messages_api.authentication import BearerToken
from antechamber.engines.messages_api.bedrock import BedrockHost
from antechamber.engines.messages_api.bedrock_stream import BedrockStream
from antechamber.engines.messages_api.event_stream_frames import Frame, FrameReader
from antechamber.turn.relay import RelayReader
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed
from tests.engines.messages_api import frames
from tests.engines.messages_api.cloud import CATALOGUE, HELLO, Cloud, ordered

COUNTS = {
    "input_tokens": 9,
    "cache_creation_input_tokens": 2_048,
    "cache_read_input_tokens": 5,
    "output_tokens": 1,
}
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "msg_bdrk_1", "usage": COUNTS}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "ping"},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": COUNTS},
    {"type": "message_stop"},
]
METRICS = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 9, "firstByteLatency": 1}}
EVENT_STREAM = {"content-type": "application/vnd.amazon.eventstream"}


def sse(event: dict[str, Any]) -> bytes:
    return b"event: " + event["type"].encode() + b"\ndata: " + encode_json(event) + b"\n\n"


def read(*pieces: bytes) -> bytes:
    stream = BedrockStream("Amazon Bedrock")
    return b"".join([stream.feed(piece) for piece in pieces]) + stream.end()


def split(text: bytes, at: set[int]) -> list[bytes]:
    edges = [0, *sorted(place for place in at if 0 < place < len(text)), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


THROTTLED = (
    b'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error",'
    b'"message":"Too many requests, please wait before trying again."}}\n\n'
)
STOPPED = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def test_the_published_frames_become_events_in_one_piece_and_byte_by_byte() -> None:
    both = frames.MESSAGE_STOP + frames.THROTTLING

    assert read(both) == STOPPED + THROTTLED
    assert read(*(both[at : at + 1] for at in range(len(both)))) == STOPPED + THROTTLED


def test_our_encoder_makes_the_published_frames() -> None:
    told = {"message": "Too many requests, please wait before trying again."}

    assert frames.exception("throttlingException", told) == frames.THROTTLING


@given(at=st.sets(st.integers(min_value=1, max_value=4_000)))
def test_a_stream_may_be_split_anywhere(at: set[int]) -> None:
    whole = b"".join([frames.event(encode_json(event)) for event in EVENTS])

    assert read(*split(whole, at)) == b"".join([sse(event) for event in EVENTS])


_TYPES = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


@st.composite
def _headers(draw: st.DrawFn) -> bytes:
    names = draw(st.lists(st.text("abc:-", min_size=1, max_size=9), unique=True, max_size=5))
    made = b""
    for name in names:
        kind = draw(_TYPES)
        value = draw(st.binary(min_size=(size := _SIZES.get(kind, 0)), max_size=size))
        if kind in (6, 7):
            text = draw(st.text(max_size=20)).encode()
            value = struct.pack(">H", len(text)) + text
        made += bytes([len(name)]) + name.encode() + bytes([kind]) + value
    return made


@given(headers=_headers(), payload=st.binary(max_size=200), at=st.sets(st.integers(1, 400)))
def test_frames_are_read_as_botocore_reads_them(
    headers: bytes, payload: bytes, at: set[int]
) -> None:
    whole = frames.frame(headers, payload)
    theirs = EventStreamBuffer()
    theirs.add_data(whole)
    golden = next(iter(theirs))

    reader = FrameReader("x")
    ours = [frame for piece in split(whole, at) for frame in reader.feed(piece)]

    strings = {name: value for name, value in golden.headers.items() if isinstance(value, str)}
    assert ours == [Frame(headers=strings, payload=golden.payload)]
    assert reader.is_between_frames


@given(place=st.integers(0, len(frames.MESSAGE_STOP) - 1), bit=st.integers(0, 7))
def test_one_bit_that_was_flipped_is_noticed(place: int, bit: int) -> None:
    broken = bytearray(frames.MESSAGE_STOP)
    broken[place] ^= 1 << bit

    with pytest.raises(EngineFailed, match="Amazon Bedrock"):
        read(bytes(broken))


@pytest.mark.parametrize("kept", [1, 11, 12, 50, len(frames.MESSAGE_STOP) - 1])
def test_a_stream_that_ends_inside_a_frame_is_told(kept: int) -> None:
    with pytest.raises(EngineFailed, match="in the middle of a frame"):
        read(frames.THROTTLING, frames.MESSAGE_STOP[:kept])


def test_a_frame_of_an_impossible_size_is_not_waited_for() -> None:
    huge = frames.frame(b"", b"x" * (24 * 1024 * 1024))

    with pytest.raises(EngineFailed, match="impossible size"):
        read(huge[:12])


def test_the_metrics_of_bedrock_are_taken_out() -> None:
    last = {"type": "message_stop"} | METRICS

    assert read(frames.event(encode_json(last))) == STOPPED


def test_an_event_over_several_lines_stays_one_event() -> None:
    text = json.dumps({"type": "ping", "note": "a\u2028b"}, indent=2, ensure_ascii=False).encode()

    assert read(frames.event(text)) == (
        'event: ping\ndata: {"type":"ping","note":"a\u2028b"}\n\n'.encode()
    )


@pytest.mark.parametrize("text", [b"", b"7", b"[]", b'{"completion":"x"}', b'{"type":'])
def test_an_event_that_is_none_of_the_api_is_the_engines_fault(text: bytes) -> None:
    with pytest.raises(EngineFailed, match="none of the Messages API"):
        read(frames.event(text))


def test_frames_of_kinds_that_are_yet_to_come_are_passed_over() -> None:
    kind = frames.header(":message-type", "event") + frames.header(":event-type", "later")

    assert read(frames.frame(kind, b"{}"), frames.MESSAGE_STOP) == STOPPED


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("throttlingException", "rate_limit_error"),
        ("validationException", "invalid_request_error"),
        ("internalServerException", "api_error"),
        ("modelStreamErrorException", "api_error"),
        ("serviceUnavailableException", "overloaded_error"),
        ("modelTimeoutException", "timeout_error"),
        ("ThrottlingException", "rate_limit_error"),
        ("somethingNewException", "api_error"),
    ],
)
def test_an_exception_in_the_stream_has_the_apis_own_type(name: str, expected: str) -> None:
    reader = RelayReader()

    reader.feed(read(frames.exception(name, {"message": "Said so."})))

    assert reader.error_type == expected
    assert reader.ended


def test_an_exception_tells_what_the_model_said_where_it_says_nothing_itself() -> None:
    told = {"originalStatusCode": 500, "originalMessage": "The model stumbled."}

    assert b"The model stumbled." in read(frames.exception("modelStreamErrorException", told))


def test_an_error_frame_of_the_service_is_an_error_too() -> None:
    headers = (
        frames.header(":message-type", "error")
        + frames.header(":error-code", "InternalServerException")
        + frames.header(":error-message", "Broke.")
    )

    assert read(frames.frame(headers, b"")) == (
        b'event: error\ndata: {"type":"error","error":{"type":"api_error","message":"Broke."}}\n\n'
    )


def bedrock(cloud: Cloud) -> BedrockHost:
    return BedrockHost(
        "us-west-2", BearerToken("x"), canonical=CATALOGUE.canonical, base_url=cloud.url
    )


async def test_a_stream_comes_back_as_server_sent_events(cloud: Cloud) -> None:
    cloud.headers = EVENT_STREAM
    events = [*EVENTS[:-1], EVENTS[-1] | METRICS]
    cloud.pieces = [frames.event(encode_json(event)) for event in events]

    told = await cloud.relay(bedrock(cloud), ordered({**HELLO, "stream": True}))

    assert told.body == b"".join([sse(event) for event in EVENTS])
    assert told.headers["content-type"].startswith("text/event-stream")


async def test_a_gateway_that_has_taken_the_framing_off_is_passed_as_it_is(cloud: Cloud) -> None:
    cloud.headers = {"content-type": "text/event-stream; charset=utf-8"}
    cloud.pieces = [sse(event) for event in EVENTS]

    told = await cloud.relay(bedrock(cloud), ordered({**HELLO, "stream": True}))

    assert told.body == b"".join(cloud.pieces)


async def test_t36_usage_is_the_same_streamed_and_not(cloud: Cloud) -> None:
    """Pitfall T36: with both events counted, thinking in a stream doubled the cache writes."""
    whole, streamed = RelayReader(), RelayReader()
    cloud.pieces = (encode_json({"type": "message", "content": [], "usage": COUNTS}),)
    whole.feed_whole((await cloud.relay(bedrock(cloud), ordered())).body)
    cloud.headers = EVENT_STREAM
    cloud.pieces = [frames.event(encode_json(event)) for event in EVENTS]
    streamed.feed((await cloud.relay(bedrock(cloud), ordered({**HELLO, "stream": True}))).body)

    assert streamed.usage == whole.usage
    assert streamed.usage.cache_creation_input_tokens == 2_048


def test_an_exception_in_the_stream_gets_the_id_of_the_request() -> None:
    stream = BedrockStream("Amazon Bedrock", "req_1")

    said = stream.feed(frames.exception("throttlingException", {"message": "No."}))

    assert said == (
        b'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"No."},'
        b'"request_id":"req_1"}\n\n'
    )
