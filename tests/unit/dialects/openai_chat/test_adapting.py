"""What is learned from refusals, and that it converges."""

from typing import Any

import pytest

from antechamber.dialects.openai_chat.adapting import Change, adapted
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.told import Told
from tests.unit.dialects.openai_chat.scenes import GENERIC, ON, OPENAI, VLLM, request, written
from tests.unit.dialects.raw_prompt.scenes import assistant, call, result, system, tool, user


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
    after = learned.of(quirks)
    assert {name: getattr(after, name) for name in changed} == changed
    assert learned.lasts


def test_a_choice_by_name_becomes_required_and_then_the_json_of_a_call() -> None:
    choice = {"type": "tool", "name": "look"}
    refusal = told("Invalid tool_choice type: 'object'. Supported string values: none, auto")

    first = adapted(VLLM, body(VLLM, tool_choice=choice), refusal)
    assert first is not None
    then = first.of(VLLM)
    second = adapted(then, body(then, tool_choice=choice), refusal)

    assert second is not None
    assert (then.tool_choice, second.of(then).tool_choice) == ("required", "unheeded")


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

    assert learned == Change(fields={"late_system": "tell"})
    assert adapted(GENERIC, body(GENERIC), told(message)) is None


def test_what_the_user_asked_for_is_not_given_up() -> None:
    asked = body(GENERIC, temperature=0.2)

    assert adapted(GENERIC, asked, told("'temperature' does not support 0.2")) is None
    assert adapted(GENERIC, asked, told("At most 0 image(s) may be provided.")) is None


def test_a_refused_user_is_left_out_only_where_the_parameter_is_named() -> None:
    asked = body(GENERIC, metadata={"user_id": "me"})

    assert adapted(GENERIC, asked, told("the user message is empty")) is None
    learned = adapted(GENERIC, asked, told("Unknown parameter", param="user"))
    assert learned == Change(fields={"user": False})


BAD_SCHEMA = "Invalid schema for function '{name}': 'pattern' is not supported."


@pytest.mark.parametrize(
    "name",
    [
        "stream_options",
        "reasoning_effort",
        "tool_choice",
        "response_format",
        "user",
        "developer",
        "max_completion_tokens",
        "enable-auto-tool-choice",
        "cache_salt",
    ],
)
def test_a_tool_that_is_called_like_a_field_teaches_nothing(name: str) -> None:
    asked = request(
        "a",
        tools=[tool(name)],
        tool_choice={"type": "any"},
        metadata={"user_id": "me"},
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    )
    for quirks in (GENERIC, OPENAI, VLLM):
        sent = written(asked, quirks, ON).body

        assert adapted(quirks, sent, told(BAD_SCHEMA.format(name=name))) is None


@pytest.mark.parametrize(
    "asked",
    [
        request(
            "a", tools=[tool(input_schema={"type": "object", "properties": {"stream_options": {}}})]
        ),
        request("a", tools=[tool(input_schema={"type": "object", "enum": ["stream_options"]})]),
        request("a", assistant(call("toolu_1", "stream_options")), user(result("toolu_1", "b"))),
        request("a", assistant(call("toolu_1", "f", stream_options=1)), user(result("toolu_1"))),
        request("a", metadata={"user_id": "stream_options"}),
        request("What are stream_options for?"),
    ],
    ids=["property", "value", "call", "argument", "user", "words"],
)
def test_a_name_that_stands_in_the_request_is_no_word_of_the_hosts(asked: Any) -> None:
    refusal = told("Something is wrong with stream_options here.")

    assert adapted(GENERIC, written(asked).body, refusal) is None
    assert adapted(GENERIC, written(request("a")).body, refusal) is not None


def test_a_refusal_in_the_hosts_own_words_is_heard_in_a_conversation_about_the_field() -> None:
    asked = written(request("What are stream_options for?")).body

    learned = adapted(GENERIC, asked, told("stream_options: Extra inputs are not permitted"))

    assert learned == Change(fields={"stream_usage": False})


def test_a_refusal_that_the_user_wrote_teaches_nothing() -> None:
    for words in ("registry/tiny does not support tools", "Unknown field: stream_options"):
        asked = written(request(f"What does this mean: {words}?", tools=[tool()])).body

        assert adapted(GENERIC, asked, told(f"Cannot read the message '{words}'")) is None


def test_what_keeps_users_apart_is_never_given_up() -> None:
    salted = Quirks(cache_salts=True)
    asked = written(request("a", metadata={"user_id": "me"}), salted).body
    assert "cache_salt" in asked

    assert adapted(salted, asked, told("Unknown field: cache_salt", param="cache_salt")) is None


@pytest.mark.parametrize(
    ("quirks", "refusal", "change"),
    [
        (
            OPENAI,
            told("Invalid schema for response_format 'answer'", param="response_format"),
            {"structured": "text"},
        ),
        (VLLM, told("thinking_token_budget is above 9"), {"budget_field": None}),
        (OPENAI, told("Invalid 'user': string too long", param="user"), {"user": False}),
        (
            OPENAI,
            told("Function tools with reasoning_effort are not supported.", param="tools"),
            {"reasoning": "none"},
        ),
    ],
    ids=["schema", "budget", "user", "beside tools"],
)
def test_a_value_that_is_refused_changes_this_request_alone(
    quirks: Quirks, refusal: Told, change: dict[str, object]
) -> None:
    form = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    asked = body(quirks, output_config=form, metadata={"user_id": "me"})

    assert adapted(quirks, asked, refusal) == Change(fields=change, lasts=False)


def test_a_level_that_a_model_does_not_have_is_given_up_and_not_its_thinking() -> None:
    asked = written(request("a", output_config={"effort": "xhigh"}), OPENAI, ON).body
    refusal = Told(
        message="Unsupported value: 'reasoning_effort' does not support 'xhigh' with this model.",
        code="unsupported_value invalid_request_error",
        fields={"param": "reasoning_effort"},
    )

    learned = adapted(OPENAI, asked, refusal)

    assert learned == Change(fields={"efforts": ("minimal", "low", "medium", "high")})


def test_a_model_that_does_not_think_is_not_asked_to_any_more() -> None:
    ollama = Quirks(reasoning="effort", effort_off="none")

    learned = adapted(ollama, body(ollama), told('"tiny" does not support thinking'))

    assert learned == Change(fields={"reasoning": "none"})


@pytest.mark.parametrize(
    ("at", "lasts"), [(["body", "stream_options"], True), (["stream_options"], True)]
)
def test_fields_are_found_in_a_list_of_faults(at: list[object], lasts: bool) -> None:
    fault = {"type": "extra_forbidden", "loc": at, "msg": "Extra inputs are not permitted"}
    asked = written(request("What are stream_options for?")).body

    learned = adapted(GENERIC, asked, told("[…]", detail=[fault]))

    assert learned == Change(fields={"stream_usage": False}, lasts=lasts)
