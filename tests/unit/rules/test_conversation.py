"""Who begins, what is empty, and where system messages stand.

Numbers are the rows of the published error texts; the source stands behind them.
"""

import pytest

from tests.unit.rules.requests import (
    Asked,
    Case,
    Fields,
    assistant,
    call,
    cases,
    refusal,
    result,
    system,
    text,
    user,
    words,
)

BREAK: Fields = {"cache_control": {"type": "ephemeral"}}
SEARCH: Fields = {
    "type": "server_tool_use",
    "id": "srvtoolu_1",
    "name": "web_fetch",
    "input": {"url": "https://example.com"},
}
FETCHED: Fields = {
    "type": "web_fetch_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": {"type": "web_fetch_tool_result_error", "error_code": "unavailable"},
}


def document(source: Fields) -> Fields:
    return {"type": "document", "source": source}


def plain(data: str) -> Fields:
    return {"type": "text", "media_type": "text/plain", "data": data}


def content(*parts: str) -> Fields:
    return {"type": "content", "content": [text(part) for part in parts]}


def found(*parts: str) -> Fields:
    return {
        "type": "search_result",
        "source": "https://example.com",
        "title": "Lease",
        "content": [text(part) for part in parts],
    }


REFUSED: list[Case] = [
    (
        "6 langbot-app/LangBot#867: the assistant begins",
        {"messages": [assistant("Hello."), user("Hi")]},
        'messages: first message must use the "user" role',
    ),
    (
        "9 anthropics/claude-code#59812: empty text",
        {"messages": [user(text(""))]},
        "messages: text content blocks must be non-empty",
    ),
    (
        "9: empty text in the system prompt",
        {"system": [text("")]},
        "system: text content blocks must be non-empty",
    ),
    (
        "9: an empty text in a document",
        {"messages": [user("Hi", document(content("It ends.", "")))]},
        "messages: text content blocks must be non-empty",
    ),
    (
        "9: a document that is an empty text",
        {"messages": [user("Hi", document(plain("")))]},
        "messages: text content blocks must be non-empty",
    ),
    (
        "9: an empty text in a search result",
        {"messages": [user("Hi"), assistant("Yes?"), user(found("It ends.", ""))]},
        "messages: text content blocks must be non-empty",
    ),
    (
        "10: a document that is a blank text",
        {"messages": [user(document(plain(" \n")))]},
        "messages: text content blocks must contain non-whitespace text",
    ),
    (
        "10 anthropics/claude-code#23352: blank text",
        {"messages": [user(" \n")]},
        "messages: text content blocks must contain non-whitespace text",
    ),
    (
        "10: a blank text behind others",
        {"messages": [user("Hi"), assistant("Yes?"), user("So", "\t")]},
        "messages: text content blocks must contain non-whitespace text",
    ),
    (
        "12 anthropics/claude-code#6774: an empty message",
        {"messages": [{"role": "user", "content": ""}]},
        "messages.0: all messages must have non-empty content "
        "except for the optional final assistant message",
    ),
    (
        "12: an empty assistant message that is not the last",
        {"messages": [user("Hi"), assistant(), user("Hi?")]},
        "messages.1: all messages must have non-empty content "
        "except for the optional final assistant message",
    ),
    (
        "13 anthropics/claude-code#50082: a breakpoint on an empty text",
        {"messages": [user("Hi", text("", **BREAK))]},
        "messages.0.content.1.text: cache_control cannot be set for empty text blocks",
    ),
    (
        "13: the same in the system prompt",
        {"system": [text("", **BREAK)]},
        "system.0.text: cache_control cannot be set for empty text blocks",
    ),
    (
        "BerriAI/litellm#3286: a stop sequence of nothing but whitespace",
        {"stop_sequences": ["###", "\n"]},
        "stop_sequences: each stop sequence must contain non-whitespace",
    ),
]

# Opus 5.5 takes system messages under hosted fidelity too.
SYSTEM_MESSAGES: list[Case] = [
    (
        "8 anthropics/claude-code#73821: between two user messages",
        {"messages": [user("Hi"), system("Be brief."), user("So?")]},
        "messages.1: role 'system' must precede an 'assistant' message or end the array",
    ),
    (
        "8: behind the assistant",
        {"messages": [user("Hi"), assistant("Yes?"), system("Be brief.")]},
        "messages.2: role 'system' must follow a 'user' message or an 'assistant' message ending "
        "in a server tool result",
    ),
    (
        "8: as the first message",
        {"messages": [system("Be brief."), user("Hi")]},
        "messages.0: use the top-level `system` parameter for the initial system prompt",
    ),
    (
        "8: without content and without an effort",
        {"messages": [user("Hi"), {"role": "system", "content": []}]},
        "messages.1: system content must contain at least one block",
    ),
]


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("fields", "expected"), cases(REFUSED))
def test_both_fidelities_refuse_in_the_published_words(fields, expected, fidelity) -> None:
    error = refusal(Asked(fidelity=fidelity), **fields)

    assert words(error) == expected


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("fields", "expected"), cases(SYSTEM_MESSAGES))
def test_a_system_message_in_a_wrong_place_is_refused(fields, expected, fidelity) -> None:
    error = refusal(Asked(fidelity=fidelity), model="claude-opus-5-5", **fields)

    assert words(error) == expected


def test_row_11_a_prefill_that_ends_in_whitespace_is_refused() -> None:
    """tailcallhq/forgecode#1872; hosted models that take no prefill at all say that instead."""
    fields: Fields = {"messages": [user("Hi"), assistant("Well, ")]}

    error = refusal(Asked(fidelity="hosted"), model="claude-sonnet-4-5", **fields)

    expected = "messages: final assistant content cannot end with trailing whitespace"
    assert words(error) == expected


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"messages": [user("Hi"), user("there")]}, id="roles in a row (row 5)"),
        pytest.param(
            {"messages": [user("Hi"), assistant()]}, id="an empty final assistant message"
        ),
    ],
)
def test_conversations_of_the_published_form_are_accepted(fields, fidelity) -> None:
    assert words(refusal(Asked(fidelity=fidelity), **fields)) is None


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([user("Hi"), system("Be brief.")], id="at the end"),
        pytest.param(
            [user("Hi"), system("Be."), system("Do."), assistant("Yes?"), user("So?")],
            id="two as one section",
        ),
        pytest.param(
            [user("Hi"), assistant(call()), user(result()), system("Hurry.")], id="behind results"
        ),
        pytest.param(
            [user("Hi"), assistant(SEARCH, FETCHED), system("Hurry.")],
            id="behind a server tool's result",
        ),
        pytest.param(
            [user("Hi"), assistant("Yes?"), system(output_config={"effort": "low"}), user("So?")],
            id="an effort alone, anywhere",
        ),
        pytest.param(
            [
                user("Hi"),
                assistant(call()),
                system(output_config={"effort": "low"}),
                user(result()),
            ],
            id="an effort alone, between a call and its result",
        ),
    ],
)
def test_a_system_message_in_a_right_place_is_accepted(messages) -> None:
    assert words(refusal(Asked(), messages=messages)) is None
