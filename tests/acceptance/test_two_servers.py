"""Two servers on one PostgreSQL and one Valkey: what they count, they count together."""

import time
from collections import Counter
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import httpx2 as httpx
import pytest
from sqlalchemy import func, select, text

from antechamber.operations.administration import keys
from antechamber.store.database import Database, database_url
from antechamber.store.tables import spending, turns
from antechamber.wire.ids import new_id
from tests.acceptance.made_keys import made_key
from tests.postgres import own_database, running_postgres
from tests.servers import RunningServer, running_server
from tests.valkey import needs_valkey, running_valkey

_CONFIG = """
database_url = "{database}"
redis_url = "{valkey}"

[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"

[[tiers]]
name = "narrow"
classes = [{{ name = "*", requests_per_minute = 40 }}]

[[tiers]]
name = "wide"
classes = [{{ name = "*", requests_per_minute = 1000000 }}]
"""
_REPLIES = '[[replies]]\ntext = "Hello there"\n'
_MODEL = "claude-sonnet-5-5"
_PATIENCE_S = 60.0

# One process has the databases and the servers.
pytestmark = [needs_valkey, pytest.mark.xdist_group("two-servers")]


class Pair(NamedTuple):
    """Two servers that share their state."""

    servers: tuple[RunningServer, RunningServer]
    database: Database

    def ask(self, number: int, key: str) -> httpx.Response:
        return httpx.post(
            f"{self.servers[number % 2].url}/v1/messages",
            json={
                "model": _MODEL,
                "max_tokens": 10,
                "messages": [{"role": "user", "content": "Hello"}],
            },
            headers={"anthropic-version": "2023-06-01", "x-api-key": key},
            timeout=60,
        )


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Generator[Pair, None, None]:
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        address = stack.enter_context(own_database(postgres, "shared"))
        valkey = stack.enter_context(running_valkey())
        config = _CONFIG.format(database=address, valkey=valkey.url)
        folder = tmp_path_factory.mktemp("pair")
        # One after the other: the second finds the tables made.
        first, second = (
            stack.enter_context(
                running_server(folder / name, config=config, files={"replies.toml": _REPLIES})
            )
            for name in ("first", "second")
        )
        database = Database(database_url(address, folder))
        stack.callback(database.close)
        yield Pair((first, second), database)


def test_a_limit_holds_once_and_not_for_each_server(pair: Pair) -> None:
    """T43: under load from both sides what is let through is what it allows and what flows in."""
    _, key = made_key(pair.database, tier="narrow")
    began = time.monotonic()

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda number: pair.ask(number, key), range(120)))

    passed_s = time.monotonic() - began
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 429}
    assert 40 <= statuses[200] <= 40 + passed_s * 40 / 60 + 1
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["anthropic-ratelimit-requests-remaining"] == "0"


def test_a_revoked_key_opens_neither(pair: Pair) -> None:
    key_id, key = made_key(pair.database, tier="wide")
    let_in = [pair.ask(number, key).status_code for number in range(4)]

    pair.database.write_now(partial(keys.revoke, key_id=key_id))

    deadline = time.monotonic() + _PATIENCE_S
    while {pair.ask(number, key).status_code for number in range(2)} != {401}:
        assert time.monotonic() < deadline, "a revoked key still opens a server"
    assert let_in == [200] * 4


def test_reports_that_wait_keep_no_key_waiting(pair: Pair) -> None:
    """They wait for a lock here, and for a large ledger elsewhere."""
    revoked_id, revoked = made_key(pair.database, tier="wide")
    _, fresh = made_key(pair.database, tier="wide")
    report = partial(
        httpx.get,
        f"{pair.servers[0].url}/v1/organizations/usage_report/messages",
        params={"starting_at": "2026-11-01T00:00:00Z"},
        headers={"anthropic-version": "2023-06-01", "x-api-key": _admin_key(pair.database)},
        timeout=2 * _PATIENCE_S,
    )
    let_in = pair.ask(0, revoked).status_code

    with ThreadPoolExecutor(8) as dashboards, pair.database.engine.connect() as other:
        other.execute(text("LOCK TABLE turns IN ACCESS EXCLUSIVE MODE"))
        try:
            reports = [dashboards.submit(report) for _ in range(8)]
            _wait_until_reports_wait(pair.database)
            met = pair.ask(0, fresh).status_code
            pair.database.write_now(partial(keys.revoke, key_id=revoked_id))
            deadline = time.monotonic() + _PATIENCE_S / 2
            while pair.ask(0, revoked).status_code != 401:
                assert time.monotonic() < deadline, "a revoked key still opens the server"
        finally:
            other.rollback()
        told = [each.result().status_code for each in reports]

    assert (let_in, met) == (200, 200)
    assert told == [200] * 8


def _admin_key(database: Database) -> str:
    wanted = keys.NewKey(name="dashboard", kind="admin")
    make = partial(keys.create_key, wanted=wanted, now=datetime.now(UTC), new_id=new_id)
    return database.write_now(make)[1]


def _wait_until_reports_wait(database: Database) -> None:
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND query LIKE 'SELECT%'"
    )
    deadline = time.monotonic() + _PATIENCE_S
    while database.read_now(lambda it: it.execute(waiting).scalar_one()) < 2:
        assert time.monotonic() < deadline, "no report waits"


def test_the_ledger_of_both_is_complete(pair: Pair) -> None:
    key_id, key = made_key(pair.database, tier="wide")

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda number: pair.ask(number, key), range(300)))

    wanted = {answer.headers["request-id"] for answer in answers}
    rows = select(turns.c.request_id, turns.c.cost_nano_usd).where(turns.c.key_id == key_id)
    deadline = time.monotonic() + _PATIENCE_S
    while len(found := pair.database.read_now(lambda it: it.execute(rows).all())) < len(wanted):
        assert time.monotonic() < deadline, f"{len(found)} of {len(wanted)} rows"
    spent = select(func.sum(spending.c.cost_nano_usd)).where(spending.c.key_id == key_id)
    assert {answer.status_code for answer in answers} == {200}
    assert {row.request_id for row in found} == wanted
    assert len(found) == len(wanted)
    total = pair.database.read_now(lambda it: it.execute(spent).scalar_one())
    assert total == sum(row.cost_nano_usd for row in found) > 0


def test_files_that_only_one_of_them_could_read_are_told_of_at_the_start(pair: Pair) -> None:
    told = [server.events("files_not_shared") for server in pair.servers]

    assert [[each["level"] for each in events] for events in told] == [["warning"]] * 2
    assert "[files] location" in told[0][0]["remedy"]
