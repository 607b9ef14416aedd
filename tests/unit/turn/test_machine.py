import json
import re

import pytest
from hypothesis import given
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
from antechamber.turn.machine import Opening
from antechamber.turn.sse import error_frame, frame
from antechamber.wire.call_ids import carried_by
from antechamber.wire.errors import EngineFailed
from antechamber.wire.responses import StopReason
from antechamber.wire.stream import StreamEvent
from tests.stream_grammar import Event, check_stream, parse_sse
from tests.unit.turn.engine_turns import (
    CITATIONS,
    OPENING,
    anything,
    machine,
    played,
    shown,
    turns,
)

TEXT = [TextOpened(), BlockDelta(text="Hello"), BlockClosed()]
CALL = [ToolUseOpened(name="get_weather"), BlockDelta(text='{"city": "Bern"}'), BlockClosed()]
BLANK = [TextOpened(), BlockDelta(text="\n"), BlockDelta(text=" "), BlockClosed()]


def stream(*events: EngineEvent, opening: Opening = OPENING) -> list[Event]:
    """Play a turn, check its stream, and return what a client reads."""
    read = shown(played(events, opening))
    check_stream(read)
    return read


def ending(events: list[Event]) -> dict[str, object]:
    return events[-2][1]["delta"]


def deltas(events: list[Event]) -> list[tuple[int, str, str]]:
    """Index, kind and text of each delta."""
    found: list[tuple[int, str, str]] = []
    for name, data in events:
        if name == "content_block_delta":
            kind, text = data["delta"].values()
            found.append((data["index"], kind, text))
    return found


def cut_off(playing_events: list[EngineEvent]) -> list[Event]:
    """Play until the engine fails, and return the stream with the error that then ends it."""
    playing = machine()
    wire: list[StreamEvent] = [playing.start()]
    with pytest.raises(EngineFailed) as failure:
        for event in playing_events:
            wire += playing.feed(event)
    return parse_sse(b"".join(map(frame, wire)) + error_frame(failure.value, "req_1"))


@given(turns())
def test_every_turn_of_a_correct_engine_passes_the_grammar(events: list[EngineEvent]) -> None:
    check_stream(shown(played(events)))


@given(turns())
def test_a_hidden_thought_leaves_its_signature_and_nothing_else(events: list[EngineEvent]) -> None:
    read = stream(*events, opening=Opening(model="m", input_tokens=1, show_thinking=False))

    assert "thinking_delta" not in {kind for _, kind, _ in deltas(read)}


@given(st.lists(anything, max_size=12))
def test_an_engine_that_breaks_the_order_fails_and_its_stream_stays_well_formed(
    events: list[EngineEvent],
) -> None:
    playing = machine()
    wire: list[StreamEvent] = [playing.start()]
    for event in events:
        try:
            wire += playing.feed(event)
        except EngineFailed:
            # Nothing was changed: the same event fails again.
            with pytest.raises(EngineFailed):
                playing.feed(event)

    written = b"".join(map(frame, wire))
    if not playing.ended:
        written += error_frame(EngineFailed("broke off"), "req_1")
    check_stream(parse_sse(written))


@given(turns(), anything)
def test_nothing_follows_the_end(events: list[EngineEvent], late: EngineEvent) -> None:
    playing = machine()
    for event in events:
        playing.feed(event)

    assert playing.ended
    with pytest.raises(EngineFailed):
        playing.feed(late)


def test_blocks_are_numbered_without_gap_and_keep_their_deltas() -> None:
    read = stream(
        *(ThinkingOpened(), BlockDelta(text="Hm."), BlockClosed()),
        *(RedactedThinkingOpened(data="cmVk"), BlockClosed()),
        *(*TEXT, *CALL),
        TurnEnded(stop_reason="tool_use"),
    )

    assert deltas(read) == [
        (0, "thinking_delta", "Hm."),
        (0, "signature_delta", "signed-3"),
        (2, "text_delta", "Hello"),
        (3, "input_json_delta", ""),
        (3, "input_json_delta", '{"city": "Bern"}'),
    ]


def test_citations_that_come_first_stand_before_the_text_of_a_block_that_announces_them() -> None:
    read = stream(
        *(TextOpened(), CitationFound(citation=CITATIONS[0]), BlockDelta(text=" It rains.")),
        *(BlockClosed(), TextOpened(), BlockDelta(text=" Or not."), BlockClosed()),
        TurnEnded(stop_reason="end_turn"),
    )

    assert [data for _, data in read[1:4]] == [
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": "", "citations": []},
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {
                "type": "citations_delta",
                "citation": {
                    "type": "char_location",
                    "cited_text": "It rains.",
                    "document_index": 0,
                    "document_title": "Weather",
                    "start_char_index": 4,
                    "end_char_index": 13,
                    "file_id": "file_1",
                },
            },
        },
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": " It rains."},
        },
    ]
    assert read[5][1]["content_block"]["citations"] is None


def test_a_citation_may_follow_its_text() -> None:
    read = stream(
        *(TextOpened(), BlockDelta(text="It rains."), CitationFound(citation=CITATIONS[1])),
        TurnEnded(stop_reason="end_turn"),
    )

    assert [kind for _, kind, _ in deltas(read)] == ["text_delta", "citations_delta"]


def test_the_citations_of_a_blank_block_are_left_out_with_it() -> None:
    cited = CitationFound(citation=CITATIONS[0])
    read = stream(
        *(TextOpened(), cited, BlockDelta(text=" "), BlockClosed(), *TEXT),
        TurnEnded(stop_reason="end_turn"),
    )

    assert deltas(read) == [(0, "text_delta", "Hello")]


@pytest.mark.parametrize("opening", [ThinkingOpened(), ToolUseOpened(name="run")])
def test_only_text_is_cited(opening: EngineEvent) -> None:
    check_stream(cut_off([opening, CitationFound(citation=CITATIONS[0])]))


@pytest.mark.parametrize("opening", [TextOpened(), ThinkingOpened(), ToolUseOpened(name="run")])
def test_a_second_block_does_not_open_inside_another(opening: EngineEvent) -> None:
    check_stream(cut_off([opening, TextOpened()]))


def test_a_delta_needs_an_open_block() -> None:
    check_stream(cut_off([BlockDelta(text="lost")]))


def test_a_redacted_thought_takes_no_delta() -> None:
    check_stream(cut_off([RedactedThinkingOpened(data="cmVk"), BlockDelta(text="x")]))


def test_blank_text_is_left_out_and_leaves_no_gap() -> None:
    read = stream(*BLANK, *TEXT, TurnEnded(stop_reason="end_turn"))

    assert deltas(read) == [(0, "text_delta", "Hello")]


def test_blanks_before_the_first_word_are_kept() -> None:
    read = stream(
        *(TextOpened(), BlockDelta(text=" \n"), BlockDelta(text=" "), BlockDelta(text="Hi ")),
        *(BlockDelta(text=" "), TurnEnded(stop_reason="end_turn")),
    )

    assert deltas(read) == [(0, "text_delta", " \n Hi "), (0, "text_delta", " ")]


def test_a_turn_without_content_is_an_empty_message() -> None:
    read = stream(TurnEnded(stop_reason="end_turn"))

    assert [name for name, _ in read] == ["message_start", "message_delta", "message_stop"]


# T20
def test_a_thought_cut_by_the_limit_is_signed_and_stays_the_only_block() -> None:
    read = stream(ThinkingOpened(), BlockDelta(text="Well"), TurnEnded(stop_reason="max_tokens"))

    assert deltas(read) == [(0, "thinking_delta", "Well"), (0, "signature_delta", "signed-4")]
    assert ending(read)["stop_reason"] == "max_tokens"


def test_a_hidden_thought_can_tell_how_far_it_is() -> None:
    hidden = Opening(model="m", input_tokens=1, show_thinking=False, estimate_thinking=True)

    read = stream(
        *(ThinkingOpened(), BlockDelta(text="x" * 399), BlockDelta(text="y"), BlockClosed()),
        TurnEnded(stop_reason="end_turn"),
        opening=hidden,
    )

    told = [data["delta"] for name, data in read if name == "content_block_delta"][:-1]
    progress = {"type": "thinking_delta", "thinking": "", "estimated_tokens": 50}
    assert told == [progress, progress]


def test_of_a_thought_that_is_shown_nothing_is_estimated() -> None:
    asked = Opening(model="m", input_tokens=1, estimate_thinking=True)

    read = stream(
        *(ThinkingOpened(), BlockDelta(text="x" * 400), BlockClosed()),
        TurnEnded(stop_reason="end_turn"),
        opening=asked,
    )

    assert read[2][1]["delta"]["estimated_tokens"] is None


def test_a_redacted_thought_goes_out_under_our_signature() -> None:
    read = stream(
        RedactedThinkingOpened(data="cmVk"), BlockClosed(), TurnEnded(stop_reason="end_turn")
    )

    assert read[1][1]["content_block"] == {"type": "redacted_thinking", "data": "signed-0cmVk"}


def test_a_full_window_is_told_by_its_name_to_those_who_know_it() -> None:
    older = Opening(model="m", input_tokens=1, tells_full_window=False)
    full = TurnEnded(stop_reason="model_context_window_exceeded")

    assert ending(stream(*TEXT, full))["stop_reason"] == "model_context_window_exceeded"
    assert ending(stream(*TEXT, full, opening=older))["stop_reason"] == "max_tokens"


def test_a_hidden_thought_is_signed_as_the_client_holds_it() -> None:
    hidden = Opening(model="m", input_tokens=1, show_thinking=False)

    read = stream(
        *(ThinkingOpened(), BlockDelta(text="secret"), BlockClosed(), *TEXT),
        TurnEnded(stop_reason="end_turn"),
        opening=hidden,
    )

    assert deltas(read)[0] == (0, "signature_delta", "signed-0")


# ---- tool calls --------------------------------------------------------------------------------


# T16
@pytest.mark.parametrize(
    "reported",
    [
        *("end_turn", "tool_use", "max_tokens", "pause_turn", "compaction"),
        *("stop_sequence", "model_context_window_exceeded"),
    ],
)
@pytest.mark.parametrize("after", [[], BLANK], ids=["last", "before blanks"])
def test_a_complete_call_at_the_end_is_told_whatever_the_engine_says(
    reported: StopReason, after: list[EngineEvent]
) -> None:
    read = stream(*TEXT, *CALL, *after, TurnEnded(stop_reason=reported, stop_sequence="END"))

    assert ending(read)["stop_reason"] == "tool_use"
    assert ending(read)["stop_sequence"] is None


def test_a_refusal_stays_one_after_a_call() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": None}

    read = stream(*CALL, TurnEnded(stop_reason="refusal", stop_details=details))

    assert ending(read)["stop_reason"] == "refusal"
    assert ending(read)["stop_details"] == details


@pytest.mark.parametrize(
    ("reported", "told"),
    [("end_turn", "tool_use"), ("tool_use", "tool_use"), ("max_tokens", "max_tokens")],
)
def test_a_call_with_text_behind_it_still_waits_for_its_result(
    reported: StopReason, told: StopReason
) -> None:
    read = stream(*CALL, *TEXT, TurnEnded(stop_reason=reported))

    assert ending(read)["stop_reason"] == told


def test_tool_use_without_a_call_is_an_ordinary_end() -> None:
    read = stream(*TEXT, TurnEnded(stop_reason="tool_use"))

    assert ending(read)["stop_reason"] == "end_turn"


# T15
@pytest.mark.parametrize("reason", ["max_tokens", "model_context_window_exceeded", "refusal"])
def test_a_cut_call_keeps_its_partial_input_and_its_reason(reason: StopReason) -> None:
    read = stream(
        *(ToolUseOpened(name="run"), BlockDelta(text='{"command": "l')),
        TurnEnded(stop_reason=reason),
    )

    assert "".join(text for _, _, text in deltas(read)) == '{"command": "l'
    assert ending(read)["stop_reason"] == reason


def test_a_call_cut_before_its_input_gets_no_pretended_one() -> None:
    read = stream(ToolUseOpened(name="run"), TurnEnded(stop_reason="max_tokens"))

    assert deltas(read) == [(0, "input_json_delta", "")]
    assert ending(read)["stop_reason"] == "max_tokens"


def test_a_complete_call_before_a_cut_one_does_not_hide_the_limit() -> None:
    read = stream(
        *(*CALL, ToolUseOpened(name="run"), BlockDelta(text='{"c')),
        TurnEnded(stop_reason="max_tokens"),
    )

    assert ending(read)["stop_reason"] == "max_tokens"


def test_a_call_whose_last_brace_met_the_limit_is_complete() -> None:
    read = stream(*CALL[:-1], TurnEnded(stop_reason="max_tokens"))

    assert ending(read)["stop_reason"] == "tool_use"


@pytest.mark.parametrize("reason", ["end_turn", "tool_use", "pause_turn"])
def test_an_engine_that_claims_to_be_done_inside_a_call_fails(reason: StopReason) -> None:
    read = cut_off(
        [ToolUseOpened(name="run"), BlockDelta(text='{"c'), TurnEnded(stop_reason=reason)]
    )

    check_stream(read)


def test_a_call_cut_by_a_stop_sequence_that_nobody_names_fails() -> None:
    end = TurnEnded(stop_reason="stop_sequence")

    check_stream(cut_off([ToolUseOpened(name="run"), BlockDelta(text='{"c'), end]))


@pytest.mark.parametrize("text", ["{", '{"a": 1}}', "[1]", "NaN", '{"a": NaN}', "null", "ls"])
def test_a_closed_call_whose_input_is_no_object_fails(text: str) -> None:
    check_stream(cut_off([ToolUseOpened(name="run"), BlockDelta(text=text), BlockClosed()]))


@pytest.mark.parametrize("text", ["[1,", "ls -l", "nul"])
def test_a_cut_call_whose_input_never_was_json_fails(text: str) -> None:
    end = TurnEnded(stop_reason="max_tokens")

    check_stream(cut_off([ToolUseOpened(name="run"), BlockDelta(text=text), end]))


# T3
def test_a_call_closed_without_input_has_none() -> None:
    read = stream(ToolUseOpened(name="run"), BlockClosed(), TurnEnded(stop_reason="tool_use"))

    assert deltas(read) == [(0, "input_json_delta", ""), (0, "input_json_delta", "{}")]


def test_blanks_alone_never_reach_a_parser_of_partial_json() -> None:
    read = stream(
        *(ToolUseOpened(name="run"), BlockDelta(text=" \n"), BlockDelta(text=' {"a":')),
        *(BlockDelta(text=" 1}"), BlockClosed(), TurnEnded(stop_reason="tool_use")),
    )

    assert [text for _, _, text in deltas(read)] == ["", '{"a":', " 1}"]


def ids_for(*engine_ids: str | None) -> list[str]:
    """The ids that the client sees of calls that the engine gave these."""
    called = [(ToolUseOpened(name="run", id=each), BlockClosed()) for each in engine_ids]
    read = stream(*(event for call in called for event in call), TurnEnded(stop_reason="tool_use"))
    return [data["content_block"]["id"] for name, data in read if name == "content_block_start"]


@pytest.mark.parametrize(
    "engine_id", ["call_1", "toolu_", "toolu_a-b", "functions.run:0", "call_" + "a" * 24]
)
def test_t24_t25_an_id_that_the_api_would_not_issue_goes_out_inside_one_that_it_would(
    engine_id: str,
) -> None:
    (issued,) = ids_for(engine_id)

    assert re.fullmatch(r"toolu_[A-Za-z0-9]{1,58}", issued)
    assert carried_by(issued) == engine_id


@pytest.mark.parametrize(
    "engine_id", [None, "", "toolu_a\n", "chatcmpl-tool-" + "a" * 32, "toolu_" + "x" * 59]
)
def test_t24_an_id_that_cannot_be_carried_is_replaced(engine_id: str | None) -> None:
    assert ids_for(engine_id) == ["toolu_2"]


def test_t25_the_same_id_given_twice_is_carried_once() -> None:
    first, second = ids_for("call_0", "call_0")

    assert (carried_by(first), carried_by(second)) == ("call_0", None)
    assert second == "toolu_3"


def test_t25_an_id_that_carries_one_already_goes_out_as_it_is() -> None:
    (theirs,) = ids_for("functions.run:0")

    assert ids_for(theirs, theirs) == [theirs, "toolu_2"]


def test_t24_an_id_of_the_right_form_is_kept_once() -> None:
    assert ids_for("toolu_X", "toolu_X") == ["toolu_X", "toolu_2"]


# ---- endings -----------------------------------------------------------------------------------


def test_the_stop_sequence_that_fired_is_named() -> None:
    read = stream(*TEXT, TurnEnded(stop_reason="stop_sequence", stop_sequence="END"))

    assert (ending(read)["stop_reason"], ending(read)["stop_sequence"]) == ("stop_sequence", "END")


def test_a_stop_sequence_that_nobody_names_is_an_ordinary_end() -> None:
    read = stream(*TEXT, TurnEnded(stop_reason="stop_sequence"))

    assert ending(read)["stop_reason"] == "end_turn"


def test_details_belong_to_refusals_only() -> None:
    read = stream(*TEXT, TurnEnded(stop_reason="end_turn", stop_details={"type": "refusal"}))

    assert ending(read)["stop_details"] is None


@pytest.mark.parametrize("opening", [TextOpened(), ThinkingOpened()])
def test_the_end_closes_what_is_open(opening: EngineEvent) -> None:
    stream(opening, BlockDelta(text="So"), TurnEnded(stop_reason="end_turn"))
    stream(RedactedThinkingOpened(data="cmVk"), TurnEnded(stop_reason="end_turn"))


# ---- what is fixed at the start ----------------------------------------------------------------


# T7, T13
def test_the_start_carries_every_field_and_the_counted_input() -> None:
    playing = machine(Opening(model="claude-test-1", input_tokens=25, speed="standard"))

    (name, data), *_ = parse_sse(frame(playing.start()))

    assert name == "message_start"
    assert data["message"] == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test-1",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": {
            "input_tokens": 25,
            "output_tokens": 1,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "server_tool_use": None,
            "service_tier": "standard",
            "inference_geo": "not_available",
            "speed": "standard",
        },
    }


def test_the_start_knows_what_the_engine_has_counted_by_then() -> None:
    playing = machine()
    playing.feed(UsageReported(input_tokens=7, cache_creation_input_tokens=5))

    usage = playing.start().message.usage

    assert (usage.input_tokens, usage.cache_creation_input_tokens) == (7, 5)
    assert usage.cache_creation.ephemeral_5m_input_tokens == 5


def test_asking_twice_for_the_start_gives_one_message() -> None:
    playing = machine()

    assert playing.start().message.id == playing.start().message.id


# ---- text --------------------------------------------------------------------------------------


def test_half_characters_do_not_break_the_stream() -> None:
    read = stream(
        *(TextOpened(), BlockDelta(text="a\ud83d"), BlockDelta(text="\ud83d\ude00")),
        TurnEnded(stop_reason="end_turn"),
    )

    assert [text for _, _, text in deltas(read)] == ["a\ufffd", "😀"]


def test_line_breaks_that_only_unicode_knows_do_not_break_a_line() -> None:
    text = "a\u2028b\u2029c\x85d\x0be"

    read = stream(TextOpened(), BlockDelta(text=text), TurnEnded(stop_reason="end_turn"))

    assert deltas(read) == [(0, "text_delta", text)]


def test_a_hundred_thousand_deltas_are_one_block() -> None:
    playing = machine()
    playing.feed(ToolUseOpened(name="run"))
    playing.feed(BlockDelta(text='{"command": "'))

    for _ in range(100_000):
        playing.feed(BlockDelta(text="x"))
    events = [*playing.feed(BlockDelta(text='"}')), *playing.feed(BlockClosed())]

    assert [json.loads(frame(event).split(b"data: ")[1])["index"] for event in events] == [0, 0]
