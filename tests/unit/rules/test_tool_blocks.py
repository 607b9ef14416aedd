"""Calls, results, and which of them belong to whom.

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
    refusal_of_count,
    result,
    thought,
    user,
    words,
)

NEEDS_RESULT = (
    " Each `tool_use` block must have a corresponding `tool_result` block in the next message."
)
NEEDS_CALL = (
    " Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
)
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
REFUSED: list[Case] = [
    (
        "1 anthropics/claude-code#7929: a call without a result",
        {"messages": [user("Hi"), assistant(call()), user("and?")]},
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
        "toolu_1." + NEEDS_RESULT,
    ),
    (
        "1: several calls without results are listed with commas",
        {"messages": [user("Hi"), assistant(call("toolu_1"), call("toolu_2"))]},
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
        "toolu_1, toolu_2." + NEEDS_RESULT,
    ),
    (
        "1: results have to stand first",
        {"messages": [user("Hi"), assistant(call()), user("so:", result())]},
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: "
        "toolu_1." + NEEDS_RESULT,
    ),
    (
        "2 anthropics/claude-code#13460: a result without a call",
        {"messages": [user(result("toolu_9"))]},
        "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_9."
        + NEEDS_CALL,
    ),
    (
        "2: a result two turns late",
        {
            "messages": [
                user("Hi"),
                assistant(call()),
                user(result()),
                assistant("Done."),
                user(result()),
            ]
        },
        "messages.4.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1."
        + NEEDS_CALL,
    ),
    (
        "2: the same call answered twice",
        {"messages": [user("Hi"), assistant(call()), user(result(), result())]},
        "messages.2.content.1: each tool_use must have a single result. "
        "Found multiple `tool_result` blocks with id: toolu_1",
    ),
    (
        "3 anthropics/claude-code#64383: a server result without its call",
        {"messages": [user("Hi"), assistant(FETCHED, "Nothing there.")]},
        "messages.1.content.0: unexpected `tool_use_id` found in `web_fetch_tool_result` blocks: "
        "srvtoolu_1. Each `web_fetch_tool_result` block must have a corresponding "
        "`server_tool_use` block before it.",
    ),
    (
        "4: an id that stands for two calls",
        {
            "messages": [
                user("Hi"),
                assistant(call()),
                user(result()),
                assistant("Again:", call()),
                user(result()),
            ]
        },
        "messages.3.content.1: `tool_use` ids must be unique",
    ),
    (
        "57 platform.claude.com/docs server tools: a server call left open",
        {"messages": [user("Hi"), assistant(SEARCH), user("Go on.")]},
        "`web_fetch` tool use with id `srvtoolu_1` was found without a corresponding "
        "`web_fetch_tool_result` block",
    ),
    (
        "57: a paused turn whose tool is gone",
        {"messages": [user("Hi"), assistant(SEARCH)]},
        "`web_fetch` tool use with id `srvtoolu_1` was found, but no `web_fetch` tool was provided",
    ),
    (
        "a result in the mouth of the assistant",
        {"messages": [user("Hi"), assistant(result())]},
        "messages.1: `tool_result` blocks can only be in `user` messages",
    ),
    (
        "a call in the mouth of the user",
        {"messages": [user(call())]},
        "messages.0: `tool_use` blocks can only be in `assistant` messages",
    ),
    (
        "a thought in the mouth of the user",
        {"messages": [user("Hi", thought())]},
        "messages.0.content: thinking blocks may only be in `assistant` messages",
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
        pytest.param(
            {"messages": [user("Hi"), assistant(call()), user(result(), "And now?")]},
            id="text behind the results",
        ),
        pytest.param(
            {"messages": [user("Hi"), assistant(call()), user(result(content=""))]},
            id="an empty result (pitfall T28)",
        ),
        pytest.param(
            {"messages": [user("Hi"), assistant(call()), user(result(content=[]))]},
            id="a result without blocks (pitfall T28)",
        ),
        pytest.param(
            {"messages": [user("Hi"), assistant(call()), user(result(is_error=True))]},
            id="a result without content, tools undeclared (row 39)",
        ),
        pytest.param(
            {
                "messages": [
                    user("Hi"),
                    assistant(call("toolu_1")),
                    assistant(call("toolu_2")),
                    user(result("toolu_2")),
                    user(result("toolu_1")),
                ]
            },
            id="calls and results over several messages of a turn",
        ),
        pytest.param(
            {"messages": [user("Hi"), assistant(SEARCH, FETCHED, "No."), user("Pity.")]},
            id="a server tool with its result",
        ),
        pytest.param(
            {
                "messages": [
                    user("Hi"),
                    assistant(SEARCH, call()),
                    user(result()),
                    assistant(FETCHED, "No."),
                    user("Pity."),
                ]
            },
            id="a server tool that waited for a client tool",
        ),
    ],
)
def test_calls_that_are_answered_are_accepted(fields, fidelity) -> None:
    assert words(refusal(Asked(fidelity=fidelity), **fields)) is None
