"""What comes back from hosts: their published streams, and every fault that others have had."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.openai_chat.reader import AnswerUnusable, ChatReader
from antechamber.dialects.openai_chat.reading import ReadingPlan
from antechamber.turn.events import BlockClosed, EngineEvent, ToolUseOpened
from antechamber.wire.errors import (
    EngineFailed,
    EngineRateLimited,
    InvalidRequest,
    Overloaded,
)
from tests.unit.dialects.openai_chat.scenes import (
    THINKING,
    TOOLS,
    as_bytes,
    calls,
    chunk,
    client_sees,
    closed_calls,
    counts,
    ending,
    names,
    piece,
    read,
    read_bytes,
    said,
    usage,
    usage_chunk,
)
from tests.unit.dialects.openai_chat.transcripts import ALL, ENDED, OPENAI_TOOLS, SAID

# A llama-server (xllamacpp 2026.10.11549) with SmolLM2-135M-Instruct, asked to count to five.
RECORDED = (Path(__file__).parent / "recordings/llama-server-2026-11-22.sse").read_bytes()
FORCED = ReadingPlan(names=names("look"), must_call=True, checks_calls=True)
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
DETAILS = [{"type": "reasoning.summary", "summary": "Hm."}]
PARTS = [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Yes."}]
CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@pytest.mark.parametrize("name", ALL)
def test_t1_t12_t31_a_host_is_read_as_it_publishes(name: str) -> None:
    chunks, plan = ALL[name]

    events = read(*chunks, plan=plan)

    assert said(events) == SAID[name]
    assert ending(events).stop_reason == ENDED[name]
    wire = client_sees(events)
    starts = [event for event in wire if event["type"] == "content_block_start"]
    assert [event["index"] for event in starts] == list(range(len(SAID[name])))


@pytest.mark.parametrize("name", ALL)
@given(cuts=CUTS)
def test_t1_cut_anywhere_a_stream_gives_the_same_events(name: str, cuts: list[int]) -> None:
    chunks, plan = ALL[name]
    data = as_bytes(*chunks)
    places = sorted({cut % len(data) for cut in cuts})

    pieces = [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]

    assert read_bytes(pieces, plan) == read(*chunks, plan=plan)


@pytest.mark.parametrize("name", ALL)
def test_a_whole_answer_gives_the_same_blocks_as_its_stream(name: str) -> None:
    chunks, plan = ALL[name]
    streamed = read(*chunks, plan=plan)
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    for kind, text in SAID[name]:
        match kind:
            case "text":
                message["content"] = text
            case "thinking":
                message["reasoning_content"] = text
            case _:
                function = {"name": kind, "arguments": text}
                message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    last = next(one["choices"][0] for one in reversed(chunks) if one["choices"])
    choice = {**last, "delta": None, "message": message}

    events = ChatReader("gpu", plan).whole(json.dumps({"choices": [choice]}).encode())

    assert said(events) == said(streamed)
    assert ending(events) == ending(streamed)


@given(cuts=CUTS)
def test_t1_a_recorded_stream_is_read_however_it_is_cut(cuts: list[int]) -> None:
    places = sorted({cut % len(RECORDED) for cut in cuts})
    ends = zip([0, *places], [*places, len(RECORDED)], strict=True)

    events = read_bytes([RECORDED[a:b] for a, b in ends], THINKING)

    ((kind, text),) = said(events)
    assert kind == "text"
    assert "one" in text.lower() or "1" in text
    assert ending(events).stop_reason == "max_tokens"
    counted = usage(events)
    assert counted.output_tokens == 12
    assert (counted.input_tokens or 0) + (counted.cache_read_input_tokens or 0) > 30
    client_sees(events)


# ---- tool calls ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, id="c", name="look", arguments='{"at":'), piece(0, arguments='"door"}')],
        [piece(0, id="c", name="look"), piece(0, arguments='{"at":"door"}')],
        [piece(0, id="c", name="look", arguments='{"at":"door"}')],
        [piece(0, id="c", name="look", arguments={"at": "door"})],
        [piece(None, id="c", name="look", arguments='{"at":'), piece(None, arguments='"door"}')],
        [piece(0, id="c", name="lo"), piece(0, name="ok", arguments='{"at":"door"}')],
        [
            piece(0, id="c", name="look", arguments='{"at":'),
            piece(0, id="c", name="look", arguments='"door"}'),
        ],
        [
            piece(0, id="c", name="look", arguments='{"at":"door"}'),
            piece(0, id="c", name="look", arguments='{"at":"door"}'),
        ],
        [
            piece(0, id="c", name="look", arguments='{"at":'),
            piece(0, id="d", name="look", arguments='"door"'),
            piece(0, id="e", name="look", arguments="}"),
            piece(0, id="f", name="look", arguments="\n"),
        ],
        [piece(0, id="c", name="look", arguments=json.dumps('{"at": "door"}'))],
    ],
    ids=[
        *("first", "last", "whole", "object", "no-index", "name-in-pieces", "name-again"),
        *("whole-again", "id-again", "encoded-twice"),
    ],
)
def test_t3_t14_arguments_are_taken_wherever_they_come(pieces: list[dict[str, Any]]) -> None:
    events = read(*(calls(one) for one in pieces), chunk("tool_calls"))

    ((name, text),) = said(events)
    assert (name, json.loads(text)) == ("look", {"at": "door"})
    assert client_sees(events)[-2]["delta"]["stop_reason"] == "tool_use"


def test_t3_arguments_come_with_the_end() -> None:
    events = read(
        calls(piece(0, id="c", name="look")),
        calls(piece(0, arguments='{"at":"door"}'), finish="tool_calls"),
    )

    assert said(events) == [("look", '{"at":"door"}')]


def test_arguments_are_shown_as_they_come() -> None:
    reader = ChatReader("gpu", TOOLS)

    shown = [len(reader.feed(json.dumps(one).encode())) for one in OPENAI_TOOLS[:5]]

    assert shown == [0, 2, 1, 1, 1]


@pytest.mark.parametrize("empty", ["", None, "null", '""', "{}"])
def test_a_call_without_arguments_has_an_empty_input(empty: object) -> None:
    events = read(calls(piece(0, id="c", name="look", arguments=empty)), chunk("tool_calls"))

    assert said(events) == [("look", "{}")]


def test_t4_an_empty_list_is_no_call() -> None:
    events = read(
        chunk(content="Hel", tool_calls=[]),
        chunk(content="lo", tool_calls=[]),
        chunk("stop", tool_calls=[]),
    )

    assert said(events) == [("text", "Hello")]
    assert ending(events).stop_reason == "end_turn"


def test_t5_interleaved_calls_out_of_order_are_kept_apart() -> None:
    plan = ReadingPlan(names=names("a", "b", "c"))

    events = read(
        calls(piece(2, id="x", name="c", arguments='{"n":')),
        calls(piece(0, id="y", name="a", arguments='{"n"')),
        calls(piece(1, id="z", name="b", arguments='{"n":1}')),
        calls(piece(0, arguments=":0}"), piece(2, arguments="2}")),
        chunk("tool_calls"),
        plan=plan,
    )

    assert said(events) == [("c", '{"n":2}'), ("a", '{"n":0}'), ("b", '{"n":1}')]
    assert closed_calls(events) == 3
    client_sees(events)


def test_t5_calls_that_share_an_index_are_told_apart_by_id() -> None:
    events = read(
        calls(piece(0, id="x", name="look", arguments='{"n":1}')),
        calls(piece(0, id="y", name="run", arguments='{"n":2}')),
        chunk("tool_calls"),
    )

    assert said(events) == [("look", '{"n":1}'), ("run", '{"n":2}')]


@given(st.permutations(range(3)), st.lists(st.integers(0, 2), min_size=12, max_size=30))
def test_t5_however_calls_interleave_each_is_whole(order: list[int], turns: list[int]) -> None:
    texts = {number: f'{{"text":"{"x" * number} {{}}","n":{number}}}' for number in range(3)}
    chunks = [
        calls(piece(number, id=f"id{number}", name="look", arguments=texts[number][:1]))
        for number in order
    ]
    shown = dict.fromkeys(range(3), 1)
    for number in turns:
        at = shown[number]
        chunks.append(calls(piece(number, arguments=texts[number][at : at + 4])))
        shown[number] = at + 4
    chunks += [calls(piece(number, arguments=texts[number][shown[number] :])) for number in order]

    events = read(*chunks, chunk("tool_calls"))

    assert said(events) == [("look", texts[number]) for number in order]
    client_sees(events)


def test_the_old_function_call_is_a_call() -> None:
    events = read(
        chunk(function_call={"name": "look", "arguments": ""}),
        chunk(function_call={"arguments": '{"at":1}'}),
        chunk("function_call"),
    )

    assert said(events) == [("look", '{"at":1}')]
    assert ending(events).stop_reason == "tool_use"


def test_t24_the_hosts_id_goes_to_the_machine_and_a_fit_one_to_the_client() -> None:
    events = read(*OPENAI_TOOLS)

    opened = next(event for event in events if isinstance(event, ToolUseOpened))
    assert opened.id == "call_DdmO9pD3xa9XTPNJ32zg2hcA"
    (block,) = [
        event["content_block"]
        for event in client_sees(events)
        if event["type"] == "content_block_start"
    ]
    assert block["id"].startswith("toolu_")
    assert "_" not in block["id"].removeprefix("toolu_")


def test_t15_a_cut_call_keeps_its_beginning_and_is_no_tool_use() -> None:
    events = read(calls(piece(0, id="c", name="look", arguments='{"at":"do')), chunk("length"))

    assert said(events) == [("look", '{"at":"do')]
    assert not [event for event in events if isinstance(event, BlockClosed)]
    wire = client_sees(events)
    assert wire[-2]["delta"]["stop_reason"] == "max_tokens"


STRICT = ReadingPlan(names=names("look"), checks_calls=True, strict={"look": {"type": "object"}})


@pytest.mark.parametrize("plan", [TOOLS, STRICT, FORCED], ids=["any", "strict", "forced"])
@pytest.mark.parametrize("told", [counts(9, 50), {}, None], ids=["reached", "odd", "untold"])
@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
def test_t15_a_call_that_the_limit_cut_is_cut_whatever_the_host_calls_its_end(
    plan: ReadingPlan, told: Any, reason: str
) -> None:
    begun = calls(piece(0, id="c", name="look", arguments='{"at":"do'))
    reader = ChatReader("gpu", plan, output_limit=50)
    late = [{"choices": [], "usage": told}] if told is not None else []

    events = [
        event
        for one in (begun, chunk(reason), *late)
        for event in reader.feed(json.dumps(one).encode())
    ]
    events += reader.end()

    assert said(events) == [("look", '{"at":"do')]
    assert client_sees(events)[-2]["delta"]["stop_reason"] == "max_tokens"


def test_t15_without_a_known_limit_an_unfinished_input_is_one_that_was_cut() -> None:
    begun = calls(piece(0, id="c", name="look", arguments='{"at":"do'))

    events = read(begun, chunk("tool_calls"), usage_chunk(9, 5))

    assert ending(events).stop_reason == "max_tokens"


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (calls(piece(0, id="c", name="look")), [("look", "")]),
        (chunk(reasoning="Hm, wel"), []),
    ],
    ids=["before its input", "before it"],
)
def test_t15_a_forced_call_that_the_limit_kept_from_coming_is_cut(
    one: Any, shown: list[tuple[str, str]]
) -> None:
    reader = ChatReader("gpu", FORCED, output_limit=50)
    ended = chunk("stop", usage=counts(9, 50))

    events = [event for each in (one, ended) for event in reader.feed(json.dumps(each).encode())]
    events += reader.end()

    assert said(events) == shown
    assert ending(events).stop_reason == "max_tokens"


def test_t16_a_whole_call_that_ends_just_at_the_limit_is_a_call() -> None:
    reader = ChatReader("gpu", TOOLS, output_limit=50)
    ended = calls(piece(0, id="c", name="look", arguments="{}"), finish="tool_calls")

    events = reader.feed(json.dumps({**ended, "usage": counts(9, 50)}).encode()) + reader.end()

    assert client_sees(events)[-2]["delta"]["stop_reason"] == "tool_use"


@pytest.mark.parametrize("reason", ["tool_calls", "stop"])
@pytest.mark.parametrize("given", ['{"at":"do', "{", '{"at":'])
def test_t15_an_unfinished_input_that_no_limit_cut_is_a_fault_and_no_input(
    reason: str, given: str
) -> None:
    begun = calls(piece(0, id="c", name="look", arguments=given))
    call = {"id": "c", "type": "function", "function": {"name": "look", "arguments": given}}
    choice = {"message": {"tool_calls": [call]}, "finish_reason": reason}
    whole = {"choices": [choice], "usage": counts(9, 49)}
    reader = ChatReader("gpu", TOOLS, output_limit=50)
    for one in (begun, chunk(reason), usage_chunk(9, 49)):
        reader.feed(json.dumps(one).encode())

    with pytest.raises(EngineFailed, match=r"^gpu called look with an input that is not JSON\.$"):
        reader.end()
    with pytest.raises(EngineFailed, match=r"^gpu called look with an input that is not JSON\.$"):
        ChatReader("gpu", TOOLS, output_limit=50).whole(json.dumps(whole).encode())


@pytest.mark.parametrize(
    "pieces", [["get", "_weather"], ["get_", "weather"], ["get", "_weather", "_now"]]
)
@pytest.mark.parametrize("given", ["", '{"n":1}'])
def test_t5_a_name_in_pieces_is_whole_when_the_input_begins(pieces: list[str], given: str) -> None:
    plan = ReadingPlan(names=names("get", "get_weather", "get_weather_now"))
    said_so = [calls(piece(0, id="c", name=name, arguments="")) for name in pieces]

    events = read(*said_so, calls(piece(0, arguments=given)), chunk("tool_calls"), plan=plan)

    assert said(events) == [("".join(pieces), given or "{}")]


def test_a_name_that_comes_behind_the_input_is_no_more_of_it() -> None:
    plan = ReadingPlan(names=names("get", "get_weather"))
    begun = calls(piece(0, id="c", name="get", arguments='{"n":'))

    events = read(begun, calls(piece(0, name="_weather", arguments="1}")), chunk("stop"), plan=plan)

    assert said(events) == [("get", '{"n":1}')]


def test_t15_of_two_calls_the_cut_one_comes_last() -> None:
    events = read(
        calls(piece(0, id="x", name="look"), piece(1, id="y", name="run", arguments='{"n":1}')),
        chunk("length"),
    )

    assert said(events) == [("run", '{"n":1}'), ("look", "")]
    client_sees(events)


def test_t16_an_end_after_a_call_is_a_call() -> None:
    events = read(calls(piece(0, id="c", name="look", arguments="{}")), chunk("stop"))

    assert client_sees(events)[-2]["delta"]["stop_reason"] == "tool_use"


def test_text_after_a_call_is_a_block_of_its_own_and_blanks_are_none() -> None:
    events = read(
        chunk(content="I look."),
        calls(piece(0, id="c", name="look", arguments="{}")),
        chunk(content="\n"),
        calls(piece(1, id="d", name="run", arguments="{}")),
        chunk(content="And run."),
        chunk("tool_calls"),
    )

    assert said(events) == [
        ("text", "I look."),
        ("look", "{}"),
        ("run", "{}"),
        ("text", "And run."),
    ]


def test_of_calls_that_may_not_be_parallel_the_first_is_kept() -> None:
    plan = ReadingPlan(names=names("look"), one_call=True)

    events = read(
        calls(piece(0, id="x", name="look", arguments='{"n":1}')),
        calls(piece(1, id="y", name="look", arguments='{"n":2}')),
        chunk("tool_calls"),
        plan=plan,
    )

    assert said(events) == [("look", '{"n":1}')]


def test_names_that_were_cut_for_the_host_come_back_whole() -> None:
    plan = ReadingPlan(names={"short_1": "a_very_long_name"})

    events = read(calls(piece(0, id="x", name="short_1", arguments="{}")), chunk("stop"), plan=plan)

    assert said(events) == [("a_very_long_name", "{}")]


# ---- calls that have to come -----------------------------------------------------------------


def test_a_forced_call_comes_without_words() -> None:
    events = read(
        chunk(content="Sure! "),
        calls(piece(0, id="x", name="look", arguments='{"n":1}')),
        chunk("tool_calls"),
        plan=FORCED,
    )

    assert said(events) == [("look", '{"n":1}')]


@pytest.mark.parametrize(
    "answer",
    [
        [chunk(content="I would rather not."), chunk("stop")],
        [calls(piece(0, id="x", name="look", arguments="{at: 1}")), chunk("tool_calls")],
        [calls(piece(0, id="x", name="look", arguments="[1]")), chunk("tool_calls")],
        [calls(piece(0, id="x", name="other", arguments="{}")), chunk("tool_calls")],
    ],
    ids=["words", "no-json", "no-object", "undeclared"],
)
def test_a_forced_call_that_does_not_come_is_asked_for_again(answer: list[Any]) -> None:
    with pytest.raises(AnswerUnusable) as unusable:
        read(*answer, plan=FORCED)

    assert unusable.value.remedy.bind == "call"


def test_a_strict_call_has_to_follow_its_schema() -> None:
    plan = ReadingPlan(names=names("look"), checks_calls=True, strict={"look": SCHEMA})
    good = [calls(piece(0, id="x", name="look", arguments='{"a":1}')), chunk("tool_calls")]
    bad = [chunk(content="So:"), calls(piece(0, id="x", name="look", arguments='{"a":"1"}'))]

    assert said(read(*good, plan=plan)) == [("look", '{"a":1}')]
    with pytest.raises(AnswerUnusable) as unusable:
        read(*bad, chunk("tool_calls"), plan=plan)

    assert unusable.value.remedy.tool == "look"
    assert isinstance(unusable.value.closing[-1], BlockClosed)


def test_a_forced_call_has_to_follow_its_schema_where_that_can_be_checked() -> None:
    plan = ReadingPlan(
        names=names("look"), must_call=True, checks_calls=True, forced={"look": SCHEMA}
    )
    unknown: Any = {"look": {"type": "object", "properties": {"a": {"pattern": "(?<"}}}}
    bad = [
        calls(piece(0, id="x", name="look", arguments='{"a":"1"}')),
        chunk("tool_calls"),
        usage_chunk(9, 5),
    ]

    with pytest.raises(AnswerUnusable) as unusable:
        read(*bad, plan=plan)

    assert unusable.value.remedy.tool == "look"
    assert unusable.value.usage.output_tokens == 5
    assert said(read(*bad, plan=replace(plan, forced=unknown))) == [("look", '{"a":"1"}')]


def test_what_is_shown_of_a_whole_answer_of_no_use_is_not_lost() -> None:
    plan = ReadingPlan(names=names("look"), must_call=True, checks_calls=True, shows_thoughts=True)
    message = {"role": "assistant", "reasoning_content": "Hm.", "content": "No."}
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}

    with pytest.raises(AnswerUnusable) as unusable:
        ChatReader("gpu", plan).whole(json.dumps(whole).encode())

    assert said(unusable.value.closing) == [("thinking", "Hm.")]
    assert isinstance(unusable.value.closing[-1], BlockClosed)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "look", "arguments": {"n": 1}}',
        '```json\n{"name": "look", "arguments": {"n": 1}}\n```',
        '\n{"name": "look", "parameters": {"n": 1}}',
    ],
)
def test_the_json_of_a_call_is_read_as_a_call(text: str) -> None:
    plan = ReadingPlan(
        names=names("look"), must_call=True, one_call=True, text_is_call=True, checks_calls=True
    )

    events = read(chunk(content=text[:9]), chunk("stop", content=text[9:]), plan=plan)

    ((name, given),) = said(events)
    assert (name, json.loads(given)) == ("look", {"n": 1})
    assert client_sees(events)[-2]["delta"]["stop_reason"] == "tool_use"


def test_an_input_that_is_no_json_is_asked_for_again_unless_it_was_shown() -> None:
    with pytest.raises(AnswerUnusable):
        read(calls(piece(0, id="x", name="look", arguments="at: door")), chunk("stop"))
    with pytest.raises(EngineFailed, match=r"^gpu called look with an input that is not JSON"):
        read(calls(piece(0, id="x", name="look", arguments="{at: door}")), chunk("stop"))


def test_t52_an_answer_in_json_is_checked_before_it_is_shown() -> None:
    plan = ReadingPlan(names=names("look"), answer_schema=SCHEMA)
    good = [chunk(content='```json\n{"a"'), chunk("stop", content=": 1}\n```")]

    assert said(read(*good, plan=plan)) == [("text", '{"a": 1}')]
    for text in ('{"a": "1"}', "Here it is: 1", ""):
        chunks = [chunk(content=text), chunk("stop")]
        with pytest.raises(AnswerUnusable) as unusable:
            read(*chunks, plan=plan)
        assert unusable.value.remedy.bind == "answer"
    cut = read(chunk(content='{"a": '), chunk("length"), plan=plan)
    assert said(cut) == [("text", '{"a": ')]
    called = read(
        chunk(content="I look."),
        calls(piece(0, id="c", name="look", arguments="{}")),
        chunk("tool_calls"),
        plan=plan,
    )
    assert said(called) == [("text", "I look."), ("look", "{}")]


# ---- thoughts --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(reasoning_content="Hm."), chunk(content="Yes.")],
        [chunk(reasoning="Hm."), chunk(content="Yes.")],
        [chunk(reasoning="Hm.", reasoning_content="Hm."), chunk(content="Yes.")],
        [chunk(reasoning_details=DETAILS), chunk(content="Yes.")],
        [chunk(content="<think>\nHm.\n</think>\n\nYes.")],
        [chunk(content=PARTS)],
        [chunk(reasoning_content="Hm.", content="Yes.")],
    ],
    ids=["content", "plain", "both", "details", "inline", "parts", "together"],
)
def test_t31_thoughts_are_read_in_every_spelling(chunks: list[Any]) -> None:
    events = read(*chunks, chunk("stop"), plan=THINKING)

    assert said(events) == [("thinking", "Hm."), ("text", "Yes.")]
    client_sees(events)


@given(st.lists(st.integers(0, 50), max_size=12))
def test_t31_marks_of_a_thought_may_come_in_pieces(cuts: list[int]) -> None:
    text = "\n<think>\n\nis 1 < 2 </thin ? \n</think>\n\nYes, <think> is a mark."
    places = sorted({cut % len(text) for cut in cuts})
    pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]

    events = read(*(chunk(content=one) for one in pieces), chunk("stop"), plan=THINKING)

    assert said(events) == [
        ("thinking", "is 1 < 2 </thin ?"),
        ("text", "Yes, <think> is a mark."),
    ]


def test_a_thought_that_the_template_opened_ends_at_its_mark() -> None:
    plan = ReadingPlan(shows_thoughts=True, begins_in_thought=True)

    events = read(chunk(content="Hm.\n</thi"), chunk(content="nk>\nYes."), chunk("stop"), plan=plan)

    assert said(events) == [("thinking", "Hm."), ("text", "Yes.")]


BEGUN = ReadingPlan(begins_in_thought=True, thoughts_in_text=True)
BEGUN_AND_SHOWN = replace(BEGUN, shows_thoughts=True)


@pytest.mark.parametrize("plan", [BEGUN, BEGUN_AND_SHOWN], ids=["off", "on"])
@pytest.mark.parametrize("first", ["", " \n"])
def test_t31_beside_a_thought_in_its_own_field_the_text_is_none(
    plan: ReadingPlan, first: str
) -> None:
    pieces = [chunk(content=first), chunk(reasoning_content="Hm."), chunk(reasoning_content=" So.")]

    events = read(*pieces, chunk(content="Se"), chunk(content="ven."), chunk("stop"), plan=plan)

    thought = [("thinking", "Hm. So.")] if plan.shows_thoughts else []
    assert [(kind, text) for kind, text in said(events) if text.strip()] == [
        *thought,
        ("text", "Seven."),
    ]
    client_sees(events)


def test_t31_what_was_hidden_before_a_thought_came_in_its_field_is_text() -> None:
    events = read(
        chunk(content="One, "),
        chunk(reasoning="Hm."),
        chunk(content="two."),
        chunk("stop"),
        plan=BEGUN,
    )

    assert said(events) == [("text", "One, two.")]


def test_t31_a_field_after_the_mark_changes_nothing() -> None:
    events = read(
        chunk(content="Hm.</think>"),
        chunk(reasoning="Hm."),
        chunk(content="Yes."),
        chunk("stop"),
        plan=BEGUN,
    )

    assert said(events) == [("text", "Yes.")]


def test_t31_an_answer_without_any_mark_is_not_hidden_where_thoughts_are() -> None:
    stopping = replace(BEGUN, stop_here=("END",))
    events = read(chunk(content="Sev"), chunk(content="en."), chunk("stop"), plan=BEGUN)

    assert said(events) == [("text", "Seven.")]
    assert ending(events).stop_reason == "end_turn"
    stopped = read(chunk(content="Seven. END of it"), chunk("stop"), plan=stopping)
    assert said(stopped) == [("text", "Seven. ")]
    assert ending(stopped).stop_sequence == "END"


@pytest.mark.parametrize(
    ("text", "reason"),
    [("Hm, wel", "length"), ("<think>Hm.", "stop"), ("Hm.</think>", "stop"), ("  ", "stop")],
)
def test_t20_a_thought_that_is_surely_one_stays_hidden(text: str, reason: str) -> None:
    events = read(chunk(content=text), chunk(reason), plan=BEGUN)

    assert said(events) == []


def test_t9_a_thought_is_shown_as_it_comes() -> None:
    reader = ChatReader("gpu", THINKING)

    first = reader.feed(json.dumps(chunk(reasoning="Hm")).encode())

    assert said(first) == [("thinking", "Hm")]


def test_an_empty_thought_is_none() -> None:
    events = read(chunk(content="<think>\n\n</think>\n\nYes."), chunk("stop"), plan=THINKING)

    assert said(events) == [("text", "Yes.")]


def test_thoughts_that_nobody_asked_for_are_not_shown() -> None:
    plan = ReadingPlan(thoughts_in_text=True)

    events = read(
        chunk(reasoning="Hm."), chunk(content="<think>x</think>Yes."), chunk("stop"), plan=plan
    )

    assert said(events) == [("text", "Yes.")]


def test_t20_a_thought_that_the_limit_cuts_stays_a_thought() -> None:
    for chunks in ([chunk(reasoning="Hm, wel")], [chunk(content="<think>Hm, wel")]):
        events = read(*chunks, chunk("length"), plan=THINKING)

        assert said(events) == [("thinking", "Hm, wel")]
        assert ending(events).stop_reason == "max_tokens"
        client_sees(events)


def test_an_answer_that_only_looks_like_a_thought_is_text() -> None:
    events = read(chunk(content=" <thin"), chunk(content="g>"), chunk("stop"), plan=THINKING)

    assert said(events) == [("text", " <thing>")]
    short = read(chunk(content="<thi"), chunk("stop"), plan=THINKING)
    assert said(short) == [("text", "<thi")]


# ---- how it ends -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("stop", "end_turn"),
        ("eos", "end_turn"),
        ("length", "max_tokens"),
        ("model_length", "max_tokens"),
        ("content_filter", "refusal"),
    ],
)
def test_reasons_of_the_end(told: str, reason: str) -> None:
    events = read(chunk(content="Hi"), chunk(told))

    assert ending(events).stop_reason == reason
    client_sees(events)


def test_a_limit_below_the_one_asked_for_is_the_window() -> None:
    events = read(chunk(content="Hi"), chunk("length"), plan=ReadingPlan(limit_is_window=True))

    assert ending(events).stop_reason == "model_context_window_exceeded"


def test_a_refusal_is_told_as_one() -> None:
    events = read(chunk(refusal="I can't "), chunk(refusal="help."), chunk("stop"))

    assert said(events) == []
    assert ending(events).stop_reason == "refusal"
    details = {"type": "refusal", "category": None, "explanation": "I can't help."}
    assert ending(events).stop_details == details
    assert usage(events).output_tokens == 3
    client_sees(events)


@pytest.mark.parametrize("plan", [TOOLS, FORCED, ReadingPlan(answer_schema=SCHEMA)])
def test_a_refusal_is_never_part_of_what_was_said_before_it(plan: ReadingPlan) -> None:
    events = read(chunk(content="I can"), chunk(refusal="Not allowed."), chunk("stop"), plan=plan)

    assert said(events) == ([] if plan.must_call else [("text", "I can")])
    assert (ending(events).stop_details or {})["explanation"] == "Not allowed."


@pytest.mark.parametrize("kind", ["images", "audio", "content"])
def test_what_no_message_can_hold_is_a_fault_and_no_empty_answer(kind: str) -> None:
    made = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    whole = {"choices": [{"message": {kind: made}, "finish_reason": "stop"}]}

    with pytest.raises(EngineFailed, match=r"^gpu answered with a part that no message can hold"):
        read(chunk(content="Here:"), chunk(None, **{kind: made}), chunk("stop"))
    with pytest.raises(EngineFailed, match=r"^gpu answered with a part that no message can hold"):
        ChatReader("gpu", TOOLS).whole(json.dumps(whole).encode())
    none = (chunk(None, **{kind: []}), chunk("stop", **{kind: None}))
    assert said(read(chunk(content="Hi"), *none)) == [("text", "Hi")]


@given(st.lists(st.integers(0, 50), max_size=12))
def test_a_stop_sequence_is_met_here_however_the_text_comes(cuts: list[int]) -> None:
    text = "one END, two E ND three STOP four END"
    plan = ReadingPlan(stop_here=("ENDE", "STOP", "OP f"))
    places = sorted({cut % len(text) for cut in cuts})
    pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]

    events = read(*(chunk(content=one) for one in pieces), chunk("stop"), plan=plan)

    assert said(events) == [("text", "one END, two E ND three ")]
    assert (ending(events).stop_reason, ending(events).stop_sequence) == ("stop_sequence", "STOP")
    client_sees(events)


def test_what_might_have_become_a_stop_sequence_is_shown_in_the_end() -> None:
    plan = ReadingPlan(stop_here=("END",))

    events = read(chunk(content="the EN"), chunk("stop"), plan=plan)

    assert said(events) == [("text", "the EN")]
    assert ending(events).stop_reason == "end_turn"


def test_a_stop_that_was_not_asked_for_is_an_ordinary_end() -> None:
    end = {"choices": [{"finish_reason": "stop", "stop_reason": 128009}]}

    events = read(chunk(content="Hi"), end)

    assert ending(events).stop_reason == "end_turn"


def test_t17_nothing_follows_the_end() -> None:
    reader = ChatReader("gpu", TOOLS)
    reader.feed(json.dumps(chunk("stop", content="Hi")).encode())

    assert reader.feed(b"[DONE]")
    assert reader.over
    assert reader.feed(json.dumps(chunk(content="more")).encode()) == []
    assert reader.end() == []


@pytest.mark.parametrize("done", [True, False])
def test_t15_a_stream_that_ends_without_a_reason_is_a_fault(done: bool) -> None:
    with pytest.raises(EngineFailed, match=r"^gpu ended its answer without finishing it\.$"):
        read(chunk(content="Hel"), done=done)


@pytest.mark.parametrize("reason", ["error", "abort"])
def test_a_host_that_says_that_it_failed_has(reason: str) -> None:
    with pytest.raises(EngineFailed, match="broke its answer off"):
        read(chunk(content="Hel"), chunk(reason))


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        ({"error": {"message": "boom", "code": 500}}, EngineFailed, "boom"),
        ({"error": {"message": "busy", "code": 503}}, Overloaded, "busy"),
        ({"error": {"message": "slow down", "code": 429}}, EngineRateLimited, "slow down"),
        ({"error": "boom"}, EngineFailed, "boom"),
        ({"object": "error", "message": "boom", "code": 500}, EngineFailed, "boom"),
        (
            {
                "error": {
                    "code": 400,
                    "message": "the request exceeds the available context size",
                    "type": "exceed_context_size_error",
                    "n_prompt_tokens": 9_000,
                    "n_ctx": 4_096,
                }
            },
            InvalidRequest,
            "prompt is too long: 9000 tokens > 4096 maximum",
        ),
    ],
)
def test_t58_an_error_in_the_stream_is_an_error(
    error: dict[str, Any], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        read(chunk(content="Hel"), error)


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"{", b"[]", b"1", b'"x"', b'{"choices": 1}', b"\xff", b"[" * 5_000]
)
def test_t59_garbage_is_a_fault_that_names_the_host(data: bytes) -> None:
    with pytest.raises(EngineFailed, match=r"^gpu answered something that is no chat completion"):
        ChatReader("gpu", TOOLS).feed(data)
    with pytest.raises(EngineFailed, match=r"^gpu answered something that is no chat completion"):
        ChatReader("gpu", TOOLS).whole(data)


ODD: list[object] = ["", 0, False, [], {}, 7, True, ["odd"], {"odd": 1}]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    "field",
    [
        *("usage", "prompt_tokens", "prompt_tokens_details", "completion_tokens_details"),
        *("cached_tokens", "reasoning_tokens", "refusal", "id", "index"),
    ],
)
def test_what_an_answer_can_do_without_may_have_any_shape(field: str, odd: object) -> None:
    counted: dict[str, Any] = counts(
        9,
        2,
        prompt_tokens_details={"cached_tokens": 4},
        completion_tokens_details={"reasoning_tokens": 1},
    )
    one: dict[str, Any] = piece(0, id="c", name="look", arguments='{"n":1}')
    said_so: dict[str, Any] = {"content": "Hi", "refusal": None}
    counting: dict[str, Any] = {"choices": [], "usage": counted}
    for place in (counting, counted, *counted.values(), one, said_so):
        if isinstance(place, dict) and field in place:
            place[field] = odd

    events = read(chunk(**said_so), calls(one), chunk("tool_calls"), counting)

    assert said(events) == [("text", "Hi"), ("look", '{"n":1}')]
    assert ending(events).stop_reason == "tool_use"
    client_sees(events)


@pytest.mark.parametrize("empty", ["", 0, False, {}, []])
@pytest.mark.parametrize("field", ["tool_calls", "function_call", "delta", "choices"])
def test_t4_what_is_empty_in_any_way_is_absent(field: str, empty: object) -> None:
    odd: dict[str, Any] = chunk(content=None, tool_calls=None, function_call=None)
    choice = odd["choices"][0]
    for place in (odd, choice, choice["delta"]):
        if field in place:
            place[field] = empty

    assert said(read(chunk(content="Hi"), odd, chunk("stop"))) == [("text", "Hi")]


@pytest.mark.parametrize("odd", [7, True, ["odd"]])
@pytest.mark.parametrize("field", ["tool_calls", "function_call", "delta", "choices", "name"])
def test_t59_what_an_answer_cannot_do_without_has_to_have_its_shape(
    field: str, odd: object
) -> None:
    called: dict[str, Any] = {"name": "look", "arguments": "{}"}
    one: dict[str, Any] = chunk(tool_calls=[{"index": 0, "function": called}], function_call=None)
    choice = one["choices"][0]
    for place in (one, choice, choice["delta"], called):
        if field in place:
            place[field] = odd

    with pytest.raises(EngineFailed, match="no chat completion"):
        read(one)


def test_t25_an_id_that_is_a_number_is_told_as_text() -> None:
    events = read(
        {"choices": [{"delta": {"tool_calls": [{**piece(0, name="look"), "id": 7}]}}]},
        chunk("tool_calls"),
    )

    assert [event.id for event in events if isinstance(event, ToolUseOpened)] == ["7"]


@pytest.mark.parametrize(
    "late", [{"error": {"message": "boom", "code": 500}}, {"choices": 1}, {"object": "error"}]
)
def test_t58_a_fault_after_the_end_takes_nothing_away(late: object) -> None:
    reader = ChatReader("gpu", TOOLS)
    events = reader.feed(json.dumps(chunk("stop", content="Hello")).encode())
    events += reader.feed(json.dumps(late).encode())

    assert said(events) == [("text", "Hello")]
    assert ending(events).stop_reason == "end_turn"
    assert reader.forgiven is not None
    assert reader.over


def test_t58_a_fault_that_explains_the_end_is_told() -> None:
    with pytest.raises(Overloaded, match="busy"):
        read(chunk(content="Hel"), chunk("error"), {"error": {"message": "busy", "code": 503}})


# ---- tokens ----------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["cache_write_tokens", "created_cache_tokens"])
def test_t8_cached_tokens_are_no_input_tokens(written: str) -> None:
    told = usage_chunk(
        100,
        20,
        prompt_tokens_details={"cached_tokens": 64, written: 16},
        completion_tokens_details={"reasoning_tokens": 5},
    )

    counted = usage(read(chunk(content="Hi"), chunk("stop"), told))

    assert (counted.input_tokens, counted.output_tokens) == (20, 20)
    assert (counted.cache_read_input_tokens, counted.cache_creation_input_tokens) == (64, 16)
    assert counted.thinking_tokens == 5


@pytest.mark.parametrize(
    ("total", "output"), [(107, 102), (None, 100), (7, 100), (105, 100), (207, 202)]
)
def test_t8_thoughts_that_are_counted_beside_the_answer_are_output_too(
    total: int | None, output: int
) -> None:
    thought = {"reasoning_tokens": 100}
    completion = 102 if total == 207 else 2
    told = usage_chunk(5, completion, completion_tokens_details=thought)
    told["usage"]["total_tokens"] = total

    final = client_sees(read(chunk(content="Hi"), chunk("stop"), told))[-2]["usage"]

    assert final["output_tokens"] == output
    assert final["output_tokens_details"] == {"thinking_tokens": 100}


@pytest.mark.parametrize("turned", [False, True])
def test_t34_two_reports_give_the_same_in_either_order(turned: bool) -> None:
    reports = [
        usage_chunk(100, 7, prompt_tokens_details={"cached_tokens": 64}),
        {**usage_chunk(100, 20), "choices": None},
    ]
    if turned:
        reports.reverse()

    events = read(chunk(content="Hi"), chunk("stop"), *reports)

    final = client_sees(events)[-2]["usage"]
    assert (final["input_tokens"], final["cache_read_input_tokens"]) == (36, 64)
    assert final["output_tokens"] == 20


def test_t8_usage_comes_with_the_end_or_with_every_chunk() -> None:
    running = [chunk(content="a", usage=counts(9, 1)), chunk("stop", usage=counts(9, 2))]

    assert usage(read(*running)).output_tokens == 2


def test_t8_without_counts_the_pieces_are_counted() -> None:
    events = read(*(chunk(content="the") for _ in range(7)), chunk("stop"))

    assert usage(events).output_tokens == 7
    assert usage(events).input_tokens is None


deltas = st.one_of(
    st.builds(lambda text: chunk(content=text), st.text(max_size=5)),
    st.builds(lambda text: chunk(reasoning=text), st.text(max_size=5)),
    st.builds(
        lambda index, name, given: calls(piece(index, id=f"c{index}", name=name, arguments=given)),
        st.integers(0, 2) | st.none(),
        st.sampled_from(["look", "run", None]),
        st.sampled_from(["", "{", "}", "{}", '{"a":', "1}", "null", None, {"a": 1}]),
    ),
    st.just(chunk(tool_calls=[])),
    st.builds(usage_chunk, st.integers(0, 99), st.integers(0, 99)),
)


@given(
    st.lists(deltas, max_size=8),
    st.sampled_from(["stop", "length", "tool_calls", "content_filter"]),
)
def test_t1_t2_t6_t13_whatever_a_host_says_the_stream_is_correct(
    chunks: list[Any], reason: str
) -> None:
    events: list[EngineEvent] = []
    try:
        events = read(*chunks, chunk(reason), plan=THINKING)
    except (EngineFailed, AnswerUnusable):
        return

    client_sees(events)
