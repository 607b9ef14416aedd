import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.declared_tools import declared_tools
from antechamber.dialects.raw_prompt.template import ChatTurn
from antechamber.dialects.raw_prompt.turns import Conversation, conversation
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import MessageRequest
from tests.unit.dialects.raw_prompt.scenes import (
    CHATML,
    DROPS_LATE_SYSTEM,
    KEEPS_ONE_SYSTEM,
    KNOWS_NO_SYSTEM,
    OFF,
    assistant,
    call,
    rendered,
    request,
    result,
    system,
    tool,
    user,
)

IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
}
PDF = {
    "type": "document",
    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
}
ATTRIBUTION = "x-anthropic-billing-header: cc_version=2.1.330.{}; cc_entrypoint=cli;"


def told(asked: MessageRequest, *, addendum: str = "") -> Conversation:
    return conversation(asked, addendum=addendum, tools=declared_tools(asked).known)


def turns(asked: MessageRequest, *, addendum: str = "") -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in told(asked, addendum=addendum).turns]


def thought(text: str) -> dict[str, object]:
    return {"type": "thinking", "thinking": text, "signature": "s"}


# ---- roles and places --------------------------------------------------------------------------


def test_messages_become_turns() -> None:
    assert turns(request("Hello?", "Hello.", "Good bye.")) == [
        ("user", "Hello?"),
        ("assistant", "Hello."),
        ("user", "Good bye."),
    ]


@pytest.mark.parametrize("form", ["Be brief.", [{"type": "text", "text": "Be brief."}]])
def test_the_system_prompt_comes_first(form: object) -> None:
    assert turns(request("Hi", system=form)) == [("system", "Be brief."), ("user", "Hi")]


def test_system_blocks_are_lines_and_the_addendum_is_a_paragraph() -> None:
    blocks = [{"type": "text", "text": "Be brief."}, {"type": "text", "text": "Be kind."}]

    opening = turns(request("Hi", system=blocks), addendum="More.")[0]

    assert opening == ("system", "Be brief.\nBe kind.\n\nMore.")
    assert turns(request("Hi"), addendum="More.")[0] == ("system", "More.")


def test_turns_of_one_role_in_a_row_become_one() -> None:
    asked = request(user("a"), user("b", "c"), assistant("d"), assistant("e"), user("f"))

    assert turns(asked) == [("user", "a\nb\nc"), ("assistant", "d\ne"), ("user", "f")]


# T30
def test_t30_a_system_message_stays_where_it_stands() -> None:
    asked = request("Hi", system("Speak German."), assistant("Hallo."), user("Wer bist du?"))

    assert [role for role, _ in turns(asked)] == ["user", "system", "assistant", "user"]


def test_a_system_message_without_text_makes_no_turn() -> None:
    quiet = {"role": "system", "output_config": {"effort": "low"}}

    assert turns(request("Hi", quiet)) == [("user", "Hi")]


@pytest.mark.parametrize(
    ("clear_at", "later", "stays"),
    [
        ("next_user_message", ["Yes.", "And?"], False),
        ("next_user_message", ["Yes."], True),
        ("next_user_message", [], True),
        ("never", ["Yes.", "And?"], True),
        (None, ["Yes.", "And?"], True),
    ],
)
def test_a_system_message_may_end_with_the_next_user_message(
    clear_at: str | None, later: list[str], stays: bool
) -> None:
    roles = [assistant, user]
    rest = [roles[at](text) for at, text in enumerate(later)]

    asked = request("Hi", system("Hurry.", clear_at=clear_at), *rest)

    assert (("system", "Hurry.") in turns(asked)) is stays


# T33
def test_the_attribution_of_claude_code_is_no_part_of_the_prompt() -> None:
    def asked(version: str) -> MessageRequest:
        blocks = [ATTRIBUTION.format(version), "Be brief."]
        return request("Hi", system=[{"type": "text", "text": text} for text in blocks])

    assert turns(asked("a1b")) == turns(asked("c2d")) == [("system", "Be brief."), ("user", "Hi")]


def test_what_only_looks_like_an_attribution_stays() -> None:
    blocks = [{"type": "text", "text": text} for text in ("Be brief.", ATTRIBUTION)]

    assert ATTRIBUTION in turns(request("Hi", system=blocks))[0][1]


# ---- prefill -----------------------------------------------------------------------------------


def test_a_final_assistant_message_is_continued() -> None:
    begun = told(request("What is 2 + 2?", "The answer is ("))

    assert begun.prefill == "The answer is ("
    assert begun.turns == [ChatTurn(role="user", content="What is 2 + 2?")]


def test_several_final_assistant_messages_are_one_beginning() -> None:
    begun = told(request(user("Hi"), assistant("Hello, "), assistant("I am")))

    assert begun.prefill == "Hello, \nI am"
    assert [turn.role for turn in begun.turns] == ["user"]


@pytest.mark.parametrize("content", ["", []])
def test_an_empty_final_assistant_message_begins_nothing(content: object) -> None:
    begun = told(request("Hi", {"role": "assistant", "content": content}))

    assert (begun.prefill, [turn.role for turn in begun.turns]) == ("", ["user"])


# ---- tools in the history ----------------------------------------------------------------------


def test_a_call_and_its_result_are_told_as_the_model_writes_and_reads_them() -> None:
    asked = request(
        "Weather?",
        assistant("Let me see.", call("toolu_1", "weather", city="Zürich", days=[1, 2])),
        user(result("toolu_1", "Sun, 21 °C"), "In short, please."),
    )

    assert turns(asked)[1:] == [
        (
            "assistant",
            "Let me see.\n<tool_call>\n"
            '{"name": "weather", "arguments": {"city": "Zürich", "days": [1, 2]}}\n</tool_call>',
        ),
        ("user", "<tool_response>\nSun, 21 °C\n</tool_response>\nIn short, please."),
    ]


# T28
@pytest.mark.parametrize("content", [{}, {"content": ""}, {"content": []}])
def test_an_empty_result_is_a_result(content: dict[str, object]) -> None:
    empty = {"type": "tool_result", "tool_use_id": "toolu_1", **content}

    asked = request("Go.", assistant(call("toolu_1")), user(empty))

    assert turns(asked)[-1] == ("user", "<tool_response>\n\n</tool_response>")


def test_a_failed_result_says_so() -> None:
    failed = result("toolu_1", "no such city", is_error=True)

    asked = request("Go.", assistant(call("toolu_1")), user(failed))

    assert turns(asked)[-1][1] == "<tool_response>\nError: no such city\n</tool_response>"


def test_results_of_parallel_calls_come_in_the_order_of_their_calls() -> None:
    asked = request(
        "Go.",
        assistant(call("toolu_b"), call("toolu_a"), call("toolu_c")),
        user(result("toolu_a", "A"), result("toolu_c", "C"), result("toolu_b", "B"), "Well?"),
    )

    told_last = turns(asked)[-1][1]

    assert [told_last.index(text) for text in "BAC"] == sorted(map(told_last.index, "BAC"))
    assert told_last.endswith("\nWell?")


def test_results_may_hold_several_blocks() -> None:
    search = {
        "type": "search_result",
        "source": "https://a.example",
        "title": "A",
        "content": [{"type": "text", "text": "first"}, {"type": "text", "text": "second"}],
    }

    asked = request("Go.", assistant(call("toolu_1")), user(result("toolu_1", "Found:", search)))

    assert turns(asked)[-1][1] == (
        "<tool_response>\nFound:\n<search_result>\nA\nhttps://a.example\nfirst\nsecond\n"
        "</search_result>\n</tool_response>"
    )


def test_a_result_of_another_servers_tool_is_told() -> None:
    searched = [
        {
            "type": "server_tool_use",
            "id": "srvtoolu_1",
            "name": "web_search",
            "input": {"query": "x"},
        },
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srvtoolu_1",
            "content": [
                {
                    "type": "web_search_result",
                    "url": "https://a.example",
                    "title": "A",
                    "encrypted_content": "e",
                }
            ],
        },
    ]

    text = turns(request("Hi", assistant(*searched, "Found."), user("And?")))[1][1]

    assert '"name": "web_search"' in text
    assert '"url": "https://a.example"' in text
    assert text.endswith("\nFound.")


# ---- text and documents ------------------------------------------------------------------------


def test_an_answer_that_citations_cut_into_blocks_is_whole_again() -> None:
    asked = request("Hi", assistant("The grass is ", "green", " and wet."), user("a", "b"))

    assert turns(asked)[1:] == [("assistant", "The grass is green and wet."), ("user", "a\nb")]


def test_documents_are_told_with_title_and_context() -> None:
    plain = {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "The grass is green."},
        "title": "Botany",
        "context": "A school book.",
    }
    cut = {
        "type": "document",
        "source": {"type": "content", "content": [{"type": "text", "text": "Wet grass."}]},
    }
    bare = {"type": "document", "source": {"type": "content", "content": "Dry grass."}}

    assert turns(request(user(plain, cut, bare, "Sum up."))) == [
        (
            "user",
            "<document>\nBotany\nA school book.\nThe grass is green.\n</document>\n"
            "<document>\nWet grass.\n</document>\n<document>\nDry grass.\n</document>\nSum up.",
        )
    ]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (["See:", IMAGE], "messages.0.content.1.image: "),
        ([PDF], "messages.0.content.0.document: "),
        (
            [{"type": "document", "source": {"type": "content", "content": [IMAGE]}}],
            "messages.0.content.0.document.source.content.content.0.image: ",
        ),
    ],
)
def test_what_has_no_text_is_refused_at_its_path(content: list[object], path: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        told(request(user(*content)))

    assert refusal.value.message.startswith(path)


def test_an_image_in_a_result_is_refused_at_its_path() -> None:
    shot = user(result("toolu_2", "fine"), result("toolu_1", "here", IMAGE))

    with pytest.raises(InvalidRequest) as refusal:
        told(request("Go.", assistant(call("toolu_1"), call("toolu_2")), shot))

    path = "messages.2.content.1.tool_result.content.1.image: "
    assert refusal.value.message.startswith(path)


# ---- thoughts ----------------------------------------------------------------------------------


def test_thoughts_of_the_running_tool_loop_are_kept_and_earlier_ones_dropped() -> None:
    asked = request(
        "First.",
        assistant(thought("old"), "Done."),
        user("Second."),
        assistant(thought("new"), call("toolu_1")),
        user(result("toolu_1", "ok")),
    )

    answers = [content for role, content in turns(asked) if role == "assistant"]

    assert answers[0] == "Done."
    assert answers[1].startswith("<think>\nnew\n</think>\n\n<tool_call>")


def test_earlier_thoughts_are_told_where_they_are_kept() -> None:
    asked = request("First.", assistant(thought("old"), "Done."), user("Second."))

    talk = conversation(asked, addendum="", tools={}, with_earlier_thoughts=True)

    assert talk.turns[1].content == "<think>\nold\n</think>\n\nDone."


def test_hidden_and_opaque_thoughts_are_nothing_to_tell() -> None:
    opaque = {"type": "redacted_thinking", "data": "cmVk"}

    asked = request(
        "Go.", assistant(thought(""), opaque, call("toolu_1")), user(result("toolu_1", "ok"))
    )

    assert turns(asked)[1][1].startswith("<tool_call>")


def test_an_answer_of_thoughts_alone_leaves_its_turn() -> None:
    asked = request("a", assistant(thought("x")), user("b"))

    assert turns(asked) == [("user", "a"), ("assistant", ""), ("user", "b")]


# ---- growth ------------------------------------------------------------------------------------


LOOK_UP = [call("toolu_1", "look", at=1)]
EXCHANGES: list[list[object]] = [
    [assistant("Fine."), user("And you?")],
    [assistant("One.", *LOOK_UP), user(result("toolu_1", "seen"))],
    [assistant("Yes."), user("So?"), system("Be brief.")],
    [assistant("Yes."), user("More"), user("and more")],
    [assistant("Yes."), user("Now?"), system("Use it."), assistant("Done."), user("Thanks.")],
    [
        assistant("Wait."),
        user("Now?"),
        system({"type": "tool_removal", "tool": {"type": "tool_reference", "name": "look"}}),
    ],
    [
        assistant("Wait."),
        user("Now?"),
        system({"type": "tool_addition", "tool": {"type": "tool_reference", "name": "hear"}}),
    ],
]


# T30
@pytest.mark.parametrize("source", [CHATML, KEEPS_ONE_SYSTEM, DROPS_LATE_SYSTEM, KNOWS_NO_SYSTEM])
@given(st.lists(st.sampled_from(EXCHANGES), max_size=5))
def test_t30_the_prompt_of_a_turn_is_the_beginning_of_the_next_ones(
    source: str, exchanges: list[list[object]]
) -> None:
    messages: list[object] = [user("Hello?")]
    declared = [tool(), tool("hear", defer_loading=True)]
    before = ""
    for exchange in [[], *exchanges]:
        messages = [*messages, *exchange]
        asked = request(*messages, system="Be kind.", tools=declared)

        prompt = rendered(asked, OFF, source).text

        assert prompt.startswith(before)
        before = prompt


def test_a_long_conversation_is_told_in_linear_time() -> None:
    quick = request(*[user("x")] * 5_000, *[assistant("y"), user("x")] * 5_000)

    assert len(turns(quick)) == 10_001
