from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import decode

from antechamber.grounding.grounded import GroundedEvents
from antechamber.grounding.matching import SourceIndex
from antechamber.grounding.sources import Source
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    CitationFound,
    EngineEvent,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.turn.fold import Fold
from antechamber.wire.encoding import encode_json
from antechamber.wire.responses import CitationCharLocation, StopReason
from tests.stream_grammar import check_stream
from tests.unit.turn.engine_turns import played, shown, turns

MILL = (
    "The mill was built in 1910. It burnt down in 1931 and was rebuilt by Anna Roth. "
    "Today 12,000 people a year visit the mill."
)
INDEX = SourceIndex([Source(kind="char", index=0, title="Mill", parts=(MILL,))])
SENTENCES = [
    "The mill was built in 1910.",
    "It burnt down in 1931.",
    "It was built in 1911.",
    "Anna Roth rebuilt the mill.",
    "Shall I go on?",
    "- The mill was built in 1910.",
    "12,000 people a year visit the mill today.",
]


def grounded(events: Sequence[EngineEvent]) -> list[EngineEvent]:
    grounding = GroundedEvents(INDEX)
    return [each for event in events for each in grounding.feed(event)]


def text_turn(*pieces: str, reason: StopReason = "end_turn") -> list[EngineEvent]:
    said = [BlockDelta(text=piece) for piece in pieces]
    return [TextOpened(), *said, BlockClosed(), TurnEnded(stop_reason=reason)]


def message(events: Sequence[EngineEvent]) -> dict[str, Any]:
    fold = Fold()
    for event in played(events):
        fold.add(event)
    return decode(encode_json(fold.message))


def blocks(events: Sequence[EngineEvent]) -> list[tuple[str, list[str]]]:
    """The text of each block, and what it cites."""
    return [
        (block["text"], [each["cited_text"] for each in block["citations"] or ()])
        for block in message(events)["content"]
    ]


def text_of(events: Sequence[EngineEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, BlockDelta))


def cut(text: str, cuts: list[int]) -> list[str]:
    ends = sorted({0, *(end % (len(text) + 1) for end in cuts), len(text)})
    return [text[start:end] for start, end in pairwise(ends)]


answers = st.lists(
    st.tuples(st.sampled_from(SENTENCES), st.sampled_from([" ", "\n", "\n\n", "  "])), max_size=5
).map(lambda pairs: "".join(sentence + blank for sentence, blank in pairs))
cut_answers = st.builds(cut, answers, st.lists(st.integers(0, 400), max_size=12))


@given(turns())
def test_every_turn_says_the_same_when_it_is_grounded(events: list[EngineEvent]) -> None:
    """Its text, calls, thoughts, usage and end are what they were."""
    before, after = message(events), message(grounded(events))

    check_stream(shown(played(grounded(events))))
    assert text_of(grounded(events)) == text_of(events)
    assert [each for each in before["content"] if each["type"] != "text"] == [
        each for each in after["content"] if each["type"] != "text"
    ]
    assert {**before, "content": []} == {**after, "content": []}


@given(cut_answers, st.sampled_from(["end_turn", "max_tokens", "stop_sequence", "refusal"]))
def test_an_answer_is_cited_in_the_same_way_however_it_comes(
    pieces: list[str], reason: StopReason
) -> None:
    whole, streamed = text_turn("".join(pieces)), text_turn(*pieces, reason=reason)

    found = blocks(grounded(streamed))

    check_stream(shown(played(grounded(streamed))))
    assert found == blocks(grounded(whole))
    assert "".join(text for text, _ in found) == ("".join(pieces) if found else "")


@given(answers)
def test_neighbours_that_cite_the_same_stand_in_one_block(answer: str) -> None:
    citations = [sources for _, sources in blocks(grounded(text_turn(answer)))]

    assert all(one != other for one, other in pairwise(citations))


def test_each_sentence_that_is_supported_becomes_a_block_with_its_citation() -> None:
    answer = "Sure! The mill was built in 1910. It burnt down in 1931.\n\nShall I go on?"

    assert blocks(grounded(text_turn(answer))) == [
        ("Sure!", []),
        (" The mill was built in 1910.", ["The mill was built in 1910."]),
        (
            " It burnt down in 1931.",
            ["It burnt down in 1931 and was rebuilt by Anna Roth."],
        ),
        ("\n\nShall I go on?", []),
    ]


def test_text_goes_on_as_soon_as_its_sentence_is_complete() -> None:
    grounding = GroundedEvents(INDEX)
    pieces = ["Sure! ", "The mill ", "was built in 1910", ".", " Next", "."]

    told = [grounding.feed(TextOpened()), *(grounding.feed(BlockDelta(text=p)) for p in pieces)]

    citation = CitationCharLocation(
        cited_text="The mill was built in 1910.",
        document_index=0,
        document_title="Mill",
        start_char_index=0,
        end_char_index=27,
        file_id=None,
    )
    assert told == [
        [TextOpened()],
        [],
        [BlockDelta(text="Sure!")],
        [],
        [],
        [
            *(BlockClosed(), TextOpened(), CitationFound(citation=citation)),
            BlockDelta(text=" The mill was built in 1910."),
        ],
        [],
    ]
    assert grounding.feed(BlockClosed()) == [
        *(BlockClosed(), TextOpened(), BlockDelta(text=" Next."), BlockClosed())
    ]


def test_a_turn_that_is_cut_says_what_was_held_back() -> None:
    events = grounded(
        [TextOpened(), BlockDelta(text="The mi"), TurnEnded(stop_reason="max_tokens")]
    )

    assert events == [TextOpened(), BlockDelta(text="The mi"), TurnEnded(stop_reason="max_tokens")]


def test_calls_thoughts_and_counts_are_not_held_back() -> None:
    events = [
        *(ThinkingOpened(), BlockDelta(text="The mill was built in 1910. Hm."), BlockClosed()),
        *(TextOpened(), BlockDelta(text="Let me"), UsageReported(output_tokens=3), BlockClosed()),
        *(ToolUseOpened(name="look"), BlockDelta(text='{"at": "a. B"}'), BlockClosed()),
        TurnEnded(stop_reason="tool_use"),
    ]

    assert grounded(events) == [
        *events[:4],
        *(UsageReported(output_tokens=3), BlockDelta(text="Let me"), BlockClosed()),
        *events[7:],
    ]


def test_every_block_of_text_begins_anew() -> None:
    built = "The mill was built in 1910."
    events = [
        *(TextOpened(), BlockDelta(text=built), BlockClosed()),
        *(ToolUseOpened(name="look"), BlockDelta(text="{}"), BlockClosed()),
        *(TextOpened(), BlockDelta(text=built), BlockClosed(), TurnEnded(stop_reason="end_turn")),
    ]

    content = message(grounded(events))["content"]

    assert [each["type"] for each in content] == ["text", "tool_use", "text"]
    assert content[0]["citations"] == content[2]["citations"] != []
