"""``antechamber usage``, out of a ledger that is there."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from antechamber.store.columns import micros
from antechamber.store.database import Database, database_url
from antechamber.store.ledger import TurnRow, add_turns
from antechamber.store.upgrading import upgrade
from tests.acceptance.command_line import run


def _row(at: datetime, model: str, **costs: int) -> TurnRow:
    return TurnRow(
        request_id=f"req_{model}",
        started_at=micros(at),
        workspace_id="default",
        key_id=None,
        model=model,
        engine="replies",
        upstream_model=model,
        ending="ended",
        streams=False,
        service_tier="standard",
        inference_geo=None,
        speed=None,
        input_tokens=1_200,
        cache_write_5m_tokens=0,
        cache_write_1h_tokens=0,
        cache_read_tokens=30,
        output_tokens=40,
        thinking_tokens=5,
        first_event_ms=None,
        total_ms=9,
        cost_nano_usd=sum(costs.values()),
        **costs,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    database = Database(database_url(None, tmp_path))
    upgrade(database)
    now = datetime.now(UTC)
    rows = [
        _row(now, "cheap", input_cost_nano_usd=2_000_000, output_cost_nano_usd=500_000),
        _row(now, "dear", cache_read_cost_nano_usd=3 * 10**9),
        _row(now - timedelta(days=40), "old", input_cost_nano_usd=1),
    ]
    database.write_now(partial(add_turns, rows=rows, spent=[]))
    database.close()
    return tmp_path


def _usage(folder: Path, *options: str) -> str:
    done = run("usage", "--data-dir", str(folder), *options, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_has_a_line_for_each_and_their_sum(folder: Path) -> None:
    lines = [line.split() for line in _usage(folder, "--by", "model").splitlines()]

    assert lines[0][:3] == ["model", "requests", "input"]
    assert lines[1:] == [
        ["dear", "1", "1,200", "0", "0", "30", "40", "5", "$3.00"],
        ["cheap", "1", "1,200", "0", "0", "30", "40", "5", "$0.002500"],
        ["total", "2", "2,400", "0", "0", "60", "80", "10", "$3.00"],
    ]


def test_programs_are_told_what_each_kind_of_token_cost(folder: Path) -> None:
    told: list[dict[str, Any]] = json.loads(_usage(folder, "--by", "model", "--json"))

    costs = {each["name"]: (each["cost_usd"], each["cost_by_kind_usd"]) for each in told}
    nothing = dict.fromkeys(("cache_write_5m", "cache_write_1h", "web_search"), 0)
    assert costs == {
        "dear": (3, {"input": 0, **nothing, "cache_read": 3, "output": 0}),
        "cheap": (0.0025, {"input": 0.002, **nothing, "cache_read": 0, "output": 0.0005}),
    }


def test_what_had_no_price_is_told_apart_from_what_was_free(folder: Path) -> None:
    now = datetime.now(UTC)
    free, unknown = _row(now, "free"), _row(now, "unknown")._replace(cost_nano_usd=None)
    database = Database(database_url(None, folder))
    database.write_now(partial(add_turns, rows=[free, unknown], spent=[]))
    database.close()

    table = run("usage", "--data-dir", ".", "--by", "model", folder=folder)
    told = run("usage", "--data-dir", ".", "--by", "model", "--json", folder=folder)
    days = run("usage", "--data-dir", ".", folder=folder)

    costs = {line.split()[0]: line.split()[-1] for line in table.stdout.splitlines()}
    assert (costs["unknown"], costs["free"], costs["total"]) == ("-", "$0.00", "$3.00")
    by_name = {each["name"]: each["cost_usd"] for each in json.loads(told.stdout)}
    assert (by_name["unknown"], by_name["free"]) == (None, 0)
    assert "$3.00" in days.stdout  # of a day of which something has a price
    for each in (table, told, days):
        assert each.stderr == "1 request had no price: set [[prices]]\n"


def test_nothing_is_said_of_prices_where_all_are_known(folder: Path) -> None:
    assert run("usage", "--data-dir", ".", folder=folder).stderr == ""


def test_days_further_back_are_told_when_they_are_asked_for(folder: Path) -> None:
    week = json.loads(_usage(folder, "--json"))
    longer = json.loads(_usage(folder, "--json", "--since", "60d"))

    assert [sum(each["requests"] for each in days) for days in (week, longer)] == [2, 3]
