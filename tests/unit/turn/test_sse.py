import pytest

from antechamber.turn.sse import PING, error_frame, frame
from antechamber.wire.errors import InvalidRequest, Overloaded
from antechamber.wire.stream import ContentBlockDelta, MessageStop, Ping, TextDelta
from tests.stream_grammar import check_stream, parse_sse


def test_an_event_is_its_name_one_line_of_json_and_a_blank_line() -> None:
    written = frame(ContentBlockDelta(0, TextDelta("Hé\n")))

    assert written == (
        b"event: content_block_delta\n"
        b'data: {"type":"content_block_delta","index":0,'
        b'"delta":{"type":"text_delta","text":"H\xc3\xa9\\n"}}\n\n'
    )


@pytest.mark.parametrize("text", ["\u2028", "\u2029", "\x85", "\r\n", "\x0b\x0c\x1c\x1d\x1e", "\0"])
def test_no_text_breaks_its_line(text: str) -> None:
    written = frame(ContentBlockDelta(0, TextDelta(text)))

    assert len(written.decode().splitlines()) == 3
    ((_, data),) = parse_sse(written)
    assert data["delta"]["text"] == text


def test_pings_are_real_events() -> None:
    assert parse_sse(PING) == parse_sse(frame(Ping())) == [("ping", {"type": "ping"})]


def test_the_last_event_is_short() -> None:
    assert frame(MessageStop()) == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


def test_an_error_ends_a_stream() -> None:
    read = parse_sse(error_frame(Overloaded("Over\u2028loaded"), "req_1"))

    check_stream(read)
    assert read == [
        (
            "error",
            {
                "type": "error",
                "error": {"type": "overloaded_error", "message": "Over\u2028loaded"},
                "request_id": "req_1",
            },
        )
    ]


def test_an_error_tells_its_details_in_a_stream_too() -> None:
    error = InvalidRequest("no", details={"error_code": "thread_unsupported_request"})

    ((_, data),) = parse_sse(error_frame(error, "req_1"))

    assert data["error"]["details"] == {"error_code": "thread_unsupported_request"}
