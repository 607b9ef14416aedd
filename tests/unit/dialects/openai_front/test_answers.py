import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from antechamber.dialects.openai_front.chunks import chunk_form
from antechamber.dialects.openai_front.completion import completion_of
from antechamber.dialects.openai_front.paths import in_the_clients_terms
from antechamber.turn.fold import Fold
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest, Overloaded
from antechamber.wire.responses import (
    ContentBlock,
    DirectCaller,
    Message,
    OutputTokensDetails,
    RedactedThinkingBlock,
    StopReason,
    TextBlock,
    ThinkingBlock,
    ToolUseBlock,
    Usage,
)
from antechamber.wire.stream import (
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Delta,
    Ending,
    FinalUsage,
    InputJsonDelta,
    MessageDelta,
    MessageStart,
    MessageStop,
    Ping,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)
from tests.unit.dialects.openai_front.requests import converted

WORDS = st.text(max_size=6) | st.just("line\u2028separator")
INPUTS = st.dictionaries(st.sampled_from("ab"), WORDS | st.integers(0, 9), max_size=2)
BLOCKS = st.lists(
    WORDS.map(lambda text: TextBlock(text=text))
    | WORDS.map(lambda text: ThinkingBlock(thinking=text, signature="s"))
    | st.just(RedactedThinkingBlock(data="x"))
    | INPUTS.map(
        lambda given_input: ToolUseBlock(
            id="toolu_1", name="look", input=given_input, caller=DirectCaller()
        )
    ),
    max_size=5,
)
in_own_terms = partial(in_the_clients_terms, conversion=converted())
REASONS = st.sampled_from(["end_turn", "max_tokens", "tool_use", "refusal", "stop_sequence"])


def deltas(block: ContentBlock) -> list[Delta]:
    match block:
        case TextBlock(text=text):
            return [TextDelta(text=text[:2]), TextDelta(text=text[2:])]
        case ThinkingBlock(thinking=text, signature=signature):
            return [ThinkingDelta(thinking=text), SignatureDelta(signature=signature)]
        case ToolUseBlock(input=given_input):
            text = encode_json(given_input).decode() if given_input else ""
            return [InputJsonDelta(partial_json=text[:3]), InputJsonDelta(partial_json=text[3:])]
        case RedactedThinkingBlock():
            return []


def blank(block: ContentBlock) -> ContentBlock:
    match block:
        case TextBlock():
            return TextBlock(text="")
        case ThinkingBlock():
            return ThinkingBlock(thinking="", signature="")
        case ToolUseBlock(id=call_id, name=name, caller=caller):
            return ToolUseBlock(id=call_id, name=name, input={}, caller=caller)
        case RedactedThinkingBlock():
            return block


def stream(blocks: list[ContentBlock], reason: StopReason = "end_turn") -> list[StreamEvent]:
    usage = Usage(input_tokens=10, cache_read_input_tokens=5, output_tokens=0)
    opened = Message(id="msg_01", model="claude-opus-5-5", content=[], usage=usage)
    events: list[StreamEvent] = [MessageStart(opened), Ping()]
    for index, block in enumerate(blocks):
        events.append(ContentBlockStart(index, blank(block)))
        events += [ContentBlockDelta(index, delta) for delta in deltas(block)]
        events.append(ContentBlockStop(index))
    refused = {"type": "refusal", "explanation": "No."} if reason == "refusal" else None
    ending = Ending(stop_reason=reason, stop_sequence=None, stop_details=refused)
    final = FinalUsage(
        input_tokens=10,
        cache_creation_input_tokens=3,
        cache_read_input_tokens=5,
        output_tokens=7,
        output_tokens_details=OutputTokensDetails(thinking_tokens=2),
    )
    return [*events, MessageDelta(delta=ending, usage=final), MessageStop()]


def chunks(events: list[StreamEvent], **options: bool) -> list[dict[str, Any]]:
    settings = {"with_usage": False, "calls_as_function": False, **options}
    form = chunk_form(created=1, in_own_terms=in_own_terms, **settings)
    sent = b"".join(map(form.frame, events)).decode()
    assert len(sent.splitlines()) == sent.count("\n")
    return [json.loads(frame.removeprefix("data: ")) for frame in sent.split("\n\n")[:-1]]


def completion(events: list[StreamEvent], *, calls_as_function: bool = False) -> dict[str, Any]:
    fold = Fold()
    for event in events:
        fold.add(event)
    made = completion_of(fold.message, created=1, calls_as_function=calls_as_function)
    return json.loads(encode_json(made))


def folded(sent: list[dict[str, Any]]) -> dict[str, Any]:
    """Put the deltas together as the SDKs do: strings grow, calls go by their index."""
    said: dict[str, Any] = {}
    for chunk in sent:
        for choice in chunk["choices"]:
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    for part in value:
                        calls = said.setdefault("tool_calls", [])
                        if part["index"] == len(calls):
                            calls.append({"id": part["id"], "type": part["type"], "function": {}})
                        _grow(calls[part["index"]]["function"], part["function"])
                elif name == "function_call":
                    _grow(said.setdefault("function_call", {}), value)
                elif name == "role":
                    said[name] = value
                else:
                    _grow(said, {name: value})
    return said


def _grow(said: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        said[name] = value if said.get(name) is None else said[name] + (value or "")


@given(BLOCKS, REASONS)
def test_a_stream_says_what_the_whole_answer_says(
    blocks: list[ContentBlock], reason: StopReason
) -> None:
    sent, whole = chunks(stream(blocks, reason)), completion(stream(blocks, reason))

    said, message = folded(sent), whole["choices"][0]["message"]
    message["content"] = message["content"] or ""
    assert said == message
    assert sent[-1]["choices"][0]["finish_reason"] == whole["choices"][0]["finish_reason"]
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in sent[:-1])
    assert {chunk["id"] for chunk in sent} == {whole["id"]}


def look(**arguments: object) -> ToolUseBlock:
    return ToolUseBlock(id="toolu_1", name="look", input=arguments, caller=DirectCaller())


def test_the_first_form_gets_its_call_back_in_its_form() -> None:
    events = stream([look(at="here")], "tool_use")

    sent = chunks(stream([look(at="here")], "tool_use"), calls_as_function=True)
    message = completion(events, calls_as_function=True)["choices"][0]

    expected = {"name": "look", "arguments": '{"at":"here"}'}
    assert message["message"]["function_call"] == expected
    assert message["finish_reason"] == "function_call"
    assert folded(sent)["function_call"] == expected
    assert sent[-1]["choices"][0]["finish_reason"] == "function_call"


def test_a_call_without_arguments_has_an_empty_object() -> None:
    sent = chunks(stream([look()], "tool_use"))

    assert folded(sent)["tool_calls"][0]["function"] == {"name": "look", "arguments": "{}"}


def test_an_answer_of_calls_alone_has_no_content() -> None:
    assert completion(stream([look()], "tool_use"))["choices"][0]["message"]["content"] is None
    assert completion(stream([]))["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("pause_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
    ],
)
def test_every_reason_to_stop_has_its_word(reason: StopReason, finish: str) -> None:
    assert completion(stream([], reason))["choices"][0]["finish_reason"] == finish


def test_a_refusal_says_why_apart_from_what_was_said() -> None:
    begun: list[ContentBlock] = [TextBlock(text="I can")]

    alone = completion(stream([], "refusal"))["choices"][0]["message"]
    behind = completion(stream(begun, "refusal"))["choices"][0]["message"]

    assert (alone["content"], alone["refusal"]) == (None, "No.")
    assert (behind["content"], behind["refusal"]) == ("I can", "No.")


def test_the_prompt_counts_what_came_from_the_cache() -> None:
    usage = completion(stream([]))["usage"]

    assert usage["prompt_tokens"] == 18
    assert usage["completion_tokens"] == 7
    assert usage["total_tokens"] == 25
    assert usage["prompt_tokens_details"]["cached_tokens"] == 5
    assert usage["prompt_tokens_details"]["cache_write_tokens"] == 3
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 2


def test_an_answer_without_details_has_spent_nothing_on_thought() -> None:
    usage = Usage(input_tokens=1, output_tokens=1, output_tokens_details=UNSET)
    message = Message(id="msg_1", model="m", content=[], stop_reason="end_turn", usage=usage)

    made: Any = completion_of(message, created=1, calls_as_function=False)

    assert made["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_usage_comes_last_when_it_is_asked_for_and_is_null_before() -> None:
    sent = chunks(stream([TextBlock(text="Hello")]), with_usage=True)

    assert sent[-1]["choices"] == []
    assert sent[-1]["usage"]["total_tokens"] == 25
    assert all(chunk["usage"] is None for chunk in sent[:-1])
    assert all("usage" not in chunk for chunk in chunks(stream([])))


def test_an_error_in_a_stream_is_data_and_a_ping_is_a_comment() -> None:
    form = chunk_form(
        created=1, with_usage=False, calls_as_function=False, in_own_terms=in_own_terms
    )

    frame = form.error(Overloaded("Too much\u2028at once"), "req_1")
    about_the_request = form.error(InvalidRequest("stop_sequences: Bad"), "req_1")

    assert json.loads(frame.removeprefix(b"data: "))["error"]["code"] == "overloaded"
    assert len(frame.decode().splitlines()) == 2
    assert json.loads(about_the_request.removeprefix(b"data: "))["error"]["param"] == "stop"
    assert form.ping.startswith(b":")
    assert form.done == b"data: [DONE]\n\n"
