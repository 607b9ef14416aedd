"""Thinking goes before an engine that could only misread or refuse it sees it (pitfall T22)."""

import json

from hypothesis import given
from hypothesis import strategies as st

from antechamber.rules.check import check_message
from antechamber.rules.history import (
    lacks_its_thought,
    own_thinking_taken_out,
    without_foreign_thinking,
    without_own_thinking,
)
from antechamber.rules.reading import read
from antechamber.rules.thinking_rules import refuse_a_tool_loop_without_its_thought
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest
from antechamber.wire.parse import parse_message_request
from antechamber.wire.splice import field_of, items_of
from tests.unit.rules.requests import (
    OTHER_SIGNATURE,
    SIGNER,
    Asked,
    Fields,
    assistant,
    body_of,
    call,
    context_of,
    parse,
    parse_count,
    redacted,
    result,
    system,
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
    assert isinstance(found, MessageRequest)
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


OURS = thought()


def taken_out(*messages: Fields, written: bytes | None = None) -> bytes:
    """Return the body as an upstream gets it that signs its own thinking."""
    body = written or json.dumps(body_of(messages=list(messages)), ensure_ascii=False).encode()
    return own_thinking_taken_out(body, parse_message_request(body), SIGNER.verify)


def kinds_in(body: bytes) -> list[list[str]]:
    return kinds(parse_message_request(body))


def test_a_body_without_thinking_of_ours_is_the_same_object() -> None:
    body = json.dumps(body_of(messages=[user("Hi"), assistant(FOREIGN, "Yes?"), user("So?")]))
    request = parse_message_request(body.encode())
    given_body = body.encode()

    assert own_thinking_taken_out(given_body, request, SIGNER.verify) is given_body


def test_the_bytes_of_every_other_message_stay() -> None:
    """Pitfall T21: content that is built anew from its parts is no longer what was signed."""
    before = b'{ "role":"user", "content": "H\\u00ef\\/ \xe4\xb8\x96" }'
    foreign = (
        b'{"content":[ {"signature":"%b","thinking":"Else\\u0077here. 1","type":"thinking"},'
        b' {"type":"text","text":"ok","citations":null}],"role":"assistant"}'
    ) % OTHER_SIGNATURE.encode()
    ours = json.dumps(assistant(OURS, "Yes?"), indent=1).encode()
    last = b'{"role":"user","content":[{"type":"text", "text":"So?"}]}'
    again = b'{"role":"user","content":"And?"}'
    start = b'{"model":"claude-sonnet-4-5", "max_tokens":1e3,\n"messages":[ '
    written = start + b" ,\n".join([before, foreign, again, ours, last]) + b'], "stream" :true}'
    written = written.replace(b"1e3", b"1000")

    found = taken_out(written=written)

    texts = items_of(field_of(found, "messages") or b"")
    assert texts[:3] + texts[4:] == [before, foreign, again, last]
    assert json.loads(texts[3]) == assistant("Yes?")
    assert field_of(found, "max_tokens") == b"1000"
    assert list(json.loads(found)) == ["model", "max_tokens", "messages", "stream"]


def test_a_switch_in_the_middle_of_a_tool_loop_takes_ours_and_theirs() -> None:
    """Both directions, and never only the middle of a train of thought."""
    for first, second in ((OURS, FOREIGN), (FOREIGN, OURS)):
        found = taken_out(
            user("Hi"),
            assistant(first, "One", call("toolu_1")),
            user(result("toolu_1")),
            assistant(second, call("toolu_2")),
            user(result("toolu_2")),
        )

        assert kinds_in(found) == [
            ["text"],
            ["text", "tool_use"],
            ["tool_result"],
            ["tool_use"],
            ["tool_result"],
        ]


def test_the_turn_of_another_server_keeps_its_thoughts() -> None:
    found = taken_out(
        user("Hi"),
        assistant(FOREIGN, redacted("opaque"), "Yes?"),
        user("So?"),
        assistant(OURS, redacted(), "This."),
        user("And?"),
    )

    assert kinds_in(found) == [
        ["text"],
        ["thinking", "redacted_thinking", "text"],
        ["text"],
        ["text"],
        ["text"],
    ]


def test_no_message_is_left_empty() -> None:
    found = taken_out(user("Hi"), assistant(OURS), user("Still there?"))

    assert kinds_in(found) == [["text"], ["text"]]


def test_an_altered_thought_of_ours_goes_too() -> None:
    altered = {**OURS, "thinking": "Something else."}

    assert kinds_in(taken_out(user("Hi"), assistant(altered, "Yes?"), user("So?")))[1] == ["text"]


def test_answers_that_are_plain_text_stay_in_the_turn_that_loses_its_thoughts() -> None:
    plain: Fields = {"role": "assistant", "content": "Plain"}

    found = taken_out(user("Hi"), plain, user(result()), assistant(OURS, "Yes?"), user("So?"))

    assert items_of(field_of(found, "messages") or b"")[1] == json.dumps(plain).encode()


_BLOCKS = st.sampled_from([OURS, FOREIGN, redacted(), redacted("opaque"), "text", "more"])
_SAID = st.lists(_BLOCKS, min_size=1, max_size=4).map(lambda blocks: assistant(*blocks))
_TALKS = st.lists(st.tuples(st.sampled_from(["Hi", "Grüße", "{}"]).map(user), _SAID), max_size=5)


@given(_TALKS)
def test_whatever_was_said_nothing_of_ours_is_left_and_nothing_else_is_lost(
    talk: list[tuple[Fields, Fields]],
) -> None:
    messages = [*(message for pair in talk for message in pair), user("Bye")]

    found = taken_out(*messages)

    request = parse_message_request(found)
    read_first = parse(messages=messages)
    assert without_own_thinking(read_first, SIGNER.verify).messages == request.messages
    assert without_own_thinking(request, SIGNER.verify) is request
    assert own_thinking_taken_out(found, request, SIGNER.verify) is found
    assert all(message.content for message in request.messages)
    left = [
        block
        for message in json.loads(found)["messages"]
        for block in message["content"]
        if block["type"] == "text"
    ]
    said = [
        block
        for message in messages
        for block in message["content"]  # pyright: ignore[reportGeneralTypeIssues]
        if block["type"] == "text"
    ]
    assert left == said


_COMPACTED: Fields = {"type": "compaction", "content": "Before."}
_SEARCH: Fields = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
_MESSAGES = st.lists(
    st.one_of(
        st.lists(st.sampled_from(["Hi", result()]), min_size=1, max_size=2).map(
            lambda blocks: user(*blocks)
        ),
        st.lists(
            st.sampled_from([OURS, FOREIGN, redacted(), "So", call(), _COMPACTED, _SEARCH]),
            max_size=3,
        ).map(lambda blocks: assistant(*blocks)),
        st.just(system("Brief.")),
    ),
    min_size=1,
    max_size=6,
)


@given(_MESSAGES)
def test_t22_a_thought_is_lacking_exactly_where_the_hosted_api_wants_one(
    messages: list[Fields],
) -> None:
    request = parse(messages=messages, thinking={"type": "enabled", "budget_tokens": 1_024})
    reading = read(request, context_of(request.model, Asked()))
    try:
        refuse_a_tool_loop_without_its_thought(reading)
    except InvalidRequest:
        refused = True
    else:
        refused = False

    assert lacks_its_thought(request.messages) is refused
