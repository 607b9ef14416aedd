"""What the API accepts is read, loses nothing, and is normalised as promised."""

import json
from collections.abc import Iterable
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from antechamber.wire.blocks import ContentBlock, TextBlock, ToolResultBlock
from antechamber.wire.config import ThinkingEnabled
from antechamber.wire.messages import SystemMessage
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request
from antechamber.wire.tools import BashTool20250124, CustomTool, Tool
from tests.unit.wire.bodies import (
    ACCEPTED,
    BLOCKS,
    SYSTEM_MESSAGES,
    TOOLS,
    WEATHER,
    body,
    encoded,
    text,
    user,
    with_block,
    with_tool,
)


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_accepted_body_keeps_every_field_that_was_sent(name: str) -> None:
    sent = ACCEPTED[name]

    request = parse_message_request(encoded(sent))

    assert request.model_dump(exclude_unset=True) == normalised(sent)


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_was_read_can_be_written_and_read_again(name: str) -> None:
    request = parse_message_request(encoded(ACCEPTED[name]))

    again = parse_message_request(encoded(request.model_dump(exclude_unset=True)))

    assert again == request


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["type"])
def test_every_block_is_accepted_alone(block: dict[str, Any]) -> None:
    request = parse_message_request(encoded(with_block(block)))

    assert request.messages[0].content is not None
    assert request.messages[0].content[0].type == block["type"]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.get("type") or "untyped")
def test_every_tool_is_accepted_alone(tool: dict[str, Any]) -> None:
    request = parse_message_request(encoded(with_tool(tool)))

    assert request.tools is not None
    assert request.tools[0].type == tool.get("type")


def test_the_examples_hold_every_type_of_block_and_tool() -> None:
    assert {block["type"] for block in BLOCKS} == tags_of(ContentBlock)
    assert {tool.get("type") or "custom" for tool in TOOLS} == tags_of(Tool)


def test_a_string_stands_for_one_text_block() -> None:
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "15 degrees"}

    request = parse_message_request(
        encoded(body(system="Be brief.", messages=[user("Hi"), user([result])]))
    )

    assert request.system == [TextBlock(type="text", text="Be brief.")]
    assert request.messages[0].content == [TextBlock(type="text", text="Hi")]
    answered = request.messages[1].content
    assert answered is not None
    assert isinstance(answered[0], ToolResultBlock)
    assert answered[0].content == [TextBlock(type="text", text="15 degrees")]


def test_an_empty_string_is_no_block() -> None:
    request = parse_message_request(encoded(body(system="", messages=[user("")])))

    assert request.system == []
    assert request.messages[0].content == []


def test_absent_and_null_can_be_told_apart() -> None:
    silent = parse_message_request(encoded(body()))
    null = parse_message_request(encoded(body(system=None)))

    assert silent.system is None
    assert null.system is None
    assert "system" not in silent.model_fields_set
    assert "system" in null.model_fields_set


def test_a_tool_without_a_type_is_the_clients_own() -> None:
    request = parse_message_request(
        encoded(body(tools=[WEATHER, {"type": "bash_20250124", "name": "bash"}]))
    )

    assert request.tools is not None
    assert [type(tool) for tool in request.tools] == [CustomTool, BashTool20250124]


def test_a_tools_schema_stays_as_it_was_sent_key_for_key() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "required": ["z"],
        "properties": {"z": {"enum": [2, 1.5, None]}, "a": {"$ref": "#/$defs/x"}},
        "type": "object",
        "$defs": {"x": True},
    }

    request = parse_message_request(encoded(with_tool({"name": "f", "input_schema": schema})))

    assert request.tools is not None
    tool = request.tools[0]
    assert isinstance(tool, CustomTool)
    assert json.dumps(tool.input_schema) == json.dumps(schema)


def test_a_tools_input_holds_numbers_of_any_size() -> None:
    block = {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "f",
        "input": {"n": 10**40, "x": 1.5e-300},
    }

    request = parse_message_request(encoded(with_block(block)))

    assert request.model_dump(exclude_unset=True)["messages"][0]["content"][0] == block


def test_a_budget_may_be_missing() -> None:
    request = parse_message_request(encoded(body(thinking={"type": "enabled"})))

    assert isinstance(request.thinking, ThinkingEnabled)
    assert request.thinking.budget_tokens is None


def test_a_system_message_may_carry_nothing_but_its_settings() -> None:
    request = parse_message_request(encoded(SYSTEM_MESSAGES))

    message = request.messages[1]
    assert isinstance(message, SystemMessage)
    assert message.content is None
    assert message.output_config is not None
    assert message.output_config.effort == "low"


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    request = parse_message_request(
        b'{"model":"a","max_tokens":1,"messages":[{"role":"user","content":"x"}],"model":"b"}'
    )

    assert request.model == "b"


def test_counting_takes_the_same_prompt() -> None:
    prompt = {
        key: value
        for key, value in body(system="x", tools=[WEATHER]).items()
        if key != "max_tokens"
    }

    request = parse_count_tokens_request(encoded(prompt))

    assert request.model_dump(exclude_unset=True) == normalised(prompt)


def test_a_request_cannot_be_changed() -> None:
    request = parse_message_request(encoded(body()))

    with pytest.raises(ValueError, match="frozen"):
        request.model = "other"  # pyright: ignore[reportAttributeAccessIssue] - the point of the test


PLAIN_CONTENT = {"compaction", "text_editor_code_execution_view_result"}
"""Types whose ``content`` is a string and no list of blocks."""


def normalised(value: Any) -> Any:
    """Return what was sent as it is held: strings in the places of blocks as blocks."""
    match value:
        case {"type": "tool_definition", "definition": definition}:
            kept = {key: member for key, member in definition.items() if member is not None}
            return {**value, "definition": kept}
        case dict():
            return {key: _normalised_member(value, key) for key in value}
        case list():
            return [normalised(item) for item in value]
        case _:
            return value


def _normalised_member(parent: dict[str, Any], key: str) -> Any:
    member = parent[key]
    holds_blocks = key in {"system", "content"} and parent.get("type") not in PLAIN_CONTENT
    if holds_blocks and isinstance(member, str):
        return [text(member)] if member else []
    return normalised(member)


def tags_of(union: Any) -> set[str]:
    """Return the values that ``type`` has in the members of a union."""
    return {
        tag
        for member in _members(union)
        for annotation in [member.model_fields["type"].annotation]
        for literal in (annotation, *get_args(annotation))
        for tag in get_args(literal)
        if isinstance(tag, str)
    }


def _members(annotation: Any) -> Iterable[type[BaseModel]]:
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            yield part
        elif get_args(part):
            yield from _members(part)
