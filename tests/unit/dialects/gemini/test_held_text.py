"""Pitfall T52: structured output is valid, or the request fails."""

from collections.abc import Sequence

import pytest

from antechamber.dialects.gemini.held_text import HeldText
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.errors import InvalidRequest

SCHEMA = {
    "type": "object",
    "properties": {"n": {"enum": [1, 2]}},
    "required": ["n"],
    "additionalProperties": False,
}
END = TurnEnded(stop_reason="end_turn")


def text(*pieces: str) -> list[EngineEvent]:
    return [TextOpened(), *(BlockDelta(text=piece) for piece in pieces), BlockClosed()]


def held(events: Sequence[EngineEvent]) -> list[EngineEvent]:
    reader = HeldText(SCHEMA)
    return [shown for event in events for shown in reader.feed(event)]


def test_t52_a_valid_answer_comes_whole_at_the_end() -> None:
    thought = [ThinkingOpened(), BlockDelta(text="One?"), BlockClosed()]
    usage = UsageReported(output_tokens=3)

    assert held([*thought, *text('{"n"', ": 1}"), usage, END]) == [
        *thought,
        usage,
        *text('{"n": 1}'),
        END,
    ]


def test_counts_come_with_the_first_of_the_answer_and_are_no_beginning_themselves() -> None:
    first, last = UsageReported(output_tokens=1), UsageReported(output_tokens=3)
    reader = HeldText(SCHEMA)
    early = [shown for event in (first, *text('{"n": 1}'), last) for shown in reader.feed(event)]

    assert early == []
    assert list(reader.feed(END)) == [last, *text('{"n": 1}'), END]


def test_a_fence_around_the_answer_is_taken_off() -> None:
    assert held([*text('```json\n{"n": 2}\n```'), END]) == [*text('{"n": 2}'), END]


@pytest.mark.parametrize("answer", ['{"n": 7, "extra": true}', '{"n": 3}', "[]", "Sure!", ""])
def test_t52_an_answer_that_does_not_follow_the_schema_is_none(answer: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^Schema is too complex for compilation\.$"):
        held([*text(answer), END])


@pytest.mark.parametrize(
    "end",
    [
        TurnEnded(stop_reason="max_tokens"),
        TurnEnded(stop_reason="refusal"),
        TurnEnded(stop_reason="stop_sequence", stop_sequence="}"),
    ],
)
def test_an_answer_that_was_cut_is_shown_as_far_as_it_came(end: TurnEnded) -> None:
    assert held([*text('{"n"'), end]) == [*text('{"n"'), end]


def test_a_call_is_an_answer_too() -> None:
    call = [ToolUseOpened(name="a", id=None), BlockDelta(text="{}"), BlockClosed()]

    events = [*text("First I look."), *call, *text("Then."), END]

    assert held(events) == events
