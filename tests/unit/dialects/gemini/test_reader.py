import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.gemini.reader import TurnReader
from antechamber.dialects.gemini.tool_names import ToolNames, gemini_name
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    RedactedThinkingOpened,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed, EngineRateLimited, Overloaded
from antechamber.wire.responses import OutputTokensDetails, TextBlock
from tests.stream_grammar import check_stream
from tests.unit.dialects.gemini.recordings import (
    ALL,
    BLOCKED,
    EVERY_COUNT,
    PARALLEL_CALLS,
    SIGNED_AT_THE_END,
    SIGNED_CALL,
    THOUGHT_THEN_CALL_WITHOUT_ARGUMENTS,
    THOUGHT_THEN_SIGNED_TEXT,
    Chunk,
    chunk,
    counts,
)
from tests.unit.dialects.gemini.scenes import (
    content_of,
    events_of,
    message_of,
    order,
    read_pieces,
    sse,
)
from tests.unit.turn.engine_turns import played, shown


def without_usage(events: list[EngineEvent]) -> list[EngineEvent]:
    return [event for event in events if not isinstance(event, UsageReported)]


def text_of(block: object) -> str:
    assert isinstance(block, TextBlock)
    return block.text


def texts(events: list[EngineEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, BlockDelta)]


def cargo(*parts: tuple[str, str], model: str = "gemini-3.7-flash") -> bytes:
    told = {"v": 1, "gemini": model, "parts": [list(part) for part in parts]}
    return json.dumps(told, separators=(",", ":")).encode()


# T1 T2 T6 T12
@pytest.mark.parametrize("thinks", [True, False])
@pytest.mark.parametrize("name", ALL)
def test_every_recorded_stream_becomes_a_stream_that_passes_the_grammar(
    name: str, thinks: bool
) -> None:
    check_stream(shown(played(events_of(ALL[name], thinks=thinks))))


# T1 T3
@given(st.sampled_from(sorted(ALL)), st.data())
def test_a_stream_means_the_same_however_its_bytes_are_cut(name: str, data: st.DataObject) -> None:
    stream = sse(ALL[name])
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    edges = [0, *cuts, len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]

    assert read_pieces(pieces) == events_of(ALL[name])


def test_a_thought_carries_the_signature_of_the_text_behind_it() -> None:
    events = without_usage(events_of(THOUGHT_THEN_SIGNED_TEXT))

    assert events == [
        ThinkingOpened(),
        BlockDelta(text="**Defining the Goal**\n\n"),
        BlockDelta(text="**Refining the Steps**\n\n"),
        BlockClosed(cargo=cargo(("text", "CiIBcg=="))),
        TextOpened(),
        BlockDelta(text="Here is a guide:"),
        BlockDelta(text=" stop, look, listen."),
        BlockClosed(),
        TurnEnded(stop_reason="end_turn"),
    ]


def test_a_signed_call_without_a_thought_brings_a_block_that_carries_its_signature() -> None:
    events = without_usage(events_of(SIGNED_CALL, thinks=False))

    assert events == [
        RedactedThinkingOpened(data=cargo(("call", "EpEgCg==")).decode()),
        BlockClosed(),
        ToolUseOpened(name="weather"),
        BlockDelta(text='{"location":"San Francisco"}'),
        BlockClosed(),
        TurnEnded(stop_reason="end_turn"),
    ]


def test_the_thought_before_a_call_carries_the_signature_of_the_call() -> None:
    events = without_usage(events_of(THOUGHT_THEN_CALL_WITHOUT_ARGUMENTS))

    assert events[2:5] == [
        BlockClosed(cargo=cargo(("call", "AY89aw=="))),
        ToolUseOpened(name="read_theme"),
        BlockDelta(text="{}"),
    ]


# T5 T16 T24
def test_parallel_calls_stay_apart_and_get_ids_of_ours() -> None:
    events = events_of(PARALLEL_CALLS, thinks=False)
    _, *calls = content_of(events)

    assert [call["input"] for call in calls] == [{"city": "Paris"}, {"city": "Tokyo"}]
    assert len({call["id"] for call in calls}) == 2
    assert all(re.fullmatch("toolu_[A-Za-z0-9]+", call["id"]) for call in calls)
    assert message_of(events).stop_reason == "tool_use"


def test_only_the_first_call_counts_where_parallel_calls_are_disabled() -> None:
    _, *calls = content_of(events_of(PARALLEL_CALLS, one_call=True))

    assert [call["input"] for call in calls] == [{"city": "Paris"}]


def test_an_answer_never_ends_in_a_block_that_only_carries_state() -> None:
    for thinks in (True, False):
        events = without_usage(events_of(SIGNED_AT_THE_END, thinks=thinks))

        assert events == [
            TextOpened(),
            BlockDelta(text="fixture ok"),
            BlockClosed(),
            TurnEnded(stop_reason="end_turn"),
        ]


def test_signed_text_before_a_call_is_carried_with_the_call() -> None:
    events = events_of(
        [
            chunk({"text": "Let me look.", "thoughtSignature": "AA=="}),
            chunk({"functionCall": {"name": "weather", "args": {}}, "thoughtSignature": "BB=="}),
            chunk(finish="STOP"),
        ],
        thinks=False,
    )

    assert RedactedThinkingOpened(data=cargo(("before", "AA=="), ("call", "BB==")).decode()) in (
        events
    )


def test_a_first_text_that_is_signed_brings_its_block_where_thoughts_were_asked_for() -> None:
    events = events_of([chunk({"text": "4", "thoughtSignature": "AA=="}, finish="STOP")])

    assert events[:3] == [
        RedactedThinkingOpened(data=cargo(("text", "AA==")).decode()),
        BlockClosed(),
        TextOpened(),
    ]


def test_thoughts_that_nobody_asked_for_are_left_out() -> None:
    events = without_usage(events_of(THOUGHT_THEN_SIGNED_TEXT, thinks=False))

    assert events[0] == TextOpened()


# T3
def test_arguments_come_whole_with_their_call() -> None:
    arguments = {"city": "Zürich", "days": [1, 2], "deep": {"x": None}}
    events = events_of(
        [chunk({"functionCall": {"name": "weather", "args": arguments}}, finish="STOP")]
    )

    assert json.loads("".join(texts(events))) == arguments


# T4
def test_empty_parts_and_lists_are_no_blocks() -> None:
    events = events_of(
        [
            {"candidates": []},
            {"candidates": [{"content": {"role": "model"}, "index": 0}]},
            chunk({"text": ""}),
            chunk({"text": "Hi", "thought": False}),
            chunk({"text": ""}, finish="STOP"),
        ]
    )

    assert [*map(type, events)] == [TextOpened, BlockDelta, BlockClosed, TurnEnded]


# T7 T8 T34
def test_counts_leave_the_cached_part_out_of_the_input_and_put_thoughts_into_the_output() -> None:
    message = message_of(events_of(EVERY_COUNT))

    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens) == (16 + 63, 3)
    assert usage.output_tokens == 60
    assert usage.output_tokens_details == OutputTokensDetails(thinking_tokens=56)


# T34
@pytest.mark.parametrize("backwards", [True, False])
def test_counts_that_come_in_two_events_are_merged_field_by_field(backwards: bool) -> None:
    told = [
        {"usageMetadata": {"promptTokenCount": 20, "cachedContentTokenCount": 12}},
        {"usageMetadata": {"candidatesTokenCount": 5, "thoughtsTokenCount": 7}},
    ]
    if backwards:
        told.reverse()
    message = message_of(events_of([chunk({"text": "x"}, finish="STOP"), *told]))

    usage = message.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (8, 12, 12)


# T9
def test_the_first_piece_of_a_thought_is_shown_at_once() -> None:
    reader = TurnReader(order())

    events = list(reader.feed(encode_json(THOUGHT_THEN_SIGNED_TEXT[0])))

    assert [*map(type, events)] == [UsageReported, ThinkingOpened, BlockDelta]


def test_a_stream_that_ends_without_a_reason_broke_off() -> None:
    with pytest.raises(EngineFailed, match="gemini broke off its answer"):
        events_of(THOUGHT_THEN_SIGNED_TEXT[:3])


def test_a_blocked_prompt_is_a_refusal() -> None:
    message = message_of(events_of(BLOCKED))

    assert message.stop_reason == "refusal"
    assert message.stop_details == {
        "type": "refusal",
        "category": "general_harms",
        "explanation": "The prompt was blocked (PROHIBITED_CONTENT).",
    }


@pytest.mark.parametrize(
    ("reason", "category"),
    [
        ("SAFETY", "general_harms"),
        ("RECITATION", None),
        ("LANGUAGE", None),
        ("BLOCKLIST", "general_harms"),
        ("PROHIBITED_CONTENT", "general_harms"),
        ("SPII", None),
        ("ESCALATION", "general_harms"),
    ],
)
def test_a_stop_by_a_filter_is_a_refusal_that_keeps_what_was_said(
    reason: str, category: str | None
) -> None:
    message = message_of(events_of([chunk({"text": "It is"}), chunk(finish=reason)]))

    assert message.stop_reason == "refusal"
    assert (message.stop_details or {})["category"] == category
    assert [*map(text_of, message.content)] == ["It is"]


@pytest.mark.parametrize(
    "reason",
    [
        *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
        *("MISSING_THOUGHT_SIGNATURE", "OTHER", "FINISH_REASON_UNSPECIFIED", "SOMETHING_NEW"),
    ],
)
def test_an_end_without_an_answer_is_a_failure_of_the_engine(reason: str) -> None:
    reader = TurnReader(order())

    with pytest.raises(EngineFailed, match="gemini "):
        # Before the counts of the same event, so that another engine can still be asked.
        next(reader.feed(encode_json(chunk(finish=reason, usage=counts(9, None)))))


@pytest.mark.parametrize("reason", ["MAX_TOKENS", "CONTINUATION"])
def test_a_full_answer_ends_with_max_tokens(reason: str) -> None:
    told = [chunk({"text": "And so"}, finish=reason, usage=counts(5, 100))]

    assert message_of(events_of(told)).stop_reason == "max_tokens"


def test_thoughts_may_use_the_whole_answer_up() -> None:
    told = [
        chunk({"text": "Hm", "thought": True}),
        chunk(finish="MAX_TOKENS", usage=counts(5, None, 100)),
    ]
    message = message_of(events_of(told))

    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 100


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_text_ends_before_a_stop_sequence_and_its_end_says_which(size: int) -> None:
    said = "one END two"
    pieces = [said[at : at + size] for at in range(0, len(said), size)]
    told = [*(chunk({"text": piece}) for piece in pieces), chunk(finish="STOP")]
    message = message_of(events_of(told, stop_sequences=("ENDE", "END", "E N")))

    assert [*map(text_of, message.content)] == ["one "]
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "END")


def test_what_looked_like_a_stop_sequence_and_was_none_is_shown() -> None:
    told = [chunk({"text": "the EN"}), chunk(finish="STOP")]
    message = message_of(events_of(told, stop_sequences=("END",)))

    assert [*map(text_of, message.content)] == ["the EN"]
    assert message.stop_reason == "end_turn"


@given(
    st.lists(st.text("abE", min_size=1, max_size=4), max_size=6),
    st.lists(st.text("abE", min_size=1, max_size=3), max_size=3),
)
def test_stop_sequences_cut_the_text_however_it_comes(pieces: list[str], stops: list[str]) -> None:
    said = "".join(pieces)
    told = [*(chunk({"text": piece}) for piece in pieces), chunk(finish="STOP")]
    events = events_of(told, stop_sequences=tuple(stops))

    ends = [(said.find(stop) + len(stop), said.find(stop)) for stop in stops if stop in said]
    assert "".join(texts(events)) == (said[: min(ends)[1]] if ends else said)


def test_a_call_by_a_name_that_was_made_to_fit_gets_its_own_name_back() -> None:
    name = "7" + "server" * 21
    sent_name = gemini_name(name)
    told = [chunk({"functionCall": {"name": sent_name, "args": {}}}, finish="STOP")]
    events = events_of(told, names=ToolNames([name]))

    assert sent_name != name
    assert ToolUseOpened(name=name) in events


@pytest.mark.parametrize(
    "part",
    [
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"executableCode": {"language": "PYTHON", "code": "1"}},
        {"functionCall": {"name": "read_screen", "willContinue": True}},
        {"functionCall": {}},
    ],
)
def test_parts_that_no_message_can_hold_are_a_failure_and_not_left_out(part: Chunk) -> None:
    with pytest.raises(EngineFailed):
        events_of([chunk(part, finish="STOP")])


@pytest.mark.parametrize(
    "told", [b"data: {\n\n", b"data: 7\n\n", b'data: {"candidates": 1}\n\n', b"data: \n\n"]
)
def test_what_is_not_an_event_of_gemini_is_a_failure_that_names_it(told: bytes) -> None:
    with pytest.raises(EngineFailed, match="gemini"):
        read_pieces([told])


@pytest.mark.parametrize(
    ("code", "error"), [(503, Overloaded), (429, EngineRateLimited), (500, EngineFailed)]
)
def test_an_error_in_the_middle_of_a_stream_is_that_error(
    code: int, error: type[Exception]
) -> None:
    told: list[Any] = [
        chunk({"text": "Hi"}),
        {"error": {"code": code, "message": "Not now.", "status": "X"}},
    ]
    with pytest.raises(error, match="gemini: Not now"):
        events_of(told)
