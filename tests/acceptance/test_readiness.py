"""What a balancer is told of a server whose upstream is gone."""

import socket
from pathlib import Path

import httpx2

from tests.engines.messages_api.upstream import played_upstream, whole
from tests.servers import RunningServer, running_server

CONFIG = """
[routing]
breaker_failures = 2
[[engines]]
name = "up"
type = "messages_api"
base_url = "{url}"
retries = 0
"""


def ask(server: RunningServer) -> int:
    body = {
        "model": "claude-opus-5-5",
        "max_tokens": 10,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    headers = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
    return httpx2.post(f"{server.url}/v1/messages", json=body, headers=headers).status_code


def test_a_server_whose_only_upstream_is_gone_is_not_ready(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with running_server(tmp_path, config=CONFIG.replace("{url}", nobody)) as server:
        assert httpx2.get(f"{server.url}/readyz").status_code == 200

        assert [ask(server) for _ in range(2)] == [529, 529]
        ready = httpx2.get(f"{server.url}/readyz")

        assert ready.status_code == 503
        assert ready.json() == {"status": "not_ready", "engines": {"up": "left alone"}}


def test_a_server_whose_upstream_answers_is_ready(tmp_path: Path) -> None:
    with (
        played_upstream() as upstream,
        running_server(tmp_path, config=CONFIG.replace("{url}", upstream.url)) as server,
    ):
        upstream.plays(whole())

        assert ask(server) == 200
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
