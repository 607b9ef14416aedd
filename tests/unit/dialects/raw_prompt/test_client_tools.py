from typing import Any, get_args

import jsonschema_rs
import pytest
from anthropic.types import beta as sdk

from antechamber.dialects.client_tools import CLIENT_TOOLS, COMPUTER_WITH_ZOOM
from antechamber.dialects.grammar.compile import compile_schema

EVERY = {**CLIENT_TOOLS, "computer_20251124 with zoom": COMPUTER_WITH_ZOOM}


def forms(tool: str, selector: str) -> dict[str, tuple[set[str], set[str]]]:
    """The fields of each command or action: those it needs, and those it may have."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    for form in EVERY[tool].schema["anyOf"]:  # type: ignore[index]
        rule: dict[str, Any] = form["properties"][selector]
        needed = set(form["required"]) - {selector}
        for name in rule.get("enum", [rule.get("const")]):
            found[name] = needed, set(form["properties"]) - {selector} - needed
    return found


def is_valid(tool: str, value: object) -> bool:
    return jsonschema_rs.validator_for(dict(EVERY[tool].schema)).is_valid(value)


@pytest.mark.parametrize("tool", EVERY)
def test_a_grammar_says_all_of_every_input(tool: str) -> None:
    assert compile_schema(EVERY[tool].schema).exact


def test_memory_commands_are_those_of_the_official_sdk() -> None:
    commands = get_args(get_args(sdk.BetaMemoryTool20250818Command)[0])

    expected = {
        get_args(command.model_fields["command"].annotation)[0]: (
            {name for name, field in command.model_fields.items() if field.is_required()}
            - {"command"},
            {name for name, field in command.model_fields.items() if not field.is_required()},
        )
        for command in commands
    }

    assert forms("memory_20250818", "command") == expected


@pytest.mark.parametrize(
    ("tool", "commands", "inserted"),
    [
        ("text_editor_20241022", "view create str_replace insert undo_edit", "new_str"),
        ("text_editor_20250124", "view create str_replace insert undo_edit", "new_str"),
        ("text_editor_20250429", "view create str_replace insert", "new_str"),
        ("text_editor_20250728", "view create str_replace insert", "insert_text"),
    ],
)
def test_editors_know_the_commands_of_their_version(
    tool: str, commands: str, inserted: str
) -> None:
    known = forms(tool, "command")

    assert set(known) == set(commands.split())
    assert known["view"] == ({"path"}, {"view_range"})
    assert known["insert"] == ({"path", "insert_line", inserted}, set())


@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("computer_20241022", ""),
        ("computer_20250124", "scroll wait hold_key triple_click left_mouse_down left_mouse_up"),
        (
            "computer_20251124 with zoom",
            "scroll wait hold_key triple_click left_mouse_down left_mouse_up zoom",
        ),
    ],
)
def test_computers_know_the_actions_of_their_version(tool: str, more: str) -> None:
    first = "key type mouse_move left_click left_click_drag right_click middle_click"
    rest = "double_click screenshot cursor_position"

    assert set(forms(tool, "action")) == {*first.split(), *rest.split(), *more.split()}


@pytest.mark.parametrize(
    ("tool", "value"),
    [
        ("bash_20250124", {"command": "ls"}),
        ("bash_20250124", {"restart": True}),
        ("text_editor_20250728", {"command": "view", "path": "/a", "view_range": [1, -1]}),
        ("computer_20250124", {"action": "screenshot"}),
        ("computer_20250124", {"action": "left_click", "coordinate": [3, 4], "text": "shift"}),
        ("computer_20251124 with zoom", {"action": "zoom", "region": [0, 0, 9, 9]}),
    ],
)
def test_an_input_of_the_documents_is_valid(tool: str, value: object) -> None:
    assert is_valid(tool, value)


@pytest.mark.parametrize(
    ("tool", "value"),
    [
        ("bash_20250124", {}),
        ("bash_20250124", {"restart": False}),
        ("memory_20250818", {"command": "create", "path": "/memories/a"}),
        ("computer_20250124", {"action": "left_click_drag", "coordinate": [3, 4]}),
        ("computer_20251124", {"action": "zoom", "region": [0, 0, 9, 9]}),
    ],
)
def test_an_input_that_its_command_cannot_use_is_not(tool: str, value: object) -> None:
    assert not is_valid(tool, value)
