"""How the input of a turn is shown where the account of the prompt cache is kept here."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.turn.cache_use import CacheUse
from antechamber.turn.events import BlockDelta, EngineEvent, TextOpened, TurnEnded, UsageReported
from antechamber.turn.fold import Fold
from antechamber.turn.machine import Opening
from antechamber.turn.usage import UsageAccount
from tests.unit.turn.engine_turns import machine, played, shown

USE = CacheUse(input_tokens=5, read=40, write_5m=30, write_1h=25)
OPENING = Opening(model="m", input_tokens=100, cache=USE, service_tier="priority")
SAID = [TextOpened(), BlockDelta(text="Hi"), TurnEnded(stop_reason="end_turn")]
COUNTS = st.integers(0, 500)
USES = st.builds(CacheUse, input_tokens=COUNTS, read=COUNTS, write_5m=COUNTS, write_1h=COUNTS)


def usage_at_the_ends(*events: EngineEvent) -> tuple[dict[str, object], dict[str, object]]:
    read = shown(played([*events, *SAID], OPENING))
    return read[0][1]["message"]["usage"], read[-2][1]["usage"]


def test_both_ends_of_the_stream_show_the_split() -> None:
    start, end = usage_at_the_ends()

    assert start["cache_creation"] == {
        "ephemeral_5m_input_tokens": 30,
        "ephemeral_1h_input_tokens": 25,
    }
    for usage in (start, end):
        assert usage["input_tokens"] == 5
        assert usage["cache_read_input_tokens"] == 40
        assert usage["cache_creation_input_tokens"] == 55
    assert start["service_tier"] == "priority"


@pytest.mark.parametrize("report", [None, UsageReported(cache_read_input_tokens=12)])
def test_the_whole_message_shows_what_the_stream_does(report: UsageReported | None) -> None:
    playing, fold = machine(OPENING), Fold()

    fold.add(playing.start())
    for event in [report, *SAID] if report is not None else SAID:
        for wire in playing.feed(event):
            fold.add(wire)

    usage, account = fold.message.usage, playing.usage
    assert usage.service_tier == "priority"
    assert usage.cache_read_input_tokens == account.cache_read_input_tokens
    assert usage.cache_creation_input_tokens == account.cache_creation_input_tokens
    assert usage.cache_creation.ephemeral_1h_input_tokens == account.cache_creation_1h_input_tokens
    assert (
        usage.cache_creation.ephemeral_5m_input_tokens
        + usage.cache_creation.ephemeral_1h_input_tokens
        == usage.cache_creation_input_tokens
    )


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        pytest.param(UsageReported(input_tokens=100), (5, 40, 55), id="the same total"),
        pytest.param(UsageReported(input_tokens=110), (15, 40, 55), id="a larger total"),
        pytest.param(UsageReported(input_tokens=97), (2, 40, 55), id="a smaller total"),
        pytest.param(UsageReported(input_tokens=60), (0, 40, 20), id="less than the prefix"),
        pytest.param(
            UsageReported(input_tokens=60, cache_read_input_tokens=40), (5, 40, 55), id="its split"
        ),
        pytest.param(UsageReported(cache_read_input_tokens=12), (5, 12, 83), id="less was reused"),
        pytest.param(UsageReported(cache_read_input_tokens=0), (5, 0, 95), id="nothing was reused"),
        pytest.param(
            UsageReported(input_tokens=10, cache_read_input_tokens=90),
            (5, 40, 55),
            id="more was reused than the account holds",
        ),
        pytest.param(
            UsageReported(input_tokens=60, cache_creation_input_tokens=40),
            (5, 40, 55),
            id="its own writing",
        ),
    ],
)
def test_what_an_engine_reports_is_not_counted_twice(
    report: UsageReported, expected: tuple[int, int, int]
) -> None:
    _, end = usage_at_the_ends(report)

    shown_counts = (
        end["input_tokens"],
        end["cache_read_input_tokens"],
        end["cache_creation_input_tokens"],
    )
    assert shown_counts == expected


# T34
def test_two_reports_give_the_same_in_either_order_where_there_is_an_account() -> None:
    reports = [
        UsageReported(input_tokens=70, cache_read_input_tokens=30, output_tokens=3),
        UsageReported(cache_read_input_tokens=0),
        UsageReported(output_tokens=7, thinking_tokens=2),
    ]

    accounts: list[UsageAccount] = []
    for order in permutations(reports):
        account = UsageAccount(input_tokens=0)
        account.keep_account(USE, input_tokens=100)
        for report in order:
            account.merge(report)
        accounts.append(account)

    assert all(account == accounts[0] for account in accounts)
    assert accounts[0].cache_read_input_tokens == 30
    assert accounts[0].input_tokens == 5


def test_another_engine_begins_with_its_own_count() -> None:
    account = UsageAccount(input_tokens=0)
    account.keep_account(USE, input_tokens=100)
    account.merge(UsageReported(cache_read_input_tokens=1))

    account.keep_account(None, input_tokens=90)

    assert account == UsageAccount(input_tokens=90, _total=90)


@given(USES, st.none() | COUNTS, COUNTS)
def test_every_token_stays_counted_once(use: CacheUse, reused: int | None, total: int) -> None:
    confirmed = use if reused is None else use.confirmed(reused)
    fitted = confirmed.of_total(total)

    assert confirmed.total == use.total
    assert fitted.total == total
    assert confirmed.read <= use.read
    assert min(fitted.input_tokens, fitted.read, fitted.write_5m, fitted.write_1h) >= 0


@given(USES)
def test_its_own_total_changes_nothing(use: CacheUse) -> None:
    assert use.of_total(use.total) == use
