import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.event_stream import EventStreamReader, ServerSentEvent

LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
# Line breaks to Unicode, none to an event stream.
DATA = st.text(max_size=8) | st.sampled_from(["\u2028", "a\x85b", "\x0b", "\x1c", "é", "{}"])
NAMES = st.sampled_from(["", "message_start", "ping"])


def read(*chunks: bytes) -> list[ServerSentEvent]:
    reader = EventStreamReader()
    events = [event for chunk in chunks for event in reader.feed(chunk)]
    return [*events, *reader.end()]


def event(data: bytes, name: str = "") -> ServerSentEvent:
    return ServerSentEvent(event=name, data=data)


@st.composite
def cut(draw: st.DrawFn, stream: bytes) -> list[bytes]:
    at = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    return [stream[start:end] for start, end in zip([0, *at], [*at, len(stream)], strict=True)]


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[ServerSentEvent], bytes]:
    """Events, and one of the ways to write them."""
    written, events = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])), []
    for name, text in draw(st.lists(st.tuples(NAMES, DATA), max_size=5)):
        data, end = json.dumps(text, ensure_ascii=False).encode(), draw(LINE_ENDS)
        lines = [b"data:" + draw(st.sampled_from([b"", b" "])) + data]
        if name:
            lines.insert(draw(st.integers(0, 1)), b"event: " + name.encode())
        if draw(st.booleans()):
            lines.insert(draw(st.integers(0, len(lines))), b": keep-alive")
        if draw(st.booleans()):
            lines.insert(0, b"id: 7")
        written += b"".join(line + end for line in [*lines, b""])
        if draw(st.booleans()):
            written += b":" + end + end
        events.append(event(data, name))
    return events, written


@given(st.data())
def test_however_a_stream_is_cut_its_events_are_the_same(data: st.DataObject) -> None:
    events, written = data.draw(streams())
    chunks = data.draw(cut(written))

    assert read(*chunks) == events


@given(streams())
def test_a_stream_may_come_byte_by_byte(stream: tuple[list[ServerSentEvent], bytes]) -> None:
    events, written = stream

    assert read(*(written[at : at + 1] for at in range(len(written)))) == events


@given(st.data())
def test_any_bytes_give_the_same_events_however_they_are_cut(data: st.DataObject) -> None:
    alphabet = st.sampled_from([b"data", b"event", b":", b" ", b"\n", b"\r", b"x", b"\xe2\x80\xa8"])
    written = b"".join(data.draw(st.lists(alphabet, max_size=30)))

    assert read(*data.draw(cut(written))) == read(written)


def test_an_event_comes_as_soon_as_its_blank_line_begins() -> None:
    reader = EventStreamReader()

    assert reader.feed(b"data: 1\r\n\r") == [event(b"1")]
    assert reader.feed(b"\ndata: 2\n\n") == [event(b"2")]


def test_an_empty_chunk_between_cr_and_lf_changes_nothing() -> None:
    assert read(b"data: 1\r", b"", b"\ndata: 2\r", b"", b"\n\r\n") == [event(b"1\n2")]


def test_data_of_several_lines_is_joined() -> None:
    assert read(b"data: {\ndata:  1\ndata\ndata:}\n\n") == [event(b"{\n 1\n\n}")]


def test_an_event_without_data_is_none() -> None:
    assert read(b"event: ping\n\ndata: 1\n\n") == [event(b"1")]


def test_empty_data_is_an_event() -> None:
    assert read(b"data:\n\n") == [event(b"")]


@pytest.mark.parametrize("tail", [b"", b"\n", b"\r", b"\r\n", b"\n\n"])
def test_the_last_event_may_lack_its_blank_line(tail: bytes) -> None:
    assert read(b"event: x\ndata: 1" + tail) == [event(b"1", "x")]


def test_after_the_end_nothing_is_left() -> None:
    reader = EventStreamReader()
    reader.feed(b"event: x\ndata: 1")

    assert reader.end() == [event(b"1", "x")]
    assert reader.end() == []


def test_a_byte_order_mark_is_no_part_of_a_field() -> None:
    assert read(b"\xef\xbb", b"\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\n\n") == [event(b"1")]


@pytest.mark.parametrize(
    "chunk",
    [b"data: " + b"x" * 60, b"data: 1234567890\n", b"data\n"],
    ids=["line", "lines", "none"],
)
def test_what_is_kept_of_one_event_is_bounded(chunk: bytes) -> None:
    reader = EventStreamReader(max_event_bytes=50)

    with pytest.raises(ValueError, match="larger than 50 bytes"):
        for _ in range(60):
            reader.feed(chunk)


def test_the_bound_is_for_one_event_not_for_the_stream() -> None:
    reader = EventStreamReader(max_event_bytes=50)

    for _ in range(60):
        assert reader.feed(b"data: 1234567890\n\n") == [event(b"1234567890")]


def test_a_long_line_in_small_chunks_is_joined_once() -> None:
    reader = EventStreamReader()
    reader.feed(b"data: ")

    # Joined at every chunk this would copy some 60 GB.
    for _ in range(100_000):
        reader.feed(b"x" * 12)

    assert reader.feed(b"\n\n") == [event(b"x" * 1_200_000)]
