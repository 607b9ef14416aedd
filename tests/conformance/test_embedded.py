"""The embedded model through the official SDK: what a real model has to do, whatever it says."""

from collections.abc import Iterator
from typing import Any, Literal

import anthropic
import jsonschema_rs
import pytest
from anthropic import Anthropic, beta_tool
from anthropic.types import MessageParam
from pydantic import BaseModel

from tests.conformance.bodies import (
    OPUS,
    WEATHER,
    assistant,
    body,
    tool_result,
    tool_use,
    user,
    without,
)
from tests.conformance.exchanges import Watch, events_of, sdk_client
from tests.conformance.manifest import requirement
from tests.servers import RunningServer

pytestmark = pytest.mark.xdist_group("embedded")

SCHEMA = WEATHER["input_schema"]
THINKING = {"type": "adaptive", "display": "summarized"}
SAYING: Any = {
    "type": "json_schema",
    "schema": {
        "type": "object",
        "properties": {"saying": {"const": "more haste less speed"}},
        "required": ["saying"],
        "additionalProperties": False,
    },
}
COUNTED: dict[str, dict[str, Any]] = {
    "text": body(),
    "system": body(system="You are a translator."),
    "system-blocks": body(system=[{"type": "text", "text": "You are a translator."}]),
    "turns": body(messages=[user("Hello"), assistant("Hi."), user("How are you?")]),
    "same-role": body(messages=[user("Hello"), user("there")]),
    "system-inside": body(messages=[user("Hello"), {"role": "system", "content": "Be brief."}]),
    "prefill": body(messages=[user("Hello"), assistant("My answer is (")]),
    "tools": body(tools=[WEATHER]),
    "tools-any": body(tools=[WEATHER], tool_choice={"type": "any"}),
    "tools-none": body(tools=[WEATHER], tool_choice={"type": "none"}),
    "examples": body(tools=[{**WEATHER, "input_examples": [{"location": "Oslo"}]}]),
    "loop": body(
        tools=[WEATHER],
        messages=[
            user("weather"),
            assistant([tool_use(location="Paris")]),
            user([tool_result("72°F")]),
        ],
    ),
    "error-result": body(
        messages=[
            user("weather"),
            assistant([tool_use(location="Paris")]),
            user([tool_result("no station", is_error=True)]),
        ]
    ),
    "thinking": body(thinking=THINKING),
    "structured": body(output_config={"format": SAYING}),
    "unicode": body("Grüße, 世界 🌍"),
}


class Pick(BaseModel):
    colour: Literal["red", "green", "blue"]
    count: int


@pytest.fixture
def model(embedded: RunningServer, watch: Watch) -> Iterator[Anthropic]:
    with sdk_client(embedded.url, watch, timeout=110.0) as client:
        yield client


@requirement("embedded:create")
def test_the_model_answers(model: Anthropic) -> None:
    message = model.messages.create(
        model="claude-sonnet-4-5",
        max_tokens=16,
        system="You are brief.",
        messages=[{"role": "user", "content": "Say hello."}],
    )

    assert message.model == "claude-sonnet-4-5-20250929"
    assert message.content[0].type == "text"
    assert message.content[0].text.strip()
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert 0 < message.usage.output_tokens <= 16


@requirement("embedded:stream")
def test_the_model_streams_token_by_token(model: Anthropic, watch: Watch) -> None:
    with model.messages.stream(**body("Count from one to twenty.", max_tokens=16)) as stream:
        deltas = list(stream.text_stream)
        message = stream.get_final_message()

    # However long it chose to count: a delta for a token, but for those that end nothing visible.
    assert len(deltas) > message.usage.output_tokens / 2
    assert message.content[0].type == "text"
    assert "".join(deltas) == message.content[0].text
    assert len(watch.exchanges) == 1


@requirement("embedded:max_tokens")
def test_max_tokens_stops_the_model_at_that_token(model: Anthropic) -> None:
    message = model.messages.create(**body("Tell me a long story.", max_tokens=5))

    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 5


@requirement("embedded:max_tokens:zero")
def test_zero_max_tokens_only_reads_the_prompt(model: Anthropic) -> None:
    message = model.messages.create(**body(max_tokens=0))

    assert (message.content, message.stop_reason) == ([], "max_tokens")


@requirement("embedded:stop_sequences")
def test_a_stop_sequence_ends_the_text_before_itself(model: Anthropic) -> None:
    # What the model says is fixed by the schema, so that the sequence has to come.
    fields = body(output_config={"format": SAYING}, stop_sequences=["less", "never"])

    message = model.messages.create(**fields)

    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "less")
    assert message.content[0].type == "text"
    assert message.content[0].text.endswith("more haste ")


@requirement("embedded:prefill")
def test_a_prefilled_answer_is_continued_and_not_repeated(model: Anthropic) -> None:
    messages: list[MessageParam] = [
        {"role": "user", "content": "Which city is the capital of France?"},
        {"role": "assistant", "content": "The capital of France is"},
    ]

    message = model.messages.create(model=OPUS, max_tokens=8, messages=messages)

    assert message.content[0].type == "text"
    assert not message.content[0].text.startswith("The capital")


@requirement("embedded:sampling")
@pytest.mark.parametrize("fields", [{"temperature": 0.0}, {"top_p": 0.5}, {"top_k": 1}], ids=str)
def test_sampling_parameters_reach_the_model(model: Anthropic, fields: dict[str, float]) -> None:
    message = model.messages.create(
        model=OPUS,
        max_tokens=4,
        messages=[{"role": "user", "content": "Name a colour."}],
        extra_body=fields,
    )

    assert message.content


@requirement("embedded:count", "pitfall:t7")
@pytest.mark.parametrize("asked", COUNTED.values(), ids=COUNTED.keys())
def test_the_count_is_what_the_model_reads(model: Anthropic, asked: dict[str, Any]) -> None:
    counted = model.messages.count_tokens(**without(asked, "max_tokens"))

    message = model.messages.create(**without(asked, "max_tokens"), max_tokens=1)

    assert message.usage.input_tokens == counted.input_tokens > 0


@requirement("embedded:tools:forced", "pitfall:t14", "pitfall:t16")
@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "get_weather"}])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_forced_choice_always_calls_with_valid_input(
    model: Anthropic, choice: Any, stream: bool
) -> None:
    asked = body("What about Paris?", max_tokens=200, tools=[WEATHER], tool_choice=choice)

    if stream:
        with model.messages.stream(**asked) as events:
            message = events.get_final_message()
    else:
        message = model.messages.create(**asked)

    assert message.stop_reason == "tool_use"
    calls = [block for block in message.content if block.type == "tool_use"]
    assert calls
    for call in calls:
        assert call.name == "get_weather"
        jsonschema_rs.validate(SCHEMA, call.input)


@requirement("pitfall:t1", "pitfall:t2", "pitfall:t6", "pitfall:t12", "pitfall:t13", "pitfall:t17")
def test_a_stream_of_the_model_with_a_thought_and_a_call_is_in_order(
    model: Anthropic, watch: Watch
) -> None:
    asked = body("What about Paris?", max_tokens=150, tools=[WEATHER], thinking=THINKING)
    asked["tool_choice"] = {"type": "any", "disable_parallel_tool_use": True}

    with model.messages.stream(**asked) as stream:
        stream.until_done()

    events = [event for event in events_of(bytes(watch.exchanges[0].body)) if "index" in event]
    starts = [event for event in events if event["type"] == "content_block_start"]
    assert [event["index"] for event in starts] == [0, 1]
    assert [event["content_block"]["type"] for event in starts] == ["thinking", "tool_use"]
    assert [event["index"] for event in events] == sorted(event["index"] for event in events)


@requirement("embedded:usage", "pitfall:t8")
def test_the_usage_of_a_stream_of_the_model_is_cumulative(model: Anthropic, watch: Watch) -> None:
    with model.messages.stream(**body("Tell me a long story.", max_tokens=12)) as stream:
        message = stream.get_final_message()

    events = events_of(bytes(watch.exchanges[0].body))
    ends = [event["usage"] for event in events if event["type"] == "message_delta"]
    assert len(ends) == 1
    assert ends[0]["input_tokens"] == events[0]["message"]["usage"]["input_tokens"]
    assert ends[0]["output_tokens"] == message.usage.output_tokens == 12


@requirement("embedded:tools:single")
def test_without_parallel_use_there_is_one_call(model: Anthropic) -> None:
    choice = {"type": "any", "disable_parallel_tool_use": True}
    asked = body("Paris and Oslo?", max_tokens=200, tools=[WEATHER], tool_choice=choice)

    message = model.messages.create(**asked)

    assert [block.type for block in message.content].count("tool_use") == 1


@requirement("embedded:tools:none")
def test_the_choice_none_calls_nothing(model: Anthropic) -> None:
    asked = body("Weather in Paris?", max_tokens=24, tools=[WEATHER], tool_choice={"type": "none"})

    message = model.messages.create(**asked)

    assert {block.type for block in message.content} <= {"text"}


@requirement("embedded:tools:cut", "pitfall:t15")
def test_a_call_of_the_model_that_is_cut_ends_with_max_tokens(
    model: Anthropic, watch: Watch
) -> None:
    asked = body("What about Paris?", max_tokens=3, tools=[WEATHER], tool_choice={"type": "any"})

    message = model.messages.create(**asked)

    assert message.stop_reason == "max_tokens"
    assert len(watch.exchanges) == 1


@requirement("embedded:tools:runner")
def test_the_tool_runner_runs_a_call_of_the_model(model: Anthropic) -> None:
    asked: list[str] = []

    @beta_tool
    def get_weather(location: str) -> str:
        """Get the weather of a place."""
        asked.append(location)
        return "sunny"

    runner = model.beta.messages.tool_runner(
        model=OPUS,
        max_tokens=200,
        tools=[get_weather],
        tool_choice={"type": "tool", "name": "get_weather"},
        max_iterations=1,
        messages=[{"role": "user", "content": "What is the weather in Paris?"}],
    )
    message = runner.until_done()

    assert message.stop_reason == "tool_use"


@requirement("embedded:structured")
def test_structured_output_of_the_model_validates(model: Anthropic) -> None:
    message = model.messages.parse(
        model=OPUS,
        max_tokens=100,
        messages=[{"role": "user", "content": "Pick a colour and a number."}],
        output_format=Pick,
    )

    assert message.parsed_output is not None
    assert message.parsed_output.colour in ("red", "green", "blue")


@requirement("embedded:thinking", "pitfall:t19")
def test_the_model_thinks_and_its_thought_can_be_handed_back(model: Anthropic) -> None:
    asked = body("Is seven a prime number?", max_tokens=48, thinking=THINKING)
    first = model.messages.create(**asked)
    asked["messages"] += [assistant(first.content), user("Are you sure?")]

    second = model.messages.create(**without(asked, "max_tokens"), max_tokens=16)

    assert first.content[0].type == "thinking"
    assert first.content[0].signature
    assert first.usage.output_tokens_details is not None
    assert 0 < first.usage.output_tokens_details.thinking_tokens <= first.usage.output_tokens
    assert second.content


@requirement("embedded:thinking:altered", "pitfall:t23")
def test_a_thought_of_the_model_that_was_altered_is_refused(model: Anthropic) -> None:
    asked = body("Is seven a prime number?", max_tokens=32, thinking=THINKING)
    first = model.messages.create(**asked).to_dict()
    content: Any = first["content"]
    content[0]["thinking"] += "!"
    asked["messages"] += [assistant(content), user("Are you sure?")]

    with pytest.raises(anthropic.BadRequestError) as caught:
        model.messages.create(**asked)

    assert "cannot be modified" in str(caught.value) or "Invalid `signature`" in str(caught.value)


@requirement("embedded:thinking:limit", "pitfall:t20")
def test_a_thought_of_the_model_cut_by_the_limit_stays_a_thought(model: Anthropic) -> None:
    message = model.beta.messages.create(
        model=OPUS,
        max_tokens=3,
        messages=[{"role": "user", "content": "Is 1,001 a prime number? Think carefully."}],
        thinking={"type": "enabled", "budget_tokens": 1024},
        betas=["interleaved-thinking-2025-05-14"],
    )

    assert message.stop_reason == "max_tokens"
    assert [block.type for block in message.content] == ["thinking"]


@requirement("embedded:results", "pitfall:t28")
@pytest.mark.parametrize("content", ["", [], None, "15 degrees"], ids=str)
def test_the_model_reads_results_with_and_without_content(
    model: Anthropic, content: object
) -> None:
    result = tool_result(content)
    if content is None:
        del result["content"]
    messages = [user("weather"), assistant([tool_use(location="Paris")]), user([result])]

    message = model.messages.create(**body(messages=messages, max_tokens=4))

    assert message.usage.input_tokens > 0


@requirement("embedded:overflow", "errors:text:too-long:embedded")
def test_a_prompt_beyond_the_window_is_refused_in_the_hosted_words(model: Anthropic) -> None:
    window = model.models.retrieve(OPUS).max_input_tokens
    assert window is not None

    with pytest.raises(anthropic.BadRequestError) as caught:
        model.messages.create(**body("word " * (window + 100), max_tokens=10))

    message = caught.value.body["error"]["message"]  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]
    assert message.startswith("prompt is too long: ")
    assert message.endswith(f" tokens > {window} maximum")

    # Clients decide by the count whether to make room, so it is a number beyond the window too.
    too_much = without(body("word " * (window + 100)), "max_tokens")
    assert model.messages.count_tokens(**too_much).input_tokens > window


@requirement("embedded:unknown-model")
def test_a_model_outside_the_catalogue_is_not_found(model: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        model.messages.create(**body(model="smollm2-135m"))
