"""Blocks of an upstream of the same API: whole, in order, one at a time, however they come."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.messages_stream import MessagesStreamReader, events_of_answer
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    TextOpened,
    TurnEnded,
)
from antechamber.turn.fold import Fold
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed
from tests.stream_grammar import check_stream
from tests.unit.turn.engine_turns import inputs, played, shown

Data = dict[str, Any]
_TEXT_OF = {"text": "text", "thinking": "thinking", "tool_use": "partial_json"}
_DELTA_OF = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}
SEARCH: Data = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
FOUND: Data = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
LEFT_OUT = ("server_tool_use", "web_search_tool_result", "block_of_tomorrow")


def call(given: Data | None = None, number: int = 1) -> Data:
    return {"type": "tool_use", "id": f"toolu_{number}", "name": "look", "input": given or {}}


def start(index: int, block: Data) -> Data:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **fields: object) -> Data:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def piece(index: int, text: str) -> Data:
    return delta(index, "input_json_delta", partial_json=text)


def stop(index: int) -> Data:
    return {"type": "content_block_stop", "index": index}


def ended(reason: str = "end_turn") -> list[Data]:
    told = {"stop_reason": reason, "stop_sequence": None}
    return [
        {"type": "message_delta", "delta": told, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    ]


def read(events: list[Data]) -> list[EngineEvent]:
    reader = MessagesStreamReader("up")
    stream = "".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"
        for event in events
    )
    return [*reader.feed(stream.encode()), *reader.end()]


def message_of(events: list[EngineEvent]) -> Data:
    """Return the message as a client gets it; its stream has to pass the grammar."""
    wire = played(events)
    check_stream(shown(wire))
    fold = Fold()
    for event in wire:
        fold.add(event)
    return json.loads(encode_json(fold.message))


def content_of(events: list[Data]) -> list[Data]:
    return message_of(read(events))["content"]


def calls_of(events: list[Data]) -> list[Data]:
    return [block["input"] for block in content_of(events) if block["type"] == "tool_use"]


# ---- any answer ----------------------------------------------------------------------------------

_words = st.text(min_size=1, max_size=6).filter(lambda text: bool(text.strip()))
_blocks = st.one_of(
    st.builds(lambda text: {"type": "text", "text": text}, _words),
    st.builds(lambda text: {"type": "thinking", "thinking": text, "signature": "EqQB"}, _words),
    st.just({"type": "redacted_thinking", "data": "opaque"}),
    st.builds(call, inputs),
    st.sampled_from([SEARCH, FOUND, {"type": "block_of_tomorrow", "text": ["new"]}]),
)


@st.composite
def answers(draw: st.DrawFn) -> list[Data]:
    blocks = draw(st.lists(_blocks, max_size=5))
    return [
        {**block, "id": f"toolu_{number}"} if block["type"] == "tool_use" else block
        for number, block in enumerate(blocks)
    ]


@st.composite
def _events_of(draw: st.DrawFn, index: int, block: Data) -> list[Data]:
    """Return the events of one block: what it says comes with its start, in pieces, or both."""
    kind = block["type"]
    if kind in LEFT_OUT or kind == "redacted_thinking":
        more = [delta(index, "delta_of_tomorrow", text={"a": 1})] if kind in LEFT_OUT else []
        return [start(index, block), *more, stop(index)]
    if draw(st.booleans()):
        return [start(index, block), stop(index)]
    said = json.dumps(block["input"]) if kind == "tool_use" else block[kind]
    cuts = sorted(draw(st.lists(st.integers(0, len(said)), max_size=3)))
    texts = [said[a:b] for a, b in pairwise([0, *cuts, len(said)])]
    empty = {**block, "input": {}} if kind == "tool_use" else {**block, kind: ""}
    deltas = [delta(index, _DELTA_OF[kind], **{_TEXT_OF[kind]: text}) for text in texts]
    signed = [delta(index, "signature_delta", signature="EqQB")] if kind == "thinking" else []
    return [start(index, empty), *deltas, *signed, stop(index)]


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Data], list[Data]]:
    """Return an answer and a stream of it, whose blocks come one after the other or mixed."""
    answer = draw(answers())
    left = [draw(_events_of(index, block)) for index, block in enumerate(answer)]
    mixes, events, begun = draw(st.booleans()), list[Data](), 0
    while any(left):
        going = [number for number in range(begun) if left[number]]
        may_begin = begun < len(left) and (mixes or not going)
        choices: list[int] = [*going, *([begun] if may_begin else [])]
        number: int = draw(st.sampled_from(choices))
        begun = max(begun, number + 1)
        events.append(left[number].pop(0))
    return answer, [*events, *ended("tool_use")]


def comparable(content: list[Data]) -> list[Data]:
    """Return what of a content has to arrive: signatures are anew, server tools are left out."""
    mine = ("signature", "data", "caller", "citations")
    return [
        {name: value for name, value in block.items() if name not in mine}
        for block in content
        if block["type"] not in LEFT_OUT
    ]


@given(streams())
def test_t1_t2_t12_t14_an_answer_arrives_whole_however_it_is_streamed(
    streamed: tuple[list[Data], list[Data]],
) -> None:
    answer, events = streamed

    assert comparable(content_of(events)) == comparable(answer)


@given(streams())
def test_t14_a_streamed_answer_is_the_same_as_a_whole_one(
    streamed: tuple[list[Data], list[Data]],
) -> None:
    answer, events = streamed
    usage = {"output_tokens": 9}
    whole = encode_json({"content": answer, "usage": usage, "stop_reason": "tool_use"})

    assert message_of(list(events_of_answer(whole, "up"))) == message_of(read(events))


_anything = st.one_of(
    st.builds(start, st.integers(0, 2), _blocks),
    st.builds(stop, st.integers(0, 2)),
    st.builds(
        lambda index, kind, text: delta(index, _DELTA_OF[kind], **{_TEXT_OF[kind]: text}),
        st.integers(0, 2),
        st.sampled_from(sorted(_DELTA_OF)),
        st.sampled_from(["", "{}", "a", "\u2028"]),
    ),
    st.builds(lambda index: delta(index, "signature_delta", signature="s"), st.integers(0, 2)),
)


@given(st.lists(_anything, max_size=12), st.sampled_from(["end_turn", "max_tokens", "tool_use"]))
def test_t1_t2_t12_out_of_any_disorder_comes_a_stream_or_a_failure(
    events: list[Data], reason: str
) -> None:
    try:
        message_of(read([*events, *ended(reason)]))
    except EngineFailed:
        # A call whose input is no JSON; nothing else is a reason.
        assert any(event.get("delta", {}).get("type") == "input_json_delta" for event in events)


# ---- calls ---------------------------------------------------------------------------------------

ROME: Data = {"city": "Rome", "at": [1, 2.5, None]}


@pytest.mark.parametrize(
    "events",
    [
        [start(0, call(ROME)), stop(0)],
        [start(0, call(ROME)), piece(0, ""), stop(0)],
        [start(0, call(ROME))],
        [start(0, call(ROME)), piece(0, json.dumps(ROME)), stop(0)],
        [start(0, call()), piece(0, json.dumps(ROME)), stop(0)],
        [start(0, call()), *(piece(0, letter) for letter in json.dumps(ROME)), stop(0)],
    ],
)
def test_t3_an_input_is_taken_wherever_it_comes(events: list[Data]) -> None:
    assert calls_of([*events, *ended("tool_use")]) == [ROME]


def test_t5_the_inputs_of_two_calls_are_kept_apart() -> None:
    events = [
        start(0, call(number=1)),
        start(1, call(number=2)),
        piece(0, '{"a"'),
        piece(1, '{"b": '),
        piece(0, ": 1}"),
        piece(1, "2}"),
        stop(1),
        stop(0),
    ]

    assert calls_of([*events, *ended("tool_use")]) == [{"a": 1}, {"b": 2}]


@pytest.mark.parametrize("pieces", [[], ['{"city": "Ro']])
def test_t15_a_call_that_the_limit_cut_is_told_as_cut(pieces: list[str]) -> None:
    """The API ends its block as if it were complete."""
    begun = [start(0, call()), piece(0, ""), *(piece(0, text) for text in pieces), stop(0)]

    message = message_of(read([*begun, *ended("max_tokens")]))

    assert message["stop_reason"] == "max_tokens"


def test_a_call_without_arguments_is_complete() -> None:
    events = [start(0, call()), piece(0, ""), stop(0), start(1, {"type": "text", "text": ""})]

    found = message_of(read([*events, stop(1), *ended("tool_use")]))

    assert (found["stop_reason"], found["content"][0]["input"]) == ("tool_use", {})


# ---- disorder ------------------------------------------------------------------------------------


def test_t1_a_thought_inside_a_text_becomes_a_block_of_its_own() -> None:
    events = [
        start(0, {"type": "text", "text": ""}),
        delta(0, "text_delta", text="One"),
        delta(0, "thinking_delta", thinking="Hm."),
        delta(0, "text_delta", text="two"),
        stop(0),
    ]

    found = content_of([*events, *ended()])

    said = [(block["type"], block.get("text") or block.get("thinking")) for block in found]
    assert said == [("text", "One"), ("thinking", "Hm."), ("text", "two")]


def test_t2_a_text_without_a_block_gets_one() -> None:
    events = [delta(3, "text_delta", text="One"), delta(3, "text_delta", text=" two")]

    assert [block["text"] for block in content_of([*events, *ended()])] == ["One two"]


def test_t12_what_is_said_under_the_wrong_index_finds_its_block() -> None:
    events = [
        start(0, {"type": "text", "text": ""}),
        delta(0, "text_delta", text="One"),
        stop(0),
        start(1, call()),
        piece(0, '{"a": 1}'),
        stop(1),
    ]

    assert calls_of([*events, *ended("tool_use")]) == [{"a": 1}]


def test_t2_an_input_without_a_call_goes_to_none_that_is_over() -> None:
    events = [
        start(0, {"type": "text", "text": "One"}),
        start(1, call(ROME)),
        stop(1),
        piece(2, '{"a": 1}'),
        stop(0),
    ]

    assert calls_of([*events, *ended("tool_use")]) == [ROME]


def test_blocks_without_an_end_are_told_at_the_end() -> None:
    texts = [start(number, {"type": "text", "text": f"{number}"}) for number in range(3)]

    found = content_of([*texts, delta(1, "text_delta", text="!"), *ended()])

    assert [block["text"] for block in found] == ["0", "1!", "2"]


def test_a_second_block_of_an_index_ends_the_first_at_once() -> None:
    found = read([start(0, {"type": "text", "text": text}) for text in ("One", "two")])

    assert found == [
        TextOpened(),
        BlockDelta(text="One"),
        BlockClosed(),
        TextOpened(),
        BlockDelta(text="two"),
    ]


# ---- what nobody here knows ----------------------------------------------------------------------


def test_an_event_a_block_and_a_delta_of_tomorrow_fail_no_answer() -> None:
    events = [
        {"type": "event_of_tomorrow", "message": 3, "delta": [], "usage": "much"},
        start(0, {"type": "block_of_tomorrow", "text": {"a": 1}, "name": 3}),
        delta(0, "text_delta", text="not shown"),
        stop(0),
        start(1, {"type": "text", "text": ""}),
        delta(1, "delta_of_tomorrow", text=["new"], partial_json=7),
        delta(1, "citations_delta", citation={"text": "x"}),
        delta(1, "text_delta", text="Shown."),
        stop(1),
    ]

    assert [block["text"] for block in content_of([*events, *ended()])] == ["Shown."]


@pytest.mark.parametrize(
    ("block", "reason"), [({"type": "text", "text": "Hi"}, "end_turn"), (call(ROME), "tool_use")]
)
def test_a_reason_of_tomorrow_ends_the_turn(block: Data, reason: str) -> None:
    found = message_of(read([start(0, block), stop(0), *ended("reason_of_tomorrow")]))

    assert found["stop_reason"] == reason


@pytest.mark.parametrize(
    "broken",
    [
        start(0, {"type": "text", "text": 3}),
        start(0, {"type": "tool_use", "id": "toolu_1"}),
        start(0, {"type": "tool_use", "name": "look", "input": "x"}),
        delta(0, "text_delta", text=3),
        {"type": "content_block_start", "index": "first", "content_block": {"type": "text"}},
        {"type": "message_start", "message": 3},
    ],
)
def test_t59_what_is_known_and_broken_names_the_upstream(broken: Data) -> None:
    with pytest.raises(EngineFailed, match="up"):
        read([broken])


# ---- the end -------------------------------------------------------------------------------------


def pieces_and_end(stream: bytes) -> list[EngineEvent]:
    reader = MessagesStreamReader("up")
    return [*reader.feed(stream), *reader.end()]


def test_the_last_event_counts_without_the_blank_line_behind_it() -> None:
    assert pieces_and_end(b'data: {"type":"message_stop"}') == [TurnEnded(stop_reason="end_turn")]


def test_an_event_that_was_cut_is_left_out() -> None:
    assert pieces_and_end(b'data: {"type":"message_st') == []


def test_t17_nothing_follows_the_end() -> None:
    stop_twice = b'data: {"type":"message_stop"}\n\ndata: [DONE]\n\ndata: {"type":"error"}\n\n'

    assert pieces_and_end(stop_twice) == [TurnEnded(stop_reason="end_turn")]
