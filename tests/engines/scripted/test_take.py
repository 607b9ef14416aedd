"""What a reply becomes under the limits of a request."""

import asyncio
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from antechamber.engines.base import TurnOrder
from antechamber.engines.scripted.engine import ScriptedEngine
from antechamber.engines.scripted.script import Script
from antechamber.engines.scripted.tokens import count_tokens, split_tokens
from antechamber.rules.thinking import ThinkingPlan
from antechamber.turn.events import BlockClosed, EngineEvent, TurnEnded
from antechamber.turn.machine import Opening, TurnMachine
from antechamber.wire.encoding import encode_json
from tests.engines.scripted.stage import (
    THINKING_ON,
    Shown,
    StillClock,
    answered,
    ending,
    engine,
    order,
    pieces,
    played,
    shown,
    tool_loop,
    usage,
)

EVERYTHING = """
[[replies]]
[[replies.content]]
type = "thinking"
thinking = "I should look that up."
[[replies.content]]
type = "redacted_thinking"
data = "EmwKAhgB"
[[replies.content]]
type = "text"
text = "One moment please."
[[replies.content]]
type = "tool_use"
name = "get_weather"
input = { city = "Paris", days = [1, 2] }
"""
CALL = '{"city":"Paris","days":[1,2]}'

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(
    lambda text: text.replace("{", "(")
)
_chunks = st.lists(_texts.filter(bool), min_size=1, max_size=5)
_inputs = st.dictionaries(_texts, st.integers() | _texts | st.none(), max_size=3)


def _blocks() -> st.SearchStrategy[Mapping[str, object]]:
    def said(kind: str, key: str) -> st.SearchStrategy[Mapping[str, object]]:
        return st.one_of(
            _texts.map(lambda text: {"type": kind, key: text}),
            _chunks.map(lambda chunks: {"type": kind, "chunks": chunks}),
        )

    return st.one_of(
        said("text", "text"),
        said("thinking", "thinking"),
        _texts.filter(bool).map(lambda data: {"type": "redacted_thinking", "data": data}),
        _inputs.map(lambda value: {"type": "tool_use", "name": "call", "input": value}),
    )


_contents = st.lists(_blocks(), max_size=5)


def _expected(content: list[Mapping[str, object]]) -> Shown:
    return [(_kind(block), _written(block)) for block in content]


def _kind(block: Mapping[str, object]) -> str:
    return str(block.get("name", block["type"]))


def _written(block: Mapping[str, object]) -> str:
    match block:
        case {"chunks": [*chunks]}:
            return "".join(map(str, chunks))
        case {"text": str(text)} | {"thinking": str(text)} | {"data": str(text)}:
            return text
        case _:
            return encode_json(block["input"]).decode()


def _play(content: list[Mapping[str, object]], turn: TurnOrder) -> list[EngineEvent]:
    script = Script.model_validate_json(encode_json({"replies": [{"content": content}]}))
    return asyncio.run(played(ScriptedEngine("replies", script, StillClock()), turn))


@given(_contents)
def test_the_events_of_any_reply_give_its_content_back(content: list[Mapping[str, object]]) -> None:
    events = _play(content, order(thinking=THINKING_ON, max_tokens=10_000))

    assert shown(events) == _expected(content)
    assert all(pieces(events))
    is_call = bool(content) and content[-1]["type"] == "tool_use"
    assert ending(events).stop_reason == ("tool_use" if is_call else "end_turn")


@given(_contents, st.integers(0, 60), st.lists(_texts.filter(str.strip), max_size=2))
def test_whatever_cuts_a_reply_leaves_a_beginning_of_it_that_the_machine_takes(
    content: list[Mapping[str, object]], max_tokens: int, stop_sequences: list[str]
) -> None:
    turn = order(thinking=THINKING_ON, max_tokens=max_tokens, stop_sequences=stop_sequences)

    events = _play(content, turn)

    machine = TurnMachine(
        Opening(model="m", input_tokens=1),
        new_id=lambda prefix: f"{prefix}1",
        sign=lambda kind, content, cargo=b"": f"{content}{cargo}",
    )
    assert [wire for event in events for wire in machine.feed(event)]
    assert machine.ended
    assert (usage(events).output_tokens or 0) <= max_tokens
    written, seen = _expected(content), shown(events)
    assert seen[:-1] == written[: len(seen) - 1] if seen else True
    assert all(
        kind == kind_written and whole.startswith(text)
        for (kind, text), (kind_written, whole) in zip(seen, written, strict=False)
    )


async def test_max_tokens_cuts_at_every_token_and_says_so() -> None:
    whole = shown(await played(engine(EVERYTHING), order(thinking=THINKING_ON)))
    thought, redacted, text, call = (content for _, content in whole)
    tokens = [*split_tokens(thought), redacted, *split_tokens(text), *split_tokens(call)]

    for max_tokens in range(1, len(tokens)):
        events = await played(
            engine(EVERYTHING), order(thinking=THINKING_ON, max_tokens=max_tokens)
        )

        assert "".join(text for _, text in shown(events)) == "".join(tokens[:max_tokens])
        assert ending(events).stop_reason == "max_tokens"
        assert usage(events).output_tokens == max_tokens
    enough = await played(engine(EVERYTHING), order(thinking=THINKING_ON, max_tokens=len(tokens)))
    assert ending(enough).stop_reason == "tool_use"
    assert usage(enough).output_tokens == len(tokens)


async def test_a_call_that_is_cut_stays_open_with_its_partial_json() -> None:
    """T15: never a pretended ``{}``, and never closed as if it were complete."""
    events = await played(engine(EVERYTHING), order(max_tokens=4 + 5))

    assert shown(events)[-1] == ("get_weather", '{"city":')
    assert not isinstance(events[-2], BlockClosed)
    assert ending(events) == TurnEnded(stop_reason="max_tokens")


@pytest.mark.parametrize("given_as", ['input_json = "{\\"ci"', 'chunks = ["{", "\\"ci"]'])
async def test_a_script_may_cut_a_call_itself(given_as: str) -> None:
    scripted = engine(
        f'[[replies]]\n[[replies.content]]\ntype = "tool_use"\nname = "f"\n{given_as}\n'
    )

    events = await played(scripted, order())

    assert shown(events) == [("f", '{"ci')]
    assert ending(events).stop_reason == "max_tokens"
    assert not any(isinstance(event, BlockClosed) for event in events)


async def test_a_call_without_input_has_an_empty_object() -> None:
    scripted = engine('[[replies]]\n[[replies.content]]\ntype = "tool_use"\nname = "f"\n')

    assert shown(await played(scripted, order())) == [("f", "{}")]


async def test_the_input_of_a_call_keeps_the_order_of_its_keys() -> None:
    scripted = engine(
        '[[replies]]\n[[replies.content]]\ntype = "tool_use"\nname = "f"\n'
        "input = { b = 1, a = { d = 1.5, c = true }, day = 2026-11-01 }\n"
    )

    [(_, text)] = shown(await played(scripted, order()))

    assert text == '{"b":1,"a":{"d":1.5,"c":true},"day":"2026-11-01"}'
    assert from_json(text)["a"]["c"] is True


async def test_limit_inside_thinking_leaves_only_thinking() -> None:
    """T20: a thought that was cut is never repeated as text."""
    events = await played(engine(EVERYTHING), order(thinking=THINKING_ON, max_tokens=3))

    assert shown(events) == [("thinking", "I should look")]
    assert ending(events).stop_reason == "max_tokens"


async def test_thinking_is_left_out_where_the_request_does_not_think() -> None:
    kinds = [kind for kind, _ in shown(await played(engine(EVERYTHING), order()))]

    assert kinds == ["text", "get_weather"]


async def test_thinking_may_come_always() -> None:
    always = EVERYTHING.replace('"EmwKAhgB"', '"EmwKAhgB"\nalways = true')

    kinds = [kind for kind, _ in shown(await played(engine(always), order()))]

    assert kinds == ["redacted_thinking", "text", "get_weather"]


async def test_thinking_keeps_to_its_budget_and_the_answer_follows() -> None:
    plan = ThinkingPlan(on=True, budget_tokens=2)

    events = await played(engine(EVERYTHING), order(thinking=plan))

    assert [text for _, text in shown(events)] == ["I should", "One moment please.", CALL]
    assert usage(events).thinking_tokens == 2


async def test_between_tools_thinks_only_after_a_tool_result() -> None:
    plan = ThinkingPlan(on=True, budget_tokens=2_000, between_tools_only=True)

    first = shown(await played(engine(EVERYTHING), order("Hello", thinking=plan)))
    after = shown(await played(engine(EVERYTHING), order(*tool_loop("a", "b"), thinking=plan)))

    assert first[0][0] == "text"
    assert after[0][0] == "thinking"


@pytest.mark.parametrize(
    ("sequences", "text", "fired"),
    [
        (["please"], "One moment ", "please"),
        (["moment please", "ent"], "One mom", "ent"),
        (["nt", "moment"], "One ", "moment"),
        (["absent"], "One moment please.", None),
    ],
)
async def test_a_stop_sequence_ends_the_text_before_it(
    sequences: list[str], text: str, fired: str | None
) -> None:
    events = await played(engine(EVERYTHING), order(stop_sequences=sequences))

    assert shown(events)[0] == ("text", text)
    assert ending(events).stop_sequence == fired
    assert ending(events).stop_reason == ("stop_sequence" if fired else "tool_use")
    assert len(shown(events)) == (1 if fired else 2)


@pytest.mark.parametrize(("max_tokens", "reason"), [(3, "max_tokens"), (4, "stop_sequence")])
async def test_of_limit_and_stop_sequence_the_one_that_comes_first_counts(
    max_tokens: int, reason: str
) -> None:
    chunks = (
        '[[replies]]\n[[replies.content]]\ntype = "text"\nchunks = ["one two", " three four"]\n'
    )

    events = await played(engine(chunks), order(max_tokens=max_tokens, stop_sequences=["e four"]))

    assert ending(events).stop_reason == reason
    assert shown(events) == [
        ("text", "one two three" if reason == "max_tokens" else "one two thre")
    ]


async def test_a_text_that_begins_with_the_stop_sequence_leaves_no_block() -> None:
    events = await played(engine('[[replies]]\ntext = "END of it"'), order(stop_sequences=["END"]))

    assert shown(events) == []
    assert ending(events).stop_sequence == "END"


async def test_pieces_can_be_set_by_hand() -> None:
    scripted = engine(
        '[[replies]]\n[[replies.content]]\ntype = "text"\nchunks = ["Hello wor", "ld", "!"]\n'
    )

    assert pieces(await played(scripted, order())) == ["Hello wor", "ld", "!"]
    assert pieces(await played(scripted, order(max_tokens=1))) == ["Hello"]


async def test_placeholders_are_filled_once_and_other_braces_stay() -> None:
    scripted = engine(
        "[[replies]]\ntext = '{model}: {last_user_text} {{model}} {x} {} {tool_result}.'"
    )

    said = await answered(scripted, order("I say {model}", model="claude-a"))
    told = await answered(scripted, order(*tool_loop("Why?", "because"), model="claude-a"))

    assert said == "claude-a: I say {model} {model} {x} {} ."
    assert told == "claude-a: Why? {model} {x} {} because."


async def test_a_script_chooses_how_the_turn_ends() -> None:
    refusal = engine(
        '[[replies]]\nstop_reason = "refusal"\n'
        'stop_details = { type = "refusal", category = "cyber" }\n'
    )
    stopped = engine('[[replies]]\ntext = "a"\nstop_sequence = "b"\n')

    assert ending(await played(refusal, order())) == TurnEnded(
        stop_reason="refusal", stop_details={"type": "refusal", "category": "cyber"}
    )
    assert ending(await played(stopped, order())) == TurnEnded(
        stop_reason="stop_sequence", stop_sequence="b"
    )


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    tokens = split_tokens(text)

    assert "".join(tokens) == text
    assert all(tokens)
    assert len(tokens) == count_tokens(text)


def test_tokens_are_counted_as_the_reference_says() -> None:
    assert split_tokens("Hello, antechamber!") == ["Hello", ",", " antech", "amber", "!"]
    assert split_tokens("a\n\n  b") == ["a", "\n\n ", " b"]
