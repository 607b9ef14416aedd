from typing import Any, cast

import pytest
from anthropic.lib.streaming import _beta_messages, _messages
from anthropic.types import TextCitation
from hypothesis import given
from msgspec.json import decode
from pydantic import TypeAdapter

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
from antechamber.turn.machine import Opening
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed
from antechamber.wire.responses import ContextManagement, Diagnostics
from antechamber.wire.stream import Ping, StreamEvent
from tests.stream_grammar import Event
from tests.unit.turn.engine_turns import CITATIONS, OPENING, played, shown, turns

MANAGED = Opening(
    model="claude-test-1",
    input_tokens=25,
    context_management=ContextManagement(applied_edits=[]),
    diagnostics=Diagnostics(cache_miss_reason=None),
)


def folded(events: list[StreamEvent]) -> dict[str, Any]:
    fold = Fold()
    for event in events:
        fold.add(event)
    return decode(encode_json(fold.message))


def accumulated(events: list[Event]) -> dict[str, Any]:
    """What the official SDK makes of a stream."""
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for _, data in events:
        snapshot = _messages.accumulate_event(
            event=cast("Any", data), current_snapshot=snapshot, json_bufs=buffers
        )
    return snapshot.to_dict(mode="json")


def beta_accumulated(events: list[Event]) -> dict[str, Any]:
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for _, data in events:
        snapshot = _beta_messages.accumulate_event(
            event=cast("Any", data),
            current_snapshot=snapshot,
            json_bufs=buffers,
            request_headers=cast("Any", {}),
        )
    return snapshot.to_dict(mode="json")


def without_lifetimes(message: dict[str, Any]) -> dict[str, Any]:
    # No event but the first has them, so the SDK keeps what was known at the start.
    del message["usage"]["cache_creation"]
    return message


@given(turns())
def test_a_folded_stream_is_what_the_official_sdk_makes_of_it(events: list[EngineEvent]) -> None:
    wire = played(events)
    sdk = accumulated(shown(wire))

    assert without_lifetimes(folded(wire)) == without_lifetimes(sdk)


@given(turns())
def test_the_beta_client_of_the_official_sdk_makes_the_same(events: list[EngineEvent]) -> None:
    wire = played(events, MANAGED)
    sdk = beta_accumulated(shown(wire))

    assert without_lifetimes(folded(wire)) == without_lifetimes(sdk)


def test_the_message_has_every_block_and_the_end() -> None:
    wire = played(
        [
            *(ThinkingOpened(), BlockDelta(text="Hm"), BlockDelta(text="."), BlockClosed()),
            *(TextOpened(), BlockDelta(text="Let me "), BlockDelta(text="see."), BlockClosed()),
            *(ToolUseOpened(name="look"), BlockDelta(text='{"at":'), BlockDelta(text=" 1}")),
            *(BlockClosed(), UsageReported(output_tokens=9), TurnEnded(stop_reason="tool_use")),
        ]
    )

    message = folded(wire)

    assert message["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "signed-3"},
        {"type": "text", "text": "Let me see.", "citations": None},
        {
            "type": "tool_use",
            "id": "toolu_2",
            "name": "look",
            "input": {"at": 1},
            "caller": {"type": "direct"},
        },
    ]
    assert message["stop_reason"] == "tool_use"
    assert message["usage"]["output_tokens"] == 9


def test_a_text_has_the_citations_that_came_with_it() -> None:
    cited = [CitationFound(citation=citation) for citation in CITATIONS]
    wire = played(
        [
            *(TextOpened(), cited[0], BlockDelta(text="It rains."), *cited[1:], BlockClosed()),
            TurnEnded(stop_reason="end_turn"),
        ]
    )

    (block,) = folded(wire)["content"]

    assert block["citations"] == [decode(encode_json(citation)) for citation in CITATIONS]
    assert all(TypeAdapter(TextCitation).validate_python(each) for each in block["citations"])


# T15
def test_a_cut_input_holds_what_had_come() -> None:
    wire = played(
        [
            *(ToolUseOpened(name="look"), BlockDelta(text='{"at": 1, "deep": [2, "thr')),
            TurnEnded(stop_reason="max_tokens"),
        ]
    )

    message = folded(wire)

    assert message["content"][0]["input"] == {"at": 1, "deep": [2]}
    assert message["stop_reason"] == "max_tokens"


def test_the_counts_by_lifetime_add_up_to_their_sum() -> None:
    late = UsageReported(cache_creation_input_tokens=40)

    usage = folded(played([late, TurnEnded(stop_reason="end_turn")]))["usage"]

    assert usage["cache_creation_input_tokens"] == 40
    assert sum(usage["cache_creation"].values()) == 40


def test_what_the_request_asked_for_is_in_the_message() -> None:
    message = folded(played([TurnEnded(stop_reason="end_turn")], MANAGED))

    assert message["context_management"] == {"applied_edits": []}
    assert message["diagnostics"] == {"cache_miss_reason": None}


def test_pings_leave_no_trace() -> None:
    wire = played([TurnEnded(stop_reason="end_turn")])

    assert folded([wire[0], Ping(), *wire[1:]]) == folded(
        played([TurnEnded(stop_reason="end_turn")])
    )


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_stream_that_has_not_ended_is_no_message(kept: int) -> None:
    wire = played([TurnEnded(stop_reason="end_turn")], OPENING)
    fold = Fold()
    for event in wire[:kept]:
        fold.add(event)

    with pytest.raises(EngineFailed):
        _ = fold.message


def test_a_stream_without_a_start_is_refused() -> None:
    fold = Fold()
    end = played([TurnEnded(stop_reason="end_turn")])[1]

    with pytest.raises(EngineFailed):
        fold.add(end)
