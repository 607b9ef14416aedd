"""A stream whose engine fails late: nothing was said yet, so that another one may still answer."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.servers import RunningServer, running_server
from tests.stream_grammar import check_stream, parse_sse

CONFIG = """
[server]
first_event_grace_s = 0.05
ping_s = {ping_s}
[[engines]]
name = "late"
type = "scripted"
script = "late.toml"
[[engines]]
name = "spare"
type = "scripted"
script = "spare.toml"
[[models]]
id = "claude-opus-5-5"
engines = ["late", "spare"]
[[models]]
id = "claude-sonnet-5-5"
engines = ["late"]
"""
LATE = "[[replies]]\ndelay_s = 0.5\nerror = { status = 529 }\n"
SPARE = '[[replies]]\ntext = "The spare one."\n'


@pytest.fixture(scope="module", params=["10", "0.1"], ids=["within a ping", "after some pings"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    config = CONFIG.replace("{ping_s}", request.param)
    files = {"late.toml": LATE, "spare.toml": SPARE}
    with running_server(tmp_path_factory.mktemp("late"), config=config, files=files) as it:
        yield it
        assert not it.bugs()


def stream(server: RunningServer, model: str, path: str = "/v1/messages") -> httpx2.Response:
    asked = {
        "model": model,
        "max_tokens": 100,
        "stream": True,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    headers = {"x-api-key": "x", "anthropic-version": "2023-06-01"}
    return httpx2.post(server.url + path, json=asked, headers=headers, timeout=20)


def test_another_engine_answers_however_late_the_first_one_fails(server: RunningServer) -> None:
    got = stream(server, "claude-opus-5-5")

    assert got.status_code == 200
    check_stream(parse_sse(got.content.lstrip(b":\n")))
    assert b"spare" in got.content
    silent_head = got.content.startswith(b":")
    served_by = None if silent_head else "spare/claude-opus-5-5"
    assert got.headers.get("antechamber-served-by") == served_by


def test_so_it_does_in_the_other_format(server: RunningServer) -> None:
    got = stream(server, "claude-opus-5-5", "/v1/chat/completions")

    assert got.status_code == 200
    assert "spare" in got.text
    assert got.text.rstrip().endswith("data: [DONE]")
    assert "error" not in got.text


def test_where_nobody_else_is_there_the_stream_begins_and_ends_with_the_error(
    server: RunningServer,
) -> None:
    got = stream(server, "claude-sonnet-5-5")

    assert got.status_code == 200
    assert got.headers["antechamber-served-by"] == "late/claude-sonnet-5-5"
    assert [event for event, _ in parse_sse(got.content) if event != "ping"] == [
        "message_start",
        "error",
    ]
