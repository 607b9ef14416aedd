import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.rules.messages import refuse_empty_messages
from antechamber.rules.system_messages import refuse_misplaced_system_messages
from antechamber.wire.errors import InvalidRequest
from tests.unit.dialects.openai_front.reading import reading_of
from tests.unit.dialects.openai_front.requests import (
    assistant,
    body,
    call,
    converted,
    result,
    system,
    text,
    user,
)


def test_leading_instructions_become_one_system_prompt_joined_by_newlines() -> None:
    made = body(system("One."), system([text("Two."), text("Three.")], role="developer"), user())

    assert made["system"] == [text("One.\nTwo.\nThree.")]
    assert [message["role"] for message in made["messages"]] == ["user"]


def test_breakpoints_of_the_prompt_cache_keep_the_system_prompt_in_blocks() -> None:
    marked = {**text("Long."), "cache_control": {"type": "ephemeral"}}

    made = body(system([marked, text("Short.")]), user([{**text("Hi"), **marked}]))

    assert made["system"] == [marked, text("Short.")]
    assert made["messages"][0]["content"] == [marked]


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ("us", "us"),
        ("usa", "usa"),
        ("uasu", "uaus"),
        ("uasua", "uausa"),
        ("susau", "usau"),
        ("uass", "uauu"),
        ("uasa", "usaa"),
    ],
)
def test_later_instructions_stand_where_the_messages_api_takes_them(
    roles: str, expected: str
) -> None:
    made = body(*(_message(role, at) for at, role in enumerate(roles)))

    assert "".join(message["role"][0] for message in made["messages"]) == expected


def _message(role: str, at: int) -> dict[str, object]:
    make = {"u": user, "a": assistant, "s": system}[role]
    return make(f"Words {at}")


@given(st.lists(st.sampled_from("uas"), max_size=9))
def test_no_place_of_an_instruction_breaks_a_rule_and_none_gets_lost(roles: list[str]) -> None:
    messages = [user("First"), *(_message(role, at) for at, role in enumerate(roles))]

    conversion = converted(*messages)

    reading = reading_of(conversion)
    refuse_misplaced_system_messages(reading)
    refuse_empty_messages(reading)
    places = [place.path for place in conversion.places["messages"]]
    assert sorted(places) == [f"messages.{at}" for at in range(len(messages))]


def test_under_hosted_fidelity_every_instruction_goes_to_the_front() -> None:
    made = body(user("A"), assistant(), system("Late."), user("B"), hosted=True)

    assert made["system"] == [text("Late.")]
    assert [message["role"] for message in made["messages"]] == ["user", "assistant", "user"]


def test_a_conversation_of_instructions_alone_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="At least one message of the user"):
        body(system())


def test_calls_and_results_keep_their_ids_and_their_order() -> None:
    made = body(
        user(),
        assistant("I look.", tool_calls=[call("call_a-1", arguments='{"at": 1}'), call("toolu_2")]),
        result("call_a-1", "one"),
        result("toolu_2", [text("two")]),
        user("And now?"),
    )

    assert made["messages"][1]["content"] == [
        text("I look."),
        {"type": "tool_use", "id": "call_a-1", "name": "look", "input": {"at": 1}},
        {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}},
    ]
    assert [m["content"][0].get("tool_use_id") for m in made["messages"][2:4]] == [
        "call_a-1",
        "toolu_2",
    ]
    assert made["messages"][3]["content"][0]["content"] == [text("two")]


def test_the_first_form_of_calls_is_understood() -> None:
    made = body(
        user(),
        assistant(None, function_call={"name": "look", "arguments": ""}),
        {"role": "function", "name": "look", "content": "found"},
    )

    used, given_back = made["messages"][1]["content"][0], made["messages"][2]["content"][0]
    assert used["id"] == given_back["tool_use_id"]
    assert used["input"] == {}


@pytest.mark.parametrize("arguments", ['{"path": "a', "[1]", "NaN", '{"a": NaN}'])
def test_arguments_that_are_no_object_stay_readable_to_the_model(arguments: str) -> None:
    made = body(user(), assistant(None, tool_calls=[call(arguments=arguments)]), result())

    assert made["messages"][1]["content"][0]["input"] == {"INVALID_JSON": arguments}


def test_an_assistant_that_said_nothing_is_left_out() -> None:
    conversion = converted(user("A"), assistant(""), assistant(None), user("B"))

    assert [m["role"] for m in conversion.body["messages"]] == ["user", "user"]  # type: ignore[attr-defined]
    places = [place.path for place in conversion.places["messages"]]
    assert places == ["messages.0", "messages.3"]


def test_a_refusal_is_what_the_assistant_said() -> None:
    made = body(
        user(),
        assistant(None, refusal="I will not."),
        user(),
        assistant([{"type": "refusal", "refusal": "Nor that."}]),
        user(),
    )

    assert made["messages"][1]["content"] == [text("I will not.")]
    assert made["messages"][3]["content"] == [text("Nor that.")]


def test_blank_parts_beside_others_are_left_out() -> None:
    made = body(user([text(" "), text("Hello")]))

    assert made["messages"][0]["content"] == [text("Hello")]


def test_what_a_tool_gave_may_be_nothing_or_blank() -> None:
    calls = [call("a"), call("b"), call("c")]

    made = body(
        user(),
        assistant(None, tool_calls=calls),
        result("a", ""),
        result("b", " \n"),
        {"role": "tool", "tool_call_id": "c"},
    )

    assert [m["content"][0]["content"] for m in made["messages"][2:]] == [[], " \n", []]


def test_an_image_in_an_instruction_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"^messages\.0\.content\.0: Only text parts"):
        body(system([{"type": "image_url", "image_url": {"url": "https://a.example"}}]), user())
