"""Turns as engines may take them: hypothesis strategies, and a machine whose ids are known."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from hypothesis import strategies as st

from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    CitationFound,
    EngineEvent,
    RedactedThinkingOpened,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.turn.machine import Opening, TurnMachine
from antechamber.turn.sse import frame
from antechamber.wire.responses import (
    CitationCharLocation,
    CitationContentBlockLocation,
    CitationPageLocation,
    CitationsSearchResultLocation,
    CitationsWebSearchResultLocation,
    TextCitation,
)
from antechamber.wire.stream import StreamEvent
from tests.stream_grammar import Event, parse_sse

OPENING = Opening(model="claude-test-1", input_tokens=25)


def machine(opening: Opening = OPENING) -> TurnMachine:
    numbers = count(1)
    return TurnMachine(
        opening,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        sign=lambda kind, content, cargo=b"": f"signed-{len(content)}{cargo.decode()}",
    )


def played(events: Sequence[EngineEvent], opening: Opening = OPENING) -> list[StreamEvent]:
    playing = machine(opening)
    return [playing.start(), *(wire for event in events for wire in playing.feed(event))]


def shown(events: Sequence[StreamEvent]) -> list[Event]:
    """What a client reads of ``events``."""
    return parse_sse(b"".join(map(frame, events)))


_blanks = st.text(" \t\n\u00a0", min_size=1, max_size=3)
_texts = st.text(min_size=1, max_size=6) | _blanks | st.sampled_from(["\u2028", "\x85", "é", "\0"])
_broken_texts = st.text(st.characters(categories=["Cs", "L"]), min_size=1, max_size=4)
pieces = st.lists(_texts | _broken_texts, max_size=5)
CITATIONS: list[TextCitation] = [
    CitationCharLocation(
        cited_text="It rains.",
        document_index=0,
        document_title="Weather",
        start_char_index=4,
        end_char_index=13,
        file_id="file_1",
    ),
    CitationPageLocation(
        cited_text="It rains.",
        document_index=1,
        document_title=None,
        start_page_number=2,
        end_page_number=3,
        file_id=None,
    ),
    CitationContentBlockLocation(
        cited_text="It rains.",
        document_index=2,
        document_title=None,
        start_block_index=0,
        end_block_index=2,
        file_id=None,
    ),
    CitationsSearchResultLocation(
        cited_text="It rains.",
        search_result_index=0,
        source="https://weather.example",
        title=None,
        start_block_index=1,
        end_block_index=2,
    ),
    CitationsWebSearchResultLocation(
        cited_text="It rains.",
        encrypted_index="RWc=",
        title="Weather",
        url="https://weather.example",
    ),
]
_citations = st.sampled_from(CITATIONS)
usage = st.builds(
    UsageReported,
    input_tokens=st.none() | st.integers(1, 99),
    output_tokens=st.none() | st.integers(0, 99),
    thinking_tokens=st.none() | st.integers(0, 99),
    cache_read_input_tokens=st.none() | st.integers(0, 99),
    cache_creation_input_tokens=st.none() | st.integers(0, 99),
)
_json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
inputs = st.dictionaries(st.text(max_size=4), _json_values, max_size=3)
_calls = st.builds(
    ToolUseOpened,
    name=st.sampled_from(["get_weather", "run"]),
    id=st.none() | st.sampled_from(["toolu_1", "toolu_abc", "toolu_abc\n", "call_7", ""]),
    toolset_name=st.none() | st.just("computer"),
)
ending_reasons = st.sampled_from(
    [
        *("end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal"),
        *("model_context_window_exceeded", "compaction"),
    ]
)
cutting_reasons = st.sampled_from(
    ["max_tokens", "stop_sequence", "refusal", "model_context_window_exceeded"]
)


@dataclass
class Block:
    opening: EngineEvent
    deltas: list[str | TextCitation]

    def events(self, *, closed: bool = True) -> list[EngineEvent]:
        deltas = [
            BlockDelta(text=each) if isinstance(each, str) else CitationFound(citation=each)
            for each in self.deltas
        ]
        return [self.opening, *deltas, *([BlockClosed()] if closed else [])]


@st.composite
def _json_pieces(draw: st.DrawFn) -> list[str]:
    text = draw(st.sampled_from(["", " ", "\n"])) + json.dumps(
        draw(inputs), ensure_ascii=draw(st.booleans()), indent=draw(st.none() | st.just(1))
    )
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


blocks = st.one_of(
    st.builds(Block, st.just(TextOpened()), pieces),
    st.builds(
        Block, st.just(TextOpened()), st.lists(_texts | _broken_texts | _citations, max_size=5)
    ),
    st.builds(Block, st.just(ThinkingOpened()), pieces),
    st.builds(Block, st.builds(RedactedThinkingOpened, data=st.just("cmVk")), st.just([])),
    st.builds(Block, _calls, _json_pieces() | st.just([])),
)


@st.composite
def _endings(draw: st.DrawFn, reasons: st.SearchStrategy[Any]) -> TurnEnded:
    reason = draw(reasons)
    return TurnEnded(
        stop_reason=reason,
        stop_sequence="END" if reason == "stop_sequence" else None,
        stop_details={"type": "refusal", "category": None} if reason == "refusal" else None,
    )


@st.composite
def turns(draw: st.DrawFn) -> list[EngineEvent]:
    """A whole turn by an engine that keeps to the contract, cut or not."""
    events: list[EngineEvent] = []
    for block in draw(st.lists(blocks, max_size=4)):
        events += block.events()
    last, how = draw(blocks), draw(st.sampled_from(["none", "open", "cut"]))
    if how == "none":
        events.append(draw(_endings(ending_reasons)))
    else:
        if how == "cut":
            last.deltas = last.deltas[: draw(st.integers(0, len(last.deltas)))]
        events += last.events(closed=False)
        events.append(draw(_endings(cutting_reasons)))
    for report in draw(st.lists(usage, max_size=4)):
        events.insert(draw(st.integers(0, len(events) - 1)), report)
    return events


anything = st.one_of(
    st.builds(TextOpened),
    st.builds(ThinkingOpened),
    st.builds(RedactedThinkingOpened, data=st.just("cmVk")),
    _calls,
    st.builds(BlockDelta, text=_texts | st.sampled_from(["{", "}", '{"a":1}', "[1]", "NaN", ""])),
    st.builds(CitationFound, citation=_citations),
    st.builds(BlockClosed),
    usage,
    st.builds(
        TurnEnded,
        stop_reason=ending_reasons,
        stop_sequence=st.none() | st.just("END"),
        stop_details=st.none() | st.just({"type": "refusal", "category": None}),
    ),
)
"""Any event of an engine, in its place or not."""
