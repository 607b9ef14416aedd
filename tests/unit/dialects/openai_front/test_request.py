import json
from typing import Any

import pytest

from antechamber.dialects.openai_front.shapes import parse_chat_request
from antechamber.wire.errors import InvalidRequest
from tests.unit.dialects.openai_front.requests import (
    DEFAULT_MAX_TOKENS,
    assistant,
    body,
    call,
    converted,
    function,
    result,
    system,
    text,
    user,
)

SUMMARIZED = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, DEFAULT_MAX_TOKENS),
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6}, 6),
        ({"max_tokens": 5, "max_completion_tokens": 6}, 6),
        ({"max_tokens": None}, DEFAULT_MAX_TOKENS),
    ],
)
def test_the_limit_may_be_left_out(asked: dict[str, Any], expected: int) -> None:
    assert body(**asked)["max_tokens"] == expected


@pytest.mark.parametrize(
    ("asked", "taken", "ignored"), [(1.7, 1, ("temperature",)), (1, 1, ()), (0.3, 0.3, ())]
)
def test_a_temperature_above_one_is_one_and_told(
    asked: float, taken: float, ignored: tuple[str, ...]
) -> None:
    conversion = converted(temperature=asked)

    assert (conversion.body["temperature"], conversion.ignored) == (taken, ignored)


@pytest.mark.parametrize(
    ("stop", "expected", "ignored"),
    [
        ("END", ["END"], ()),
        (["a", "\n", "b"], ["a", "b"], ("stop",)),
        ("\n\n", None, ("stop",)),
        ([], None, ()),
    ],
)
def test_stop_sequences_of_whitespace_are_dropped_and_told(
    stop: object, expected: object, ignored: tuple[str, ...]
) -> None:
    conversion = converted(stop=stop)

    assert conversion.body.get("stop_sequences") == expected
    assert conversion.ignored == ignored


@pytest.mark.parametrize(
    ("effort", "thinking", "level"),
    [
        ("none", {"type": "disabled"}, None),
        ("minimal", SUMMARIZED, "low"),
        ("medium", SUMMARIZED, "medium"),
        ("xhigh", SUMMARIZED, "xhigh"),
    ],
)
def test_reasoning_effort_decides_whether_and_how_much_to_think(
    effort: str, thinking: object, level: str | None
) -> None:
    made = body(reasoning_effort=effort)

    assert made["thinking"] == thinking
    assert made.get("output_config", {}).get("effort") == level


def test_the_extra_field_thinking_goes_through() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2000}

    assert body(thinking=thinking)["thinking"] == thinking


@pytest.mark.parametrize("hosted", [False, True])
def test_a_budget_ends_with_the_first_call_since_thoughts_do_not_come_back(hosted: bool) -> None:
    conversion = converted(
        user(),
        assistant(None, tool_calls=[call()]),
        result(),
        tools=[function()],
        thinking={"type": "enabled", "budget_tokens": 2000},
        hosted=hosted,
    )

    assert conversion.body.get("thinking") == (None if hosted else SUMMARIZED)
    assert conversion.ignored == ("thinking.budget_tokens",)


def test_a_schema_is_what_the_answer_is_held_to() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}
    named = {"name": "answer", "schema": schema, "strict": True}

    made = body(response_format={"type": "json_schema", "json_schema": named})

    assert made["output_config"]["format"]["schema"] == {
        "type": "object",
        "properties": {"a": {"type": "integer", "description": "{minimum: 1}"}},
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    "asked",
    [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "anything"}}],
)
def test_a_json_object_is_asked_for_in_words_and_held_to(asked: object) -> None:
    made = body(system("Be brief."), user(), response_format=asked)

    assert made["system"][0] == text("Be brief.")
    assert "JSON object" in made["system"][1]["text"]
    assert made["output_config"]["format"]["type"] == "json_schema"


def test_the_hosted_subset_has_no_open_objects_so_words_have_to_do() -> None:
    made = body(response_format={"type": "json_object"}, hosted=True)

    assert "JSON object" in made["system"][0]["text"]
    assert "output_config" not in made


def test_plain_text_asks_for_nothing() -> None:
    assert "output_config" not in body(response_format={"type": "text"})


@pytest.mark.parametrize(
    ("asked", "expected", "ignored"),
    [
        ("auto", "auto", ()),
        ("priority", "auto", ()),
        ("default", "standard_only", ()),
        ("flex", None, ("service_tier",)),
    ],
)
def test_tiers_are_those_of_the_messages_api(
    asked: str, expected: str | None, ignored: tuple[str, ...]
) -> None:
    conversion = converted(service_tier=asked)

    assert conversion.body.get("service_tier") == expected
    assert conversion.ignored == ignored


def test_the_user_is_who_the_request_is_for() -> None:
    assert body(user="u1")["metadata"] == {"user_id": "u1"}
    assert body(safety_identifier="s1")["metadata"] == {"user_id": "s1"}


def test_values_that_ask_for_what_happens_anyway_are_no_wishes() -> None:
    neutral: dict[str, Any] = {
        "n": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0.0,
        "logprobs": False,
        "top_logprobs": None,
        "logit_bias": {},
        "store": False,
        "seed": None,
        "metadata": {},
        "modalities": ["text"],
        "verbosity": "medium",
        "stream_options": {"include_usage": True, "include_obfuscation": False},
    }

    assert converted(**neutral).ignored == ()


def test_what_has_no_effect_is_named() -> None:
    wishes: dict[str, Any] = {
        "seed": 0,
        "presence_penalty": 0.5,
        "logprobs": True,
        "logit_bias": {"1": 2},
        "prediction": {"type": "content", "content": "x"},
        "stream_options": {"include_obfuscation": True},
        "made\r\nup": 1,
    }

    conversion = converted({**user(), "name": "Ada"}, **wishes)

    assert set(conversion.ignored) == {
        "seed",
        "presence_penalty",
        "logprobs",
        "logit_bias",
        "prediction",
        "stream_options.include_obfuscation",
        "made%0D%0Aup",
        "messages.name",
    }


def test_what_an_sdk_adds_to_an_answer_that_it_sends_back_is_no_wish() -> None:
    said = assistant("{}", refusal=None, annotations=[], audio=None, parsed={"a": 1})

    assert converted(user(), said, user()).ignored == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n": 2}, "n: Only 1 is supported"),
        ({"n": 0}, "n: Only 1 is supported"),
        ({"modalities": ["text", "audio"]}, "modalities: Audio output is not supported"),
        ({"audio": {"voice": "alloy"}}, "modalities: Audio output is not supported"),
        ({"max_tokens": 0}, "max_tokens: Input should be greater than or equal to 1"),
        ({"tools": [{"type": "custom", "custom": {"name": "a"}}]}, "tools.0.type: Input should be"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": [{"role": "bot"}]}, "messages.0.role: Input should be 'system', 'developer'"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
        ({"messages": [user([{"type": "video"}])]}, "messages.0.content.0: Input tag 'video'"),
        ({"tool_choice": "any"}, "tool_choice: Input should be 'none', 'auto' or 'required'"),
        ({"temperature": -1}, "temperature: Input should be greater than or equal to 0"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_its_path(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        body(**fields) if "messages" not in fields else parse_chat_request(
            json.dumps({"model": "m", **fields}).encode()
        )

    assert refused.value.message.startswith(message)


def test_a_body_that_is_no_json_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="not valid JSON"):
        parse_chat_request(b"{")
