"""The words for shapes that do not fit: path, then pydantic's sentence, the first fault only."""

from typing import Any

import httpx2
import pytest

from tests.conformance.bodies import WEATHER, assistant, body, tool_result, tool_use, user, without
from tests.conformance.manifest import requirement

BLOCKS = (
    "'advisor_tool_result', 'bash_code_execution_tool_result', 'code_execution_tool_result', "
    "'compaction', 'container_upload', 'document', 'fallback', 'image', 'mcp_tool_listing', "
    "'mcp_tool_result', 'mcp_tool_use', 'redacted_thinking', 'search_result', 'server_tool_use', "
    "'text', 'text_editor_code_execution_tool_result', 'thinking', 'tool_addition', "
    "'tool_removal', 'tool_result', 'tool_search_tool_result', 'tool_use', "
    "'web_fetch_tool_result', 'web_search_tool_result'"
)
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "max_tokens-missing": (without(body(), "max_tokens"), "max_tokens: Field required"),
    "messages-missing": (without(body(), "messages"), "messages: Field required"),
    "model-missing": (without(body(), "model"), "model: Field required"),
    "model-number": (body(model=3), "model: Input should be a valid string"),
    "max_tokens-text": (body(max_tokens="10"), "max_tokens: Input should be a valid integer"),
    "max_tokens-fraction": (
        body(max_tokens=1.5),
        "max_tokens: Input should be a valid integer",
    ),
    "max_tokens-negative": (
        body(max_tokens=-1),
        "max_tokens: Input should be greater than or equal to 0",
    ),
    "messages-text": (body(messages="Hello"), "messages: Input should be a valid list"),
    "message-text": (body(messages=["Hello"]), "messages.0: Input should be a valid dictionary"),
    "role-missing": (body(messages=[{"content": "Hi"}]), "messages.0.role: Field required"),
    "content-missing": (body(messages=[{"role": "user"}]), "messages.0.content: Field required"),
    "content-number": (body(7), "messages.0.content: Input should be a valid list"),
    "block-without-type": (
        body([{"text": "Hi"}]),
        "messages.0.content.0.type: Field required",
    ),
    "text-missing": (
        body([{"type": "text"}]),
        "messages.0.content.0.text.text: Field required",
    ),
    "unknown-block": (
        body([{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {}}]),
        "messages.0.content.1: Input tag 'image_url' found using 'type' does not match any of the "
        f"expected tags: {BLOCKS}",
    ),
    "extra-top": (body(response_format={}), "response_format: Extra inputs are not permitted"),
    "extra-message": (
        body(messages=[{"role": "user", "content": "Hi", "name": "me"}]),
        "messages.0.name: Extra inputs are not permitted",
    ),
    "extra-block": (
        body([{"type": "text", "text": "Hi", "extra": 1}]),
        "messages.0.content.0.text.extra: Extra inputs are not permitted",
    ),
    "extra-tool": (
        body(tools=[{**WEATHER, "extra": 1}]),
        "tools.0.custom.extra: Extra inputs are not permitted",
    ),
    "tool-without-name": (
        body(tools=[without(WEATHER, "name")]),
        "tools.0.custom.name: Field required",
    ),
    "tool-without-schema": (
        body(tools=[without(WEATHER, "input_schema")]),
        "tools.0.custom.input_schema: Field required",
    ),
    "use-input": (
        body(
            messages=[
                user("Hi"),
                assistant([{**tool_use(), "input": "Paris"}]),
                user([tool_result()]),
            ]
        ),
        "messages.1.content.0.tool_use.input: Input should be a valid dictionary",
    ),
    "image-media-type": (
        body(
            [
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/bmp", "data": "AAAA"},
                }
            ]
        ),
        "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', "
        "'image/png', 'image/gif' or 'image/webp'",
    ),
    "image-data-missing": (
        body([{"type": "image", "source": {"type": "base64", "media_type": "image/png"}}]),
        "messages.0.content.0.image.source.base64.data: Field required",
    ),
    "temperature-high": (
        body(temperature=1.1),
        "temperature: Input should be less than or equal to 1",
    ),
    "temperature-low": (
        body(temperature=-0.1),
        "temperature: Input should be greater than or equal to 0",
    ),
    "top_p-high": (body(top_p=2), "top_p: Input should be less than or equal to 1"),
    "top_k-low": (body(top_k=-1), "top_k: Input should be greater than or equal to 0"),
    "stream-text": (body(stream="yes"), "stream: Input should be a valid boolean"),
    "stop-text": (body(stop_sequences="END"), "stop_sequences: Input should be a valid list"),
    "stop-number": (body(stop_sequences=[1]), "stop_sequences.0: Input should be a valid string"),
    "user-id-long": (
        body(metadata={"user_id": "x" * 513}),
        "metadata.user_id: String should have at most 512 characters",
    ),
    "budget-low": (
        body(max_tokens=4000, thinking={"type": "enabled", "budget_tokens": 1023}),
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    "thinking-type": (
        body(thinking={"type": "deep"}),
        "thinking: Input tag 'deep' found using 'type' does not match any of the expected tags: "
        "'adaptive', 'between_tools', 'disabled', 'enabled'",
    ),
    "choice-type": (
        body(tools=[WEATHER], tool_choice={"type": "some"}),
        "tool_choice: Input tag 'some' found using 'type' does not match any of the expected tags: "
        "'any', 'auto', 'none', 'tool'",
    ),
    "choice-name": (
        body(tools=[WEATHER], tool_choice={"type": "tool"}),
        "tool_choice.tool.name: Field required",
    ),
    "effort": (
        body(output_config={"effort": "extreme"}),
        "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ),
    "service_tier": (
        body(service_tier="fast"),
        "service_tier: Input should be 'auto', 'standard_only' or 'priority'",
    ),
    "cache-ttl": (
        body(
            [
                {
                    "type": "text",
                    "text": "Hi",
                    "cache_control": {"type": "ephemeral", "ttl": "1d"},
                }
            ]
        ),
        "messages.0.content.0.text.cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
    ),
    "system-number": (body(system=3), "system: Input should be a valid list"),
    "system-image": (
        body(system=[{"type": "image", "source": {}}]),
        "system.0.type: Input should be 'text'",
    ),
}


@requirement("errors:shape:words", "errors:shape:path")
@pytest.mark.parametrize(("asked", "message"), CASES.values(), ids=CASES.keys())
def test_a_shape_that_does_not_fit_is_told_by_path_and_sentence(
    http: httpx2.Client, asked: dict[str, Any], message: str
) -> None:
    answer = http.post("/v1/messages", json=asked)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == {"type": "invalid_request_error", "message": message}


@requirement("errors:shape:first-fault")
def test_of_several_faults_the_first_is_told(http: httpx2.Client) -> None:
    asked = body(model=3, messages=[{"role": "user"}], temperature=7)

    answer = http.post("/v1/messages", json=asked)

    assert answer.json()["error"]["message"] == "model: Input should be a valid string"


@requirement("errors:shape:count-tokens")
@pytest.mark.parametrize("name", ["messages-text", "unknown-block", "extra-tool", "thinking-type"])
def test_counting_words_its_faults_the_same_way(http: httpx2.Client, name: str) -> None:
    asked, message = CASES[name]

    answer = http.post("/v1/messages/count_tokens", json=without(asked, "max_tokens"))

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == message
