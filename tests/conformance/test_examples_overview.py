"""The examples and tables of the overview in Chinese, in its order.

Where an example leaves out ``max_tokens`` or messages, a short one stands in its place.
"""

from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic

from antechamber.wire.ids import new_id
from tests.conformance.bodies import body
from tests.conformance.conftest import StartServer
from tests.conformance.exchanges import plain_client
from tests.conformance.manifest import requirement
from tests.servers import RunningServer

LONG_SYSTEM_PROMPT = "You are a careful reviewer of contracts. " * 150
GET_WEATHER: Any = {
    "name": "get_weather",
    "description": "...",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
    "cache_control": {"type": "ephemeral"},
}


@requirement("examples:overview:endpoint")
def test_the_endpoint_with_a_bearer_and_the_unpublished_version(
    example_server: RunningServer,
) -> None:
    headers = {
        "authorization": "Bearer sk-ant-test",
        "anthropic-version": "2025-12-01",
        "content-type": "application/json",
    }

    with plain_client(example_server.url) as http:
        del http.headers["x-api-key"]
        answer = http.post("/v1/messages", json=body(max_tokens=32), headers=headers)

    assert answer.status_code == 200, answer.text
    assert answer.json().keys() >= {
        "id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage"
    }  # fmt: skip


@requirement("examples:overview:parameters")
@pytest.mark.parametrize(
    "fields",
    [
        {"system": "You are brief."},
        {"system": [{"type": "text", "text": "You are brief."}]},
        {"metadata": {"user_id": "user-1"}},
        {"stop_sequences": ["END"]},
        {"stream": True},
        {"stream": False},
        {"temperature": 0},
        {"temperature": 1.0},
        {"top_p": 0.5},
        {"top_k": 5},
        {"tools": [GET_WEATHER], "tool_choice": {"type": "auto"}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000},
        {"service_tier": "auto"},
        {"service_tier": "standard_only"},
        {"service_tier": "priority"},
    ],
    ids="-".join,
)
def test_every_parameter_of_the_request_schema(
    example_server: RunningServer, fields: dict[str, Any]
) -> None:
    asked = body(**{"model": "claude-opus-4-7", "max_tokens": 16, **fields})

    with plain_client(example_server.url) as http:
        answer = http.post("/v1/messages", json=asked, timeout=300)

    assert answer.status_code == 200, answer.text


@requirement("examples:overview:content-blocks")
def test_every_block_of_the_request_schema_that_text_models_read(http: httpx2.Client) -> None:
    asked = body("weather", tools=[GET_WEATHER], thinking={"type": "adaptive"})
    content = http.post("/v1/messages", json=asked).json()["content"]
    cached = {"type": "text", "text": "And then?", "cache_control": {"type": "ephemeral"}}
    result = {
        "type": "tool_result",
        "tool_use_id": content[-1]["id"],
        "content": "station offline",
        "is_error": True,
    }

    asked["messages"] += [
        {"role": "assistant", "content": content},
        {"role": "user", "content": [result, cached]},
    ]
    answer = http.post("/v1/messages", json=asked)

    assert [block["type"] for block in content] == ["thinking", "tool_use"]
    assert answer.status_code == 200, answer.text


@requirement("examples:overview:models")
@pytest.mark.parametrize(
    ("asked", "canonical", "window"),
    [
        ("claude-opus-4-7", "claude-opus-4-7", 200_000),
        ("claude-opus-4-7[1m]", "claude-opus-4-7", 1_000_000),
        ("claude-sonnet-4-6", "claude-sonnet-4-6", 200_000),
        ("claude-haiku-4-5-20251001", "claude-haiku-4-5-20251001", 200_000),
        ("claude-opus-4", "claude-opus-4-20250514", 200_000),
        ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet-20241022", 200_000),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku-20241022", 200_000),
        ("claude-3-opus-20240229", "claude-3-opus-20240229", 200_000),
        ("claude-3-sonnet-20240229", "claude-3-sonnet-20240229", 200_000),
    ],
)
def test_every_model_of_the_tables_answers(
    client: Anthropic, asked: Any, canonical: str, window: int
) -> None:
    message = client.messages.create(
        model=asked, max_tokens=100, messages=[{"role": "user", "content": "Hello"}]
    )
    shown = client.models.retrieve(asked)

    assert message.model == shown.id == canonical
    assert shown.max_input_tokens is not None
    assert shown.max_input_tokens >= window
    assert shown.max_tokens is not None
    assert shown.max_tokens >= 4_096


@requirement("examples:overview:caching")
def test_a_cached_system_prompt(example_client: Anthropic) -> None:
    # Of its own for every run: what is written stays for five minutes.
    prompt = f"{new_id('run_')} {LONG_SYSTEM_PROMPT}"
    first, second = (
        example_client.messages.create(
            model="claude-sonnet-4-6",
            max_tokens=64,
            system=[{"type": "text", "text": prompt, "cache_control": {"type": "ephemeral"}}],
            messages=[{"role": "user", "content": "..."}],
        ).usage
        for _ in range(2)
    )

    assert first.cache_creation_input_tokens
    assert first.cache_creation_input_tokens > 1_024
    assert first.cache_read_input_tokens == 0
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.cache_creation_input_tokens == 0
    assert second.input_tokens == first.input_tokens


@requirement("examples:overview:caching:breakpoints")
def test_there_are_four_breakpoints_at_most(client: Anthropic) -> None:
    marked: Any = {"type": "text", "text": "part", "cache_control": {"type": "ephemeral"}}
    asked: Any = {"model": "claude-sonnet-4-6", "max_tokens": 10}

    client.messages.create(**asked, messages=[{"role": "user", "content": [marked] * 4}])
    with pytest.raises(anthropic.BadRequestError):
        client.messages.create(**asked, messages=[{"role": "user", "content": [marked] * 5}])


@requirement("examples:overview:thinking")
@pytest.mark.parametrize("budget", [1024, 16000, 65536])
def test_extended_thinking_shows_the_whole_thought(client: Anthropic, budget: int) -> None:
    with client.messages.stream(
        model="claude-opus-4-7",
        max_tokens=budget + 4000,
        thinking={"type": "enabled", "budget_tokens": budget},
        messages=[{"role": "user", "content": "prime numbers"}],
    ) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()

    assert {"thinking", "text"} <= set(kinds)
    assert message.content[0].type == "thinking"
    assert message.content[0].thinking.startswith("Suppose there were finitely many.")


@requirement("examples:overview:thinking")
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("embedded")
def test_extended_thinking_on_a_real_model(embedded: RunningServer) -> None:
    with Anthropic(base_url=embedded.url, api_key="x", max_retries=0, timeout=540) as client:
        message = client.messages.create(
            model="claude-opus-4-7",
            max_tokens=20000,
            thinking={"type": "enabled", "budget_tokens": 16000},
            messages=[{"role": "user", "content": "Is 17 a prime number?"}],
        )

    assert message.content[0].type == "thinking"


@requirement("examples:overview:tools")
@pytest.mark.parametrize(
    "choice",
    [
        {"type": "auto"},
        {"type": "any"},
        {"type": "tool", "name": "get_weather"},
        {"type": "none"},
        {"type": "auto", "disable_parallel_tool_use": True},
    ],
    ids=lambda choice: "-".join(map(str, choice.values())),
)
def test_tools_and_their_choices(example_client: Anthropic, choice: Any) -> None:
    message = example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=256,
        tools=[GET_WEATHER],
        tool_choice=choice,
        messages=[{"role": "user", "content": "What is the weather in Paris?"}],
    )

    if choice["type"] in ("any", "tool"):
        assert message.stop_reason == "tool_use"
        assert message.content[-1].type == "tool_use"
        assert isinstance(message.content[-1].input["location"], str)


@requirement("examples:overview:tools:parallel")
def test_one_answer_calls_several_tools(client: Anthropic) -> None:
    message = client.messages.create(
        model="claude-opus-4-7",
        max_tokens=256,
        tools=[GET_WEATHER],
        messages=[{"role": "user", "content": "weather in both cities"}],
    )

    assert [block.type for block in message.content] == ["text", "tool_use", "tool_use"]


@requirement("examples:overview:tools:schema")
def test_the_schema_of_a_tool_is_the_whole_of_json_schema(client: Anthropic) -> None:
    tool: Any = {
        "name": "plan",
        "input_schema": {
            "type": "object",
            "properties": {
                "when": {"oneOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
                "people": {"type": "integer", "minimum": 1, "maximum": 12},
                "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
                "extra": {"type": "object", "patternProperties": {"^x-": {"type": "string"}}},
                "next": {"$ref": "#"},
                "kind": {"not": {"enum": ["none"]}},
            },
            "dependentRequired": {"when": ["people"]},
        },
    }

    message = client.messages.create(
        model="claude-opus-4-7",
        max_tokens=64,
        tools=[tool],
        messages=[{"role": "user", "content": "Hello"}],
    )

    assert message.stop_reason == "end_turn"


@requirement("examples:overview:streaming")
def test_the_streaming_loop_prints_every_delta(
    example_client: Anthropic, capsys: pytest.CaptureFixture[str]
) -> None:
    with example_client.messages.stream(
        model="claude-opus-4-7", max_tokens=64, messages=[{"role": "user", "content": "Hello"}]
    ) as stream:
        for event in stream:
            if event.type == "message_start":
                print("started")  # noqa: T201 - the example's own
            elif event.type == "content_block_delta":
                assert event.delta.type == "text_delta"
                print(event.delta.text, end="")  # noqa: T201 - the example's own
            elif event.type == "message_stop":
                break

    printed = capsys.readouterr().out
    assert printed.startswith("started\n")
    assert len(printed) > len("started\n")


@requirement("examples:overview:service-tier")
def test_the_service_tier_priority_is_taken(example_client: Anthropic) -> None:
    tier: Any = "priority"

    message = example_client.messages.create(
        model="claude-opus-4-7",
        max_tokens=16,
        service_tier=tier,
        messages=[{"role": "user", "content": "Hello"}],
    )

    assert message.usage.service_tier == "priority"


@requirement("examples:overview:errors")
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_every_row_of_the_error_table(client: Anthropic, status: int, kind: str) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(
            model="claude-opus-4-7",
            max_tokens=10,
            messages=[{"role": "user", "content": f"fail with {status}"}],
        )

    assert (caught.value.status_code, caught.value.type) == (status, kind)


@requirement("examples:overview:rate-limits", "limits:headers")
def test_the_headers_of_the_limits(start_server: StartServer) -> None:
    """Those of tier 1 after one request; the preset leaves them unrounded."""
    server = start_server('[[replies]]\ntext = "Hello."\n', 'preset = "seed"\n')

    with plain_client(server.url) as http:
        answer = http.post("/v1/messages", json=body(model="claude-opus-4-7"))

    assert answer.headers["anthropic-ratelimit-requests-limit"] == "50"
    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "49"
    assert 49_000 < int(answer.headers["anthropic-ratelimit-input-tokens-remaining"]) < 50_000
    assert answer.headers["anthropic-ratelimit-requests-reset"].endswith("Z")


@requirement("examples:overview:structured-output")
def test_structured_output_through_a_forced_tool(example_client: Anthropic) -> None:
    record: Any = {
        "name": "get_weather",
        "input_schema": {
            "type": "object",
            "properties": {
                "location": {"type": "string"},
                "sky": {"type": "string", "enum": ["clear", "cloudy"]},
            },
            "required": ["location"],
            "additionalProperties": False,
        },
    }

    message = example_client.messages.create(
        model="claude-sonnet-4-6",
        max_tokens=256,
        tools=[record],
        tool_choice={"type": "any"},
        messages=[{"role": "user", "content": "Paris: what weather, a cloudy sky?"}],
    )

    assert message.content[-1].type == "tool_use"
    assert set(message.content[-1].input) <= {"location", "sky"}
    assert "location" in message.content[-1].input
