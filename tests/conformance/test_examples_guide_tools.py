"""The examples of the guide for models, continued: tools and streaming."""

from typing import Any

import pytest
from anthropic import Anthropic

from tests.conformance.exchanges import Watch, events_of
from tests.conformance.manifest import requirement
from tests.conformance.test_examples_guide import WEATHER_TOOL

UNIT_TOOL: Any = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {
            "location": {
                "type": "string",
                "description": "The city and state, e.g. San Francisco, CA",
            },
            "unit": {
                "type": "string",
                "enum": ["celsius", "fahrenheit"],
                "description": "The unit of temperature, either 'celsius' or 'fahrenheit'",
            },
        },
        "required": ["location"],
    },
}
STOCK_TOOL: Any = {
    "name": "get_stock_price",
    "description": (
        "Retrieves the current stock price for a given ticker symbol. The tool will return the "
        "latest trade price in USD."
    ),
    "input_schema": {
        "type": "object",
        "properties": {
            "ticker": {
                "type": "string",
                "description": "The stock ticker symbol, e.g. AAPL for Apple Inc.",
            }
        },
        "required": ["ticker"],
    },
}
CALL: Any = {
    "type": "tool_use",
    "id": "toolu_01A09q90qw90lq917835lq9",
    "name": "get_weather",
    "input": {"location": "San Francisco, CA"},
}


@requirement("examples:guide:tools:definitions")
@pytest.mark.parametrize("tool", [UNIT_TOOL, STOCK_TOOL], ids=lambda tool: tool["name"])
def test_the_definitions_of_tools_are_taken(client: Anthropic, tool: Any) -> None:
    examples: Any = [{"location": "Paris", "ticker": "AAPL"}]

    message = client.messages.create(
        model="claude-opus-4-7",
        max_tokens=100,
        tools=[tool | {"input_examples": examples}],
        messages=[{"role": "user", "content": "Hello"}],
    )

    assert message.stop_reason == "end_turn"


@requirement("examples:guide:tools:forced", "examples:guide:tools:json-output")
def test_a_forced_tool_is_called_with_input_of_its_schema(example_client: Anthropic) -> None:
    message = example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=1024,
        tools=[WEATHER_TOOL],
        tool_choice={"type": "tool", "name": "get_weather"},
        messages=[{"role": "user", "content": "What's the weather in San Francisco?"}],
    )

    call = message.content[-1]
    assert message.stop_reason == "tool_use"
    assert call.type == "tool_use"
    assert call.name == "get_weather"
    assert isinstance(call.input["location"], str)


@requirement(
    "examples:guide:tools:chain-of-thought",
    "examples:guide:tools:result",
    "examples:guide:tools:error",
)
@pytest.mark.parametrize(
    "result",
    [
        {"content": "15 degrees"},
        {
            "content": "ConnectionError: the weather service API is not available (HTTP 500)",
            "is_error": True,
        },
    ],
    ids=["result", "error"],
)
def test_a_thought_in_a_text_block_stays_text_and_results_follow(
    example_client: Anthropic, result: Any
) -> None:
    answer: Any = {"type": "tool_result", "tool_use_id": CALL["id"], **result}
    aloud: Any = {
        "type": "text",
        "text": (
            "<thinking>To answer this question, I will: 1. Use the get_weather tool to get the "
            "current weather in San Francisco.</thinking>"
        ),
    }

    message = example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=1024,
        tools=[UNIT_TOOL],
        messages=[
            {"role": "user", "content": "What is the weather like in San Francisco?"},
            {"role": "assistant", "content": [aloud, CALL]},
            {"role": "user", "content": [answer]},
        ],
    )

    assert message.content


@requirement("examples:guide:tools:cut")
def test_a_call_that_was_cut_ends_with_max_tokens(client: Anthropic) -> None:
    message = client.messages.create(
        model="claude-opus-4-7",
        max_tokens=20,
        tools=[UNIT_TOOL],
        messages=[{"role": "user", "content": "cut call"}],
    )

    assert message.stop_reason == "max_tokens"
    assert message.content[-1].type == "tool_use"


@requirement("examples:guide:pause-turn")
def test_a_paused_answer_is_sent_back_as_it_is(client: Anthropic) -> None:
    asked: Any = {"model": "claude-opus-4-7", "max_tokens": 100}
    question: Any = {"role": "user", "content": "paused"}

    paused = client.messages.create(**asked, messages=[question])
    answer: Any = {"role": "assistant", "content": paused.content}
    resumed = client.messages.create(**asked, messages=[question, answer])

    assert paused.stop_reason == "pause_turn"
    assert resumed.content


@requirement("examples:guide:streaming:sdk")
def test_streaming_with_the_sdk(example_client: Anthropic) -> None:
    received = ""

    with example_client.messages.stream(
        max_tokens=1024,
        messages=[{"role": "user", "content": "Hello"}],
        model="claude-opus-4-7",
    ) as stream:
        for text in stream.text_stream:
            received += text

    assert received


@requirement("examples:guide:streaming:events")
def test_the_events_of_a_basic_stream_are_the_documented_ones(
    example_client: Anthropic, watch: Watch
) -> None:
    stream = example_client.messages.create(
        max_tokens=256,
        messages=[{"role": "user", "content": "Hello"}],
        model="claude-opus-4-7",
        stream=True,
    )
    for _ in stream:
        pass

    events = events_of(bytes(watch.exchanges[0].body))
    kinds = [event["type"] for event in events if event["type"] != "ping"]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert events[-2]["delta"].keys() >= {"stop_reason", "stop_sequence"}
    assert events[-2]["usage"]["output_tokens"] > 0
