from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.declared_tools import OfferedTool
from antechamber.dialects.raw_prompt.constraint import Choices, JsonSchema
from antechamber.dialects.raw_prompt.steps import Outcome, Step, WritingOrder
from antechamber.dialects.raw_prompt.writer import TurnWriter
from antechamber.turn.events import EngineEvent, TurnEnded, UsageReported
from antechamber.wire.errors import EngineFailed, InvalidRequest
from tests.stream_grammar import Event, check_stream
from tests.unit.turn.engine_turns import played, shown

NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
LOOK = OfferedTool(name="look", description="", schema=NUMBER)
HEAR = OfferedTool(name="hear", description="", schema=NUMBER)
SCHEMA = JsonSchema(schema=NUMBER)

Said = Outcome | str
Model = Callable[[Step], Outcome]


def says(text: str, *, stop: str | None = None, tokens: int | None = None) -> Outcome:
    reason: Literal["stop", "end"] = "end" if stop is None else "stop"
    count = len(text.split()) if tokens is None else tokens
    return Outcome(text=text, reason=reason, stop=stop, tokens=count)


def cut(text: str, tokens: int) -> Outcome:
    return Outcome(text=text, reason="limit", tokens=tokens)


def at_window(text: str = "") -> Outcome:
    return Outcome(text=text, reason="window", tokens=len(text.split()))


@dataclass
class Written:
    """One turn as it was written: the steps asked for, the events, the stream a client reads."""

    steps: list[Step] = field(default_factory=list)
    events: list[EngineEvent] = field(default_factory=list)
    tail: str = ""
    """What stands behind the prompt in the end, in the model's view."""

    @property
    def stream(self) -> list[Event]:
        read = shown(played(self.events))
        check_stream(read)
        return read

    @property
    def ending(self) -> tuple[str, str | None]:
        delta = self.stream[-2][1]["delta"]
        return delta["stop_reason"], delta["stop_sequence"]

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """Kind (for calls: name) and text of each block."""
        found: list[tuple[str, str]] = []
        for name, data in self.stream:
            if name == "content_block_start":
                block = data["content_block"]
                found.append((block.get("name", block["type"]), ""))
            elif name == "content_block_delta" and data["delta"]["type"] != "signature_delta":
                kind, text = found[-1]
                (more,) = (value for key, value in data["delta"].items() if key != "type")
                found[-1] = (kind, text + more)
        return found

    @property
    def usage(self) -> dict[str, Any]:
        return self.stream[-2][1]["usage"]


def write(
    order: WritingOrder, model: Model, *, exact: bool = True, written: Written | None = None
) -> Written:
    """Have ``model`` write a turn, word by word."""
    written = written or Written()
    writer = TurnWriter(order, is_exact=lambda _: exact)
    before = ""
    while (step := writer.next_step()) is not None:
        written.steps.append(step)
        before = (before if step.rewind else written.tail) + step.append
        outcome = model(step)
        for piece in _words(outcome.text):
            written.events += writer.piece(piece, tokens=0)
        written.events += writer.finish(outcome)
        written.tail = before + outcome.text
    return written


def script(*said: Said) -> Model:
    """A model that says one thing after the other, whatever it is asked."""
    rest = iter(said)

    def model(step: Step) -> Outcome:
        thing = next(rest)
        return says(thing) if isinstance(thing, str) else thing

    return model


def _words(text: str) -> Iterator[str]:
    for at in range(0, len(text), 4):
        yield text[at : at + 4]


def order(max_tokens: int = 100, **fields: Any) -> WritingOrder:
    return WritingOrder(max_tokens=max_tokens, **fields)


# ---- saying ------------------------------------------------------------------------------------


def test_an_answer_is_text_and_an_end() -> None:
    written = write(order(), script("Hello there."))

    assert written.blocks == [("text", "Hello there.")]
    assert written.ending == ("end_turn", None)
    assert written.steps == [Step(max_tokens=100)]


def test_an_answer_may_be_nothing() -> None:
    written = write(order(), script(""))

    assert (written.blocks, written.ending) == ([], ("end_turn", None))


def test_what_is_shown_has_been_counted() -> None:
    writer = TurnWriter(thinking(), is_exact=lambda _: True)

    writer.next_step()
    thought = [*writer.piece("Hm", tokens=2), *writer.piece(".", tokens=1)]
    thought += writer.finish(says("Hm.", stop="</think>", tokens=4))
    writer.next_step()
    said = list(writer.piece("Two", tokens=1))

    assert [event for event in (*thought, *said) if isinstance(event, UsageReported)] == [
        UsageReported(output_tokens=2, thinking_tokens=2),
        UsageReported(output_tokens=3, thinking_tokens=3),
        UsageReported(output_tokens=4, thinking_tokens=4),
        UsageReported(output_tokens=5, thinking_tokens=4),
    ]
    assert isinstance(thought[0], UsageReported)


def test_the_limit_of_the_request_ends_an_answer() -> None:
    written = write(order(2), script(cut("Hello there", 2)))

    assert (written.blocks, written.ending) == ([("text", "Hello there")], ("max_tokens", None))
    assert written.usage["output_tokens"] == 2


def test_the_end_of_the_window_has_its_own_reason() -> None:
    written = write(order(), script(at_window("Hello")))

    assert written.ending == ("model_context_window_exceeded", None)


def test_a_stop_sequence_is_named_and_not_said() -> None:
    written = write(order(stop_sequences=("END", "STOP")), script(says("Well ", stop="STOP")))

    assert written.steps[0].stop == ("END", "STOP")
    assert (written.blocks, written.ending) == ([("text", "Well ")], ("stop_sequence", "STOP"))


def test_a_model_that_would_think_is_given_an_empty_thought() -> None:
    written = write(order(empty_thought=True), script("Hi"))

    assert written.steps[0].append == "<think>\n\n</think>\n\n"
    assert written.blocks == [("text", "Hi")]


# ---- thinking ----------------------------------------------------------------------------------


def thinking(max_tokens: int = 100, budget: int = 10, **fields: Any) -> WritingOrder:
    return order(max_tokens, think=True, thinking_budget=budget, **fields)


def test_a_thought_comes_before_the_answer() -> None:
    written = write(thinking(), script(says("Let me see", stop="</think>"), "Two."))

    first, second = written.steps
    assert (first.append, first.stop, first.max_tokens) == ("<think>\n", ("</think>",), 10)
    assert (second.append, second.max_tokens) == ("\n</think>\n\n", 97)
    assert written.blocks == [("thinking", "Let me see"), ("text", "Two.")]
    assert written.usage["output_tokens_details"] == {"thinking_tokens": 3}
    assert written.usage["output_tokens"] == 4


def test_a_thought_that_ends_its_line_is_closed_on_the_next() -> None:
    written = write(thinking(), script(says("Hm.\n", stop="</think>"), "Two."))

    assert written.tail == "<think>\nHm.\n</think>\n\nTwo."


def test_a_used_up_budget_ends_the_thought_and_not_the_turn() -> None:
    written = write(thinking(budget=3), script(cut("on and on", 3), "So: two."))

    assert written.blocks == [("thinking", "on and on"), ("text", "So: two.")]
    assert written.ending == ("end_turn", None)


# T20
def test_the_limit_inside_a_thought_leaves_only_the_thought() -> None:
    written = write(thinking(3, budget=10), script(cut("on and on", 3)))

    assert written.steps[0].max_tokens == 3
    assert written.blocks == [("thinking", "on and on")]
    assert written.ending == ("max_tokens", None)


def test_the_window_may_end_inside_a_thought() -> None:
    written = write(thinking(), script(at_window("on and")))

    assert written.ending == ("model_context_window_exceeded", None)


def test_a_model_that_ends_its_turn_in_a_thought_still_answers() -> None:
    written = write(thinking(), script("Hm.", "Two."))

    assert written.blocks == [("thinking", "Hm."), ("text", "Two.")]


def test_an_empty_thought_is_a_block_all_the_same() -> None:
    written = write(thinking(), script(says("", stop="</think>"), "Two."))

    assert written.blocks == [("thinking", ""), ("text", "Two.")]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    "fields", [{"must_call": True, "tools": (LOOK,)}, {"answer_schema": SCHEMA}]
)
def test_a_thought_is_shown_also_before_what_is_held_back(
    fields: dict[str, Any], exact: bool
) -> None:
    model = script(says("Hm. So.", stop="</think>"), '{"n": 1}', "")

    written = write(thinking(**fields), model, exact=exact)

    assert written.blocks[0] == ("thinking", "Hm. So.")
    assert written.blocks[1][1] == '{"n": 1}'


# ---- calling -----------------------------------------------------------------------------------


def test_a_model_calls_in_the_middle_of_its_answer() -> None:
    model = script(says("Let me look.\n", stop="<tool_call>"), '{"n": 1}', "")

    written = write(order(tools=(LOOK,), stop_sequences=("END",)), model)

    assert written.steps[0].stop == ("END", "<tool_call>")
    assert written.steps[1].constraint == JsonSchema(schema=NUMBER)
    assert written.blocks == [("text", "Let me look.\n"), ("look", '{"n": 1}')]
    assert written.ending == ("tool_use", None)
    assert written.tail == (
        'Let me look.\n<tool_call>\n{"name": "look", "arguments": {"n": 1}}\n</tool_call>'
    )


def test_of_several_tools_the_model_chooses_one() -> None:
    model = script(says("", stop="<tool_call>"), "hear", '{"n": 2}', "")

    written = write(order(tools=(LOOK, HEAR)), model)

    assert written.steps[1].constraint == Choices(texts=["look", "hear"])
    assert written.blocks == [("hear", '{"n": 2}')]


def test_a_tool_that_was_not_offered_is_the_engines_fault() -> None:
    with pytest.raises(EngineFailed, match="not offered"):
        write(order(tools=(LOOK, HEAR)), script(says("", stop="<tool_call>"), "smell"))


def test_a_model_that_may_not_call_is_not_stopped_at_the_mark() -> None:
    written = write(order(), script("<tool_call>"))

    assert written.steps[0].stop == ()
    assert written.blocks == [("text", "<tool_call>")]


def test_calls_may_follow_each_other() -> None:
    more = "\n<tool_call>"
    model = script(
        *(says("", stop="<tool_call>"), "look", '{"n": 1}', more, "hear", '{"n": 2}', "")
    )

    written = write(order(tools=(LOOK, HEAR)), model)

    assert written.blocks == [("look", '{"n": 1}'), ("hear", '{"n": 2}')]
    assert written.steps[3].constraint == Choices(texts=("\n<tool_call>", ""))
    assert written.tail == (
        '<tool_call>\n{"name": "look", "arguments": {"n": 1}}\n</tool_call>\n'
        '<tool_call>\n{"name": "hear", "arguments": {"n": 2}}\n</tool_call>'
    )


def test_one_call_may_be_all_that_is_wanted() -> None:
    model = script(says("", stop="<tool_call>"), '{"n": 1}')

    written = write(order(tools=(LOOK,), one_call=True), model)

    assert (len(written.blocks), written.ending) == (1, ("tool_use", None))


def test_a_model_that_calls_for_ever_is_ended() -> None:
    numbers = count()

    def model(step: Step) -> Outcome:
        if step.constraint is None:
            return says("", stop="<tool_call>")
        if isinstance(step.constraint, JsonSchema):
            return says(f'{{"n": {next(numbers)}}}')
        return says("\n<tool_call>")

    written = write(order(10_000, tools=(LOOK,)), model)

    assert (len(written.blocks), written.ending) == (16, ("tool_use", None))


def test_a_call_that_is_made_again_is_the_last() -> None:
    more = "\n<tool_call>"
    model = script('{"n": 1}', more, '{"n": 2}', more, '{"n": 1}')

    written = write(order(tools=(LOOK,), must_call=True), model)

    assert [text for _, text in written.blocks] == ['{"n": 1}', '{"n": 2}', '{"n": 1}']
    assert written.ending == ("tool_use", None)


@pytest.mark.parametrize(("max_tokens", "asked_again"), [(30, False), (31, True)])
def test_another_call_is_begun_only_where_it_would_fit(max_tokens: int, asked_again: bool) -> None:
    model = script(says('{"n": 1}', tokens=10), "")

    written = write(order(max_tokens, tools=(LOOK,), must_call=True), model)

    assert (len(written.steps) == 2) is asked_again
    assert written.ending == ("tool_use", None)


def test_a_forced_call_is_the_whole_answer() -> None:
    written = write(order(tools=(LOOK,), must_call=True), script('{"n": 1}', ""))

    assert written.steps[0].append == '<tool_call>\n{"name": "look", "arguments": '
    assert (written.blocks, written.ending) == ([("look", '{"n": 1}')], ("tool_use", None))


def test_a_forced_call_of_any_tool_begins_with_its_name() -> None:
    written = write(order(tools=(LOOK, HEAR), must_call=True), script("look", '{"n": 1}', ""))

    assert written.steps[0].append == '<tool_call>\n{"name": "'
    assert written.blocks == [("look", '{"n": 1}')]


def test_a_call_without_arguments_is_the_engines_fault() -> None:
    with pytest.raises(EngineFailed, match="without arguments"):
        write(order(tools=(LOOK,), must_call=True), script(""))


# T15
@pytest.mark.parametrize("ran_out", [cut('{"n', 2), at_window('{"n')])
def test_a_cut_call_stays_incomplete(ran_out: Outcome) -> None:
    written = write(order(tools=(LOOK,), must_call=True), script(ran_out))

    assert written.blocks == [("look", '{"n')]
    assert written.ending[0] in {"max_tokens", "model_context_window_exceeded"}


def test_a_call_complete_at_the_limit_is_a_call() -> None:
    written = write(order(2, tools=(LOOK,), must_call=True), script(cut('{"n": 1}', 2)))

    assert written.ending == ("tool_use", None)


@pytest.mark.parametrize("ran_out", [cut("lo", 3), says("look", tokens=3), at_window()])
def test_what_runs_out_in_a_name_leaves_no_call(ran_out: Outcome) -> None:
    written = write(order(3, tools=(LOOK, HEAR), must_call=True), script(ran_out))

    assert written.blocks == []
    assert written.ending[0] in {"max_tokens", "model_context_window_exceeded"}


def test_what_runs_out_before_a_call_leaves_the_text() -> None:
    model = script(says("Let me look.", stop="<tool_call>", tokens=4))

    written = write(order(4, tools=(LOOK,)), model)

    assert (written.blocks, written.ending) == ([("text", "Let me look.")], ("max_tokens", None))


@pytest.mark.parametrize("ran_out", [cut("\n<to", 1), at_window()])
def test_what_runs_out_after_a_call_leaves_the_call(ran_out: Outcome) -> None:
    written = write(order(tools=(LOOK,), must_call=True), script('{"n": 1}', ran_out))

    assert (written.blocks, written.ending) == ([("look", '{"n": 1}')], ("tool_use", None))


def test_a_call_with_the_last_token_is_not_followed_by_another() -> None:
    written = write(order(2, tools=(LOOK,), must_call=True), script(says('{"n": 1}', tokens=2)))

    assert written.ending == ("tool_use", None)


# ---- what a grammar cannot say -----------------------------------------------------------------

FORCED = order(tools=(LOOK,), must_call=True, one_call=True)


def test_an_input_is_held_back_until_it_is_valid() -> None:
    written = write(FORCED, script('{"n": "x"}', "{", '{"n": 3}'), exact=False)

    assert written.blocks == [("look", '{"n": 3}')]
    assert [(step.rewind, step.attempt) for step in written.steps] == [
        (False, 1),
        (True, 2),
        (True, 3),
    ]
    assert [step.append for step in written.steps[1:]] == ["", ""]
    assert written.tail.count("look") == 1


def test_what_was_thrown_away_is_not_charged() -> None:
    written = write(FORCED, script(says("[]", tokens=50), says('{"n": 3}', tokens=7)), exact=False)

    assert written.steps[1].max_tokens == 100
    assert written.usage["output_tokens"] == 7


def test_after_three_attempts_the_schema_is_too_complex() -> None:
    written = Written()

    with pytest.raises(InvalidRequest, match=r"^Schema is too complex for compilation\.$"):
        write(FORCED, script("[]", "[]", "[]"), exact=False, written=written)

    assert not [event for event in written.events if not isinstance(event, UsageReported)]


def test_each_call_has_its_own_attempts() -> None:
    model = script("[]", "[]", '{"n": 1}', "\n<tool_call>", "[]", "[]", '{"n": 2}', "")

    written = write(order(tools=(LOOK,), must_call=True), model, exact=False)

    assert written.blocks == [("look", '{"n": 1}'), ("look", '{"n": 2}')]


@pytest.mark.parametrize("ran_out", [cut('{"n', 2), at_window('{"n')])
def test_a_cut_input_is_not_tried_again(ran_out: Outcome) -> None:
    written = write(FORCED, script(ran_out), exact=False)

    assert written.blocks == [("look", '{"n')]


@pytest.mark.parametrize("value", ["NaN", '{"n": NaN}', '{"n": 1} x'])
def test_what_is_no_json_is_never_valid(value: str) -> None:
    written = write(FORCED, script(value, '{"n": 1}'), exact=False)

    assert written.blocks == [("look", '{"n": 1}')]


@pytest.mark.parametrize("reference", ["http://127.0.0.1:9/schema.json", "#/nowhere"])
def test_a_schema_that_points_elsewhere_is_refused_and_not_fetched(reference: str) -> None:
    outside = OfferedTool(name="look", description="", schema={"$ref": reference})

    with pytest.raises(InvalidRequest):
        write(order(tools=(outside,), must_call=True), script("{}"), exact=False)


# ---- structured answers ------------------------------------------------------------------------


def test_a_structured_answer_is_one_text_block() -> None:
    written = write(order(answer_schema=SCHEMA), script('{"n": 1}'))

    assert written.steps[0].constraint == SCHEMA
    assert (written.blocks, written.ending) == ([("text", '{"n": 1}')], ("end_turn", None))


def test_a_structured_answer_may_be_cut() -> None:
    written = write(order(answer_schema=SCHEMA), script(cut('{"n', 9)))

    assert (written.blocks, written.ending) == ([("text", '{"n')], ("max_tokens", None))


@pytest.mark.parametrize("exact", [True, False])
def test_a_stop_sequence_ends_a_structured_answer(exact: bool) -> None:
    model = script(says('{"n": ', stop="1"))

    written = write(order(answer_schema=SCHEMA, stop_sequences=("1",)), model, exact=exact)

    assert (written.blocks, written.ending) == ([("text", '{"n": ')], ("stop_sequence", "1"))


def test_a_structured_answer_is_held_back_where_its_grammar_is_wider() -> None:
    written = write(order(answer_schema=SCHEMA), script("[]", '{"n": 1}'), exact=False)

    assert written.blocks == [("text", '{"n": 1}')]


def test_beside_a_structured_answer_the_model_decides_whether_to_call() -> None:
    both = order(answer_schema=SCHEMA, tools=(LOOK,))

    answered = write(both, script(says("{", tokens=1), '{"n": 1}'))
    called = write(both, script(says("<tool_call>", tokens=3), '{"n": 2}', ""))

    assert answered.steps[0].constraint == Choices(texts=("<tool_call>", "{", "["))
    assert answered.steps[1].rewind
    assert answered.blocks == [("text", '{"n": 1}')]
    assert called.blocks == [("look", '{"n": 2}')]
    assert called.tail.count("<tool_call>") == 1
    assert called.usage["output_tokens"] == 2  # the decision was written only to be known


def test_a_must_call_goes_before_a_structured_answer() -> None:
    both = order(answer_schema=SCHEMA, tools=(LOOK,), must_call=True)

    assert write(both, script('{"n": 2}', "")).blocks == [("look", '{"n": 2}')]


# ---- any model, any order ----------------------------------------------------------------------


@st.composite
def orders(draw: st.DrawFn) -> WritingOrder:
    tools = draw(st.sampled_from([(), (LOOK,), (LOOK, HEAR)]))
    return WritingOrder(
        max_tokens=draw(st.integers(1, 12)),
        stop_sequences=draw(st.sampled_from([(), ("END",)])),
        think=draw(st.booleans()),
        thinking_budget=draw(st.integers(1, 12)),
        empty_thought=draw(st.booleans()),
        tools=tools,
        must_call=bool(tools) and draw(st.booleans()),
        one_call=draw(st.booleans()),
        answer_schema=draw(st.none() | st.just(SCHEMA)),
    )


@dataclass
class AnyModel:
    """Says anything that its constraint allows, and runs out anywhere."""

    data: st.DataObject
    exact: bool

    def __call__(self, step: Step) -> Outcome:
        draw = self.data.draw
        reason: Any = draw(st.sampled_from(["end", "limit", "window"]), label="reason")
        texts = list(self._texts(step))
        text = draw(st.sampled_from(texts), label="text")
        if reason != "end":
            tokens = step.max_tokens if reason == "limit" else draw(st.integers(0, step.max_tokens))
            return Outcome(
                text=text[: draw(st.integers(0, len(text)))], reason=reason, tokens=tokens
            )
        tokens = draw(st.integers(0, step.max_tokens))
        stop = draw(st.sampled_from([None, *step.stop])) if step.stop else None
        return Outcome(text=text, reason="stop" if stop else "end", stop=stop, tokens=tokens)

    def _texts(self, step: Step) -> Iterable[str]:
        match step.constraint:
            case None:
                return ["", " ", "Hm.", "Well then"]
            case Choices(texts=texts):
                return texts
            case JsonSchema():
                return ['{"n": 1}', *([] if self.exact else ["{}", '{"n": "x"}'])]


@given(orders(), st.booleans(), st.data())
def test_whatever_a_model_says_the_stream_is_correct_and_the_limits_hold(
    asked: WritingOrder, exact: bool, data: st.DataObject
) -> None:
    written = Written()
    try:
        write(asked, AnyModel(data, exact), exact=exact, written=written)
    except InvalidRequest:
        assert not exact
        return

    usage = written.usage
    thought = usage.get("output_tokens_details", {"thinking_tokens": 0})["thinking_tokens"]
    assert usage["output_tokens"] <= max(1, asked.max_tokens)
    assert thought <= asked.thinking_budget
    assert (thought == 0) or asked.think
    assert all(step.max_tokens > 0 for step in written.steps)
    assert isinstance(written.events[-1], TurnEnded)
    _check_shape(asked, written.blocks)


def _check_shape(asked: WritingOrder, blocks: Sequence[tuple[str, str]]) -> None:
    kinds = [kind for kind, _ in blocks]
    assert kinds.count("thinking") == int(asked.think)
    assert "thinking" not in kinds[1:]
    called = [kind for kind in kinds if kind not in {"thinking", "text"}]
    assert set(called) <= {tool.name for tool in asked.tools}
    assert not asked.must_call or "text" not in kinds
    assert not asked.one_call or len(called) <= 1
