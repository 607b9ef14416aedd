"""The examples of the guide for models, in its order: basics and thinking.

Names, texts and settings are the guide's; the client is one that also checks every exchange.
"""

from typing import Any

import anthropic
import pytest
from anthropic import Anthropic

from tests.conformance.exchanges import Watch
from tests.conformance.manifest import requirement

WEATHER_TOOL: Any = {
    "name": "get_weather",
    "description": "Get the current weather for a location.",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string", "description": "The city name."}},
        "required": ["location"],
    },
}


@requirement("examples:guide:models")
@pytest.mark.parametrize(
    "model", ["claude-opus-4-7", "claude-sonnet-4-6", "claude-haiku-4-5-20251001"]
)
def test_the_three_models_are_there(example_client: Anthropic, model: str) -> None:
    assert example_client.models.retrieve(model).id == model


@requirement("examples:guide:basic")
def test_basic_request_and_response(example_client: Anthropic, watch: Watch) -> None:
    example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=1024,
        messages=[{"role": "user", "content": "Hello, Claude"}],
    )

    shown = {
        "id", "type", "role", "content", "model", "stop_reason", "stop_sequence", "usage"
    }  # fmt: skip
    sent = watch.exchanges[0].received
    assert shown <= sent.keys()
    assert (sent["type"], sent["role"], sent["model"]) == (
        "message",
        "assistant",
        "claude-opus-4-7",
    )
    assert sent["content"][0].keys() >= {"type", "text"}
    assert sent["stop_sequence"] is None
    assert sent["usage"]["input_tokens"] > 0
    assert sent["usage"]["output_tokens"] > 0


@requirement("examples:guide:multi-turn")
def test_several_turns_with_an_answer_that_the_model_never_gave(example_client: Anthropic) -> None:
    message = example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=1024,
        messages=[
            {"role": "user", "content": "Hello, Claude"},
            {"role": "assistant", "content": "Hello!"},
            {"role": "user", "content": "Can you describe LLMs to me?"},
        ],
    )

    assert message.content[0].type == "text"


@requirement("examples:guide:prefill")
def test_a_prefilled_answer_with_a_single_token(example_client: Anthropic) -> None:
    message = example_client.messages.create(
        model="claude-sonnet-4-5",
        max_tokens=1,
        messages=[
            {
                "role": "user",
                "content": "What is latin for Ant? (A) Apoidea, (B) Rhopalocera, (C) Formicidae",
            },
            {"role": "assistant", "content": "The answer is ("},
        ],
    )

    assert message.stop_reason == "max_tokens"
    assert message.usage.output_tokens == 1
    assert message.content[0].type == "text"
    assert not message.content[0].text.startswith("The answer is")


@requirement("examples:guide:thinking")
def test_adaptive_thinking_with_a_summary(example_client: Anthropic) -> None:
    response = example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=16000,
        thinking={"type": "adaptive", "display": "summarized"},
        messages=[
            {
                "role": "user",
                "content": "Are there an infinite number of prime numbers such that n mod 4 == 3?",
            }
        ],
    )

    kinds = [block.type for block in response.content]
    assert kinds == ["thinking", "text"]
    assert response.content[0].type == "thinking"
    assert response.content[0].thinking


@requirement("examples:guide:thinking:models")
@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-4-1-20250805",
        "claude-opus-4-20250514",
        "claude-sonnet-4-6",
        "claude-sonnet-4-5-20250929",
    ],
)
def test_the_listed_models_think(client: Anthropic, model: Any) -> None:
    message = client.messages.create(
        model=model,
        max_tokens=2000,
        thinking={"type": "enabled", "budget_tokens": 1024},
        messages=[{"role": "user", "content": "prime numbers"}],
        timeout=30,
    )

    assert [block.type for block in message.content] == ["thinking", "text"]


@requirement("examples:guide:thinking:budget")
def test_max_tokens_is_strictly_greater_than_the_budget(client: Anthropic) -> None:
    asked: Any = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 2000,
        "messages": [{"role": "user", "content": "prime numbers"}],
    }

    client.messages.create(**asked, thinking={"type": "enabled", "budget_tokens": 1999})
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(**asked, thinking={"type": "enabled", "budget_tokens": 2000})


@requirement("examples:guide:thinking:tools")
def test_thinking_is_handed_back_with_the_tool_result(
    example_client: Anthropic, is_scripted: bool
) -> None:
    question: Any = {"role": "user", "content": "What's the weather in Paris?"}
    response = example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=16000,
        thinking={"type": "adaptive", "display": "summarized"},
        tools=[WEATHER_TOOL],
        messages=[question],
    )
    thinking_block = next((block for block in response.content if block.type == "thinking"), None)
    tool_use_block = next((block for block in response.content if block.type == "tool_use"), None)
    assert thinking_block is not None
    if tool_use_block is None:
        assert not is_scripted
        return  # a model this small may answer without asking; the choice is its own

    continuation = example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=16000,
        thinking={"type": "adaptive", "display": "summarized"},
        tools=[WEATHER_TOOL],
        messages=[
            question,
            {"role": "assistant", "content": [thinking_block, tool_use_block]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": tool_use_block.id,
                        "content": "Current temperature: 72°F",
                    }
                ],
            },
        ],
    )

    assert continuation.content
    if is_scripted:
        assert continuation.content[-1].type == "text"
        assert continuation.content[-1].text == "This is what I found: Current temperature: 72°F"


@requirement("examples:guide:thinking:tool-choice")
@pytest.mark.parametrize(
    ("choice", "allowed"),
    [
        ({"type": "auto"}, True),
        ({"type": "none"}, True),
        ({"type": "any"}, False),
        ({"type": "tool", "name": "get_weather"}, False),
    ],
    ids=["auto", "none", "any", "tool"],
)
def test_with_extended_thinking_only_auto_and_none_are_supported(
    client: Anthropic, choice: Any, allowed: bool
) -> None:
    asked: Any = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tools": [WEATHER_TOOL],
        "messages": [{"role": "user", "content": "What's the weather in Paris?"}],
    }

    if allowed:
        assert client.messages.create(**asked, tool_choice=choice).content
    else:
        with pytest.raises(anthropic.BadRequestError):
            client.messages.create(**asked, tool_choice=choice)


@requirement("examples:guide:thinking:interleaved")
def test_interleaved_thinking_with_two_tools(example_client: Anthropic) -> None:
    calculator_tool: Any = {
        "name": "calculator",
        "description": "Perform arithmetic calculations.",
        "input_schema": {
            "type": "object",
            "properties": {
                "expression": {
                    "type": "string",
                    "description": "The math expression to evaluate.",
                }
            },
            "required": ["expression"],
        },
    }
    database_tool: Any = {
        "name": "database_query",
        "description": "Query the product database.",
        "input_schema": {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "The database query."}},
            "required": ["query"],
        },
    }

    response = example_client.beta.messages.create(
        model="claude-sonnet-4-6",
        max_tokens=16000,
        thinking={"type": "enabled", "budget_tokens": 10000},
        tools=[calculator_tool, database_tool],
        messages=[
            {
                "role": "user",
                "content": "What's the total revenue if we sold 150 units of product A at $50 "
                "each?",
            }
        ],
        betas=["interleaved-thinking-2025-05-14"],
    )

    assert response.content
