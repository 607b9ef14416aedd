"""What is not served yet is refused in the API's own words, never ignored."""

import pytest

from antechamber.wire.errors import InvalidRequest
from tests.unit.rules.requests import (
    Asked,
    Case,
    Fields,
    added,
    assistant,
    cases,
    change,
    refusal,
    refusal_of_count,
    result,
    system,
    tool,
    user,
    words,
)

CITED: Fields = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "Some text."},
    "citations": {"enabled": True},
}
SERVER: Fields = {"type": "url", "name": "mail", "url": "https://mcp.example.com"}

DROP: Fields = {"prefix_mismatch_behavior": "drop_block"}
ERROR: Fields = {"prefix_mismatch_behavior": "error"}
SEARCH: Fields = {"name": "web_search"}
MCP_TOOLS: Fields = {"type": "mcp_toolset_reference", "server_name": "mail"}
MCP_TOOL: Fields = {"type": "mcp_tool_reference", "name": "send", "server_name": "mail"}

BOTH: list[Case] = [
    (
        "a tool that the server runs",
        {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
        "'claude-sonnet-4-5' does not support tool types: web_search_20250305.",
    ),
    (
        "a search for tools",
        {
            "tools": [
                {"type": "tool_search_tool_bm25", "name": "tool_search_tool_bm25"},
                tool(defer_loading=True),
            ]
        },
        "'claude-sonnet-4-5' does not support tool types: tool_search_tool_bm25.",
    ),
    (
        "the tools of an MCP server",
        {"tools": [{"type": "mcp_toolset", "mcp_server_name": "mail"}]},
        "'claude-sonnet-4-5' does not support tool types: mcp_toolset.",
    ),
    (
        "a tool that only code may call",
        {"tools": [tool(allowed_callers=["code_execution_20260120"])]},
        "tools.0.custom.allowed_callers: "
        "'claude-sonnet-4-5' does not support programmatic tool calling",
    ),
    (
        "MCP servers alone",
        {"mcp_servers": [SERVER]},
        "'claude-sonnet-4-5' does not support the `mcp_servers` parameter",
    ),
    (
        "62: fast mode",
        {"speed": "fast"},
        "'claude-sonnet-4-5' does not support the `speed` parameter",
    ),
    (
        "a budget for the task",
        {"output_config": {"task_budget": {"type": "tokens", "total": 20_000}}},
        "'claude-sonnet-4-5' does not support the `output_config.task_budget` parameter",
    ),
    (
        "thoughts of another conversation dropped",
        {"thinking": {"type": "enabled", "budget_tokens": 1_024, "block_binding": DROP}},
        "'claude-sonnet-4-5' does not support the "
        "`thinking.block_binding.prefix_mismatch_behavior` parameter",
    ),
    (
        "a tool of the server that comes on the way",
        {"messages": [user("Hi"), system(added({"type": "web_search_20250305", **SEARCH}))]},
        "'claude-sonnet-4-5' does not support tool types: web_search_20250305.",
    ),
    (
        "a tool that only code may call, on the way",
        {
            "messages": [
                user("Hi"),
                system(added(tool(allowed_callers=["code_execution_20260120"]))),
            ]
        },
        "messages.1.content.0.tool_addition.tool.tool_definition.definition.custom"
        ".allowed_callers: 'claude-sonnet-4-5' does not support programmatic tool calling",
    ),
    (
        "a tool of an MCP server on the way",
        {"messages": [user("Hi"), system(change("addition", MCP_TOOL))]},
        "'claude-sonnet-4-5' does not support tool types: mcp_tool_reference.",
    ),
    (
        "the tools of an MCP server taken away",
        {"messages": [user("Hi"), system(change("removal", MCP_TOOLS))]},
        "'claude-sonnet-4-5' does not support tool types: mcp_toolset_reference.",
    ),
    (
        "a compaction on demand",
        {"compaction": {"type": "summarize"}},
        "'claude-sonnet-4-5' does not support the `compaction` parameter",
    ),
    (
        "somebody else's bill",
        {"billing_policy": {"type": "billing_policy", "bill_to": "user_profile"}},
        "'claude-sonnet-4-5' does not support the `billing_policy` parameter",
    ),
    (
        "a compaction in the history",
        {"messages": [user("Hi"), assistant({"type": "compaction", "content": "They met."})]},
        "messages.1.content.0: Invalid `signature` in `compaction` block",
    ),
    (
        "a file for the container",
        {"messages": [user({"type": "container_upload", "file_id": "file_1"})]},
        "messages.0.content.0: `container_upload` blocks need the code execution tool",
    ),
]
CREATING: list[Case] = [
    (
        "62: other models to fall back on",
        {"fallbacks": [{"model": "claude-opus-4-5"}]},
        "'claude-sonnet-4-5' does not support the `fallbacks` parameter",
    ),
    (
        "62: whatever falls back by default",
        {"fallbacks": "default"},
        "'claude-sonnet-4-5' does not support the `fallbacks` parameter",
    ),
    (
        "a credit for a refusal",
        {"fallback_credit_token": "credit"},
        "'claude-sonnet-4-5' does not support the `fallback_credit_token` parameter",
    ),
    (
        "a container",
        {"container": "container_011CPR5CNjB747bTd36fQLFk"},
        "'claude-sonnet-4-5' does not support the `container` parameter",
    ),
    (
        "skills",
        {"container": {"skills": [{"type": "anthropic", "skill_id": "xlsx"}]}},
        "'claude-sonnet-4-5' does not support the `container` parameter",
    ),
    (
        "a user profile",
        {"user_profile_id": "uprof_1"},
        "user_profile_id: User profile `uprof_1` not found.",
    ),
]


@pytest.mark.parametrize(("fields", "expected"), cases([*BOTH, *CREATING]))
def test_what_comes_later_is_refused(fields, expected) -> None:
    assert words(refusal(Asked(), **fields)) == expected


@pytest.mark.parametrize(("fields", "expected"), cases(BOTH))
def test_counting_refuses_the_same(fields, expected) -> None:
    assert words(refusal_of_count(Asked(), **fields)) == expected


@pytest.mark.parametrize(("fields", "expected"), cases([*BOTH, *CREATING]))
def test_an_engine_that_speaks_the_messages_api_has_these_itself(fields, expected) -> None:
    error = refusal(Asked(claude_family=True), **fields)

    assert words(error) != expected


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"mcp_servers": []}, id="no MCP servers"),
        pytest.param({"fallbacks": []}, id="no fallbacks"),
        pytest.param({"container": {}}, id="a container that names nothing"),
        pytest.param({"speed": "standard"}, id="ordinary speed"),
        pytest.param(
            {"billing_policy": {"type": "billing_policy", "bill_to": "self"}}, id="the own bill"
        ),
        pytest.param({"service_tier": "priority"}, id="priority"),
        pytest.param({"service_tier": "standard_only"}, id="the standard tier"),
        pytest.param({"inference_geo": "us"}, id="a geography"),
        pytest.param({"diagnostics": {"previous_message_id": None}}, id="diagnostics"),
        pytest.param({"metadata": {"user_id": "somebody"}}, id="metadata"),
        pytest.param(
            {"thinking": {"type": "adaptive", "block_binding": ERROR}},
            id="an error for thoughts of another conversation, which there are none of",
        ),
        pytest.param(
            {"tools": [tool(allowed_callers=["direct", "code_execution_20260120"])]},
            id="a tool that code may call as well",
        ),
        pytest.param(
            {"tools": [{"type": "computer_toolset_20260801"}, tool(defer_loading=True)]},
            id="a toolset and a deferred tool",
        ),
        pytest.param(
            {"messages": [user({**CITED, "citations": {"enabled": False}})]},
            id="citations switched off",
        ),
        pytest.param(
            {
                "messages": [
                    user({"type": "image", "source": {"type": "url", "url": "https://example.com"}})
                ]
            },
            id="an image by its address, which is the engine's affair",
        ),
    ],
)
def test_what_changes_nothing_is_accepted(fields) -> None:
    assert words(refusal(Asked(), **fields)) is None


@pytest.mark.parametrize(
    "thread",
    [
        pytest.param({"type": "create"}, id="begun"),
        pytest.param({"type": "continue", "previous_message_id": "msg_1"}, id="continued"),
    ],
)
@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
def test_a_thread_is_refused_so_that_the_tool_runner_goes_on_without(thread, fidelity) -> None:
    """SDK 2.12 ``lib/threads``: the code and no feature that is to blame.

    A continued thread holds a result without its call; that must not be what is complained of.
    """
    asked = Asked(fidelity=fidelity, betas=frozenset({"message-threads-2026-08-12"}))

    error = refusal(asked, thread=thread, messages=[user(result())])

    assert isinstance(error, InvalidRequest)
    assert error.details == {"error_code": "thread_unsupported_request", "unsupported": []}


def test_details_name_what_the_sdk_has_a_class_for() -> None:
    """SDK 2.12 picks the exception by status and code."""
    profile = refusal(Asked(), user_profile_id="uprof_1")
    block: Fields = {"type": "compaction", "content": "They met.", "signature": "x"}
    compaction = refusal(Asked(), messages=[user("Hi"), assistant(block), user("So?")])

    assert profile is not None
    assert profile.details == {"error_code": "user_profile_not_found"}
    assert compaction is not None
    assert compaction.details == {"error_code": "compaction_signature_invalid"}


def test_the_model_is_named_as_the_client_wrote_it() -> None:
    """Claude Code 2.1.330 compares it with what it sent."""
    error = refusal(Asked(), model="claude-opus-4-5-20251101", speed="fast")

    assert words(error) == ("'claude-opus-4-5-20251101' does not support the `speed` parameter")
