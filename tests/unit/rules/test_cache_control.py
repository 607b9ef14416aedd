"""How many breakpoints a request may have, and in which order.

Numbers are the rows of the published error texts; the source stands behind them.
"""

import pytest

from tests.unit.rules.requests import (
    Asked,
    Case,
    Fields,
    assistant,
    cases,
    refusal,
    refusal_of_count,
    text,
    thought,
    tool,
    user,
    words,
)

BREAK: Fields = {"cache_control": {"type": "ephemeral"}}
LONG_BREAK: Fields = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
REFUSED: list[Case] = [
    (
        "31 claude-code-cache-fix#44: an hour behind five minutes",
        {"system": [text("Be.", **BREAK)], "messages": [user(text("Hi", **LONG_BREAK))]},
        "messages.0.content.0.cache_control.ttl: a ttl='1h' cache_control block must not come "
        "after a ttl='5m' cache_control block. Note that blocks are processed in the following "
        "order: `tools`, `system`, `messages`.",
    ),
    (
        "31: tools come before the system prompt",
        {"tools": [tool(**BREAK)], "system": [text("Be.", **LONG_BREAK)]},
        "system.0.cache_control.ttl: a ttl='1h' cache_control block must not come "
        "after a ttl='5m' cache_control block. Note that blocks are processed in the following "
        "order: `tools`, `system`, `messages`.",
    ),
    (
        "32 Wei-Shaw/sub2api#176: five breakpoints",
        {
            "tools": [tool(**BREAK)],
            "system": [text("Be.", **BREAK), text("Do.", **BREAK)],
            "messages": [user(text("Hi", **BREAK), text("there", **BREAK))],
        },
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    (
        "32: the automatic breakpoint finds no slot",
        {
            "tools": [tool(**BREAK)],
            "system": [text("Be.", **BREAK), text("Do.", **BREAK)],
            "messages": [user(text("Hi", **BREAK), "there")],
            **BREAK,
        },
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
    ),
    (
        "31: the automatic breakpoint comes last",
        {"messages": [user(text("Hi", **BREAK), "there")], **LONG_BREAK},
        "cache_control.ttl: a ttl='1h' cache_control block must not come "
        "after a ttl='5m' cache_control block. Note that blocks are processed in the following "
        "order: `tools`, `system`, `messages`.",
    ),
    (
        "platform.claude.com/docs prompt caching: two lifetimes for the last block",
        {"messages": [user(text("Hi", **LONG_BREAK))], **BREAK},
        "cache_control.ttl: ttl='5m' conflicts with the last block, "
        "whose cache_control has ttl='1h'",
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
            {"messages": [user(text("Hi", **BREAK))], **BREAK}, id="the same breakpoint twice"
        ),
        pytest.param(
            {
                "tools": [tool(**LONG_BREAK)],
                "system": [text("Be.", **LONG_BREAK), text("Do.", **BREAK)],
                "messages": [user(text("Hi", **BREAK))],
            },
            id="four breakpoints, the longer first",
        ),
        pytest.param(
            {
                "messages": [user(text("Hi", **BREAK)), assistant("So", thought()), user("Go on.")],
                **BREAK,
            },
            id="an automatic one behind a thought",
        ),
        pytest.param(
            {"tools": [tool()], "messages": [user("Hi")], **BREAK},
            id="an automatic one with nothing but tools before it",
        ),
    ],
)
def test_breakpoints_of_the_published_form_are_accepted(fields, fidelity) -> None:
    assert words(refusal(Asked(fidelity=fidelity), **fields)) is None
