"""Refusals of the hosted API that depend on the model, the version or a header.

Lenient fidelity accepts every one of these requests. Numbers are the rows of the published error
texts.
"""

from typing import NamedTuple

import pytest

from antechamber.rules.betas import OPEN_BLOCKS, OPEN_TOOLS
from antechamber.rules.context import Version
from tests.unit.rules.requests import (
    INTERLEAVED,
    Asked,
    Fields,
    assistant,
    call,
    closed,
    format_of,
    refusal,
    refusal_of_count,
    result,
    system,
    thought,
    tool,
    user,
    words,
)

EXTRA = "Extra inputs are not permitted"
CONSULT = (
    "Please consult our documentation at "
    "https://platform.claude.com/docs/en/build-with-claude/extended-thinking"
)
ADAPTIVE: Fields = {"type": "adaptive"}
ENABLED: Fields = {"type": "enabled", "budget_tokens": 2_048}
DISABLED: Fields = {"type": "disabled"}
SET_EFFORT: Fields = {"output_config": {"effort": "low"}}
EDITING = frozenset({"context-management-2025-06-27"})
COMPACTION = frozenset({"compact-2026-01-12"})


class Row(NamedTuple):
    """A request that only the hosted API refuses."""

    name: str
    model: str
    fields: Fields
    expected: str
    betas: frozenset[str] = frozenset()
    version: Version = "2023-06-01"


def edits(*edits: Fields) -> Fields:
    return {"context_management": {"edits": list(edits)}}


MODELS = [
    Row(
        "7 ianarawjo/ChainForge#271",
        "claude-opus-4-7",
        {"messages": [user("Hi"), system("Be brief.")]},
        'messages: Unexpected role "system". The Messages API accepts a top-level `system` '
        'parameter, not "system" as an input message role.',
    ),
    Row(
        "27 platform.claude.com/docs thinking",
        "claude-opus-4-7",
        {"thinking": ENABLED},
        '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" '
        'and "output_config.effort" to control thinking behavior.',
    ),
    Row(
        "27: a model that never thinks, anthropics/claude-code#2245",
        "claude-3-5-sonnet-20241022",
        {"thinking": ENABLED},
        "'claude-3-5-sonnet-20241022' does not support thinking.",
    ),
    Row(
        "28 platform.claude.com/docs thinking",
        "claude-opus-4-5",
        {"thinking": ADAPTIVE},
        "adaptive thinking is not supported on this model",
    ),
    Row(
        "29 platform.claude.com/docs thinking",
        "claude-fable-5",
        {"thinking": DISABLED},
        '"thinking.type.disabled" is not supported for this model. Thinking defaults to adaptive '
        'mode when not specified; use "thinking.type.enabled" with "budget_tokens" for extended '
        "thinking.",
    ),
    Row(
        "29: Opus 5 with an effort that needs thinking",
        "claude-opus-5",
        {"thinking": DISABLED, "output_config": {"effort": "xhigh"}},
        '"thinking.type.disabled" is not supported for this model. Thinking defaults to adaptive '
        'mode when not specified; use "thinking.type.enabled" with "budget_tokens" for extended '
        "thinking.",
    ),
    Row(
        "29: the newest type on an older model",
        "claude-opus-4-6",
        {"thinking": {"type": "between_tools"}},
        '"thinking.type.between_tools" is not supported for this model.',
    ),
    Row(
        "29: Sonnet 5.5, which thinks at least between tools",
        "claude-sonnet-5-5",
        {"thinking": {"type": "between_tools"}, "output_config": {"effort": "max"}},
        "output_config.effort 'max' is not supported when thinking is disabled on this model. "
        "Use effort 'high' or below, or enable thinking.",
    ),
    Row(
        "30 platform.claude.com/docs errors",
        "claude-opus-4-6",
        {"messages": [user("Hi"), assistant("Well")]},
        "This model does not support assistant message prefill. "
        "The conversation must end with a user message.",
    ),
    Row(
        "tailcallhq/forgecode#2107: a thought as prefill",
        "claude-opus-4-5",
        {"messages": [user("Hi"), assistant(thought())]},
        "messages.1: The final block in an assistant message cannot be `thinking`.",
    ),
    Row(
        "62: no effort at all",
        "claude-haiku-4-5",
        SET_EFFORT,
        "This model does not support the effort parameter.",
    ),
    Row(
        "62: a level that is not known",
        "claude-opus-4-6",
        {"output_config": {"effort": "xhigh"}},
        "This model does not support effort level 'xhigh'. "
        "Supported levels: high, low, max, medium.",
    ),
    Row(
        "platform.claude.com/docs, page of Opus 5.5: a forced tool",
        "claude-opus-5-5",
        {"tools": [tool()], "tool_choice": {"type": "any"}},
        'tool_choice: type "tool" and "any" are not supported for this model.',
    ),
    Row(
        "41: structured output before 4.5",
        "claude-opus-4-1",
        format_of(closed()),
        f"output_config.format: {EXTRA}",
    ),
    Row(
        "platform.claude.com/docs data residency",
        "claude-opus-4-5",
        {"inference_geo": "us"},
        "'claude-opus-4-5' does not support the `inference_geo` parameter",
    ),
    Row(
        "lightdash/lightdash#23077: clearing thoughts that there are none of",
        "claude-opus-4-5",
        edits({"type": "clear_thinking_20251015", "keep": "all"}),
        "`clear_thinking_20251015` strategy requires `thinking` to be enabled or adaptive",
        EDITING,
    ),
]

SAMPLING = [
    Row(
        "23 mnfst/modelparams.dev#214",
        "claude-opus-4-5",
        {"thinking": ENABLED, "temperature": 0.5},
        "`temperature` may only be set to 1 when thinking is enabled or in adaptive mode. "
        + CONSULT,
    ),
    Row(
        "23: top_p",
        "claude-opus-4-6",
        {"thinking": ADAPTIVE, "top_p": 0.9},
        "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled or in "
        f"adaptive mode. {CONSULT}",
    ),
    Row(
        "23: top_k, quarkiverse/quarkus-langchain4j#1812",
        "claude-opus-4-5",
        {"thinking": ENABLED, "top_k": 40},
        f"`top_k` must be unset when thinking is enabled. {CONSULT}",
    ),
    Row(
        "24 UKGovernmentBEIS/inspect_ai#3721",
        "claude-opus-4-7",
        {"temperature": 0.5},
        "`temperature` is deprecated for this model.",
    ),
    Row(
        "24: the newer version refuses the default too",
        "claude-haiku-4-5",
        {"top_k": 0},
        "`top_k` is deprecated for this model.",
        version="2026-10-21",
    ),
    Row(
        "25 BerriAI/litellm#15097",
        "claude-sonnet-4-5",
        {"temperature": 0.7, "top_p": 0.9},
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
    ),
]

SHAPES = [
    Row(
        "null in the place of a system prompt",
        "claude-opus-4-5",
        {"system": None},
        "system: Input should be a valid list",
    ),
    Row(
        "a budget left out",
        "claude-opus-4-5",
        {"thinking": {"type": "enabled"}},
        "thinking.enabled.budget_tokens: Field required",
    ),
    Row(
        "a tier that is no tier",
        "claude-opus-4-5",
        {"service_tier": "priority"},
        "service_tier: Input should be 'auto' or 'standard_only'",
    ),
    Row(
        "platform.claude.com/docs compaction: a trigger for small windows",
        "claude-opus-4-6",
        edits({"type": "compact_20260112", "trigger": {"type": "input_tokens", "value": 9_000}}),
        "context_management.edits.0.compact_20260112.trigger.value: "
        "Input should be greater than or equal to 50000",
        COMPACTION,
    ),
]

HEADERS = [
    Row(
        "41 anthropics/claude-code#14135",
        "claude-opus-4-6",
        edits({"type": "clear_tool_uses_20250919"}),
        f"context_management: {EXTRA}",
    ),
    Row(
        "41: an edit under the header of another",
        "claude-opus-4-6",
        edits({"type": "clear_tool_uses_20250919"}),
        f"context_management.edits.0: {EXTRA}",
        COMPACTION,
    ),
    Row("41: mcp_servers", "claude-opus-4-6", {"mcp_servers": []}, f"mcp_servers: {EXTRA}"),
    Row("41: fallbacks", "claude-opus-4-6", {"fallbacks": None}, f"fallbacks: {EXTRA}"),
    Row(
        "41: output_format",
        "claude-opus-4-6",
        {"output_format": {"type": "json_schema", "schema": closed()}},
        f"output_format: {EXTRA}",
    ),
    Row(
        "41: task_budget",
        "claude-opus-4-6",
        {"output_config": {"task_budget": None}},
        f"output_config.task_budget: {EXTRA}",
    ),
    Row(
        "41: an effort from here on",
        "claude-opus-5-5",
        {"messages": [user("Hi"), system("Be.", **SET_EFFORT)]},
        f"messages.1.output_config: {EXTRA}",
    ),
    Row(
        "41: a system message that vanishes",
        "claude-opus-5-5",
        {"messages": [user("Hi"), system("Be.", clear_at="never")]},
        f"messages.1.clear_at: {EXTRA}",
    ),
    Row(
        "41: progress in the place of thoughts",
        "claude-opus-5-5",
        {"thinking": {"type": "adaptive", "display": "updates"}},
        "thinking.adaptive.display: Input should be 'summarized' or 'omitted'",
    ),
    Row(
        "41: thoughts bound to a conversation",
        "claude-opus-5-5",
        {"thinking": {"type": "adaptive", "block_binding": None}},
        f"thinking.adaptive.block_binding: {EXTRA}",
    ),
    Row(
        "40 AstrBotDevs/AstrBot#4444: a block that needs a header",
        "claude-opus-4-6",
        {
            "messages": [
                user("Hi"),
                assistant(
                    {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}, "Yes?"
                ),
                user("So?"),
            ]
        },
        "messages.1.content.0: Input tag 'fallback' found using 'type' does not match any of the "
        "expected tags: 'bash_code_execution_tool_result', 'code_execution_tool_result', "
        "'container_upload', 'document', 'image', 'redacted_thinking', 'search_result', "
        "'server_tool_use', 'text', 'text_editor_code_execution_tool_result', 'thinking', "
        "'tool_result', 'tool_search_tool_result', 'tool_use', 'web_fetch_tool_result', "
        "'web_search_tool_result'",
    ),
]

EVERY = [*MODELS, *SAMPLING, *SHAPES, *HEADERS]


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in EVERY])
def test_hosted_fidelity_refuses_in_the_published_words(row: Row) -> None:
    asked = Asked(fidelity="hosted", betas=row.betas, version=row.version)

    error = refusal(asked, model=row.model, **row.fields)

    assert words(error) == row.expected


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in EVERY])
def test_lenient_fidelity_accepts_what_only_the_hosted_model_refuses(row: Row) -> None:
    asked = Asked(betas=row.betas, version=row.version)

    error = refusal(asked, model=row.model, **row.fields)

    assert words(error) is None


@pytest.mark.parametrize(
    "row", [pytest.param(row, id=row.name) for row in MODELS if "inference_geo" not in row.fields]
)
def test_counting_refuses_what_the_model_refuses(row: Row) -> None:
    asked = Asked(fidelity="hosted", betas=row.betas)

    error = refusal_of_count(asked, model=row.model, **row.fields)

    assert words(error) == row.expected


@pytest.mark.parametrize(
    ("model", "fields", "betas"),
    [
        pytest.param(
            "claude-opus-4-7", {"temperature": 1, "top_p": 1}, [], id="sampling at its defaults"
        ),
        pytest.param(
            "claude-sonnet-4-5", {"temperature": 0.2, "top_k": 5}, [], id="one of the two"
        ),
        pytest.param(
            "claude-opus-4-5",
            {"thinking": ENABLED, "top_p": 0.97},
            [],
            id="sampling that thinking allows",
        ),
        pytest.param("claude-opus-5", {"thinking": DISABLED}, [], id="Opus 5 without thinking"),
        pytest.param(
            "claude-opus-4-1", {"thinking": DISABLED}, [], id="no thinking on a model of old"
        ),
        pytest.param("claude-haiku-4-5", format_of(closed()), [], id="structured output on 4.5"),
        pytest.param(
            "claude-opus-4-5",
            {"messages": [user("Hi"), assistant("Well")]},
            [],
            id="prefill on 4.5",
        ),
        pytest.param(
            "claude-opus-4-6",
            {"messages": [user("Hi"), assistant()]},
            [],
            id="an empty final assistant message is no prefill",
        ),
        pytest.param(
            "claude-opus-4-6",
            {"messages": [user("Hi"), assistant(call()), user(result())]},
            [],
            id="the end of a tool loop is no prefill",
        ),
        pytest.param(
            "claude-opus-5-5",
            {"messages": [user("Hi"), system("Be.", **SET_EFFORT)]},
            ["per-turn-control-2026-07-01"],
            id="Claude Code's own name for a beta",
        ),
        pytest.param(
            "claude-opus-5-5",
            edits({"type": "clear_thinking_20251015", "keep": "all"}),
            ["context-management-2025-06-27"],
            id="Claude Code's edit, thinking on by default",
        ),
        pytest.param(
            "claude-sonnet-4-5",
            {
                "tools": [
                    {
                        "type": "computer_20250124",
                        "name": "computer",
                        "display_width_px": 800,
                        "display_height_px": 600,
                    }
                ]
            },
            ["computer-use-2025-01-24"],
            id="a tool with its header",
        ),
        pytest.param(
            "claude-opus-4-6",
            {
                "messages": [user("Hi")],
                "thinking": ADAPTIVE,
                "tools": [tool()],
                "tool_choice": {"type": "any"},
            },
            [INTERLEAVED],
            id="a forced tool with adaptive thinking",
        ),
    ],
)
def test_hosted_fidelity_accepts(model, fields, betas) -> None:
    error = refusal(Asked(fidelity="hosted", betas=frozenset(betas)), model=model, **fields)

    assert words(error) is None


def test_a_tool_without_its_header_is_an_unknown_tag() -> None:
    """Row 40; the tags of tools whose header is there are listed."""
    computer: Fields = {
        "type": "computer_20250124",
        "name": "computer",
        "display_width_px": 800,
        "display_height_px": 600,
    }
    asked = Asked(fidelity="hosted", betas=frozenset({"computer-use-2025-11-24"}))

    message = words(refusal(asked, tools=[computer]))

    assert message is not None
    assert message.startswith("tools.0: Input tag 'computer_20250124' found using 'type' does not")
    assert "'computer_20251124', 'computer_toolset_20260801', 'custom'" in message


@pytest.mark.parametrize(("tags", "where"), [(OPEN_BLOCKS, "messages"), (OPEN_TOOLS, "tools")])
def test_every_tag_that_needs_no_header_is_one_that_is_known(tags, where) -> None:
    """The shapes name every tag that they know; the open ones have to be among them."""
    unknown: Fields = {"type": "unheard_of", "name": "x"}
    fields: Fields = {"messages": [user(unknown)]} if where == "messages" else {"tools": [unknown]}

    with pytest.raises(Exception, match="unheard_of") as refused:
        refusal(Asked(), **fields)

    missing = [tag for tag in tags if f"'{tag}'" not in str(refused.value)]
    assert not missing


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
def test_version_2026_10_21_closes_documents_and_citations_to_one_role(fidelity) -> None:
    """platform.claude.com/docs/en/api/migration-2026-10-21."""
    document: Fields = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "Some text."},
    }
    cited: Fields = {
        "type": "text",
        "text": "Some text.",
        "citations": [
            {
                "type": "char_location",
                "cited_text": "Some",
                "document_index": 0,
                "document_title": None,
                "start_char_index": 0,
                "end_char_index": 4,
            }
        ],
    }
    newer, older = Asked(fidelity=fidelity, version="2026-10-21"), Asked(fidelity=fidelity)
    in_assistant = [user("Hi"), assistant(document, "This."), user("So?")]

    assert words(refusal(newer, messages=in_assistant)) == (
        "messages.1: `document` blocks can only be in `user` messages"
    )
    assert words(refusal(newer, messages=[user(cited)])) == (
        "messages.0.content.0.text.citations: citations may only be in `assistant` messages"
    )
    assert refusal(older, messages=in_assistant) is None
    assert refusal(older, messages=[user(cited)]) is None
    assert refusal(newer, messages=[user({**cited, "citations": []})]) is None


@pytest.mark.parametrize("model", ["claude-opus-4-6", "claude-of-my-own"])
def test_fast_mode_is_ignored_where_the_hosted_model_ignores_it(model: str) -> None:
    hosted = Asked(fidelity="hosted", betas=frozenset({"fast-mode-2026-02-01"}))

    assert refusal(hosted, model=model, speed="fast") is None
    assert words(refusal(Asked(), model=model, speed="fast")) == (
        f"'{model}' does not support the `speed` parameter"
    )
    assert words(refusal(hosted, model="claude-opus-4-7", speed="fast")) == (
        "'claude-opus-4-7' does not support the `speed` parameter"
    )
