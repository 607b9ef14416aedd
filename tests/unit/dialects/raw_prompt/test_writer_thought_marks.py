import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.raw_prompt.steps import WritingOrder
from antechamber.dialects.raw_prompt.thought_marks import WithoutMarks
from antechamber.dialects.raw_prompt.writer import TurnWriter
from antechamber.turn.events import BlockDelta, UsageReported
from tests.unit.dialects.raw_prompt.test_writer import cut, order, says, script, thinking, write


def passed(*pieces: str) -> str:
    marks = WithoutMarks()
    return "".join([*(marks.shown(piece) for piece in pieces), marks.rest()])


@pytest.mark.parametrize(
    ("thought", "shown"),
    [
        ("<think>\nLet me see", "Let me see"),
        ("<think><think>\n\nLet me", "Let me"),
        ("Let me\n<think>\nsee", "Let me\n\nsee"),
        ("<thought>\nLet me see", "<thought>\nLet me see"),
        ("<thought_of_me> <one> 1 <2", "<thought_of_me> <one> 1 <2"),
        ("Hm. <thi", "Hm. <thi"),
        ("<think>", ""),
    ],
)
def test_a_thought_is_shown_without_the_marks_that_are_ours(thought: str, shown: str) -> None:
    written = write(thinking(), script(says(thought, stop="</think>"), "Two."))

    assert written.blocks == [("thinking", shown), ("text", "Two.")]


@pytest.mark.parametrize("fields", [{"think": True, "thinking_budget": 9}, {"empty_thought": True}])
def test_an_answer_after_a_thought_is_shown_without_marks(fields: dict[str, object]) -> None:
    asked = WritingOrder(max_tokens=100, **fields)  # pyright: ignore[reportArgumentType]
    said = "</think>\n\nTwo </think>or <b>three</b>.<think"
    model = script(*([says("Hm.", stop="</think>")] if asked.think else []), said)

    written = write(asked, model)

    assert written.blocks[-1] == ("text", "Two or <b>three</b>.<think")
    assert written.ending == ("end_turn", None)


def test_an_answer_of_marks_alone_is_no_block() -> None:
    written = write(order(empty_thought=True), script("</think>\n"))

    assert (written.blocks, written.ending) == ([], ("end_turn", None))


def test_without_a_thought_of_ours_marks_are_the_models_own_words() -> None:
    written = write(order(), script("It opens with <think> and ends with </think>."))

    assert written.blocks == [("text", "It opens with <think> and ends with </think>.")]


def test_what_is_held_back_is_shown_when_the_answer_is_cut_or_stopped() -> None:
    asked = order(empty_thought=True, stop_sequences=("k",))

    assert write(asked, script(cut("Two <th", 3))).blocks == [("text", "Two <th")]
    assert write(asked, script(says("Two <thin", stop="k"))).blocks == [("text", "Two <thin")]


def test_tokens_of_marks_are_counted_before_what_follows_is_shown() -> None:
    writer = TurnWriter(thinking(), is_exact=lambda _: True)
    writer.next_step()

    events = [
        event
        for piece in ("<th", "ink>", "\n", "Hm")
        for event in writer.piece(piece, tokens=1)
        if isinstance(event, UsageReported | BlockDelta)
    ]

    assert events[-2:] == [
        UsageReported(output_tokens=4, thinking_tokens=4),
        BlockDelta(text="Hm"),
    ]
    assert [event for event in events if isinstance(event, BlockDelta)] == [BlockDelta(text="Hm")]


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "</", "think", ">", "\n", "a"])))
def test_where_a_text_is_cut_into_pieces_makes_no_difference(parts: list[str]) -> None:
    text = "".join(parts)

    assert passed(*parts) == passed(text) == passed(*text)
    if "think>" not in text:
        assert passed(text) == text
