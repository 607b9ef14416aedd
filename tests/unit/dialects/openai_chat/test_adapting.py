"""What is learned from refusals, and that it converges."""

import json
from dataclasses import replace
from typing import Any

import pytest

from antechamber.dialects.openai_chat.adapting import Change, adapted, suspected
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.told import Told, told_by
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
        (
            GENERIC,
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
            {"tool_ids": "nine"},
        ),
        (
            GENERIC,
            "Invalid 'messages[2].tool_calls[0].id': string too long. Expected a string with "
            "maximum length 40, but got a string with length 46 instead.",
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


def test_what_keeps_workspaces_apart_is_never_given_up() -> None:
    salted = Quirks(cache_salts=True)
    asked = {**written(request("a"), salted).body, "cache_salt": "0" * 64}

    assert adapted(salted, asked, told("Unknown field: cache_salt", param="cache_salt")) is None


def test_a_priority_that_vllm_has_no_use_for_is_given_up() -> None:
    """As its first scheduler says it, also in a conversation about priorities."""
    refusal = told("Got priority -1 but Priority scheduling is not enabled.")
    for asked in (request("a"), request("What is a priority?")):
        body = {**written(asked, VLLM).body, "priority": -1}

        assert adapted(VLLM, body, refusal) == Change(fields={"priority": False})
        assert adapted(VLLM, written(asked, VLLM).body, refusal) is None


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
            GENERIC,
            told("reasoning_effort is not supported with this temperature"),
            {"reasoning": "none"},
        ),
    ],
    ids=["schema", "budget", "user", "temperature"],
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

    assert learned == Change(fields={"stream_usage": False}, lasts=lasts, certain=True)


def error(message: object, **fields: object) -> Told:
    """Read an error as it comes."""
    found = told_by(json.dumps({"error": {"message": message, **fields}}).encode())
    assert found is not None
    return found


EXTRA = {
    "type": "extra_forbidden",
    "loc": ("body", "reasoning_effort"),
    "msg": "Extra inputs are not permitted",
    "input": "high",
}


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported parameter(s): `reasoning_effort`",
        "Extra inputs are not permitted, field: 'reasoning_effort', value: 'high'",
        "litellm.UnsupportedParamsError: openai does not support parameters: ['reasoning_effort'], "
        "for model=m. To drop these, set `litellm.drop_params=True`",
        "Unrecognized request arguments supplied: metadata, reasoning_effort",
        "Extra parameters ['stream_options', 'reasoning_effort'] are not allowed when "
        "extra-parameters is not set or set to be 'error'.",
        "Model grok-4-latest does not support parameter reasoningEffort.",
        "Reasoning effort is not supported for this model",
        "property 'reasoning_effort' is unsupported",
        "`reasoning_effort` must be one of `none` or `default`",
        "Something about reasoning_effort.",
        {"detail": [EXTRA]},
        str([EXTRA]),
    ],
    ids=str,
)
def test_an_effort_that_is_refused_in_whatever_words_is_not_asked_for_again(
    message: object,
) -> None:
    learned = adapted(GENERIC, body(GENERIC), error(message))

    assert learned is not None
    assert (learned.fields, learned.lasts) == ({"reasoning": "none"}, True)


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("`reasoning_effort` must be one of 'low' or 'high'", ("low", "high")),
        ("reasoning_effort must be either low or high, got medium", ("low", "high")),
        (
            {"detail": [{"loc": ["body", "reasoning_effort"], "msg": "Input should be 'high'"}]},
            ("high",),
        ),
        (
            "'reasoning_effort' does not support 'medium' with this model. "
            "Supported values are: 'low'.",
            ("low",),
        ),
    ],
    ids=str,
)
def test_of_the_levels_that_a_host_offers_the_next_one_is_asked_for(
    message: object, left: tuple[str, ...]
) -> None:
    sent = body(GENERIC, output_config={"effort": "medium"})
    assert sent["reasoning_effort"] == "medium"

    assert adapted(GENERIC, sent, error(message)) == Change(fields={"efforts": left})


def test_who_takes_no_effort_beside_tools_is_asked_for_it_without_them() -> None:
    refusal = error(
        "Function tools with reasoning_effort are not supported for gpt-5.4 in "
        "/v1/chat/completions. Please use /v1/responses instead.",
        param="reasoning_effort",
    )

    learned = adapted(OPENAI, body(OPENAI), refusal)

    assert learned == Change(fields={"effort_beside_tools": False})
    after = replace(OPENAI, effort_beside_tools=False)
    assert "reasoning_effort" not in body(after)
    assert "reasoning_effort" in written(request("a"), after, ON).body


@pytest.mark.parametrize("message", ["Bad Request", "", "That is not possible with this model."])
def test_what_is_not_understood_puts_the_effort_in_doubt(message: str) -> None:
    for sent, quirks, without in (
        (body(GENERIC), GENERIC, {"reasoning": "none"}),
        (body(VLLM), VLLM, {"efforts": ()}),
    ):
        assert adapted(quirks, sent, error(message)) is None
        assert suspected(quirks, sent, error(message), effort_taken=False) == Change(fields=without)


def test_a_model_that_has_taken_an_effort_is_no_more_than_tried_without() -> None:
    tried = suspected(GENERIC, body(GENERIC), error("Bad Request"), effort_taken=True)
    named = adapted(GENERIC, body(GENERIC), error("Not reasoning_effort!"), effort_taken=True)

    assert tried == named == Change(fields={"reasoning": "none"}, lasts=False)


@pytest.mark.parametrize(
    "refusal",
    [
        error("'temperature' does not support 0.2"),
        error("At most 0 image(s) may be provided."),
        error("Invalid schema for function 'look': 'pattern' is not supported."),
        error("string too long", param="messages[12].content"),
        error("messages.12.content.0.tool_use.id: String should match pattern"),
    ],
    ids=str,
)
def test_what_is_said_of_the_clients_own_fields_does_not_put_the_effort_in_doubt(
    refusal: Told,
) -> None:
    assert suspected(GENERIC, body(GENERIC), refusal, effort_taken=False) is None


@pytest.mark.parametrize(
    "message",
    [
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
        "messages.12.content.0.type: Expected `thinking`, but found `tool_use`.",
    ],
)
def test_thinking_that_does_not_fit_the_request_is_given_up_for_that_one_alone(
    message: str,
) -> None:
    tried = suspected(GENERIC, body(GENERIC), error(message), effort_taken=False)

    assert tried == Change(fields={"reasoning": "none"}, lasts=False)


def test_other_requests_than_those_with_an_effort_are_not_tried_again() -> None:
    sent = written(request("a")).body

    assert suspected(GENERIC, sent, error("Bad Request"), effort_taken=False) is None


@pytest.mark.parametrize("field", ["content", "reasoning_content", "reasoning", "name"])
def test_nothing_that_a_message_holds_is_a_word_of_the_hosts(field: str) -> None:
    words = "m does not support tools"
    sent = body(GENERIC)
    sent["messages"] = [{"role": "user", "content": "a"}, {"role": "assistant", field: words}]

    assert adapted(GENERIC, sent, error(f"Cannot read the message '{words}'")) is None
    assert adapted(GENERIC, body(GENERIC), error(words)) == Change(fields={"tools_in_text": True})


LATE = 'the system message "é"\n\tmust \u2013 be \\ first'


@pytest.mark.parametrize(
    "quoted",
    [
        LATE,
        json.dumps(LATE),
        json.dumps(json.dumps(LATE)),
        json.dumps(LATE, ensure_ascii=False),
        repr(LATE),
        ascii(LATE),
    ],
)
def test_a_quote_is_one_however_it_is_escaped(quoted: str) -> None:
    sent = {"messages": [{"role": "user", "content": LATE}, {"role": "system", "content": "b"}]}

    assert adapted(GENERIC, sent, error(f"Cannot read {quoted}")) is None
    own = error("The system message has to be the first: it must begin the conversation.")
    assert adapted(GENERIC, sent, own) == Change(fields={"late_system": "tell"})


def test_a_key_that_is_taken_out_of_what_is_quoted_does_not_hide_the_quote() -> None:
    late = "a system message sk-12345678 must be first"
    sent = {"messages": [{"role": "user", "content": late}, {"role": "system", "content": "b"}]}

    assert adapted(GENERIC, sent, error(f"Cannot read {late}")) is None


def test_the_input_that_pydantic_repeats_is_not_read() -> None:
    other = {"type": "x", "loc": ["body", "extra"], "msg": "bad", "input": "does not support tools"}

    for refusal in (error({"detail": [other]}), error(str([other])), error(json.dumps([other]))):
        assert adapted(GENERIC, body(GENERIC), refusal) is None


@pytest.mark.parametrize(
    ("field", "change"),
    [("tool_choice", {"tool_choice": "unheeded"}), ("stream_options", {"stream_usage": False})],
)
def test_a_field_that_others_need_is_given_up_for_good_only_where_it_is_surely_meant(
    field: str, change: dict[str, object]
) -> None:
    sent = written(request("a", tools=[tool()], tool_choice={"type": "any"})).body
    vague, sure = error(f"Trouble with {field}."), error(f"Unknown parameter: '{field}'.")

    assert adapted(GENERIC, sent, vague) == Change(fields=change, lasts=False)
    assert adapted(GENERIC, sent, sure) == Change(fields=change)


def test_a_part_of_a_field_that_is_not_known_is_not_the_field() -> None:
    form = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    sent = written(request("a", output_config=form)).body
    refusal = error(
        "Unknown parameter: 'response_format.json_schema.x'.",
        param="response_format.json_schema.x",
        code="unknown_parameter",
    )

    assert adapted(GENERIC, sent, refusal) == Change(fields={"structured": "text"}, lasts=False)


def test_a_choice_of_tools_that_is_refused_leaves_the_tools() -> None:
    sent = written(request("a", tools=[tool()], tool_choice={"type": "any"})).body

    learned = adapted(GENERIC, sent, error("m does not support tool_choice"))

    assert learned == Change(fields={"tool_choice": "unheeded"}, lasts=False)


def test_a_list_of_unknown_fields_is_heard_where_it_names_the_user() -> None:
    sent = body(replace(GENERIC, reasoning="none"), metadata={"user_id": "me"})

    for message in (
        "Unrecognized request arguments supplied: store, user",
        "Extra inputs are not permitted, field: 'user', value: 'me'",
    ):
        assert adapted(GENERIC, sent, error(message)) == Change(fields={"user": False})
    assert adapted(GENERIC, sent, error("The user is not allowed to do that.")) is None
