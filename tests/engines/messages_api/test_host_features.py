"""Pitfall T53: what a cloud refuses never reaches it, and nothing is lost without being told."""

from typing import Any, get_args

import msgspec
import pytest

from antechamber.engines.messages_api.host_features import (
    Fitted,
    HostKind,
    fitted,
    host_features,
)
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest
from antechamber.wire.splice import with_fields

HOSTS: tuple[HostKind, ...] = get_args(HostKind)
CLAUDE_CODE = (
    "claude-code-20250219",
    "interleaved-thinking-2025-05-14",
    "context-management-2025-06-27",
    "per-turn-control-2026-07-01",
    "mid-conversation-tool-changes-2026-07-01",
    "thinking-token-count-2026-05-13",
    "advanced-tool-use-2025-11-20",
    "effort-2025-11-24",
)
"""As Claude Code 2.1.330 sends them to the Claude API."""


def fit(
    host: HostKind, body: dict[str, Any] | None = None, *betas: str, counts: bool = False
) -> Fitted:
    return fitted(host_features(host), encode_json(body or {}), betas, counts=counts)


@pytest.mark.parametrize(
    ("host", "beta", "source"),
    [
        ("bedrock", "mcp-servers-2025-12-04", "BerriAI/litellm#19877"),
        ("bedrock", "structured-outputs-2025-11-13", "BerriAI/litellm#19652"),
        ("bedrock", "prompt-caching-scope-2026-01-05", "coder/aibridge#221"),
        ("bedrock", "adaptive-thinking-2026-01-28", "coder/aibridge#221"),
        ("bedrock", "claude-code-20250219", "coder/aibridge#221"),
        ("vertex", "prompt-caching-scope-2026-01-05", "anthropics/claude-code#21625"),
        ("vertex", "structured-outputs-2025-12-15", "QuantumNous/new-api#2975"),
        ("vertex", "prompt-caching-2024-07-31", "zed-industries/zed#42715"),
        ("vertex", "code-execution-2025-05-22", "BerriAI/litellm#23715"),
        ("vertex", "files-api-2025-04-14", "BerriAI/litellm#23715"),
        ("bedrock", "files-api-2025-04-14", "BerriAI/litellm, table of betas"),
        ("foundry", "fast-mode-2026-02-01", "BerriAI/litellm, table of betas"),
    ],
)
def test_t53_a_beta_that_was_seen_to_be_refused_is_left_out_and_told(
    host: HostKind, beta: str, source: str
) -> None:
    sent = fit(host, {}, beta, "context-1m-2025-08-07")

    assert sent.betas == ("context-1m-2025-08-07",), source
    assert sent.dropped == (beta,), source


@pytest.mark.parametrize(
    "beta", ["context-1m-2025-08-07", "tool-search-tool-2025-10-19", "web-search-2025-03-05"]
)
def test_a_beta_that_vertex_refuses_when_it_counts_goes_with_messages_alone(beta: str) -> None:
    """Captured in anthropics/claude-code#11154, #12429 and BerriAI/litellm#39597."""
    assert fit("vertex", {}, beta).betas == (beta,)
    assert fit("vertex", {}, beta, counts=True) == Fitted(edits={}, betas=(), dropped=(beta,))


def test_what_claude_code_sends_is_passed_as_far_as_each_host_takes_it() -> None:
    bedrock, vertex = fit("bedrock", {}, *CLAUDE_CODE), fit("vertex", {}, *CLAUDE_CODE)

    assert bedrock.betas == (
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "mid-conversation-output-config-2026-07-01",
        "mid-conversation-tool-changes-2026-07-01",
        "thinking-token-count-2026-05-13",
        "tool-search-tool-2025-10-19",
        "effort-2025-11-24",
    )
    assert bedrock.dropped == ("claude-code-20250219",)
    assert vertex.betas == (
        "interleaved-thinking-2025-05-14",
        "context-management-2025-06-27",
        "per-turn-control-2026-07-01",
        "tool-search-tool-2025-10-19",
        "effort-2025-11-24",
    )
    assert vertex.dropped == (
        "claude-code-20250219",
        "mid-conversation-tool-changes-2026-07-01",
        "thinking-token-count-2026-05-13",
    )
    assert fit("foundry", {}, *CLAUDE_CODE).betas == CLAUDE_CODE


def test_two_names_for_one_thing_are_sent_once() -> None:
    sent = fit("bedrock", {}, "tool-search-tool-2025-10-19", "advanced-tool-use-2025-11-20")

    assert sent.betas == ("tool-search-tool-2025-10-19",)
    assert sent.dropped == ()


@pytest.mark.parametrize("host", HOSTS)
def test_a_beta_that_the_host_has_learned_since_can_be_named(host: HostKind) -> None:
    features = host_features(host, also_accepted=["new-2027-01-01", "fast-mode-2026-02-01"])

    sent = fitted(features, b"{}", ["new-2027-01-01", "fast-mode-2026-02-01"])

    assert sent.betas == ("new-2027-01-01", "fast-mode-2026-02-01")


@pytest.mark.parametrize("host", HOSTS)
def test_every_field_of_the_table_is_one_of_the_api(host: HostKind) -> None:
    fields = host_features(host).fields

    named = fields.refused | fields.dropped | set(fields.moved) | set(fields.harmless)
    assert named <= set(MessageRequest.model_fields)
    assert not fields.refused & fields.dropped
    assert set(fields.harmless) <= fields.refused


@pytest.mark.parametrize("host", HOSTS)
def test_a_field_that_asks_for_nothing_is_no_reason_to_refuse(host: HostKind) -> None:
    fields = host_features(host).fields.refused

    sent = fit(host, dict.fromkeys(fields))

    assert sent.edits == dict.fromkeys(fields)
    assert sent.dropped == ()


def test_a_field_that_the_answer_does_not_hang_on_is_left_out_and_told() -> None:
    body = {"service_tier": "auto", "cache_control": {"type": "ephemeral"}, "speed": "standard"}

    sent = fit("bedrock", body)

    assert with_fields(encode_json(body), sent.edits) == b"{}"
    assert sorted(sent.dropped) == ["cache_control", "service_tier", "speed"]


@pytest.mark.parametrize("host", ["bedrock", "vertex"])
@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {"output_config": {"format": {"type": "json_schema"}}}),
        ({"output_config": None}, {"output_config": {"format": {"type": "json_schema"}}}),
        (
            {"output_config": {"effort": "low"}},
            {"output_config": {"effort": "low", "format": {"type": "json_schema"}}},
        ),
    ],
)
def test_the_old_form_of_structured_output_becomes_the_new_one(
    host: HostKind, config: dict[str, Any], expected: dict[str, Any]
) -> None:
    body = {**config, "output_format": {"type": "json_schema"}}

    sent = fit(host, body, "structured-outputs-2025-11-13")

    assert msgspec.json.decode(with_fields(encode_json(body), sent.edits)) == expected
    assert sent.betas == ()


URL = {"type": "url", "url": "https://example.com/a.png"}
FILE = {"type": "file", "file_id": "file_1"}


def user(*content: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}]}


@pytest.mark.parametrize("host", ["bedrock", "vertex"])
@pytest.mark.parametrize(
    ("body", "path"),
    [
        (user({"type": "image", "source": URL}), "messages.0.content.0.source"),
        (user({"type": "document", "source": FILE}), "messages.0.content.0.source"),
        (
            user({"type": "tool_result", "content": [{"type": "image", "source": URL}]}),
            "messages.0.content.0.content.0.source",
        ),
        (
            user(
                {
                    "type": "document",
                    "source": {"type": "content", "content": [{"type": "image", "source": URL}]},
                }
            ),
            "messages.0.content.0.source.content.0.source",
        ),
        (user({"type": "container_upload", "file_id": "file_1"}), "messages.0.content.0"),
        ({"tools": [{"name": "a"}, {"type": "mcp_toolset"}]}, "tools.1.type"),
        ({"tools": [{"type": "web_fetch_20260309"}]}, "tools.0.type"),
        ({"tools": [{"type": "code_execution_20250825"}]}, "tools.0.type"),
        ({"container": {"skills": []}}, "container"),
        ({"mcp_servers": [{"type": "url"}]}, "mcp_servers"),
        ({"speed": "fast"}, "speed"),
    ],
)
def test_what_the_answer_hangs_on_is_refused_by_path_and_host(
    host: HostKind, body: dict[str, Any], path: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        fit(host, body)

    assert refusal.value.message.startswith(f"{path}: ")
    assert refusal.value.message.endswith(host_features(host).name)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(
    "body",
    [
        user({"type": "text", "text": 'the words "url", "file" and "container_upload"'}),
        user({"type": "tool_use", "input": {"type": "image", "source": URL}}),
        user({"type": "search_result", "source": "url", "content": [{"type": "text"}]}),
        user({"type": "image", "source": {"type": "base64", "data": "url"}}, URL),
        {"messages": [{"role": "user", "content": '"url"'}, {"role": "system", "content": None}]},
        {"messages": 'a shape that nobody knows: "url"'},
        {"tools": [{"name": "url", "input_schema": {"type": "object"}}, {"type": "bash_20250124"}]},
        {"tools": [{"type": "tool_search_tool_regex_20251119"}, {"type": "memory_20250818"}]},
        {"metadata": {"user_id": "u"}, "context_management": {"edits": []}},
    ],
)
def test_what_every_host_has_passes_untouched(host: HostKind, body: dict[str, Any]) -> None:
    assert fit(host, body) == Fitted(edits={}, betas=(), dropped=())


def test_foundry_takes_what_anthropic_runs() -> None:
    body = {**user({"type": "image", "source": URL}), "tools": [{"type": "web_fetch_20260309"}]}

    assert fit("foundry", body).edits == {}
