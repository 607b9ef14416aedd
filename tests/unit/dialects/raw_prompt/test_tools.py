import json

import pytest

from antechamber.dialects.declared_tools import declared_tools
from antechamber.dialects.raw_prompt.tools import tool_line
from antechamber.dialects.raw_prompt.turns import conversation
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest
from tests.unit.dialects.raw_prompt.scenes import (
    assistant,
    call,
    request,
    result,
    system,
    tool,
    user,
)


def offered(asked: MessageRequest) -> list[str]:
    return [each.name for each in declared_tools(asked).offered]


def reference(name: str) -> dict[str, object]:
    return {"type": "tool_reference", "tool_name": name}


def change(kind: str, name: str) -> dict[str, object]:
    return {"type": kind, "tool": {"type": "tool_reference", "name": name}}


def definition(name: str, **fields: object) -> dict[str, object]:
    whole = {"type": "tool_definition", "definition": tool(name, **fields)}
    return {"type": "tool_addition", "tool": whole}


def test_tools_are_offered_in_their_order() -> None:
    assert offered(request("Hi", tools=[tool("b"), tool("a")])) == ["b", "a"]


def test_a_deferred_tool_waits() -> None:
    asked = request("Hi", tools=[tool("a"), tool("b", defer_loading=True)])

    assert offered(asked) == ["a"]
    assert set(declared_tools(asked).known) == {"a", "b"}


def test_a_reference_in_a_result_loads_a_tool() -> None:
    asked = request(
        "Hi",
        assistant(call("toolu_1", "search")),
        user(result("toolu_1", reference("b"), reference("unknown"))),
        tools=[tool("search"), tool("b", defer_loading=True)],
    )

    declared = declared_tools(asked)

    assert [each.name for each in declared.offered] == ["search", "b"]
    assert [each.name for each in declared.at_start] == ["search"]


def test_a_search_that_another_server_ran_loads_a_tool() -> None:
    found = {
        "type": "tool_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": {
            "type": "tool_search_tool_search_result",
            "tool_references": [reference("b")],
        },
    }

    asked = request(
        "Hi",
        assistant(found, "Here."),
        user("Go on."),
        tools=[tool("a"), tool("b", defer_loading=True)],
    )

    assert offered(asked) == ["a", "b"]


def test_tools_come_and_go_along_the_conversation() -> None:
    tools = [tool("a"), tool("b", defer_loading=True)]

    def after(*changes: dict[str, object]) -> list[str]:
        return offered(request("Hi", system(*changes), tools=tools))

    assert after(change("tool_addition", "b")) == ["a", "b"]
    assert after(change("tool_removal", "a")) == []
    assert after(change("tool_removal", "a"), change("tool_addition", "a")) == ["a"]
    assert after(definition("c")) == ["a", "c"]
    assert after(definition("c"), change("tool_removal", "c")) == ["a"]


def test_a_change_is_told_in_its_place() -> None:
    asked = request(
        "Hi",
        assistant(call("toolu_1", "a")),
        user(result("toolu_1", reference("b"))),
        system(change("tool_removal", "a"), definition("c", description="Sees.")),
        tools=[tool("a"), tool("b", defer_loading=True, description="Hears.")],
    )

    *_, answered, changed = conversation(
        asked, addendum="", tools=declared_tools(asked).known
    ).turns

    assert '{"name": "b", "description": "Hears.", ' in answered.content
    assert "The function a can no longer be called." in changed.content
    assert '{"name": "c", "description": "Sees.", ' in changed.content


@pytest.mark.parametrize(
    ("callers", "names"),
    [
        (["direct"], ["a", "b"]),
        (["direct", "code_execution_20260120"], ["a", "b"]),
        (["code_execution_20260120"], ["a"]),
    ],
)
def test_what_only_code_may_call_is_not_offered(callers: list[str], names: list[str]) -> None:
    asked = request("Hi", tools=[tool("a"), tool("b", allowed_callers=callers)])

    assert offered(asked) == names


def test_a_line_holds_what_the_client_said_of_a_tool() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    asked = request(
        "Hi",
        tools=[
            {
                "name": "weather",
                "description": "Größe und Wetter",
                "input_schema": schema,
                "input_examples": [{"city": "Bern"}],
            }
        ],
    )

    line = tool_line(declared_tools(asked).offered[0])

    assert "Größe" in line
    assert json.loads(line) == {
        "name": "weather",
        "description": "Größe und Wetter",
        "parameters": schema,
        "examples": [{"city": "Bern"}],
    }


def test_tools_with_the_apis_own_schema_are_known() -> None:
    asked = request(
        "Hi",
        tools=[
            {"type": "bash_20250124", "name": "bash"},
            {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"},
            {"type": "memory_20250818", "name": "memory"},
        ],
    )

    assert offered(asked) == ["bash", "str_replace_based_edit_tool", "memory"]


@pytest.mark.parametrize(("zoom", "known"), [(True, True), (False, False)])
def test_a_computer_has_its_screen_and_zooms_where_it_may(zoom: bool, known: bool) -> None:
    screen = {
        "display_width_px": 1024,
        "display_height_px": 768,
        "enable_zoom": zoom,
        "display_number": 1,
    }
    asked = request("Hi", tools=[{"type": "computer_20251124", "name": "computer", **screen}])

    line = tool_line(declared_tools(asked).offered[0])

    assert "number 1 and is 1024 pixels wide and 768 high" in line
    assert ('"zoom"' in line) is known


def test_an_editor_says_how_much_of_a_file_it_shows() -> None:
    editor = {"type": "text_editor_20250728", "name": "str_replace_based_edit_tool"}
    asked = request("Hi", tools=[{**editor, "max_characters": 5_000}])

    assert "at most 5000 characters" in tool_line(declared_tools(asked).offered[0])


def test_a_tool_that_means_nothing_here_is_refused_at_its_path() -> None:
    asked = request("Hi", tools=[tool("a"), {"type": "computer_toolset_20260801"}])

    with pytest.raises(InvalidRequest) as refusal:
        declared_tools(asked)

    assert refusal.value.message == (
        "tools.1: This model does not support tools of type computer_toolset_20260801."
    )
