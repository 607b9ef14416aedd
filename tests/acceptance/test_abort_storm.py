"""Clients that leave by the dozen, each with a prompt that takes work to read."""

import json
import re
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest

from tests.servers import RunningServer, running_server

CONFIG = """
[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"
"""
REPLIES = '[[replies]]\ntext = "one two three four five"\nhang_after = 2\n'
BODY = json.dumps(
    {
        "model": "claude-sonnet-5-5",
        "max_tokens": 100,
        "stream": True,
        "messages": [{"role": "user", "content": "word " * 40_000}],
    }
).encode()
HEAD = (
    "POST /v1/messages HTTP/1.1\r\nhost: 127.0.0.1\r\nx-api-key: any\r\n"
    "anthropic-version: 2023-06-01\r\ncontent-type: application/json\r\n"
    f"content-length: {len(BODY)}\r\n\r\n"
).encode()
LAG_S = 2.5
"""A bucket of the histogram: so long the loop stands still only where it does the work itself."""
_PATIENCE_S = 60.0


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("storm")
    with running_server(folder, config=CONFIG, files={"replies.toml": REPLIES}) as it:
        yield it


def test_requests_that_are_given_up_leave_the_loop_free(server: RunningServer) -> None:
    """T41: what is counted of a prompt is counted beside the loop, and not after its client."""
    for _ in range(3):
        leaving = [_asking(server) for _ in range(20)]
        for connection in leaving:
            connection.close()

    _until_nothing_runs(server)
    numbers = _metrics(server)
    assert numbers[f'bucket{{le="{LAG_S}"}}'] == numbers["count"] > 0
    assert server.bugs() == []


def _asking(server: RunningServer) -> socket.socket:
    address = urlsplit(server.url)
    connection = socket.create_connection((address.hostname, address.port), timeout=_PATIENCE_S)
    connection.sendall(HEAD + BODY)
    return connection


def _until_nothing_runs(server: RunningServer) -> None:
    """Wait for the requests that are still known, and for a look at the loop."""
    deadline = time.monotonic() + _PATIENCE_S
    while _metrics(server).get("count", 0) < 2 or _running(server):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _metrics(server: RunningServer) -> dict[str, float]:
    found = re.findall(r"^antechamber_event_loop_lag_seconds_(\S+) (\S+)$", _text(server), re.M)
    return {name: float(number) for name, number in found}


def _running(server: RunningServer) -> float:
    found = re.findall(r"^antechamber_engine_requests_in_flight\S* (\S+)$", _text(server), re.M)
    return sum(map(float, found))


def _text(server: RunningServer) -> str:
    return httpx.get(f"{server.url}/metrics", timeout=_PATIENCE_S).text
