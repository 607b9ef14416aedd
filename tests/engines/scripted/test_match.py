"""Which reply answers: conditions, times, sequences."""

import pytest

from antechamber.wire.errors import InvalidRequest
from tests.engines.scripted.stage import answered, counting, engine, order, tool_loop

TOOL_LOOP = """
[[replies]]
when = "(?i)weather"
[[replies.content]]
type = "text"
text = "Looking."
[[replies.content]]
type = "tool_use"
name = "look_up"

[[replies]]
after_tool_result = true
when = "(?i)weather"
when_tool_result = "sun"
text = "Nice weather!"

[[replies]]
after_tool_result = true
text = "Some result."

[[replies]]
text = "Else."
"""


@pytest.mark.parametrize(
    ("messages", "reply"),
    [
        (("What's the Weather?",), "Looking."),
        (tool_loop("What's the weather?", "sunny"), "Nice weather!"),
        (tool_loop("What's the weather?", [{"type": "text", "text": "sunny"}]), "Nice weather!"),
        (tool_loop("What's the weather?", "weather: rain"), "Some result."),
        (tool_loop("What's the time?", "sunny"), "Some result."),
        (("What's the time?",), "Else."),
        (("weather?", {"role": "assistant", "content": "Sunny."}, "Thanks"), "Else."),
        (("weather?", {"role": "assistant", "content": "It is"}), "Looking."),
        (("weather?", {"role": "system", "content": "Be brief."}), "Looking."),
        (("The weather.", "Please."), "Looking."),
    ],
)
async def test_a_reply_is_chosen_by_what_the_user_said_last(
    messages: tuple[object, ...], reply: str
) -> None:
    assert await answered(engine(TOOL_LOOP), order(*messages)) == reply


async def test_a_reply_is_chosen_by_a_pattern_on_the_model() -> None:
    scripted = engine(
        '[[replies]]\nmodel = "claude-*-4-?"\ntext = "four"\n'
        '[[replies]]\nmodel = "claude-opus-5"\ntext = "five"\n'
    )

    assert await answered(scripted, order(model="claude-sonnet-4-5")) == "four"
    assert await answered(scripted, order(model="claude-opus-5")) == "five"


async def test_without_a_match_the_answer_says_so() -> None:
    scripted = engine('[[replies]]\nwhen = "weather"\ntext = "Sun."\n')

    text = await answered(scripted, order("What about {model}?", model="claude-x"))

    assert text == (
        "No reply of the script matches this request to claude-x. "
        "The last user turn was: What about {model}?"
    )


async def test_a_reply_that_is_used_up_gives_way_to_the_next() -> None:
    scripted = engine('[[replies]]\ntimes = 2\ntext = "a"\n[[replies]]\ntext = "b"\n')

    assert [await answered(scripted, order()) for _ in range(4)] == ["a", "a", "b", "b"]


async def test_counting_and_warming_up_use_up_nothing() -> None:
    scripted = engine('[[replies]]\ntimes = 1\ntext = "a"\n[[replies]]\ntext = "b"\n')

    await scripted.prepare(counting())
    await scripted.prepare(order(max_tokens=0))

    assert await answered(scripted, order()) == "a"


@pytest.mark.parametrize(
    ("at_end", "heard"),
    [("", "abbabb"), ('at_end = "repeat"', "abbabb"), ('at_end = "last"', "abbbbb")],
)
async def test_a_sequence_is_played_in_turn(at_end: str, heard: str) -> None:
    scripted = engine(
        f'order = "sequence"\n{at_end}\n[[replies]]\ntext = "a"\n'
        '[[replies]]\ntimes = 2\ntext = "b"\n'
    )

    assert "".join([await answered(scripted, order()) for _ in range(6)]) == heard


async def test_a_sequence_may_end_with_an_error_that_no_client_repeats() -> None:
    scripted = engine('order = "sequence"\nat_end = "error"\n[[replies]]\ntext = "a"\n')
    await answered(scripted, order())

    assert (await scripted.prepare(counting())).input_tokens > 0
    with pytest.raises(InvalidRequest, match="The script is at its end"):
        await answered(scripted, order())


async def test_an_empty_sequence_answers_too() -> None:
    assert (await answered(engine('order = "sequence"'), order())).startswith("No reply")
