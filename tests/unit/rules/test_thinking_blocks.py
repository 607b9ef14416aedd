"""Thoughts that come back: in their place, unchanged, and whose.

Numbers are the rows of the published error texts; the source stands behind them.
"""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.wire.errors import InvalidRequest
from tests.unit.rules.requests import (
    INTERLEAVED,
    OTHER_SIGNATURE,
    Asked,
    Case,
    Fields,
    assistant,
    call,
    cases,
    redacted,
    refusal,
    result,
    thought,
    user,
    words,
)

ENABLED: Fields = {"type": "enabled", "budget_tokens": 2_048}

REFUSED: list[Case] = [
    (
        "19 lbjlaq/Antigravity-Manager#139: a tool loop without its thought",
        {
            "thinking": ENABLED,
            "messages": [user("Hi"), assistant("So:", call()), user(result())],
        },
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`. "
        "When `thinking` is enabled, a final `assistant` message must start with a thinking block "
        "(preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you "
        "include thinking blocks from previous turns. To avoid this requirement, disable "
        "`thinking`. Please consult our documentation at "
        "https://docs.claude.com/en/docs/build-with-claude/extended-thinking",
    ),
    (
        "19: prefill while thinking",
        {"thinking": ENABLED, "messages": [user("Hi"), assistant("Well")]},
        "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`. "
        "When `thinking` is enabled, a final `assistant` message must start with a thinking block "
        "(preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you "
        "include thinking blocks from previous turns. To avoid this requirement, disable "
        "`thinking`. Please consult our documentation at "
        "https://docs.claude.com/en/docs/build-with-claude/extended-thinking",
    ),
    (
        "20 anthropics/claude-code#26314: the latest thought altered",
        {
            "messages": [
                user("Hi"),
                assistant({**thought("I see."), "thinking": "I saw."}, call()),
                user(result()),
            ]
        },
        "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant "
        "message cannot be modified. These blocks must remain as they were in the original "
        "response.",
    ),
    (
        "18 anthropics/claude-code#10627: an earlier thought altered",
        {
            "messages": [
                user("Hi"),
                assistant({**thought("I see."), "thinking": "I saw."}, "Yes?"),
                user("So?"),
                assistant(thought(), "This."),
                user("And?"),
            ]
        },
        "messages.1.content.0: Invalid `signature` in `thinking` block",
    ),
    (
        "18: other text under a signature of ours",
        {
            "messages": [
                user("Hi"),
                assistant(redacted(str(thought()["signature"])), "Yes?"),
                user("So?"),
                assistant("This."),
                user("And?"),
            ]
        },
        "messages.1.content.0: Invalid `data` in `redacted_thinking` block",
    ),
    (
        "22 liuw1535/antigravity2api-nodejs#149: a budget as large as the output",
        {"max_tokens": 2_048, "thinking": ENABLED},
        "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our "
        "documentation at https://docs.claude.com/en/docs/build-with-claude/"
        "extended-thinking#max-tokens-and-context-window-size",
    ),
]


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("fields", "expected"), cases(REFUSED))
def test_both_fidelities_refuse_in_the_published_words(fields, expected, fidelity) -> None:
    error = refusal(Asked(fidelity=fidelity), **fields)

    assert words(error) == expected


def test_row_21_the_smallest_budget_is_a_matter_of_shape() -> None:
    """themaximalist/llm.js#30; pitfall T27 asks for both sides of the limit."""
    with pytest.raises(
        InvalidRequest,
        match=r"^thinking\.enabled\.budget_tokens: Input should be greater than or equal to 1024$",
    ):
        refusal(Asked(), thinking={"type": "enabled", "budget_tokens": 1_023})

    assert refusal(Asked(), thinking={"type": "enabled", "budget_tokens": 1_024}) is None


def test_row_22_interleaving_lets_the_budget_exceed_the_output() -> None:
    """platform.claude.com/docs extended thinking: the budget covers the whole tool loop."""
    fields: Fields = {"max_tokens": 1_500, "thinking": ENABLED}
    betas = frozenset({INTERLEAVED})

    assert refusal(Asked(betas=betas), **fields) is None
    assert refusal(Asked(betas=betas, fidelity="hosted"), **fields) is None
    assert refusal(Asked(betas=betas, fidelity="hosted"), model="claude-haiku-4-5", **fields)


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(
            {
                "thinking": ENABLED,
                "messages": [user("Hi"), assistant(thought(), call()), user(result())],
            },
            id="a tool loop with its thought",
        ),
        pytest.param(
            {
                "thinking": ENABLED,
                "messages": [user("Hi"), assistant(redacted(), call()), user(result())],
            },
            id="a tool loop with a redacted thought",
        ),
        pytest.param(
            {"thinking": ENABLED, "messages": [user("Hi"), assistant("Yes?"), user("Think now.")]},
            id="thinking switched on between turns",
        ),
        pytest.param(
            {"messages": [user("Hi"), assistant(thought(""), "Yes?"), user("So?")]},
            id="a thought that was shown to nobody",
        ),
    ],
)
def test_thoughts_in_their_place_are_accepted(fields, fidelity) -> None:
    assert words(refusal(Asked(fidelity=fidelity), **fields)) is None


def test_a_foreign_thought_is_accepted_where_it_can_be_dropped() -> None:
    """Pitfall T22: another server's signature belongs to another server."""
    messages = [
        user("Hi"),
        assistant(thought(signature=OTHER_SIGNATURE), redacted("opaque"), "Yes?"),
        user("So?"),
    ]
    unsigned = [user("Hi"), assistant(thought(signature=""), "Yes?"), user("So?")]

    assert refusal(Asked(), messages=messages) is None
    assert refusal(Asked(), messages=unsigned) is None
    assert refusal(Asked(fidelity="hosted", claude_family=True), messages=messages) is None
    assert words(refusal(Asked(fidelity="hosted"), messages=messages)) == (
        "messages.1.content.0: Invalid `signature` in `thinking` block"
    )


@given(st.integers(min_value=0, max_value=70), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_of_a_signature_is_noticed(position: int, change: int) -> None:
    """Pitfall T23, anthropics/anthropic-sdk-python#1598.

    A byte of the mark that makes it ours makes it foreign instead.
    """
    raw = bytearray(base64.b64decode(str(thought()["signature"])))
    raw[position % len(raw)] ^= change
    altered = thought(signature=base64.b64encode(raw).decode())

    error = refusal(
        Asked(fidelity="hosted"),
        messages=[user("Hi"), assistant(altered, call()), user(result())],
    )

    assert error is not None
