from typing import Any

import pytest

from tests.unit.dialects.openai_front.requests import body, converted, function, user

SCHEMA = {
    "type": "object",
    "properties": {"at": {"type": "string"}},
    "required": ["at"],
    "additionalProperties": False,
}
TWO = [function("look"), function("listen")]


def test_a_function_is_a_tool() -> None:
    made = body(tools=[function(description="Looks.", parameters=SCHEMA)])

    assert made["tools"] == [{"name": "look", "description": "Looks.", "input_schema": SCHEMA}]


@pytest.mark.parametrize("parameters", [None, {}, {"properties": {}}])
def test_a_function_without_parameters_takes_an_empty_object(parameters: object) -> None:
    made = body(tools=[function(parameters=parameters)])

    assert made["tools"][0]["input_schema"] == {"type": "object", "properties": {}}


def test_a_strict_function_is_held_to_what_can_be_held_to() -> None:
    demanding = {**SCHEMA, "properties": {"at": {"type": "string", "minLength": 1}}}

    made = body(tools=[function(parameters=demanding, strict=True)])

    assert made["tools"][0]["strict"] is True
    assert made["tools"][0]["input_schema"]["properties"]["at"] == {
        "type": "string",
        "description": "{minLength: 1}",
    }


@pytest.mark.parametrize("count", [20, 21])
def test_more_strict_functions_than_can_be_held_to_are_taken_as_ordinary_ones(count: int) -> None:
    tools = [function(f"look_{n}", parameters=SCHEMA, strict=True) for n in range(count)]

    conversion = converted(tools=tools)

    declared: Any = conversion.body["tools"]
    assert any("strict" in tool for tool in declared) == (count == 20)
    assert conversion.ignored == (() if count == 20 else ("tools.strict",))


def test_a_strict_function_with_an_open_object_is_taken_as_an_ordinary_one() -> None:
    free = {"type": "object", "additionalProperties": {"type": "string"}}

    conversion = converted(tools=[function(parameters=free, strict=True)])

    assert conversion.body["tools"] == [{"name": "look", "input_schema": free}]
    assert conversion.ignored == ("tools.strict",)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ({"type": "function", "function": {"name": "look"}}, {"type": "tool", "name": "look"}),
    ],
)
def test_every_choice_has_its_counterpart(asked: object, expected: object) -> None:
    assert body(tools=TWO, tool_choice=asked)["tool_choice"] == expected


@pytest.mark.parametrize(("mode", "choice"), [("auto", "auto"), ("required", "any")])
def test_of_allowed_tools_the_others_are_not_declared(mode: str, choice: str) -> None:
    allowed = {"mode": mode, "tools": [{"type": "function", "function": {"name": "listen"}}]}

    made = body(tools=TWO, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})

    assert [tool["name"] for tool in made["tools"]] == ["listen"]
    assert made["tool_choice"] == {"type": choice}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (None, {"type": "auto", "disable_parallel_tool_use": True}),
        ("required", {"type": "any", "disable_parallel_tool_use": True}),
        ("none", {"type": "none"}),
    ],
)
def test_one_call_at_a_time(asked: object, expected: object) -> None:
    made = body(tools=TWO, tool_choice=asked, parallel_tool_calls=False)

    assert made["tool_choice"] == expected


def test_one_call_at_a_time_without_tools_says_nothing() -> None:
    assert "tool_choice" not in body(parallel_tool_calls=False)


def test_the_first_form_of_functions_makes_one_call_at_a_time() -> None:
    made = body(user(), functions=[{"name": "look"}], function_call={"name": "look"})

    assert made["tools"][0]["name"] == "look"
    assert made["tool_choice"] == {
        "type": "tool",
        "name": "look",
        "disable_parallel_tool_use": True,
    }
