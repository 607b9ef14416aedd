"""What tools have to be together, which of them can be chosen, and their schemas.

Numbers are the rows of the published error texts; the source stands behind them.
"""

import pytest

from tests.unit.rules.requests import (
    Asked,
    Case,
    Fields,
    added,
    assistant,
    call,
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

ENABLED: Fields = {"type": "enabled", "budget_tokens": 2_048}


def schema_tool(schema: Fields, **fields: object) -> Fields:
    return {"tools": [{"name": "look", "input_schema": {"type": "object", **schema}, **fields}]}


REFUSED: list[Case] = [
    (
        "26 mastra-ai/mastra#7507: a forced tool and a budget",
        {
            "tools": [tool()],
            "tool_choice": {"type": "any"},
            "thinking": ENABLED,
        },
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    (
        "33 anthropics/claude-code#10687: a name twice",
        {"tools": [tool(), tool("wave"), tool()]},
        "tools: Tool names must be unique.",
    ),
    (
        "33: server tools included",
        {
            "tools": [
                {"type": "bash_20250124", "name": "bash"},
                tool("bash"),
            ]
        },
        "tools: Tool names must be unique.",
    ),
    (
        "35 n8n-io/n8n#30590: a property key",
        schema_tool({"properties": {"a key": {}}}),
        "tools.0.custom.input_schema.properties: "
        "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'",
    ),
    (
        "35: a property key that ends in a line break",
        schema_tool({"properties": {"key\n": {}}}),
        "tools.0.custom.input_schema.properties: "
        "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'",
    ),
    (
        "36 anthropics/claude-code#27337: a union at the top",
        schema_tool({"anyOf": [{"required": ["a"]}]}),
        "tools.0.custom.input_schema: "
        "input_schema does not support oneOf, allOf, or anyOf at the top level",
    ),
    (
        "37 anthropics/claude-code#86664: no JSON Schema",
        schema_tool({"properties": {"a": {"type": "text"}}}),
        "tools.0.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft "
        "2020-12 (https://json-schema.org/draft/2020-12). Learn more about tool use at "
        "https://platform.claude.com/docs/en/agents-and-tools/tool-use/overview.",
    ),
    (
        "56 platform.claude.com/docs tool search: every tool deferred",
        {"tools": [tool(defer_loading=True)]},
        "At least one tool must have defer_loading=false. All tools cannot be deferred.",
    ),
    (
        "56: a reference to an undeclared tool",
        {
            "tools": [tool()],
            "messages": [
                user("Hi"),
                assistant(call()),
                user(result(content=[{"type": "tool_reference", "tool_name": "unknown_tool"}])),
            ],
        },
        "Tool reference 'unknown_tool' not found in available tools",
    ),
    (
        "third-party probe, September 2026: any without tools",
        {"tool_choice": {"type": "any"}},
        "tool_choice.any may only be specified while providing tools",
    ),
    (
        "third-party probe, September 2026: a tool that is not there",
        {"tools": [tool()], "tool_choice": {"type": "tool", "name": "wave"}},
        "Tool 'wave' not found in provided tools",
    ),
]


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("fields", "expected"), cases(REFUSED))
def test_both_fidelities_refuse_in_the_published_words(fields, expected, fidelity) -> None:
    error = refusal(Asked(fidelity=fidelity), **fields)

    assert words(error) == expected


@pytest.mark.parametrize(("fields", "expected"), cases(REFUSED))
def test_counting_refuses_what_creating_refuses(fields, expected) -> None:
    error = refusal_of_count(Asked(), **fields)

    assert words(error) == expected


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"tool_choice": {"type": "auto"}}, id="auto without tools"),
        pytest.param({"tool_choice": {"type": "none"}}, id="none without tools"),
        pytest.param(
            {"tools": [tool()], "tool_choice": {"type": "tool", "name": "look"}},
            id="a tool by its name",
        ),
        pytest.param(
            {
                "tools": [tool(), tool("wave", defer_loading=True)],
                "messages": [
                    user("Hi"),
                    assistant(call()),
                    user(result(content=[{"type": "tool_reference", "tool_name": "wave"}])),
                ],
            },
            id="a reference to a deferred tool",
        ),
        pytest.param(
            schema_tool({"$schema": "http://json-schema.org/draft-07/schema#", "properties": None}),
            id="another draft named, properties null",
        ),
        pytest.param(
            schema_tool({"properties": {"a": {"oneOf": [{"type": "string"}, {"type": "null"}]}}}),
            id="a union below the top",
        ),
    ],
)
def test_tools_of_the_published_form_are_accepted(fields, fidelity) -> None:
    assert words(refusal(Asked(fidelity=fidelity), **fields)) is None


ANY: Fields = {"tool_choice": {"type": "any"}}
LOOK: Fields = {"tool_choice": {"type": "tool", "name": "look"}}
TAKEN: Fields = {"tools": [tool()], "messages": [user("Hi"), system(change("removal", "look"))]}
DEFERRED: Fields = {"tools": [tool(), tool("wave", defer_loading=True)]}


@pytest.mark.parametrize("count", [True, False])
def test_a_forced_choice_has_to_leave_a_tool(count) -> None:
    ask = refusal_of_count if count else refusal

    assert words(ask(Asked(), **TAKEN, **ANY)) == (
        "tool_choice.any may only be specified while providing tools"
    )
    assert words(ask(Asked(), **TAKEN, **LOOK)) == "Tool 'look' not found in provided tools"
    gone = [user("Hi"), system(change("removal", "look"))]
    assert words(ask(Asked(), **DEFERRED, messages=gone, **ANY)) == (
        "tool_choice.any may only be specified while providing tools"
    )


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({**DEFERRED, "tool_choice": {"type": "tool", "name": "wave"}}, id="deferred"),
        pytest.param(
            {
                **DEFERRED,
                **ANY,
                "messages": [
                    user("Hi"),
                    system(change("removal", "look"), change("addition", "wave")),
                ],
            },
            id="another tool in its place",
        ),
        pytest.param(
            {
                **TAKEN,
                **LOOK,
                "messages": [
                    user("Hi"),
                    system(change("removal", "look"), change("addition", "look")),
                ],
            },
            id="taken and given back",
        ),
        pytest.param({**ANY, "messages": [user("Hi"), system(added(tool()))]}, id="on the way"),
    ],
)
def test_a_forced_choice_takes_what_the_conversation_has_brought(fields) -> None:
    assert words(refusal(Asked(), **fields)) is None


def test_definitions_on_the_way_are_held_to_the_rules_of_tools() -> None:
    path = "messages.1.content.0.tool_addition.tool.tool_definition.definition.custom"

    def said(definition: Fields) -> str | None:
        return words(refusal(Asked(), messages=[user("Hi"), system(added(definition))]))

    assert said(tool(input_schema={"type": "object", "oneOf": []})) == (
        f"{path}.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top "
        "level"
    )
    assert said(tool(strict=True)) == (
        f"{path}: For 'object' type, 'additionalProperties' must be explicitly set to false"
    )
