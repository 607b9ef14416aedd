"""A relayed stream: bytes pass as they are, in whole events, and what they tell is read."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.turn.relay import Beginning, RelayedUsage, RelayReader, is_error
from antechamber.wire.errors import EngineFailed

START: dict[str, Any] = {
    "type": "message_start",
    "message": {
        "model": "upstream-name",
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 25, "cache_read_input_tokens": 2_048, "output_tokens": 1},
    },
}
TEXT = 'say "upstream-name":\nevent: message_stop 世界 \u2028 \\'
Events = list[tuple[str, dict[str, Any]]]
RECORDED: Events = [
    ("message_start", START),
    (
        "content_block_start",
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ),
    ("ping", {"type": "ping"}),
    (
        "content_block_delta",
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": TEXT},
        },
    ),
    ("content_block_stop", {"type": "content_block_stop", "index": 0}),
    (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 15},
        },
    ),
    ("message_stop", {"type": "message_stop"}),
]
"""In the shape of the documented example: platform.claude.com/docs, streaming messages."""


def stream(
    events: list[tuple[str, dict[str, Any]]], *, line: str = "\n", named: bool = True
) -> bytes:
    """Write a stream, some characters of it outside ASCII."""
    return "".join(
        (f"event: {name}{line}" if named else "")
        + f"data: {json.dumps(data, ensure_ascii=False)}{line}{line}"
        for name, data in events
    ).encode()


def pieces_of(whole: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(whole), *(cut % (len(whole) + 1) for cut in cuts)})
    return [whole[a:b] for a, b in pairwise(places)]


def relayed(whole: bytes, cuts: list[int], reader: RelayReader) -> list[bytes]:
    """Return what goes on, step by step, the end of the stream as the last one."""
    return [*(reader.feed(piece) for piece in pieces_of(whole, cuts)), reader.end()]


CUTS = st.lists(st.integers(0, 10_000), max_size=12)
LINES = st.sampled_from(["\n", "\r\n", "\r"])


@given(CUTS, LINES, st.booleans())
def test_whatever_way_it_is_cut_the_same_bytes_go_on_in_whole_events(
    cuts: list[int], line: str, named: bool
) -> None:
    whole = stream(RECORDED, line=line, named=named)
    reader = RelayReader()

    steps = relayed(whole, cuts, reader)

    assert b"".join(steps) == whole
    boundary = f"{line}{line}".encode()
    assert all(step.endswith(boundary) for step in steps if step)
    assert reader.stopped
    assert reader.ended
    assert reader.error_type is None
    assert reader.usage == RelayedUsage(
        input_tokens=25, output_tokens=15, cache_read_input_tokens=2_048
    )


def test_byte_by_byte_is_no_different() -> None:
    for line in ("\n", "\r\n", "\r"):
        whole = stream(RECORDED, line=line)
        reader = RelayReader()

        steps = relayed(whole, list(range(len(whole))), reader)

        assert b"".join(steps) == whole
        assert len([step for step in steps if step]) == len(RECORDED)


def test_comments_and_named_lines_in_any_order_pass() -> None:
    whole = (
        b": hello\n\nid: 7\nretry: 10\n" + stream(RECORDED[:-1]) + b":\n\n" + stream(RECORDED[-1:])
    )
    reader = RelayReader()

    assert b"".join(relayed(whole, [3, 11, 40], reader)) == whole
    assert reader.stopped


ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


@given(CUTS, LINES, st.booleans(), st.booleans())
def test_nothing_goes_on_behind_the_one_terminal_event(
    cuts: list[int], line: str, named: bool, fails: bool
) -> None:
    """Pitfalls T6, T17: a second stream, a sign of another API, an error that comes too late."""
    last = ("error", ERROR) if fails else RECORDED[-1]
    whole = stream([*RECORDED[:-1], last], line=line, named=named)
    behind = stream([("ping", {"type": "ping"}), *RECORDED, ("error", ERROR)], line=line)
    done = f"data: [DONE]{line}{line}".encode()
    reader = RelayReader()

    found = b"".join(relayed(whole + done + behind, cuts, reader))

    assert found == whole
    assert reader.stopped is not fails
    assert reader.error_type == ("overloaded_error" if fails else None)
    assert reader.usage.output_tokens == 15


@given(CUTS, LINES)
def test_the_model_is_renamed_once_and_nowhere_else(cuts: list[int], line: str) -> None:
    whole = stream(RECORDED, line=line)
    reader = RelayReader(model="claude-opus-5-5")

    found = b"".join(relayed(whole, cuts, reader))

    assert found.count(b'"claude-opus-5-5"') == 1
    first, rest = stream(RECORDED[:1], line=line), stream(RECORDED[1:], line=line)
    assert found.endswith(rest)
    assert whole == first + rest
    data = found.removesuffix(rest).decode().split("data: ")[1]
    assert json.loads(data) == {
        **START,
        "message": {**START["message"], "model": "claude-opus-5-5"},
    }


def test_a_second_start_keeps_its_model() -> None:
    reader = RelayReader(model="ours")

    found = reader.feed(stream([("message_start", START), ("message_start", START)]))

    assert found.count(b'"ours"') == 1
    assert found.count(b'"upstream-name"') == 1


def usage_event(**counts: object) -> tuple[str, dict[str, Any]]:
    return "message_delta", {"type": "message_delta", "delta": {}, "usage": counts}


@pytest.mark.parametrize("turned", [False, True])
def test_counts_add_up_in_either_order(turned: bool) -> None:
    """Pitfall T34: a second chunk of usage must not overwrite what only the first one knew."""
    events = [
        usage_event(input_tokens=25, cache_read_input_tokens=7, output_tokens=None),
        usage_event(output_tokens=15, cache_creation_input_tokens=3),
    ]
    reader = RelayReader()

    reader.feed(stream(events[::-1] if turned else events))

    assert reader.usage == RelayedUsage(
        input_tokens=25,
        output_tokens=15,
        cache_read_input_tokens=7,
        cache_creation_input_tokens=3,
    )


def test_cumulative_counts_do_not_double() -> None:
    """Pitfall T8."""
    reader = RelayReader()

    reader.feed(stream([usage_event(output_tokens=count) for count in (5, 10, 15)]))

    assert reader.usage.output_tokens == 15


def test_an_error_event_is_an_end_and_no_good_one() -> None:
    reader = RelayReader()

    whole = stream([RECORDED[0], ("error", ERROR)])

    assert reader.feed(whole) == whole
    assert reader.ended
    assert not reader.stopped
    assert reader.error_type == "overloaded_error"


@pytest.mark.parametrize("data", ['{"type":"error"}', '{"error":"no"}', "<html>"])
def test_an_error_event_of_another_shape_is_one_all_the_same(data: str) -> None:
    reader = RelayReader()

    reader.feed(f"event: error\ndata: {data}\n\n".encode())

    assert reader.error_type == "api_error"


@given(CUTS, st.integers(0, 10_000))
def test_a_stream_that_is_cut_has_not_ended_and_half_an_event_is_left_out(
    cuts: list[int], length: int
) -> None:
    whole = stream(RECORDED)
    last = whole.rindex(b"event: message_stop")
    cut = whole[: length % (last + len("event: message_stop"))]
    reader = RelayReader()

    found = b"".join(relayed(cut, cuts, reader))

    assert not reader.ended
    assert not found or found.endswith(b"\n\n")
    assert whole.startswith(found)


def test_a_last_event_without_its_blank_line_is_meant_all_the_same() -> None:
    for missing in (1, 2):
        whole = stream(RECORDED)
        reader = RelayReader()

        found = b"".join(relayed(whole[:-missing], [], reader))

        assert found == whole
        assert reader.stopped


def test_an_event_that_never_ends_is_given_up() -> None:
    reader = RelayReader()

    with pytest.raises(EngineFailed):
        for _ in range(40):
            reader.feed(b"x" * (1024 * 1024))


def test_a_whole_answer_keeps_its_bytes_and_tells_its_usage() -> None:
    body = (
        b'{ "model": "m", "content": [{"type":"text","text":"\\u00e9 "}],'
        b'"usage":{"input_tokens":3,"output_tokens":4}}'
    )
    reader = RelayReader()

    assert reader.feed_whole(body) is body
    assert reader.usage == RelayedUsage(input_tokens=3, output_tokens=4)


def test_a_whole_answer_is_renamed_in_its_one_field() -> None:
    body = b'{"id":"msg_1","model":"m","content":[{"type":"text","text":"\\u00e9 \\"model\\""}]}'

    assert RelayReader(model="ours").feed_whole(body) == body.replace(b'"m"', b'"ours"')


def test_a_count_of_tokens_keeps_its_bytes_and_gets_no_model() -> None:
    body = b'{ "input_tokens":5}'
    reader = RelayReader(model="ours")

    assert reader.feed_count(body) is body
    assert reader.usage == RelayedUsage(input_tokens=5)


def test_counts_of_another_form_are_the_clients_affair() -> None:
    body = b'{"model":"m","content":[],"usage":{"input_tokens":"many"}}'

    assert RelayReader().feed_whole(body) is body


GARBAGE = [b"", b"<html></html>", b'{"model":"m","content":[', b"[]", b"1", b"{}", b'{"error":{}}']


@pytest.mark.parametrize("body", [*GARBAGE, b'{"content":"Hello"}', b'{"input_tokens":5}'])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    """Pitfall T59."""
    with pytest.raises(ValueError):
        RelayReader().feed_whole(body)


@pytest.mark.parametrize("body", [*GARBAGE, b'{"input_tokens":"many"}', b'{"content":[]}'])
def test_what_is_no_count_of_tokens_is_refused(body: bytes) -> None:
    """Pitfall T59."""
    with pytest.raises(ValueError):
        RelayReader().feed_count(body)


@given(CUTS)
def test_an_answer_begins_with_its_first_event_and_not_with_signs_of_life(cuts: list[int]) -> None:
    silent = b": still here\n\n" + stream([("ping", {"type": "ping"})]) * 3
    begins = Beginning()

    assert not any(begins(piece) for piece in pieces_of(silent, cuts))
    assert any(begins(piece) for piece in pieces_of(stream(RECORDED[:1]), cuts))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"type":"error","error":{"type":"api_error","message":"m"}}', True),
        (b'{"error":{"message":"m"}}', True),
        (b'{"error":"m"}', False),
        (b'{"detail":"m"}', False),
        (b"<html>error</html>", False),
        (b"", False),
    ],
)
def test_an_error_is_known_by_its_envelope(body: bytes, expected: bool) -> None:
    assert is_error(body) is expected
