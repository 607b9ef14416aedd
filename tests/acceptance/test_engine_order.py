"""The engines of a model, in the order of the configuration."""

from pathlib import Path

import httpx2 as httpx

from tests.servers import running_server

_CONFIG = """
[[engines]]
name = "down"
type = "local"
base_url = "http://127.0.0.1:9"
start_timeout_s = 0.1

[[engines]]
name = "up"
type = "scripted"
script = "up.toml"

[[models]]
id = "claude-*"
engines = ["down", "up"]
"""
_UP = """
[[replies]]
text = "Second"
"""


def test_an_engine_that_cannot_begin_gives_way_to_the_next(tmp_path: Path) -> None:
    with running_server(tmp_path, config=_CONFIG, files={"up.toml": _UP}) as server:
        answer = httpx.post(
            f"{server.url}/v1/messages",
            headers={"anthropic-version": "2023-06-01"},
            json={
                "model": "claude-opus-5",
                "max_tokens": 10,
                "messages": [{"role": "user", "content": "Hi"}],
            },
            timeout=30,
        )

    failed = server.events("attempt_failed")
    assert answer.json()["content"][0]["text"] == "Second"
    assert [event["engine"] for event in failed] == ["down"]
