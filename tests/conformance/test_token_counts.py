"""``messages.count_tokens``: the same number that the request then reports."""

from typing import Any

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.conformance.bodies import OPUS, WEATHER, assistant, body, tool_result, user, without
from tests.conformance.manifest import requirement

THINKING = {"type": "adaptive"}
OUTPUT_ONLY = ("max_tokens", "stream", "metadata", "stop_sequences", "service_tier")
REQUESTS: dict[str, dict[str, Any]] = {
    "text": body(),
    "system": body(system="You are a translator."),
    "system-blocks": body(system=[{"type": "text", "text": "You are a translator."}]),
    "tools": body(tools=[WEATHER]),
    "choice": body(tools=[WEATHER], tool_choice={"type": "any"}),
    "no-choice": body(tools=[WEATHER], tool_choice={"type": "none"}),
    "adaptive": body(thinking=THINKING),
    "effort": body(thinking=THINKING, output_config={"effort": "low"}),
    "turns": body(messages=[user("Hello"), assistant("Hi."), user("How are you?")]),
    "prefill": body(messages=[user("Hello"), assistant("My answer is (")]),
    "stop": body(stop_sequences=["END"], metadata={"user_id": "u"}, service_tier="auto"),
}


@requirement("tokens:count")
def test_a_count_is_one_number(client: Anthropic) -> None:
    counted = client.messages.count_tokens(
        model=OPUS, messages=[{"role": "user", "content": "Hello"}]
    )

    assert counted.to_dict() == {"input_tokens": counted.input_tokens}
    assert counted.input_tokens > 0


@requirement("tokens:count:async")
async def test_a_count_can_be_had_asynchronously(async_client: AsyncAnthropic) -> None:
    counted = await async_client.messages.count_tokens(
        model=OPUS, messages=[{"role": "user", "content": "Hello"}]
    )

    assert counted.input_tokens > 0


@requirement("tokens:count:equals-usage")
@pytest.mark.parametrize("asked", REQUESTS.values(), ids=REQUESTS.keys())
def test_the_count_equals_the_input_tokens_of_the_request(
    http: httpx2.Client, asked: dict[str, Any]
) -> None:
    counted = http.post("/v1/messages/count_tokens", json=without(asked, *OUTPUT_ONLY)).json()
    message = http.post("/v1/messages", json=asked).json()

    assert message["usage"]["input_tokens"] == counted["input_tokens"]


@requirement("tokens:count:thinking-history")
def test_thoughts_of_the_history_are_counted_as_they_are_reported(http: httpx2.Client) -> None:
    asked = body("weather", tools=[WEATHER], thinking=THINKING)
    content = http.post("/v1/messages", json=asked).json()["content"]
    asked["messages"] += [assistant(content), user([tool_result("72°F", content[-1]["id"])])]

    counted = http.post("/v1/messages/count_tokens", json=without(asked, *OUTPUT_ONLY)).json()
    message = http.post("/v1/messages", json=asked).json()

    assert message["usage"]["input_tokens"] == counted["input_tokens"]


@requirement("tokens:count:beta")
def test_the_beta_namespace_tells_the_tokens_before_context_edits(client: Anthropic) -> None:
    counted = client.beta.messages.count_tokens(
        model=OPUS,
        messages=[{"role": "user", "content": "Hello"}],
        context_management={"edits": [{"type": "clear_tool_uses_20250919"}]},
        betas=["context-management-2025-06-27"],
    )

    assert counted.context_management is not None
    assert counted.context_management.original_input_tokens == counted.input_tokens


@requirement("tokens:count:every-model")
def test_every_served_model_can_count(client: Anthropic) -> None:
    states: Any = ["active", "deprecated", "retired"]
    models = [model.id for model in client.models.list(limit=1000, lifecycle=states)]

    counts = {
        client.messages.count_tokens(
            model=model, messages=[{"role": "user", "content": "Hello"}]
        ).input_tokens
        for model in models
    }

    assert len(models) > 20
    assert min(counts) > 0


@requirement("tokens:count:fields")
@pytest.mark.parametrize("field", ["max_tokens", "stream", "metadata", "stop_sequences"])
def test_fields_of_the_output_are_unknown_to_the_count(http: httpx2.Client, field: str) -> None:
    asked = body(stream=False, metadata={"user_id": "u"}, stop_sequences=["END"])
    kept = without(asked, *({*OUTPUT_ONLY} - {field}))

    answer = http.post("/v1/messages/count_tokens", json=kept)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"{field}: Extra inputs are not permitted"
