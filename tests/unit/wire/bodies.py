"""Bodies that the API accepts: what its documents show, what clients send, one of each type."""

import json
from typing import Any

Body = dict[str, Any]

EPHEMERAL = {"type": "ephemeral"}
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmM"
    "IQAAAABJRU5ErkJggg=="
)
WEATHER = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {
            "location": {"type": "string", "description": "The city and state"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["location"],
    },
}


def body(**fields: Any) -> Body:
    """Return a small valid body with ``fields`` set."""
    basis = {"model": "claude-opus-5", "max_tokens": 1024, "messages": [user("Hello, Claude")]}
    return {**basis, **fields}


def without(name: str) -> Body:
    """Return a small body that lacks one field."""
    return {key: value for key, value in body().items() if key != name}


def user(content: Any) -> Body:
    return {"role": "user", "content": content}


def assistant(content: Any) -> Body:
    return {"role": "assistant", "content": content}


def with_block(block: Any) -> Body:
    return body(messages=[user([block])])


def with_tool(tool: Any) -> Body:
    return body(tools=[tool])


def encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def text(words: str, **fields: Any) -> Body:
    return {"type": "text", "text": words, **fields}


# ---- one of every block ------------------------------------------------------

_CITATIONS = [
    {
        "type": "char_location",
        "cited_text": "The grass is green.",
        "document_index": 0,
        "document_title": "Facts",
        "start_char_index": 0,
        "end_char_index": 20,
    },
    {
        "type": "page_location",
        "cited_text": "Water",
        "document_index": 1,
        "document_title": None,
        "start_page_number": 1,
        "end_page_number": 2,
        "file_id": None,
    },
    {
        "type": "content_block_location",
        "cited_text": "x",
        "document_index": 2,
        "document_title": None,
        "start_block_index": 0,
        "end_block_index": 1,
    },
    {
        "type": "web_search_result_location",
        "cited_text": "x",
        "encrypted_index": "Eo8B",
        "title": None,
        "url": "https://example.com/",
    },
    {
        "type": "search_result_location",
        "cited_text": "x",
        "search_result_index": 0,
        "source": "https://example.com/",
        "title": None,
        "start_block_index": 0,
        "end_block_index": 1,
    },
]

_FOR_AN_HOUR = {**EPHEMERAL, "ttl": "1h"}
_CODE = {"type": "code_execution_20260120", "tool_id": "srvtoolu_01A"}
_PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}


def _image(**source: Any) -> Body:
    return {"type": "image", "source": source}


def _document(**source: Any) -> Body:
    return {"type": "document", "source": source}


def _server_result(kind: str, content: Any, **fields: Any) -> Body:
    return {
        "type": f"{kind}_tool_result",
        "tool_use_id": "srvtoolu_01A",
        "content": content,
        **fields,
    }


_EXECUTED = {"return_code": 0, "stderr": ""}

BLOCKS: list[Body] = [
    text("Hi", cache_control=EPHEMERAL),
    text("Hi", citations=None),
    text("Hi", citations=_CITATIONS),
    _image(type="base64", media_type="image/png", data=PNG),
    {
        **_image(type="url", url="https://example.com/a.jpg"),
        "cache_control": {**EPHEMERAL, "ttl": "1h"},
    },
    {**_image(type="file", file_id="file_1"), "transformations": {"oversized_image": "downsize"}},
    {**_document(**_PDF), "title": "T", "context": "C", "citations": {"enabled": True}},
    _document(type="text", media_type="text/plain", data="The grass is green."),
    _document(type="content", content="One. Two."),
    _document(type="content", content=[text("One."), _image(type="file", file_id="f")]),
    _document(type="url", url="https://example.com/a.pdf"),
    _document(type="file", file_id="file_1"),
    {
        "type": "search_result",
        "source": "https://example.com/",
        "title": "T",
        "content": [text("x")],
        "citations": {"enabled": True},
    },
    {"type": "thinking", "thinking": "", "signature": "EqQB"},
    {"type": "redacted_thinking", "data": "EmwK"},
    {"type": "tool_use", "id": "toolu_01A09q90qw90lq917835lq9", "name": "f", "input": {}},
    {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "f",
        "input": {"deep": [1, {"a": None}]},
        "caller": {"type": "direct"},
        "toolset_name": None,
    },
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, "caller": None},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, "caller": _CODE},
    {"type": "tool_result", "tool_use_id": "toolu_1"},
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "15 degrees"},
    {"type": "tool_result", "tool_use_id": "toolu_1", "content": "", "is_error": True},
    {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": [
            text("x"),
            _image(type="url", url="https://example.com/a.jpg"),
            {"type": "search_result", "source": "s", "title": "t", "content": [text("x")]},
            _document(**_PDF),
            {"type": "tool_reference", "tool_name": "get_weather"},
            {
                "type": "browser_state",
                "tabs": [
                    {"tab_id": "1", "title": "T", "url": "https://example.com/", "active": True}
                ],
                "state_changes": [
                    {"type": "tab_opened", "tab_id": "1"},
                    {"type": "download_started", "download_id": "1", "url": "u"},
                    {"type": "download_completed", "download_id": "1", "url": "u", "size_bytes": 4},
                    {"type": "download_failed", "download_id": "1", "url": "u", "error": None},
                ],
            },
        ],
    },
    {
        "type": "server_tool_use",
        "id": "srvtoolu_01A",
        "name": "web_search",
        "input": {"query": "x"},
        "caller": {"type": "direct"},
    },
    _server_result(
        "web_search",
        [
            {
                "type": "web_search_result",
                "url": "https://example.com/",
                "title": "T",
                "page_age": None,
                "encrypted_content": "Er0B",
            }
        ],
        caller=None,
    ),
    _server_result(
        "web_search", {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"}
    ),
    _server_result(
        "web_fetch",
        {
            "type": "web_fetch_result",
            "url": "https://example.com/",
            "retrieved_at": "2026-02-14T13:19:10.653000+00:00",
            "content": {**_document(**_PDF), "title": None, "citations": None},
        },
    ),
    _server_result(
        "web_fetch",
        {"type": "web_fetch_tool_result_error", "error_code": "url_not_in_prior_context"},
    ),
    _server_result(
        "code_execution",
        {
            "type": "code_execution_result",
            "stdout": "1",
            "content": [{"type": "code_execution_output", "file_id": "file_1"}],
            **_EXECUTED,
        },
    ),
    _server_result(
        "code_execution",
        {
            "type": "encrypted_code_execution_result",
            "encrypted_stdout": "Er0B",
            "content": [],
            **_EXECUTED,
        },
    ),
    _server_result(
        "code_execution",
        {"type": "code_execution_tool_result_error", "error_code": "unavailable"},
    ),
    _server_result(
        "bash_code_execution",
        {
            "type": "bash_code_execution_result",
            "stdout": "",
            "content": [{"type": "bash_code_execution_output", "file_id": "file_1"}],
            **_EXECUTED,
        },
    ),
    _server_result(
        "text_editor_code_execution",
        {
            "type": "text_editor_code_execution_view_result",
            "file_type": "text",
            "content": "x",
            "num_lines": 1,
            "start_line": None,
            "total_lines": None,
        },
    ),
    _server_result(
        "text_editor_code_execution",
        {"type": "text_editor_code_execution_create_result", "is_file_update": False},
    ),
    _server_result(
        "text_editor_code_execution",
        {"type": "text_editor_code_execution_str_replace_result", "lines": ["-a", "+b"]},
    ),
    _server_result(
        "tool_search",
        {
            "type": "tool_search_tool_search_result",
            "tool_references": [{"type": "tool_reference", "tool_name": "get_weather"}],
        },
    ),
    _server_result(
        "tool_search",
        {
            "type": "tool_search_tool_result_error",
            "error_code": "invalid_tool_input",
            "error_message": None,
        },
    ),
    {"type": "container_upload", "file_id": "file_1"},
    _server_result("advisor", {"type": "advisor_result", "text": "Do it.", "stop_reason": None}),
    _server_result("advisor", {"type": "advisor_redacted_result", "encrypted_content": "x"}),
    _server_result("advisor", {"type": "advisor_tool_result_error", "error_code": "overloaded"}),
    {
        "type": "mcp_tool_use",
        "id": "mcptoolu_01A",
        "name": "echo",
        "server_name": "example",
        "input": {"x": 1},
    },
    {
        "type": "mcp_tool_result",
        "tool_use_id": "mcptoolu_01A",
        "is_error": False,
        "content": [text("x", citations=None)],
    },
    {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_01A", "content": "x"},
    {
        "type": "mcp_tool_listing",
        "mcp_server_name": "example",
        "tools": [{"name": "echo", "description": None, "input_schema": {"type": "object"}}],
    },
    {"type": "compaction", "content": "Summary", "encrypted_content": None, "signature": None},
    {
        "type": "compaction",
        "content": None,
        "signature": "EqQB",
        "tool_changes": [
            {
                # With every field, as a response reports it.
                "type": "tool_addition",
                "tool": {
                    "type": "tool_definition",
                    "definition": {
                        **WEATHER,
                        "allowed_callers": None,
                        "defer_loading": None,
                        "eager_input_streaming": None,
                        "input_examples": None,
                        "strict": None,
                        "type": None,
                    },
                },
            },
            {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "f"}},
        ],
    },
    {
        "type": "tool_addition",
        "tool": {"type": "mcp_tool_reference", "name": "f", "server_name": "s"},
    },
    {"type": "tool_removal", "tool": {"type": "mcp_toolset_reference", "server_name": "s"}},
    {
        "type": "fallback",
        "from": {"model": "claude-fable-5"},
        "to": {"model": "claude-opus-5"},
        "trigger": {"type": "refusal", "category": None},
    },
]

# ---- one of every tool -------------------------------------------------------

_DISPLAY = {"name": "computer", "display_width_px": 1024, "display_height_px": 768}
_EDITOR = "str_replace_based_edit_tool"
_PLACE = {"type": "approximate", "city": "Paris", "region": None, "country": "FR", "timezone": None}
_SOURCES = {
    "user_input": {"type": "all"},
    "server_tool_results": {"type": "none"},
    "client_tool_results": {"type": "only", "tools": [{"type": "tool_reference", "name": "f"}]},
}

TOOLS: list[Body] = [
    WEATHER,
    {**WEATHER, "type": "custom", "strict": True, "cache_control": EPHEMERAL},
    {
        **WEATHER,
        "type": None,
        "allowed_callers": ["direct", "code_execution_20260521"],
        "defer_loading": True,
        "eager_input_streaming": None,
        "input_examples": [{"location": "Paris"}],
    },
    {"type": "bash_20241022", "name": "bash"},
    {"type": "bash_20250124", "name": "bash", "cache_control": None},
    {"type": "text_editor_20241022", "name": "str_replace_editor"},
    {"type": "text_editor_20250124", "name": "str_replace_editor"},
    {"type": "text_editor_20250429", "name": _EDITOR},
    {"type": "text_editor_20250728", "name": _EDITOR, "max_characters": 10000},
    {"type": "memory_20250818", "name": "memory", "input_examples": [{"command": "view"}]},
    {"type": "computer_20241022", **_DISPLAY},
    {"type": "computer_20250124", **_DISPLAY, "display_number": 1},
    {"type": "computer_20251124", **_DISPLAY, "display_number": None, "enable_zoom": True},
    {"type": "computer_toolset_20260801", "configs": {"zoom": {"enabled": True}}},
    {"type": "browser_toolset_20260801", "configs": None, "cache_control": EPHEMERAL},
    {"type": "web_search_20250305", "name": "web_search", "max_uses": 5, "user_location": _PLACE},
    {"type": "web_search_20260209", "name": "web_search", "allowed_domains": ["example.com"]},
    {"type": "web_search_20260318", "name": "web_search", "response_inclusion": "excluded"},
    {"type": "web_fetch_20250910", "name": "web_fetch", "citations": {"enabled": True}},
    {"type": "web_fetch_20260209", "name": "web_fetch", "max_content_tokens": 9},
    {"type": "web_fetch_20260309", "name": "web_fetch", "use_cache": False},
    {
        "type": "web_fetch_20260318",
        "name": "web_fetch",
        "response_inclusion": "full",
        "url_sources": _SOURCES,
    },
    {"type": "code_execution_20250522", "name": "code_execution"},
    {"type": "code_execution_20250825", "name": "code_execution"},
    {"type": "code_execution_20260120", "name": "code_execution"},
    {"type": "code_execution_20260521", "name": "code_execution"},
    {"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"},
    {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"},
    {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
    {"type": "tool_search_tool_regex", "name": "tool_search_tool_regex"},
    {
        "type": "advisor_20260301",
        "name": "advisor",
        "model": "claude-opus-5",
        "max_tokens": 500,
        "max_uses": None,
        "caching": EPHEMERAL,
    },
    {
        "type": "mcp_toolset",
        "mcp_server_name": "example",
        "default_config": {"enabled": False},
        "configs": {"echo": {"enabled": True, "defer_loading": True}},
        "tools": None,
    },
]

# ---- whole requests ----------------------------------------------------------

MATHS = "Are there an infinite number of prime numbers such that n mod 4 == 3?"

# What the API's documents and the SDKs' examples send; fields that only some models take as well.
DOCUMENTED: dict[str, Body] = {
    "hello": body(),
    "several turns": body(
        messages=[user("Hello, Claude"), assistant("Hello!"), user("Describe LLMs to me?")]
    ),
    "prefill": body(
        max_tokens=1,
        messages=[user("What is latin for Ant? (A) Apoidea"), assistant("The answer is (")],
    ),
    "system as a string": body(system="You are a helpful coding assistant."),
    "system with a breakpoint": body(system=[text("Long", cache_control=EPHEMERAL)]),
    "system that is null": body(system=None),
    "breakpoint of an hour": body(system=[text("Long", cache_control={**EPHEMERAL, "ttl": "1h"})]),
    "automatic breakpoint": body(cache_control=EPHEMERAL),
    "image and question": body(
        messages=[
            user([_image(type="base64", media_type="image/jpeg", data="/9j/"), text("What is it?")])
        ]
    ),
    "image by url": body(
        messages=[user([_image(type="url", url="https://example.com/ant.jpg"), text("And this?")])]
    ),
    "pdf": body(
        messages=[user([{**_document(**_PDF), "cache_control": EPHEMERAL}, text("Sum it up")])]
    ),
    "file": body(messages=[user([_document(type="file", file_id="file_1"), text("Sum it up")])]),
    "thinking within a budget": body(
        max_tokens=16000, thinking={"type": "enabled", "budget_tokens": 10000}
    ),
    "thinking without a budget": body(thinking={"type": "enabled"}),
    "thinking off": body(thinking={"type": "disabled"}),
    "thinking between tools": body(thinking={"type": "between_tools"}),
    "adaptive thinking, shown": body(
        thinking={"type": "adaptive", "display": "summarized"}, messages=[user(MATHS)]
    ),
    "adaptive thinking with effort": body(
        thinking={"type": "adaptive"}, output_config={"effort": "high"}
    ),
    "sampling": body(temperature=0.7, top_p=0.9, top_k=40, stop_sequences=["\n\nHuman:"]),
    "integers for sampling": body(temperature=1, top_p=0, top_k=0),
    "stream": body(stream=True),
    "metadata": body(metadata={"user_id": "13803d75-b4b5-4c3e-b2a2-6f21399b021b"}),
    "priority": body(service_tier="priority"),
    "tools": body(tools=[WEATHER], tool_choice={"type": "auto"}),
    "a forced tool": body(tools=[WEATHER], tool_choice={"type": "tool", "name": "get_weather"}),
    "any tool, one at a time": body(
        tools=[WEATHER], tool_choice={"type": "any", "disable_parallel_tool_use": True}
    ),
    "no tool": body(tools=[WEATHER], tool_choice={"type": "none"}),
    "a tool's result": body(
        tools=[WEATHER],
        messages=[
            user("What's the weather in Paris?"),
            assistant(
                [
                    {"type": "thinking", "thinking": "Let me look.", "signature": "EqQB"},
                    text("<thinking>The user wants …</thinking>", citations=None),
                    {
                        "type": "tool_use",
                        "id": "toolu_01A09q90qw90lq917835lq9",
                        "caller": {"type": "direct"},
                        "input": {"location": "Paris"},
                        "name": "get_weather",
                    },
                ]
            ),
            user(
                [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_01A09q90qw90lq917835lq9",
                        "content": "Current temperature: 88°F",
                        "is_error": False,
                    },
                    text("And tomorrow?"),
                ]
            ),
        ],
    ),
    "mcp server alone": body(
        mcp_servers=[
            {
                "type": "url",
                "url": "https://mcp.example.com",
                "name": "example",
                "authorization_token": "Bearer xxx",
                "tool_configuration": {"enabled": True, "allowed_tools": None},
            }
        ]
    ),
    "compaction": body(context_management={"edits": [{"type": "compact_20260112"}]}),
    "context editing": body(
        context_management={
            "edits": [
                {"type": "clear_thinking_20251015", "keep": {"type": "thinking_turns", "value": 2}},
                {
                    "type": "clear_tool_uses_20250919",
                    "trigger": {"type": "tool_uses", "value": 9},
                    "keep": {"type": "tool_uses", "value": 0},
                    "clear_at_least": {"type": "input_tokens", "value": 0},
                    "clear_tool_inputs": ["get_weather"],
                    "exclude_tools": ["web_search"],
                },
                {
                    "type": "compact_20260112",
                    "trigger": {"type": "input_tokens", "value": 150000},
                    "pause_after_compaction": True,
                    "instructions": None,
                },
            ]
        }
    ),
    "structured output": body(
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}}
    ),
    "structured output, old form": body(
        output_format={"type": "json_schema", "schema": {"type": "object"}}
    ),
    "task budget": body(output_config={"task_budget": {"type": "tokens", "total": 20000}}),
    "container by id": body(container="container_01A"),
    "container with skills": body(
        container={
            "id": None,
            "skills": [{"type": "anthropic", "skill_id": "pptx", "version": "latest"}],
        }
    ),
    "cache warming": body(max_tokens=0),
    "thread begins": body(thread={"type": "create"}),
    "thread goes on": body(thread={"type": "continue", "previous_message_id": "msg_1"}),
    "fallbacks": body(
        fallbacks=[
            {"model": "claude-sonnet-5", "max_tokens": None, "thinking": {"type": "disabled"}}
        ],
        fallback_credit_token={"token": "x", "mode": "best_effort"},
    ),
    "default fallbacks": body(fallbacks="default", fallback_credit_token="x"),
    "everything else": body(
        billing_policy={"type": "billing_policy", "bill_to": "self"},
        compaction={"type": "summarize", "instructions": None},
        diagnostics={"previous_message_id": None},
        inference_geo="us",
        speed="fast",
        user_profile_id=None,
    ),
    "nulls where the schema has them": body(
        cache_control=None,
        container=None,
        context_management=None,
        diagnostics=None,
        inference_geo=None,
        output_format=None,
        output_config={"effort": None, "format": None, "task_budget": None},
        metadata={"user_id": None},
        speed=None,
        thinking={"type": "adaptive", "display": None, "block_binding": None},
        thread=None,
    ),
    "empty lists": body(tools=[], stop_sequences=[], mcp_servers=[], system=[]),
}

# Claude Code 2.1: attribution block, breakpoints, a system message with its own effort, a tool that
# is deferred, the session in the user id.
CLAUDE_CODE = body(
    model="claude-opus-5-5",
    max_tokens=128000,
    stream=True,
    thinking={"type": "adaptive", "display": "omitted"},
    context_management={"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    output_config={"effort": "medium"},
    metadata={"user_id": '{"device_id":"d","account_uuid":"","session_id":"s"}'},
    system=[
        text("x-anthropic-billing-header: cc_version=2.1.330.bf5; cc_entrypoint=sdk-cli;"),
        text("You are a Claude agent.", cache_control=EPHEMERAL),
        text("# Environment", cache_control=EPHEMERAL),
    ],
    tools=[WEATHER, {**WEATHER, "name": "placeholder", "defer_loading": True}],
    messages=[
        user([text("Say hello")]),
        {
            "role": "system",
            "content": [text("Reminder", cache_control=EPHEMERAL)],
            "output_config": {"effort": "medium"},
        },
        assistant(
            [
                {"type": "thinking", "thinking": "", "signature": "EqQB"},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {}},
            ]
        ),
        user(
            [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "content": "15 degrees",
                    "cache_control": EPHEMERAL,
                }
            ]
        ),
        {"role": "system", "content": "Reminder", "clear_at": "next_user_message"},
    ],
)

SYSTEM_MESSAGES = body(
    messages=[
        user("Hi"),
        {"role": "system", "output_config": {"effort": "low"}},
        {
            "role": "system",
            "content": [
                text("x"),
                {
                    "type": "tool_addition",
                    "tool": {"type": "tool_definition", "definition": WEATHER},
                },
                {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "f"}},
            ],
            "clear_at": None,
        },
    ]
)

ACCEPTED: dict[str, Body] = {
    **DOCUMENTED,
    "claude code": CLAUDE_CODE,
    "system messages": SYSTEM_MESSAGES,
    "all blocks": body(messages=[user(BLOCKS), assistant(BLOCKS)]),
    "all tools": body(tools=TOOLS),
}
