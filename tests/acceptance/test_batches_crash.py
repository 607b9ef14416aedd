"""Batches against servers and workers that are killed: one result for each request, and one row."""

import json
import os
import random
import re
import signal
import socket
import time
from collections import Counter
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from antechamber.store.database import Database, database_url
from antechamber.store.tables import turns
from tests.acceptance.model_host import model_host
from tests.commands import Process, bare_environment, start
from tests.postgres import running_postgres
from tests.servers import RunningServer, ServerFailed, running_server

_CONFIG = """
[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"
"""
_REPLY = """
[[replies]]
text = "Hello there"
delay_s = {delay_s}
"""
_RELAYED = """
[[engines]]
name = "upstream"
type = "messages_api"
base_url = "{url}"
api_key = "any"
"""
_MODEL = "claude-sonnet-5-5"
_HEADERS = {"x-api-key": "any", "anthropic-version": "2023-06-01"}
_PATIENCE_S = 100.0
_MOST_MIB = 400


def _body(count: int) -> bytes:
    names = [f"task-{at}" for at in range(count)]
    requests = [{"custom_id": name, "params": _params(name)} for name in names]
    return json.dumps({"requests": requests}).encode()


def _params(text: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": text}]
    return {"model": _MODEL, "max_tokens": 50, "messages": messages}


@contextmanager
def _served(
    folder: Path, config: str = "", *, delay_s: float = 0.0, workers: int = 1
) -> Generator[RunningServer, None, None]:
    replies = {"replies.toml": _REPLY.format(delay_s=delay_s)}
    options = ["--workers", str(workers)]
    with running_server(folder, config=config + _CONFIG, files=replies, options=options) as server:
        yield server
        assert not server.bugs()


def _client(server: RunningServer) -> httpx2.Client:
    return httpx2.Client(base_url=server.url, headers=_HEADERS, timeout=60)


def _created(server: RunningServer, count: int) -> str:
    with _client(server) as client:
        answer = client.post("/v1/messages/batches", content=_body(count))
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def _wait_for(
    server: RunningServer, batch_id: str, finished: int, *, within_s: float = _PATIENCE_S
) -> dict[str, Any]:
    """Ask until so many requests of the batch have a result; return it as it is then."""
    deadline = time.monotonic() + within_s
    with _client(server) as client:
        while True:
            answer = client.get(f"/v1/messages/batches/{batch_id}")
            if int(answer.headers["antechamber-finished-requests"]) >= finished:
                return answer.json()
            assert time.monotonic() < deadline, f"{answer.text}\n{server.log}"


def _outcomes(server: RunningServer, batch_id: str) -> Counter[str]:
    """Return how many results there are of each kind; raises for two of one request."""
    with _client(server) as client:
        answer = client.get(f"/v1/messages/batches/{batch_id}/results")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert len({line["custom_id"] for line in lines}) == len(lines)
    return Counter(line["result"]["type"] for line in lines)


def _rows(data: Path, address: str | None = None) -> list[tuple[str, str, int | None]]:
    """Return ending, tier and cost of every row of the ledger."""
    database = Database(database_url(address, data))
    columns = select(turns.c.ending, turns.c.service_tier, turns.c.cost_nano_usd)
    try:
        return [tuple(row) for row in database.read_now(lambda it: it.execute(columns).all())]
    finally:
        database.close()


def _check(server: RunningServer, batch_id: str, count: int) -> None:
    ended = _wait_for(server, batch_id, count)
    assert ended["processing_status"] == "ended"
    assert ended["request_counts"] == {
        "processing": 0,
        "succeeded": count,
        "errored": 0,
        "canceled": 0,
        "expired": 0,
    }
    assert _outcomes(server, batch_id) == {"succeeded": count}


@pytest.mark.parametrize(
    ("count", "kills", "delay_s"),
    [
        (100, 1, 0.05),
        pytest.param(2_000, 5, 0.02, marks=[pytest.mark.slow, pytest.mark.timeout(300)]),
    ],
)
def test_a_killed_server_goes_on_where_it_was(
    tmp_path: Path, count: int, kills: int, delay_s: float
) -> None:
    at_random = random.Random(count)  # noqa: S311 - no secret
    moments = sorted(at_random.sample(range(1, count * 9 // 10), kills))
    batch_id = None

    for at in moments:
        with _served(tmp_path, delay_s=delay_s) as server:
            batch_id = batch_id or _created(server, count)
            _wait_for(server, batch_id, at)
            os.kill(server.pid, signal.SIGKILL)
            server.wait()

    with _served(tmp_path, delay_s=delay_s) as server:
        _check(server, batch_id or "", count)
    rows = _rows(tmp_path / "data")
    assert Counter(row[:2] for row in rows) == {("ended", "batch"): count}


def test_an_upstream_is_asked_again_for_what_ran_at_a_kill_alone(tmp_path: Path) -> None:
    count, kills = 200, 2
    with model_host() as host:
        host.delay_s = 0.05
        config = _RELAYED.format(url=host.url)
        with _relaying(tmp_path, config) as server:
            batch_id = _created(server, count)
            _wait_for(server, batch_id, 50)
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
        with _relaying(tmp_path, config) as server:
            _wait_for(server, batch_id, 120)
            os.kill(server.pid, signal.SIGKILL)
            server.wait()

        with _relaying(tmp_path, config) as server:
            _check(server, batch_id, count)

    asked = Counter(each["messages"][0]["content"] for each in host.asked)
    assert len(asked) == count
    assert max(asked.values()) <= 1 + kills
    # Eight at a time, and as many again in each twentieth of a second until results are written.
    assert asked.total() <= count + kills * 60


@contextmanager
def _relaying(folder: Path, config: str) -> Generator[RunningServer, None, None]:
    with running_server(folder, config=config) as server:
        yield server
        assert not server.bugs()


def test_a_batch_is_finished_whose_queue_was_lost(tmp_path: Path) -> None:
    with _served(tmp_path, delay_s=0.1) as server:
        batch_id = _created(server, 60)
        _wait_for(server, batch_id, 10)
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    queue = [*(tmp_path / "data").glob("batches.db*")]
    for file in queue:
        file.unlink()

    with _served(tmp_path) as server:
        _check(server, batch_id, 60)
    assert queue


def test_a_server_that_is_told_to_stop_gives_back_what_it_has_not_done(tmp_path: Path) -> None:
    with _served(tmp_path, delay_s=0.1) as server:
        batch_id = _created(server, 60)
        _wait_for(server, batch_id, 10)
        server.terminate()
        server.wait()

    with _served(tmp_path) as server:
        _check(server, batch_id, 60)
    # What ran had time to finish: nothing was paid for twice.
    assert Counter(row[0] for row in _rows(tmp_path / "data")) == {"ended": 60}


def test_one_of_several_processes_works_on_batches_and_another_after_it(tmp_path: Path) -> None:
    with _served(tmp_path, delay_s=0.02, workers=2) as server:
        created = [_created(server, 20) for _ in range(4)]
        for batch_id in created:
            _check(server, batch_id, 20)

        last = _created(server, 200)
        _wait_for(server, last, 20)
        os.kill(_at_work(server), signal.SIGKILL)

        _check(server, last, 200)


def _at_work(server: RunningServer) -> int:
    """Return the process that has the queue of chunks open."""
    for process in psutil.Process(server.pid).children(recursive=True):
        if any(file.path.endswith("batches.db") for file in process.open_files()):
            return process.pid
    raise AssertionError(server.log)


@contextmanager
def _working(
    folder: Path, config: str, *options: str, delay_s: float = 0.0
) -> Generator[tuple[Process, Path], None, None]:
    """Run ``antechamber worker`` with files of its own; yields it, and where its log is."""
    folder.mkdir()
    (folder / "worker.toml").write_text(config + _CONFIG)
    (folder / "replies.toml").write_text(_REPLY.format(delay_s=delay_s))
    log = folder / "log.txt"
    command = ["worker", "--config", "worker.toml", "--data-dir", str(folder / "data"), *options]
    with log.open("w") as said, Path(os.devnull).open() as nothing:
        files = (nothing.fileno(), said.fileno(), said.fileno())
        process = start(command, folder=folder, env=bare_environment(), files=files)
        try:
            yield process, log
        finally:
            process.terminate()
            process.wait(40)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_of_three_workers_one_is_killed_and_the_others_do_its_work(tmp_path: Path) -> None:
    with running_postgres() as address, ExitStack() as running:
        shared = f'database_url = "{address}"\n[batches]\nin_server = false\n'
        server = running.enter_context(_served(tmp_path / "server", shared))
        workers = [
            running.enter_context(_working(tmp_path / f"worker-{at}", shared, delay_s=0.02))
            for at in range(3)
        ]
        batch_id = _created(server, 2_000)
        _wait_for(server, batch_id, 500)

        os.kill(workers[0][0].pid, signal.SIGKILL)

        _check(server, batch_id, 2_000)
        rows = _rows(tmp_path, address)
        assert Counter(row[:2] for row in rows) == {("ended", "batch"): 2_000}


def test_a_worker_does_what_the_server_does_not_and_gives_back_the_rest(tmp_path: Path) -> None:
    with running_postgres() as address, ExitStack() as running:
        shared = f'database_url = "{address}"\n[batches]\nin_server = false\n'
        server = running.enter_context(_served(tmp_path / "server", shared))
        batch_id = _created(server, 60)
        with _working(tmp_path / "first", shared, delay_s=0.1) as (first, log):
            _wait_for(server, batch_id, 10)
            first.terminate()
            status = first.wait(40)

        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with _working(tmp_path / "second", shared, "--metrics-port", str(port)):
            _check(server, batch_id, 60)
            numbers = httpx2.get(f"http://127.0.0.1:{port}/metrics").text

        rows = _rows(tmp_path, address)
    assert status == 0
    assert "worker_stopped" in log.read_text()
    assert Counter(row[0] for row in rows) == {"ended": 60}
    told = re.search(
        r'^antechamber_requests_total\{.*ending="ended".*\} (\S+)', numbers, re.MULTILINE
    )
    assert told is not None
    assert 0 < float(told[1]) <= 50


def test_a_batch_that_is_not_large_is_shared_too(tmp_path: Path) -> None:
    with running_postgres() as address, ExitStack() as running:
        shared = f'database_url = "{address}"\n'
        server = running.enter_context(_served(tmp_path / "server", shared, delay_s=1.0))
        running.enter_context(_working(tmp_path / "worker", shared, delay_s=1.0))
        batch_id = _created(server, 60)

        deadline = time.monotonic() + _PATIENCE_S
        while len(_who_works(tmp_path, address)) < 2:
            batch = _wait_for(server, batch_id, 0)
            assert batch["processing_status"] == "in_progress", server.log
            assert time.monotonic() < deadline


def _who_works(data: Path, address: str) -> set[str]:
    """Return the processes that have begun chunks of batches."""
    database = Database(database_url(address, data))
    begun = text(
        "SELECT DISTINCT executor_id FROM antechamber_dbos.workflow_status "
        "WHERE executor_id IS NOT NULL AND status IN ('PENDING', 'SUCCESS')"
    )
    try:
        return set(database.read_now(lambda it: it.execute(begun).scalars().all()))
    except ProgrammingError:  # there is no such table before somebody has begun
        return set()
    finally:
        database.close()


def test_a_worker_without_a_shared_database_says_what_to_do(tmp_path: Path) -> None:
    with _working(tmp_path / "worker", "") as (process, log):
        status = process.wait(40)

    assert status == 2
    assert "set database_url to postgresql://" in log.read_text()


def test_a_server_that_leaves_batches_to_nobody_does_not_start(tmp_path: Path) -> None:
    config = f"[batches]\nin_server = false\n{_CONFIG}"
    files = {"replies.toml": _REPLY.format(delay_s=0)}

    with (
        pytest.raises(ServerFailed, match="in_server = false"),
        running_server(tmp_path, config=config, files=files),
    ):
        pass


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_thousand_requests_need_no_more_memory_than_a_few(tmp_path: Path) -> None:
    count = 100_000
    with _served(tmp_path) as server:
        process, most = psutil.Process(server.pid), 0
        batch_id = _created(server, count)

        for finished in range(0, count + 1, 1_000):
            _wait_for(server, batch_id, finished, within_s=500)
            most = max(most, process.memory_info().rss)

        _check(server, batch_id, count)
        most = max(most, process.memory_info().rss)
    assert most < _MOST_MIB * 1024 * 1024
    assert Counter(row[:2] for row in _rows(tmp_path / "data")) == {("ended", "batch"): count}
