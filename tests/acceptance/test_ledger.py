"""The ledger against a server that is stopped, killed and started again under load."""

import json
import os
import signal
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from sqlalchemy import select

from antechamber.store.database import Database, database_url
from antechamber.store.tables import spending, turns
from tests.engines.messages_api.upstream import message, played_upstream, whole
from tests.postgres import own_database, running_postgres
from tests.servers import RunningServer, running_server
from tests.stream_grammar import parse_sse

_WINDOW_S = 1.0
"""As long as may be set, so that a busy machine writes in time."""
_CONFIG = f"""
[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"

[usage]
window_ms = {_WINDOW_S * 1000:.0f}
"""
_REPLIES = """
[[replies]]
when = "long"
text = "one two three four five six seven eight nine ten"
token_delay_s = 0.05

[[replies]]
when = "never"
text = "one two three four five six seven eight nine ten"
hang_after = 5

[[replies]]
when = "broken"
text = "one two three"
fail_after = { events = 3, type = "overloaded_error", message = "Overloaded" }

[[replies]]
when = "refuse"
error = { status = 500, message = "No." }

[[replies]]
text = "Hello there"
"""
_MODEL = "claude-sonnet-5-5"


def _post(
    server: RunningServer, text: str, *, stream: bool = False, cache: bool = False
) -> httpx.Response:
    body: dict[str, Any] = {
        "model": _MODEL,
        "max_tokens": 100,
        "stream": stream,
        "messages": [{"role": "user", "content": text}],
    }
    if cache:
        body["cache_control"] = {"type": "ephemeral"}
    headers = {"anthropic-version": "2023-06-01"}
    return httpx.post(f"{server.url}/v1/messages", json=body, headers=headers, timeout=30)


def _rows(address: str | None, folder: Path) -> dict[str, Any]:
    database = Database(database_url(address, folder / "data"))
    try:
        found = database.read_now(lambda it: it.execute(select(turns)).mappings().all())
    finally:
        database.close()
    return {row["request_id"]: row for row in found}


@contextmanager
def _serving(folder: Path, address: str | None = None) -> Generator[RunningServer, None, None]:
    config = f'database_url = "{address}"\n{_CONFIG}' if address else _CONFIG
    with running_server(folder, config=config, files={"replies.toml": _REPLIES}) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> Generator[str | None, None, None]:
    """Where the server keeps its state; None is the file in its folder."""
    if request.param == "sqlite":
        yield None
        return
    with running_postgres() as server, own_database(server, "ledger") as made:
        yield made


def test_every_request_has_a_row_when_the_server_has_stopped(
    tmp_path: Path, address: str | None
) -> None:
    with _serving(tmp_path, address) as server:
        whole = _post(server, "Hello")
        streamed = _post(server, "Hello", stream=True)
        broken = _post(server, "broken", stream=True)
        refused = _post(server, "")
        server.terminate()
        server.wait()

    rows = _rows(address, tmp_path)
    told = json.loads(whole.text)["usage"]
    row = rows[whole.headers["request-id"]]
    assert (row["input_tokens"], row["output_tokens"]) == (
        told["input_tokens"],
        told["output_tokens"],
    )
    assert (row["workspace_id"], row["key_id"]) == ("default", None)
    assert (row["model"], row["engine"], row["ending"]) == (_MODEL, "play", "ended")
    assert rows[streamed.headers["request-id"]]["streams"] is True
    assert rows[broken.headers["request-id"]]["ending"] == "overloaded_error"
    assert refused.headers["request-id"] not in rows
    assert len(rows) == 3


def test_searches_of_an_upstream_are_counted_and_cost_ten_dollars_a_thousand(
    tmp_path: Path,
) -> None:
    usage = {"input_tokens": 7, "output_tokens": 3, "server_tool_use": {"web_search_requests": 2}}
    with played_upstream() as upstream:
        upstream.plays(whole(200, message(usage=usage)))
        config = f'[[engines]]\nname = "up"\ntype = "messages_api"\nbase_url = "{upstream.url}"\n'
        with running_server(tmp_path, config=config) as server:
            _post(server, "Hello")
            server.terminate()
            server.wait()

    (row,) = _rows(None, tmp_path).values()
    assert (row["web_searches"], row["web_search_cost_nano_usd"]) == (2, 20_000_000)
    tokens = row["input_cost_nano_usd"] + row["output_cost_nano_usd"]
    assert row["cost_nano_usd"] == tokens + 20_000_000


def test_an_absurd_count_of_an_engine_breaks_neither_limits_nor_the_ledger(tmp_path: Path) -> None:
    tier = "[[tiers.classes]]\nname = '*'\noutput_tokens_per_minute = 1_000\n"
    limits = f"[limits]\ntier = 'own'\n[[tiers]]\nname = 'own'\n{tier}"
    absurd = '[[replies]]\ntext = "Hello"\nusage = { output_tokens = 1_000_000_000_000_000_000 }\n'
    files = {"replies.toml": absurd}
    with running_server(tmp_path, config=f"{_CONFIG}{limits}", files=files) as server:
        statuses = [_post(server, "Hello").status_code for _ in range(3)]
        server.terminate()
        server.wait()

    assert statuses == [200, 429, 429]
    assert server.bugs() == []
    (row,) = _rows(None, tmp_path).values()
    assert row["output_tokens"] == 2**31 - 1


def test_the_ledger_says_what_the_client_was_told(tmp_path: Path) -> None:
    """T34: the counts of a stream and those of its row are the same."""
    with _serving(tmp_path) as server:
        streamed = _post(server, "long", stream=True)
        server.terminate()
        server.wait()

    deltas = [data for name, data in parse_sse(streamed.content) if name == "message_delta"]
    usage = deltas[-1]["usage"]
    (row,) = _rows(None, tmp_path).values()
    assert row["input_tokens"] == usage["input_tokens"]
    assert row["output_tokens"] == usage["output_tokens"]


def test_a_request_that_nobody_began_to_answer_costs_nothing(tmp_path: Path) -> None:
    with _serving(tmp_path) as server:
        failed = _post(server, "refuse " + "word " * 4_000, cache=True)
        server.terminate()
        server.wait()

    row = _rows(None, tmp_path)[failed.headers["request-id"]]
    assert failed.status_code == 500
    assert row["ending"] == "api_error"
    assert [row[name] for name in row if name.endswith("_tokens")] == [0] * 6
    assert row["cost_nano_usd"] == 0


def test_a_client_that_leaves_is_accounted_for(tmp_path: Path) -> None:
    """T40: whatever phase it leaves in, there is one row with what was used until then."""
    with _serving(tmp_path) as server:
        left_before = _left(server, "never", after=0)
        left_amid = _left(server, "never", after=4)
        server.terminate()
        server.wait()

    rows = _rows(None, tmp_path)
    assert {rows[each]["ending"] for each in (left_before, left_amid)} == {"left"}
    assert rows[left_amid]["input_tokens"] > 0


def _left(server: RunningServer, text: str, *, after: int) -> str:
    """Begin a stream and leave after so many events; return the id of the request."""
    body = {
        "model": _MODEL,
        "max_tokens": 100,
        "stream": True,
        "messages": [{"role": "user", "content": text}],
    }
    headers = {"anthropic-version": "2023-06-01"}
    url = f"{server.url}/v1/messages"
    with httpx.stream("POST", url, json=body, headers=headers, timeout=30) as answer:
        events = 0
        for line in answer.iter_lines():
            events += line.startswith("data:")
            if events > after:
                break
        return answer.headers["request-id"]


def test_a_kill_loses_no_row_that_is_older_than_the_window(
    tmp_path: Path, address: str | None
) -> None:
    with _serving(tmp_path, address) as server:
        answered: dict[str, float] = {}
        over = threading.Event()

        def load() -> None:
            with suppress(httpx.HTTPError):
                while not over.is_set():
                    answer = _post(server, "Hello", stream=True)
                    answered[answer.headers["request-id"]] = time.monotonic()

        with ThreadPoolExecutor(4) as clients:
            running = [clients.submit(load) for _ in range(4)]
            # Long enough for some to be older than the window.
            over.wait(2.5 * _WINDOW_S)
            killed_at = time.monotonic()
            os.kill(server.pid, signal.SIGKILL)
            over.set()
            for each in running:
                each.result()

    older = {name for name, at in answered.items() if at < killed_at - _WINDOW_S}
    rows = _rows(address, tmp_path)
    assert older
    assert older <= rows.keys()
    with _serving(tmp_path, address) as again:
        last = _post(again, "Hello")
        again.terminate()
        again.wait()
    after = _rows(address, tmp_path)
    assert after.keys() == rows.keys() | {last.headers["request-id"]}


def test_a_synchronous_ledger_has_the_row_before_the_answer_has_ended(tmp_path: Path) -> None:
    config = _CONFIG + "synchronous = true\n"
    with running_server(tmp_path, config=config, files={"replies.toml": _REPLIES}) as server:
        for stream in (False, True):
            answer = _post(server, "Hello", stream=stream)

            assert answer.headers["request-id"] in _rows(None, tmp_path)


def test_what_was_spent_is_what_the_rows_cost(tmp_path: Path) -> None:
    with _serving(tmp_path) as server:
        for _ in range(5):
            _post(server, "Hello")
        server.terminate()
        server.wait()

    costs = [row["cost_nano_usd"] for row in _rows(None, tmp_path).values()]
    database = Database(database_url(None, tmp_path / "data"))
    column = select(spending.c.cost_nano_usd)
    spent = database.read_now(lambda it: list(it.execute(column).scalars()))
    database.close()
    assert all(costs)
    assert sum(spent) == sum(costs)
