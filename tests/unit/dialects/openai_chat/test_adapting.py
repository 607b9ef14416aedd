"""What is learned from refusals, and that it converges."""

from typing import Any

import pytest

from antechamber.dialects.openai_chat.adapting import adapted
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.told import Told
from tests.unit.dialects.openai_chat.scenes import GENERIC, ON, OPENAI, VLLM, request, written
from tests.unit.dialects.raw_prompt.scenes import assistant, system, tool, user


def told(message: str, **fields: object) -> Told:
    return Told(message=message, fields=fields)


def body(quirks: Quirks, **fields: object) -> Any:
    return written(request("a", tools=[tool()], **fields), quirks, ON).body


@pytest.mark.parametrize(
    ("quirks", "message", "changed"),
    [
        (
            GENERIC,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            {"max_tokens_field": "max_completion_tokens"},
        ),
        (
            OPENAI,
            "Unrecognized request argument supplied: max_completion_tokens is not supported",
            {"max_tokens_field": "max_tokens"},
        ),
        (
            VLLM,
            "thinking_token_budget is set but reasoning_config is not configured.",
            {"budget_field": None},
        ),
        (VLLM, "Unknown field: chat_template_kwargs", {"reasoning": "none"}),
        (VLLM, "reasoning_effort is not supported", {"efforts": ()}),
        (OPENAI, "Unrecognized request argument supplied: reasoning_effort", {"reasoning": "none"}),
        (GENERIC, "stream_options: Extra inputs are not permitted", {"stream_usage": False}),
        (
            VLLM,
            '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser',
            {"tools_in_text": True, "tool_choice": "named"},
        ),
        (
            VLLM,
            'tool_choice="required" requires --tool-call-parser to be set',
            {"tools_in_text": True, "tool_choice": "named"},
        ),
        (
            VLLM,
            'tool_choice=function "look" requires --tool-call-parser to be set',
            {"tools_in_text": True, "tool_choice": "named"},
        ),
        (
            GENERIC,
            "registry.ollama.ai/library/tiny does not support tools",
            {"tools_in_text": True},
        ),
        (
            VLLM,
            "Tool call id was toolu_1 but must be a-z, A-Z, 0-9, with a length of 9.",
            {"tool_ids": "nine"},
        ),
        (GENERIC, "Cannot use tools with stream", {"streams_calls": False}),
        (OPENAI, "Invalid value for role: 'developer'", {"system_role": "system"}),
    ],
)
def test_a_field_that_is_refused_is_given_up(
    quirks: Quirks, message: str, changed: dict[str, object]
) -> None:
    learned = adapted(quirks, body(quirks, system="s"), told(message))

    assert learned is not None
    assert {name: getattr(learned, name) for name in changed} == changed


def test_a_choice_by_name_becomes_required_and_then_the_json_of_a_call() -> None:
    choice = {"type": "tool", "name": "look"}
    refusal = told("Invalid tool_choice type: 'object'. Supported string values: none, auto")

    second = adapted(VLLM, body(VLLM, tool_choice=choice), refusal)
    assert second is not None
    third = adapted(second, body(second, tool_choice=choice), refusal)

    assert (second.tool_choice, third and third.tool_choice) == ("required", "unheeded")


@pytest.mark.parametrize(
    "message",
    [
        "System message must be at the beginning.",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "system messages are only supported at the start",
    ],
)
def test_system_messages_that_a_template_refuses_are_told_by_the_user(message: str) -> None:
    asked = written(request("a", assistant("b"), user("c"), system("d"))).body

    learned = adapted(GENERIC, asked, told(message))

    assert learned is not None
    assert learned.late_system == "tell"
    assert adapted(GENERIC, body(GENERIC), told(message)) is None


def test_what_the_user_asked_for_is_not_given_up() -> None:
    asked = body(GENERIC, temperature=0.2)

    assert adapted(GENERIC, asked, told("'temperature' does not support 0.2")) is None
    assert adapted(GENERIC, asked, told("At most 0 image(s) may be provided.")) is None


def test_a_refused_user_is_left_out_only_where_the_parameter_is_named() -> None:
    asked = body(GENERIC, metadata={"user_id": "me"})

    assert adapted(GENERIC, asked, told("the user message is empty")) is None
    learned = adapted(GENERIC, asked, told("Unknown parameter", param="user"))
    assert learned is not None
    assert not learned.user
