"""Shape errors are worded as the hosted API words them: the first failing path, then the reason."""

from typing import Any

import pytest

from antechamber.wire.errors import InvalidRequest
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request
from tests.unit.wire.bodies import (
    PNG,
    WEATHER,
    assistant,
    body,
    encoded,
    text,
    user,
    with_block,
    with_tool,
    without,
)

LIST = "Input should be a valid list"
DICTIONARY = "Input should be a valid dictionary"
STRING = "Input should be a valid string"
INTEGER = "Input should be a valid integer"
NUMBER = "Input should be a valid number"
BOOLEAN = "Input should be a valid boolean"
REQUIRED = "Field required"
EXTRA = "Extra inputs are not permitted"
TOOL_ID = "String should match pattern '^[a-zA-Z0-9_-]+$'"
SERVER_TOOL_ID = "String should match pattern '^srvtoolu_[a-zA-Z0-9_]+$'"
TOOL_NAME = "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
EMPTY = "String should have at least 1 character"

OBJECT: dict[str, Any] = {"type": "object"}

FIELDS = [
    # Required, in the order in which the hosted API looks at them.
    ({}, f"model: {REQUIRED}"),
    (without("model"), f"model: {REQUIRED}"),
    (without("messages"), f"messages: {REQUIRED}"),
    (without("max_tokens"), f"max_tokens: {REQUIRED}"),
    (body(model=None), f"model: {STRING}"),
    (body(model=7), f"model: {STRING}"),
    (body(model=""), f"model: {EMPTY}"),
    # Nothing is converted: strands-agents/harness-sdk#588, diegosouzapw/OmniRoute#677.
    (body(max_tokens="4096"), f"max_tokens: {INTEGER}"),
    (body(max_tokens=None), f"max_tokens: {INTEGER}"),
    (body(max_tokens=10.0), f"max_tokens: {INTEGER}"),
    (body(max_tokens=True), f"max_tokens: {INTEGER}"),
    (body(max_tokens=-1), "max_tokens: Input should be greater than or equal to 0"),
    (body(stream="yes"), f"stream: {BOOLEAN}"),
    (body(stream=None), f"stream: {BOOLEAN}"),
    (body(stream=1), f"stream: {BOOLEAN}"),
    (body(temperature="x"), f"temperature: {NUMBER}"),
    (body(temperature=None), f"temperature: {NUMBER}"),
    (body(temperature=2), "temperature: Input should be less than or equal to 1"),
    (body(temperature=-0.1), "temperature: Input should be greater than or equal to 0"),
    (body(top_p=1.5), "top_p: Input should be less than or equal to 1"),
    (body(top_k=-1), "top_k: Input should be greater than or equal to 0"),
    (body(top_k=2.5), f"top_k: {INTEGER}"),
    (body(stop_sequences="x"), f"stop_sequences: {LIST}"),
    (body(stop_sequences=["x", 1]), f"stop_sequences.1: {STRING}"),
    (body(metadata="x"), f"metadata: {DICTIONARY}"),
    (body(metadata={"user_id": 7}), f"metadata.user_id: {STRING}"),
    (body(metadata={"bogus": 7}), f"metadata.bogus: {EXTRA}"),
    (
        body(metadata={"user_id": "x" * 513}),
        "metadata.user_id: String should have at most 512 characters",
    ),
    (
        body(service_tier="fast"),
        "service_tier: Input should be 'auto', 'standard_only' or 'priority'",
    ),
    (body(speed="slow"), "speed: Input should be 'standard' or 'fast'"),
    (body(inference_geo=7), f"inference_geo: {STRING}"),
    (body(container=7), f"container: {DICTIONARY}"),
    (
        body(container={"skills": [{"type": "custom"}]}),
        f"container.ContainerParams.skills.0.skill_id: {REQUIRED}",
    ),
    (
        body(container={"skills": [{"type": "custom", "skill_id": "x"}] * 9}),
        "container.ContainerParams.skills: "
        "List should have at most 8 items after validation, not 9",
    ),
    (body(diagnostics={"previous_message_id": 7}), f"diagnostics.previous_message_id: {STRING}"),
    (
        body(mcp_servers=[{"type": "url", "name": "x", "url": "https://example.com"}] * 21),
        "mcp_servers: List should have at most 20 items after validation, not 21",
    ),
    (body(mcp_servers=[{"type": "url", "name": "x"}]), f"mcp_servers.0.url: {REQUIRED}"),
    (body(thread={"type": "continue"}), f"thread.continue.previous_message_id: {REQUIRED}"),
    (body(fallbacks="other"), "fallbacks: Input should be 'default'"),
    (body(fallbacks=[{}]), f"fallbacks.0.model: {REQUIRED}"),
    (body(fallback_credit_token={"token": 1}), f"fallback_credit_token.token: {STRING}"),
    # Unknown keys (anthropics/claude-code#14135).
    (body(response_format={}), f"response_format: {EXTRA}"),
    (body(betas=["compact-2026-01-12"]), f"betas: {EXTRA}"),
    (body(output_config={"formats": {}}), f"output_config.formats: {EXTRA}"),
]

CONFIGURATION = [
    # themaximalist/llm.js#30
    (
        body(thinking={"type": "enabled", "budget_tokens": 1023}),
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    (
        body(thinking={"type": "enabled", "budget_tokens": None}),
        f"thinking.enabled.budget_tokens: {INTEGER}",
    ),
    (
        body(thinking={"type": "disabled", "budget_tokens": 1024}),
        f"thinking.disabled.budget_tokens: {EXTRA}",
    ),
    (
        body(thinking={"type": "adaptive", "display": "full"}),
        "thinking.adaptive.display: Input should be 'summarized', 'omitted' or 'updates'",
    ),
    (body(thinking="x"), f"thinking: {DICTIONARY}"),
    (body(thinking=None), f"thinking: {DICTIONARY}"),
    (body(thinking={}), f"thinking.type: {REQUIRED}"),
    (
        body(thinking={"type": "on"}),
        "thinking: Input tag 'on' found using 'type' does not match any of the expected tags: "
        "'adaptive', 'between_tools', 'disabled', 'enabled'",
    ),
    (body(tool_choice={"type": "tool"}), f"tool_choice.tool.name: {REQUIRED}"),
    (
        body(tool_choice={"type": "none", "disable_parallel_tool_use": True}),
        f"tool_choice.none.disable_parallel_tool_use: {EXTRA}",
    ),
    (body(tool_choice="auto"), f"tool_choice: {DICTIONARY}"),
    (
        body(tool_choice={"type": "required"}),
        "tool_choice: Input tag 'required' found using 'type' does not match any of the expected "
        "tags: 'any', 'auto', 'none', 'tool'",
    ),
    (
        body(output_config={"effort": "extreme"}),
        "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ),
    (
        body(output_config={"format": {"type": "json_schema"}}),
        f"output_config.format.schema: {REQUIRED}",
    ),
    (
        body(output_config={"format": {"type": "json", "schema": {}}}),
        "output_config.format.type: Input should be 'json_schema'",
    ),
    (
        body(output_config={"task_budget": {"type": "tokens", "total": 5}}),
        "output_config.task_budget.total: Input should be greater than or equal to 1024",
    ),
    # The tag of breakpoints stands in the path though there is but one type.
    (
        body(system=[text("x", cache_control={"type": "ephemeral", "scope": "global"})]),
        f"system.0.cache_control.ephemeral.scope: {EXTRA}",
    ),
    (
        body(cache_control={"type": "ephemeral", "ttl": "2h"}),
        "cache_control.ephemeral.ttl: Input should be '5m' or '1h'",
    ),
    (
        body(cache_control={"type": "permanent"}),
        "cache_control: Input tag 'permanent' found using 'type' does not match any of the "
        "expected tags: 'ephemeral'",
    ),
    (body(cache_control="x"), f"cache_control: {DICTIONARY}"),
    (
        body(context_management={"edits": [{"type": "clear_all"}]}),
        "context_management.edits.0: Input tag 'clear_all' found using 'type' does not match any "
        "of the expected tags: "
        "'clear_thinking_20251015', 'clear_tool_uses_20250919', 'compact_20260112'",
    ),
    (
        body(
            context_management={
                "edits": [
                    {
                        "type": "clear_thinking_20251015",
                        "keep": {"type": "thinking_turns", "value": 0},
                    }
                ]
            }
        ),
        "context_management.edits.0.clear_thinking_20251015.keep.thinking_turns.value: "
        "Input should be greater than or equal to 1",
    ),
    (
        body(context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "some"}]}),
        "context_management.edits.0.clear_thinking_20251015.keep: Input should be 'all'",
    ),
    (
        body(
            context_management={
                "edits": [{"type": "clear_tool_uses_20250919", "clear_tool_inputs": ["f", 5]}]
            }
        ),
        "context_management.edits.0.clear_tool_uses_20250919.clear_tool_inputs.1: " + STRING,
    ),
]

MESSAGES = [
    (body(messages="x"), f"messages: {LIST}"),
    (body(messages=None), f"messages: {LIST}"),
    # devoxx/DevoxxGenieIDEAPlugin#567
    (body(messages=[]), "messages: at least one message is required"),
    (body(messages=["x"]), f"messages.0: {DICTIONARY}"),
    (body(messages=[{"content": "x"}]), f"messages.0.role: {REQUIRED}"),
    (
        body(messages=[{"role": "tool", "content": "x"}]),
        "messages.0.role: Input should be 'user', 'assistant' or 'system'",
    ),
    (
        body(messages=[{"role": None, "content": "x"}]),
        "messages.0.role: Input should be 'user', 'assistant' or 'system'",
    ),
    (body(messages=[{"role": "user"}]), f"messages.0.content: {REQUIRED}"),
    (body(messages=[user(None)]), f"messages.0.content: {LIST}"),
    (body(messages=[user(7)]), f"messages.0.content: {LIST}"),
    (body(messages=[user({"type": "text"})]), f"messages.0.content: {LIST}"),
    (body(messages=[{**user("x"), "name": "x"}]), f"messages.0.name: {EXTRA}"),
    (body(messages=[user("x"), assistant(["x"])]), f"messages.1.content.0: {DICTIONARY}"),
    (
        body(messages=[user("x"), {"role": "system", "content": [{"type": "image"}]}]),
        "messages.1.content.0: Input tag 'image' found using 'type' does not match any of the "
        "expected tags: 'text', 'tool_addition', 'tool_removal'",
    ),
    (
        body(messages=[user("x"), {"role": "system", "content": "x", "clear_at": "now"}]),
        "messages.1.clear_at: Input should be 'next_user_message' or 'never'",
    ),
    # regentai/regent's recording: the list alone is named, though a string would do.
    (body(system=7), f"system: {LIST}"),
    (body(system={}), f"system: {LIST}"),
    (body(system=[7]), f"system.0: {DICTIONARY}"),
    (body(system=[{"type": "text"}]), f"system.0.text: {REQUIRED}"),
    (body(system=[{"type": "image", "source": {}}]), "system.0.type: Input should be 'text'"),
]

BLOCKS = [
    (with_block({"text": "x"}), f"messages.0.content.0.type: {REQUIRED}"),
    (with_block(text(None)), f"messages.0.content.0.text.text: {STRING}"),  # pyright: ignore[reportArgumentType]
    (with_block(text("x", id="1")), f"messages.0.content.0.text.id: {EXTRA}"),
    # AstrBotDevs/AstrBot#4444; the tags are those of all blocks, sorted.
    (
        body(messages=[user([text("a"), text("b"), {"type": "image_url", "image_url": {}}])]),
        "messages.0.content.2: Input tag 'image_url' found using 'type' does not match any of the "
        "expected tags: 'advisor_tool_result', 'bash_code_execution_tool_result', "
        "'code_execution_tool_result', 'compaction', 'container_upload', 'document', 'fallback', "
        "'image', 'mcp_tool_listing', 'mcp_tool_result', 'mcp_tool_use', 'redacted_thinking', "
        "'search_result', 'server_tool_use', 'text', 'text_editor_code_execution_tool_result', "
        "'thinking', 'tool_addition', 'tool_removal', 'tool_result', 'tool_search_tool_result', "
        "'tool_use', 'web_fetch_tool_result', 'web_search_tool_result'",
    ),
    # forgecode#1142, zed#59038
    (
        with_block({"type": "tool_use", "id": "call.1", "name": "f", "input": {}}),
        f"messages.0.content.0.tool_use.id: {TOOL_ID}",
    ),
    (
        with_block({"type": "tool_result", "tool_use_id": "a b"}),
        f"messages.0.content.0.tool_result.tool_use_id: {TOOL_ID}",
    ),
    (
        with_block({"type": "tool_result", "tool_use_id": "a\n"}),
        f"messages.0.content.0.tool_result.tool_use_id: {TOOL_ID}",
    ),
    # anthropics/anthropic-sdk-typescript#648
    (
        with_block({"type": "tool_use", "id": "a", "name": "f", "input": "{}"}),
        f"messages.0.content.0.tool_use.input: {DICTIONARY}",
    ),
    (
        with_block({"type": "tool_use", "id": "a", "name": "", "input": {}}),
        f"messages.0.content.0.tool_use.name: {EMPTY}",
    ),
    (
        with_block({"type": "tool_use", "id": "a", "name": "x" * 201, "input": {}}),
        "messages.0.content.0.tool_use.name: String should have at most 200 characters",
    ),
    (
        with_block({"type": "tool_use", "id": "a", "name": "f", "input": {}, "text": "x"}),
        f"messages.0.content.0.tool_use.text: {EXTRA}",
    ),
    (
        with_block({"type": "tool_use", "id": "a", "name": "f", "input": {}, "caller": {}}),
        f"messages.0.content.0.tool_use.caller.type: {REQUIRED}",
    ),
    (
        with_block({"type": "tool_result", "tool_use_id": "a", "content": [{"text": "x"}]}),
        f"messages.0.content.0.tool_result.content.0.type: {REQUIRED}",
    ),
    (
        with_block({"type": "tool_result", "tool_use_id": "a", "content": None}),
        f"messages.0.content.0.tool_result.content: {LIST}",
    ),
    (
        with_block({"type": "tool_result", "tool_use_id": "a", "is_error": "no"}),
        f"messages.0.content.0.tool_result.is_error: {BOOLEAN}",
    ),
    (
        with_block(
            {
                "type": "tool_result",
                "tool_use_id": "a",
                "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png"}}
                ],
            }
        ),
        f"messages.0.content.0.tool_result.content.0.image.source.base64.data: {REQUIRED}",
    ),
    # anthropics/claude-code#26542; sub2api#225
    (
        with_block({"type": "thinking", "thinking": "x"}),
        f"messages.0.content.0.thinking.signature: {REQUIRED}",
    ),
    (
        with_block(
            {
                "type": "thinking",
                "thinking": "x",
                "signature": "x",
                "cache_control": {"type": "ephemeral"},
            }
        ),
        f"messages.0.content.0.thinking.cache_control: {EXTRA}",
    ),
    (
        with_block({"type": "redacted_thinking"}),
        f"messages.0.content.0.redacted_thinking.data: {REQUIRED}",
    ),
    (
        with_block(
            {"type": "image", "source": {"type": "base64", "media_type": "image/bmp", "data": PNG}}
        ),
        "messages.0.content.0.image.source.base64.media_type: "
        "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
    ),
    (with_block({"type": "image"}), f"messages.0.content.0.image.source: {REQUIRED}"),
    (
        with_block({"type": "image", "source": PNG}),
        f"messages.0.content.0.image.source: {DICTIONARY}",
    ),
    (
        with_block({"type": "document", "source": {"type": "text", "data": "x"}}),
        f"messages.0.content.0.document.source.text.media_type: {REQUIRED}",
    ),
    (
        with_block({"type": "document", "source": {"type": "content", "content": [7]}}),
        f"messages.0.content.0.document.source.content.content.0: {DICTIONARY}",
    ),
    (
        with_block({"type": "document", "source": {"type": "url", "url": "x"}, "title": ""}),
        f"messages.0.content.0.document.title: {EMPTY}",
    ),
    (
        with_block({"type": "search_result", "source": "s", "title": "t", "content": "x"}),
        f"messages.0.content.0.search_result.content: {LIST}",
    ),
    (
        with_block(text("x", citations=[{"type": "page_location", "cited_text": "x"}])),
        f"messages.0.content.0.text.citations.0.page_location.document_index: {REQUIRED}",
    ),
    (
        with_block({"type": "server_tool_use", "id": "toolu_1", "name": "web_search", "input": {}}),
        f"messages.0.content.0.server_tool_use.id: {SERVER_TOOL_ID}",
    ),
    (
        with_block({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": "x"}),
        f"messages.0.content.0.web_search_tool_result.content: {LIST}",
    ),
    (
        with_block(
            {
                "type": "web_search_tool_result",
                "tool_use_id": "srvtoolu_1",
                "content": {"type": "web_search_tool_result_error"},
            }
        ),
        f"messages.0.content.0.web_search_tool_result.content.error_code: {REQUIRED}",
    ),
    (
        with_block(
            {
                "type": "code_execution_tool_result",
                "tool_use_id": "srvtoolu_1",
                "content": {"type": "code_execution_result", "stdout": "", "stderr": ""},
            }
        ),
        "messages.0.content.0.code_execution_tool_result.content.code_execution_result"
        f".return_code: {REQUIRED}",
    ),
    (
        with_block({"type": "mcp_tool_use", "id": "a", "name": "x", "input": {}}),
        f"messages.0.content.0.mcp_tool_use.server_name: {REQUIRED}",
    ),
    (
        with_block({"type": "fallback", "to": {"model": "x"}}),
        f"messages.0.content.0.fallback.from: {REQUIRED}",
    ),
]

TOOLS = [
    (body(tools="x"), f"tools: {LIST}"),
    (body(tools=None), f"tools: {LIST}"),
    (body(tools=[7]), f"tools.0: {DICTIONARY}"),
    (with_tool({}), f"tools.0.custom.name: {REQUIRED}"),
    (with_tool({"name": ""}), f"tools.0.custom.name: {EMPTY}"),
    # home-assistant/core#147760
    (with_tool({**WEATHER, "name": "get weather"}), f"tools.0.custom.name: {TOOL_NAME}"),
    (with_tool({**WEATHER, "type": None, "name": "ä"}), f"tools.0.custom.name: {TOOL_NAME}"),
    (with_tool({**WEATHER, "type": "custom", "name": "a.b"}), f"tools.0.custom.name: {TOOL_NAME}"),
    (body(tools=[WEATHER, {**WEATHER, "name": "a b"}]), f"tools.1.custom.name: {TOOL_NAME}"),
    (
        with_tool({**WEATHER, "name": "x" * 129}),
        "tools.0.custom.name: String should have at most 128 characters",
    ),
    (with_tool({"name": "f"}), f"tools.0.custom.input_schema: {REQUIRED}"),
    (with_tool({"name": "f", "input_schema": []}), f"tools.0.custom.input_schema: {DICTIONARY}"),
    (with_tool({"name": "f", "input_schema": {}}), f"tools.0.custom.input_schema.type: {REQUIRED}"),
    (
        with_tool({"name": "f", "input_schema": {"type": "string"}}),
        "tools.0.custom.input_schema.type: Input should be 'object'",
    ),
    (
        with_tool({"name": "f", "input_schema": {**OBJECT, "properties": []}}),
        f"tools.0.custom.input_schema.properties: {DICTIONARY}",
    ),
    (
        with_tool({"name": "f", "input_schema": {**OBJECT, "required": ["a", 1]}}),
        f"tools.0.custom.input_schema.required.1: {STRING}",
    ),
    (with_tool({**WEATHER, "parameters": {}}), f"tools.0.custom.parameters: {EXTRA}"),
    (with_tool({**WEATHER, "description": None}), f"tools.0.custom.description: {STRING}"),
    (
        with_tool({**WEATHER, "input_examples": ["x"]}),
        f"tools.0.custom.input_examples.0: {DICTIONARY}",
    ),
    (
        with_tool({**WEATHER, "allowed_callers": ["me"]}),
        "tools.0.custom.allowed_callers.0: Input should be 'direct', 'code_execution_20250825', "
        "'code_execution_20260120' or 'code_execution_20260521'",
    ),
    # dirac-run/dirac#57
    (
        with_tool({"type": "function", "function": WEATHER}),
        "tools.0: Input tag 'function' found using 'type' does not match any of the expected tags: "
        "'advisor_20260301', 'bash_20241022', 'bash_20250124', 'browser_toolset_20260801', "
        "'code_execution_20250522', 'code_execution_20250825', 'code_execution_20260120', "
        "'code_execution_20260521', 'computer_20241022', 'computer_20250124', 'computer_20251124', "
        "'computer_toolset_20260801', 'custom', 'mcp_toolset', 'memory_20250818', "
        "'text_editor_20241022', 'text_editor_20250124', 'text_editor_20250429', "
        "'text_editor_20250728', 'tool_search_tool_bm25', 'tool_search_tool_bm25_20251119', "
        "'tool_search_tool_regex', 'tool_search_tool_regex_20251119', 'web_fetch_20250910', "
        "'web_fetch_20260209', 'web_fetch_20260309', 'web_fetch_20260318', 'web_search_20250305', "
        "'web_search_20260209', 'web_search_20260318'",
    ),
    (
        with_tool({"type": "bash_20250124", "name": "shell"}),
        "tools.0.bash_20250124.name: Input should be 'bash'",
    ),
    (
        with_tool({"type": "web_search_20250305", "name": "web_search", "max_uses": 0}),
        "tools.0.web_search_20250305.max_uses: Input should be greater than 0",
    ),
    (
        with_tool({"type": "computer_20250124", "name": "computer", "display_width_px": 1}),
        f"tools.0.computer_20250124.display_height_px: {REQUIRED}",
    ),
    (
        with_tool(
            {"type": "mcp_toolset", "mcp_server_name": "s", "configs": {"echo": {"on": True}}}
        ),
        f"tools.0.mcp_toolset.configs.echo.on: {EXTRA}",
    ),
]

# What is reported of several faults. The order was measured by a third party in August 2026.
SEVERAL = [
    ({**without("max_tokens"), "temperature": "x", "bogus": 1}, f"max_tokens: {REQUIRED}"),
    (body(temperature="x", bogus=1), f"temperature: {NUMBER}"),
    (body(tools="x", tool_choice=7), f"tool_choice: {DICTIONARY}"),
    (body(messages="x", tools="x"), f"tools: {LIST}"),
    (body(system=7, messages="x"), f"messages: {LIST}"),
    (body(thinking="x", system=7), f"system: {LIST}"),
    (body(max_tokens="x", cache_control="x"), f"cache_control: {DICTIONARY}"),
    (body(stop_sequences="x", metadata="x"), f"metadata: {DICTIONARY}"),
    (body(container=7, stream="x"), f"stream: {BOOLEAN}"),
    (body(messages=[user([7, 8]), 9]), f"messages.0.content.0: {DICTIONARY}"),
    (body(messages=[{**user("x"), "bogus": 1}], bogus=1), f"messages.0.bogus: {EXTRA}"),
]

CASES = [*FIELDS, *CONFIGURATION, *MESSAGES, *BLOCKS, *TOOLS, *SEVERAL]


@pytest.mark.parametrize(("sent", "message"), CASES, ids=[message[:70] for _, message in CASES])
def test_the_first_fault_is_told_in_the_hosted_apis_words(sent: Any, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_message_request(encoded(sent))

    assert caught.value.message == message


@pytest.mark.parametrize(
    "name",
    ["max_tokens", "stream", "metadata", "stop_sequences", "service_tier", "temperature", "top_k"],
)
def test_counting_refuses_what_only_generating_takes(name: str) -> None:
    prompt = {key: value for key, value in body().items() if key != "max_tokens"}

    with pytest.raises(InvalidRequest) as caught:
        parse_count_tokens_request(encoded({**prompt, name: None}))

    assert caught.value.message == f"{name}: {EXTRA}"


@pytest.mark.parametrize("sent", [[], None, 7, "x", [body()]])
def test_a_body_is_an_object(sent: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse_message_request(encoded(sent))

    assert caught.value.message == DICTIONARY
