from itertools import permutations

import pytest
from msgspec import UNSET

from antechamber.turn.events import (
    BlockDelta,
    EngineEvent,
    TextOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.turn.machine import Opening
from antechamber.turn.usage import UsageAccount
from antechamber.wire.responses import OutputTokensDetails
from tests.stream_grammar import check_stream
from tests.unit.turn.engine_turns import OPENING, played, shown

SAID = [TextOpened(), BlockDelta(text="Hi")]
END = TurnEnded(stop_reason="end_turn")


def final_usage(*events: EngineEvent, opening: Opening = OPENING) -> dict[str, object]:
    read = shown(played(events, opening))
    check_stream(read)
    return read[-2][1]["usage"]


# T34
def test_two_reports_give_the_same_in_either_order() -> None:
    reports = [
        UsageReported(output_tokens=3, cache_read_input_tokens=5),
        UsageReported(output_tokens=7, thinking_tokens=2, cache_creation_input_tokens=1),
        UsageReported(cache_read_input_tokens=0, thinking_tokens=0),
    ]

    accounts: list[UsageAccount] = []
    for order in permutations(reports):
        account = UsageAccount(input_tokens=9)
        for report in order:
            account.merge(report)
        accounts.append(account)

    assert all(account == accounts[0] for account in accounts)
    assert accounts[0] == UsageAccount(
        input_tokens=9,
        output_tokens=7,
        thinking_tokens=2,
        cache_read_input_tokens=5,
        cache_creation_input_tokens=1,
    )


def test_the_engines_own_count_of_the_input_replaces_ours() -> None:
    assert final_usage(UsageReported(input_tokens=31), *SAID, END)["input_tokens"] == 31


# T8
def test_the_end_reports_the_cumulative_counts() -> None:
    usage = final_usage(
        *(UsageReported(output_tokens=1), *SAID, UsageReported(output_tokens=4)),
        *(UsageReported(output_tokens=12, thinking_tokens=8), END),
    )

    assert usage == {
        "input_tokens": 25,
        "output_tokens": 12,
        "output_tokens_details": {"thinking_tokens": 8},
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "server_tool_use": None,
    }


def test_content_from_an_engine_that_counts_nothing_is_not_free() -> None:
    assert final_usage(*SAID, END)["output_tokens"] == 1


def test_the_count_does_not_fall_below_that_of_the_start() -> None:
    usage = final_usage(UsageReported(output_tokens=0), TurnEnded(stop_reason="max_tokens"))

    assert usage["output_tokens"] == 1


def test_a_turn_that_may_write_nothing_costs_nothing() -> None:
    silent = Opening(model="m", input_tokens=25, generates=False)

    usage = final_usage(TurnEnded(stop_reason="max_tokens"), opening=silent)

    assert usage["output_tokens"] == 0


@pytest.mark.parametrize("thinking", [0, 3])
def test_thinking_is_detailed_where_there_was_some(thinking: int) -> None:
    account = UsageAccount(input_tokens=1, output_tokens=9, thinking_tokens=thinking)

    details = account.at_end(least=1).output_tokens_details

    assert details == (OutputTokensDetails(thinking_tokens=3) if thinking else UNSET)
