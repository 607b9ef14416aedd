"""Money and times as people type and read them."""

from datetime import UTC, datetime, timedelta

import pytest

from antechamber.cli.amounts import nano_usd, usd
from antechamber.cli.failures import CommandFailed
from antechamber.cli.moments import read_end, read_first_day, read_while
from antechamber.cli.tables import table

_NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "nano"), [("25", 25_000_000_000), ("$0.50", 500_000_000), ("0", 0), ("1e3", 10**12)]
)
def test_dollars_are_read_to_the_last_digit(text: str, nano: int) -> None:
    assert nano_usd(text, "--budget") == nano


@pytest.mark.parametrize("text", ["", "much", "-1", "nan", "inf", "1e30"])
def test_what_are_no_dollars_is_refused_by_the_name_of_its_option(text: str) -> None:
    with pytest.raises(CommandFailed, match="--budget"):
        nano_usd(text, "--budget")


def test_small_amounts_have_more_digits() -> None:
    assert [usd(nano) for nano in (0, 1_234_500_000_000, 999_000_000, 30_000)] == [
        "$0.00",
        "$1,234.50",
        "$0.999000",
        "$0.000030",
    ]


def test_an_end_is_a_while_or_a_date() -> None:
    assert read_end("90d", "--expires", now=_NOW) == _NOW + timedelta(days=90)
    assert read_end("2027-01-31", "--expires", now=_NOW) == datetime(2027, 1, 31, tzinfo=UTC)
    assert read_end("2027-01-31T12:00+02:00", "--expires", now=_NOW) == datetime(
        2027, 1, 31, 10, tzinfo=UTC
    )
    assert read_while("24h", "--keep-old") == timedelta(hours=24)


@pytest.mark.parametrize("text", ["2026-11-22", "soon", "10", "999999999d", "0d"])
def test_an_end_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(CommandFailed, match="--expires"):
        read_end(text, "--expires", now=_NOW)


def test_days_are_counted_with_today() -> None:
    assert read_first_day("1d", "--since", now=_NOW) == datetime(2026, 11, 22, tzinfo=UTC)
    assert read_first_day("7d", "--since", now=_NOW) == datetime(2026, 11, 16, tzinfo=UTC)
    assert read_first_day("2026-11-01", "--since", now=_NOW) == datetime(2026, 11, 1, tzinfo=UTC)
    for text in ("0d", "12h", "2026-13-01"):
        with pytest.raises(CommandFailed, match="--since"):
            read_first_day(text, "--since", now=_NOW)


def test_cells_are_shown_and_never_obeyed() -> None:
    assert table(("name", "n"), [("a\x1b\n2J", "5"), ("longer", "12")], right=("n",)) == [
        "name     n",
        "a␛ 2J    5",
        "longer  12",
    ]
