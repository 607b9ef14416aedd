"""Edits that would leave the conversation as it is are accepted, the others refused.

Source: platform.claude.com/docs/en/build-with-claude/context-editing and …/compaction.
"""

import pytest

from antechamber.rules.check import check_context_edits
from antechamber.wire.errors import InvalidRequest
from tests.unit.rules.requests import (
    Asked,
    Fields,
    assistant,
    call,
    parse,
    refusal,
    result,
    thought,
    user,
    words,
)


def tool_loop(rounds: int) -> list[Fields]:
    messages = [user("Hi")]
    for number in range(rounds):
        messages += [
            assistant(thought(), call(f"toolu_{number}")),
            user(result(f"toolu_{number}")),
        ]
    return messages


def tokens(value: int) -> Fields:
    return {"type": "input_tokens", "value": value}


def uses(value: int) -> Fields:
    return {"type": "tool_uses", "value": value}


def turns(value: int) -> Fields:
    return {"type": "thinking_turns", "value": value}


CLEAR_TOOLS, CLEAR_THINKING = "clear_tool_uses_20250919", "clear_thinking_20251015"
COMPACT = "compact_20260112"


@pytest.mark.parametrize(
    ("edit", "rounds", "input_tokens"),
    [
        pytest.param({"type": CLEAR_THINKING, "keep": "all"}, 9, 10**6, id="Claude Code's edit"),
        pytest.param(
            {"type": CLEAR_THINKING, "keep": {"type": "all"}}, 9, 1, id="all as an object"
        ),
        pytest.param({"type": CLEAR_THINKING}, 9, 1, id="what the model keeps by itself"),
        pytest.param({"type": CLEAR_THINKING, "keep": turns(5)}, 5, 1, id="no more than kept"),
        pytest.param({"type": CLEAR_TOOLS}, 9, 100_000, id="at the default trigger"),
        pytest.param({"type": CLEAR_TOOLS}, 3, 10**6, id="no more calls than kept"),
        pytest.param({"type": CLEAR_TOOLS, "trigger": uses(5)}, 5, 1, id="at the trigger by calls"),
        pytest.param(
            {"type": CLEAR_TOOLS, "trigger": tokens(50), "keep": uses(9)}, 9, 51, id="all kept"
        ),
        pytest.param(
            {"type": CLEAR_TOOLS, "trigger": tokens(50), "exclude_tools": ["look"]},
            9,
            51,
            id="all excluded",
        ),
        pytest.param({"type": COMPACT}, 1, 150_000, id="at the default of compaction"),
        pytest.param({"type": COMPACT, "trigger": tokens(900)}, 1, 900, id="at its own trigger"),
    ],
)
def test_an_edit_that_would_not_fire_is_accepted(edit, rounds, input_tokens) -> None:
    request = parse(messages=tool_loop(rounds), context_management={"edits": [edit]})

    check_context_edits(request, input_tokens)


@pytest.mark.parametrize(
    ("edit", "rounds", "input_tokens"),
    [
        pytest.param({"type": CLEAR_THINKING, "keep": turns(1)}, 2, 1, id="a thought too many"),
        pytest.param({"type": CLEAR_TOOLS}, 4, 100_001, id="above the default trigger"),
        pytest.param({"type": CLEAR_TOOLS, "trigger": uses(4)}, 5, 1, id="above it by calls"),
        pytest.param(
            {"type": CLEAR_TOOLS, "trigger": tokens(50), "keep": uses(0)}, 1, 51, id="none kept"
        ),
        pytest.param({"type": COMPACT}, 1, 150_001, id="above the default of compaction"),
        pytest.param({"type": COMPACT, "trigger": tokens(900)}, 1, 901, id="above its own trigger"),
    ],
)
def test_an_edit_that_would_fire_is_refused(edit, rounds, input_tokens) -> None:
    harmless: Fields = {"type": CLEAR_THINKING, "keep": "all"}
    request = parse(messages=tool_loop(rounds), context_management={"edits": [harmless, edit]})

    with pytest.raises(InvalidRequest) as refused:
        check_context_edits(request, input_tokens)

    assert words(refused.value) == (
        f"context_management.edits.1: `{edit['type']}` strategy is not supported for this model"
    )


@pytest.mark.parametrize(
    "management", [pytest.param(None, id="null"), pytest.param({}, id="empty"), {"edits": []}]
)
def test_no_edits_are_fine(management) -> None:
    request = parse(context_management=management)

    check_context_edits(request, 10**7)


def test_thinking_is_cleared_first() -> None:
    edits = [{"type": CLEAR_TOOLS}, {"type": CLEAR_THINKING, "keep": "all"}]

    error = refusal(Asked(), context_management={"edits": edits})

    assert words(error) == (
        "context_management.edits: `clear_thinking_20251015` must be the first edit"
    )
