"""Tools in text, for models whose template knows none; and what a host repeats of a prefill."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.reader import AnswerUnusable
from antechamber.dialects.openai_chat.reading import ReadingPlan
from tests.unit.dialects.openai_chat.scenes import (
    chunk,
    client_sees,
    ending,
    names,
    read,
    request,
    said,
    written,
)
from tests.unit.dialects.raw_prompt.scenes import assistant, call, result, tool, user

TEXT = Quirks(tools_in_text=True, echoes_prefill=True, prefill="last_message")
PLAN = ReadingPlan(names=names("look", "run"), calls_in_text=True)
LOOK = '<tool_call>\n{"name": "look", "arguments": {"at": "door"}}\n</tool_call>'
RUN = '<tool_call>{"name": "run", "arguments": {}}</tool_call>'


def in_pieces(text: str, cuts: list[int]) -> list[Any]:
    places = sorted({cut % len(text) for cut in cuts})
    ends = zip([0, *places], [*places, len(text)], strict=True)
    return [chunk(content=text[a:b]) for a, b in ends]


def test_tools_calls_and_results_are_told_in_text() -> None:
    asked = request(
        "go",
        assistant("I look.", call("toolu_1", at="door")),
        user(result("toolu_1", "a wall"), "and?"),
        tools=[tool()],
    )

    made = written(asked, TEXT)

    messages: Any = made.body["messages"]
    assert "tools" not in made.body
    assert '"name": "look"' in messages[0]["content"]
    assert messages[2]["content"].startswith("I look.\n<tool_call>\n")
    assert json.loads(messages[2]["content"].split("\n")[2])["arguments"] == {"at": "door"}
    assert messages[3] == {
        "role": "user",
        "content": "<tool_response>\na wall\n</tool_response>\nand?",
    }
    assert made.plan.calls_in_text


def test_a_forced_call_is_the_json_of_a_call() -> None:
    asked = request("go", tools=[tool()], tool_choice={"type": "any"})

    made = written(asked, TEXT)

    assert made.plan.text_is_call
    assert not made.plan.calls_in_text


@given(st.lists(st.integers(0, 200), max_size=10))
def test_calls_in_text_are_calls_however_it_comes(cuts: list[int]) -> None:
    text = f"1 < 2, <tool, so:\n{LOOK}\n{RUN}"

    events = read(*in_pieces(text, cuts), chunk("stop"), plan=PLAN)

    (_, words), *calls = said(events)
    assert words == "1 < 2, <tool, so:\n"
    assert [(name, json.loads(given)) for name, given in calls] == [
        ("look", {"at": "door"}),
        ("run", {}),
    ]
    assert client_sees(events)[-2]["delta"]["stop_reason"] == "tool_use"


def test_a_call_in_text_whose_end_is_missing_is_one_if_it_is_whole() -> None:
    whole = LOOK.removesuffix("</tool_call>")

    assert said(read(chunk(content=whole), chunk("stop"), plan=PLAN))[0][0] == "look"
    cut = read(chunk(content="So: " + whole[:30]), chunk("length"), plan=PLAN)
    assert said(cut) == [("text", "So: ")]
    assert ending(cut).stop_reason == "max_tokens"


@pytest.mark.parametrize("inner", ["look at the door", '{"name": 1}', '{"name": "look"}', "[]"])
def test_a_call_in_text_that_is_none_is_asked_for_again(inner: str) -> None:
    text = f"So: <tool_call>{inner}</tool_call>"

    with pytest.raises(AnswerUnusable) as unusable:
        read(chunk(content=text), chunk("stop"), plan=PLAN)

    assert said(unusable.value.closing) == [("text", "So: ")]


@given(st.lists(st.integers(0, 200), max_size=10))
def test_what_the_client_has_begun_is_not_repeated(cuts: list[int]) -> None:
    plan = written(request("a", "It is"), TEXT).plan

    events = read(*in_pieces("It is so. It is.", cuts), chunk("stop"), plan=plan)

    assert said(events) == [("text", " so. It is.")]


@pytest.mark.parametrize("text", ["It", "It was", "No."])
def test_what_only_begins_alike_is_shown(text: str) -> None:
    plan = ReadingPlan(echo="It is")

    events = read(chunk(content=text[:1]), chunk(content=text[1:]), chunk("stop"), plan=plan)

    assert said(events) == [("text", text)]
