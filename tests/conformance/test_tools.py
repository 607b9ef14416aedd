"""Tools: calls, results, choices and the SDK's tool runner."""

import json
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic, beta_async_tool, beta_tool

from tests.conformance.bodies import OPUS, WEATHER, assistant, body, tool_result, tool_use, user
from tests.conformance.exchanges import Watch
from tests.conformance.manifest import requirement


@requirement("tools:call", "tools:stop-reason")
def test_a_call_waits_for_its_result_and_says_so(client: Anthropic) -> None:
    message = client.messages.create(**body("weather", tools=[WEATHER]))

    assert message.stop_reason == "tool_use"
    call = message.content[-1]
    assert call.type == "tool_use"
    assert (call.name, call.input) == ("get_weather", {"location": "Paris"})
    assert call.caller is not None
    assert call.caller.type == "direct"


@requirement("tools:call:parallel")
def test_several_calls_of_one_turn_have_ids_of_their_own(client: Anthropic) -> None:
    message = client.messages.create(**body("weather in both", tools=[WEATHER]))

    calls = [block for block in message.content if block.type == "tool_use"]
    assert [call.input["location"] for call in calls] == ["Paris", "Oslo"]
    assert len({call.id for call in calls}) == 2


@requirement("tools:call:no-arguments")
def test_a_call_without_arguments_has_an_empty_object(client: Anthropic) -> None:
    with client.messages.stream(**body("no arguments")) as stream:
        message = stream.get_final_message()

    assert message.content[0].type == "tool_use"
    assert message.content[0].input == {}
    assert message.stop_reason == "tool_use"


@requirement("tools:result:loop")
def test_a_result_leads_to_the_answer(client: Anthropic) -> None:
    first = client.messages.create(**body("weather", tools=[WEATHER]))
    call = first.content[-1]
    assert call.type == "tool_use"

    second = client.messages.create(
        model=OPUS,
        max_tokens=1000,
        tools=[WEATHER],
        messages=[
            {"role": "user", "content": "weather"},
            {"role": "assistant", "content": first.content},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": call.id, "content": "15 degrees"}
                ],
            },
        ],
    )

    assert second.stop_reason == "end_turn"
    assert second.content[0].type == "text"
    assert second.content[0].text == "This is what I found: 15 degrees"


@requirement("tools:result:kinds")
@pytest.mark.parametrize(
    "result",
    [
        tool_result("15 degrees"),
        tool_result(""),
        tool_result([]),
        {"type": "tool_result", "tool_use_id": "toolu_01"},
        tool_result([{"type": "text", "text": "15"}, {"type": "text", "text": " degrees"}]),
        tool_result("ConnectionError: HTTP 500", is_error=True),
        tool_result("15 degrees", cache_control={"type": "ephemeral"}),
    ],
    ids=["text", "empty", "no-blocks", "absent", "blocks", "error", "cached"],
)
def test_a_result_may_be_text_blocks_an_error_or_nothing(
    http: httpx2.Client, result: dict[str, Any]
) -> None:
    answer = http.post("/v1/messages", json=_loop(result))

    assert answer.status_code == 200, answer.text
    assert answer.json()["content"][0]["text"].startswith("This is what I found:")


@requirement("tools:result:followed")
def test_results_come_first_and_other_blocks_may_follow(http: httpx2.Client) -> None:
    text = {"type": "text", "text": "And what does that mean?"}

    followed = http.post("/v1/messages", json=_loop(tool_result(), text))
    led = http.post("/v1/messages", json=_loop(text, tool_result()))

    assert followed.status_code == 200
    assert led.status_code == 400
    assert led.json()["error"]["message"].startswith(
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
    )


@requirement("tools:choice:shapes")
@pytest.mark.parametrize(
    "choice",
    [
        {"type": "auto"},
        {"type": "auto", "disable_parallel_tool_use": True},
        {"type": "any"},
        {"type": "any", "disable_parallel_tool_use": True},
        {"type": "tool", "name": "get_weather"},
        {"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True},
        {"type": "none"},
    ],
    ids=lambda choice: "-".join(map(str, choice.values())),
)
def test_every_tool_choice_is_taken(http: httpx2.Client, choice: dict[str, Any]) -> None:
    answer = http.post("/v1/messages", json=body("weather", tools=[WEATHER], tool_choice=choice))

    assert answer.status_code == 200, answer.text


@requirement("tools:declared:vendor")
@pytest.mark.parametrize(
    "tool",
    [
        {"type": "bash_20250124", "name": "bash"},
        {"type": "text_editor_20250124", "name": "str_replace_editor"},
        {"type": "text_editor_20250429", "name": "str_replace_based_edit_tool"},
        {
            "type": "text_editor_20250728",
            "name": "str_replace_based_edit_tool",
            "max_characters": 1000,
        },
        {"type": "memory_20250818", "name": "memory"},
        {"type": "custom", **WEATHER},
    ],
    ids=lambda tool: tool["type"],
)
def test_tools_with_the_vendors_schema_are_the_clients_to_run(
    http: httpx2.Client, tool: dict[str, Any]
) -> None:
    answer = http.post("/v1/messages", json=body(tools=[tool]))

    assert answer.status_code == 200, answer.text


@requirement("tools:call:cut")
def test_a_call_cut_by_max_tokens_stays_incomplete(http: httpx2.Client) -> None:
    answer = http.post("/v1/messages", json=body("cut call", stream=True))

    pieces = [
        json.loads(line[6:])["delta"]["partial_json"]
        for line in answer.text.splitlines()
        if line.startswith("data: ") and "input_json_delta" in line
    ]
    assert "".join(pieces) == '{"path": "a.txt", "text": "Once upon a'
    assert '"stop_reason":"max_tokens"' in answer.text


@requirement("tools:history-without-tools")
def test_a_history_with_calls_needs_no_tools(http: httpx2.Client) -> None:
    answer = http.post("/v1/messages", json=_loop(tool_result()))

    assert answer.status_code == 200


@requirement("tools:runner", "tools:runner:thread-fallback")
def test_the_tool_runner_falls_back_from_threads_and_runs_the_loop(
    client: Anthropic, watch: Watch
) -> None:
    @beta_tool
    def get_weather(location: str) -> str:
        """Get the weather of a place."""
        return f"sunny in {location}"

    runner = client.beta.messages.tool_runner(
        model=OPUS,
        max_tokens=1000,
        system="Be brief.",
        tools=[get_weather],
        messages=[{"role": "user", "content": "weather"}],
    )
    message = runner.until_done()

    assert message.content[0].type == "text"
    assert message.content[0].text == "This is what I found: sunny in Paris"
    refused, repeated, continued = watch.exchanges
    assert refused.response.status_code == 400
    assert refused.received["error"]["details"]["error_code"] == "thread_unsupported_request"
    assert "thread" not in repeated.sent
    assert continued.sent["system"] == "Be brief."
    assert len(continued.sent["messages"]) == 3


@requirement("tools:runner:async")
async def test_the_asynchronous_tool_runner_does_the_same(async_client: AsyncAnthropic) -> None:
    @beta_async_tool
    async def get_weather(location: str) -> str:
        """Get the weather of a place."""
        return f"sunny in {location}"

    runner = async_client.beta.messages.tool_runner(
        model=OPUS,
        max_tokens=1000,
        tools=[get_weather],
        messages=[{"role": "user", "content": "weather in both"}],
    )
    message = await runner.until_done()

    assert message.content[0].type == "text"
    assert "sunny in Paris" in message.content[0].text
    assert "sunny in Oslo" in message.content[0].text


@requirement("tools:runner:streaming")
def test_the_tool_runner_can_stream_each_turn(client: Anthropic) -> None:
    @beta_tool
    def get_weather(location: str) -> str:
        """Get the weather of a place."""
        return f"sunny in {location}"

    runner = client.beta.messages.tool_runner(
        model=OPUS,
        max_tokens=1000,
        tools=[get_weather],
        messages=[{"role": "user", "content": "weather"}],
        stream=True,
    )
    reasons = [stream.get_final_message().stop_reason for stream in runner]

    assert reasons == ["tool_use", "end_turn"]


@requirement("tools:runner:error")
def test_a_tool_that_raises_sends_an_error_result(client: Anthropic, watch: Watch) -> None:
    @beta_tool
    def get_weather(location: str) -> str:
        """Get the weather of a place."""
        raise anthropic.AnthropicError(f"no station in {location}")

    client.beta.messages.tool_runner(
        model=OPUS,
        max_tokens=1000,
        tools=[get_weather],
        thread=False,
        messages=[{"role": "user", "content": "weather"}],
    ).until_done()

    result = watch.exchanges[-1].sent["messages"][-1]["content"][0]
    assert result["is_error"] is True
    assert "no station in Paris" in result["content"]


def _loop(*blocks: dict[str, Any]) -> dict[str, Any]:
    call = assistant([tool_use(location="Paris")])
    return body(messages=[user("weather"), call, user(list(blocks))])
