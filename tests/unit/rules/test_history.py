"""Foreign thinking goes before an engine that could only misread it sees it (pitfall T22)."""

from antechamber.rules.check import check_message
from antechamber.rules.history import without_foreign_thinking
from antechamber.wire.messages import MessageRequest
from tests.unit.rules.requests import (
    OTHER_SIGNATURE,
    SIGNER,
    Asked,
    Fields,
    assistant,
    call,
    context_of,
    parse,
    parse_count,
    redacted,
    result,
    thought,
    user,
)

FOREIGN = thought("Elsewhere.", signature=OTHER_SIGNATURE)


def kinds(request: MessageRequest) -> list[list[str]]:
    return [[block.type for block in message.content or ()] for message in request.messages]


def cleaned(*messages: Fields) -> MessageRequest:
    """Return the request as an engine gets it; the rules have to be content before and after."""
    request = parse(messages=list(messages))
    check_message(request, context_of(request.model, Asked()))
    found = without_foreign_thinking(request, SIGNER.verify)
    check_message(found, context_of(request.model, Asked()))
    return found


def test_nothing_foreign_leaves_the_request_itself() -> None:
    request = parse(messages=[user("Hi"), assistant(thought(), redacted(), "Yes?"), user("So?")])

    assert without_foreign_thinking(request, SIGNER.verify) is request


def test_all_thinking_of_a_foreign_turn_goes_and_that_of_others_stays() -> None:
    found = cleaned(
        user("Hi"),
        assistant(FOREIGN, redacted("opaque"), "Yes?"),
        user("So?"),
        assistant(thought(), "This."),
        user("And?"),
    )

    assert kinds(found) == [["text"], ["text"], ["text"], ["thinking", "text"], ["text"]]


def test_a_switch_in_the_middle_of_a_tool_loop_takes_the_whole_train_of_thought() -> None:
    """Both directions: elsewhere first, and elsewhere afterwards."""
    for first, second in ((FOREIGN, thought()), (thought(), FOREIGN)):
        found = cleaned(
            user("Hi"),
            assistant(first, call("toolu_1")),
            user(result("toolu_1")),
            assistant(second, call("toolu_2")),
            user(result("toolu_2")),
        )

        assert kinds(found) == [
            ["text"],
            ["tool_use"],
            ["tool_result"],
            ["tool_use"],
            ["tool_result"],
        ]


def test_interleaved_thoughts_go_together() -> None:
    found = cleaned(
        user("Hi"),
        assistant(FOREIGN, "First", thought(), call()),
        user(result()),
    )

    assert kinds(found) == [["text"], ["text", "tool_use"], ["tool_result"]]


def test_a_message_that_held_nothing_else_goes_as_a_whole() -> None:
    """No message is left empty; what is left are two user messages, which are one turn."""
    found = cleaned(user("Hi"), assistant(FOREIGN), user("Still there?"))

    assert kinds(found) == [["text"], ["text"]]


def test_the_request_that_came_in_is_not_changed() -> None:
    request = parse(messages=[user("Hi"), assistant(FOREIGN, "Yes?"), user("So?")])

    without_foreign_thinking(request, SIGNER.verify)

    assert kinds(request)[1] == ["thinking", "text"]


def test_counting_sees_the_same_conversation() -> None:
    messages = [user("Hi"), assistant(FOREIGN, "Yes?"), user("So?")]

    found = without_foreign_thinking(parse_count(messages=messages), SIGNER.verify)

    assert [len(message.content or ()) for message in found.messages] == [1, 1, 1]
