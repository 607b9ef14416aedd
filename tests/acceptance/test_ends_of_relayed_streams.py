"""A relayed stream is over with its last event, whatever its upstream does then."""

import asyncio
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engines.messages_api.upstream import (
    Answer,
    PlayedUpstream,
    Write,
    error,
    events,
    head,
    played_upstream,
    sse,
    streamed,
    whole,
)
from tests.servers import RunningServer, running_server

CONFIG = """
[server]
ping_s = 0.4
[log]
format = "json"
[routing]
breaker_failures = 1
breaker_open_s = 60

[[engines]]
name = "up"
type = "messages_api"
base_url = "{url}"
retries = 0
idle_timeout_s = 1.0
[[engines]]
name = "spare"
type = "scripted"
script = "spare.toml"

[[models]]
id = "*"
engines = ["up", "spare"]
"""
SPARE = '[[replies]]\ntext = "The spare one."\n'
WHOLE = b"".join(events())
FAILED = sse("error", error={"type": "overloaded_error", "message": "Overloaded"})


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture(scope="module")
def server(
    upstream: PlayedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """A server that leaves the engine alone after one failure; no test here may cause one."""
    with _running(upstream, tmp_path_factory.mktemp("ends")) as it:
        yield it


@pytest.fixture
def failing(upstream: PlayedUpstream, tmp_path: Path) -> Iterator[RunningServer]:
    """The same, for one test that does."""
    with _running(upstream, tmp_path) as it:
        yield it


@contextmanager
def _running(upstream: PlayedUpstream, folder: Path) -> Generator[RunningServer, None, None]:
    config = CONFIG.replace("{url}", upstream.url)
    with running_server(folder, config=config, files={"spare.toml": SPARE}) as it:
        yield it
        assert not it.bugs()


def ask(server: RunningServer, *, stream: bool = True) -> httpx2.Response:
    messages = [{"role": "user", "content": "Hello"}]
    asked = {"model": "claude-opus-5-5", "max_tokens": 100, "messages": messages}
    headers = {"x-api-key": "x", "anthropic-version": "2023-06-01"}
    return httpx2.post(
        f"{server.url}/v1/messages", json=asked | {"stream": stream}, headers=headers, timeout=20
    )


def served(answer: httpx2.Response) -> str:
    return answer.headers["antechamber-served-by"].split("/")[0]


def lines(server: RunningServer, event: str, **of: str) -> list[dict[str, Any]]:
    """Return the lines of the log with these fields; waits for the first of them."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        found = [line for line in server.events(event) if of.items() <= line.items()]
        if found:
            return found
        time.sleep(0.01)  # what is written has to be read from a pipe
    raise AssertionError(server.log)


def ending(server: RunningServer, answer: httpx2.Response) -> str:
    return lines(server, "turn", request_id=answer.headers["request-id"])[0]["ending"]


async def until_closed(write: Write, writer: Any) -> None:
    """Answer without a length, so that the body ends with the connection."""
    await write(head(200, {"content-type": "text/event-stream"}) + WHOLE)
    writer.transport.abort()


ENDS: list[tuple[str, Answer]] = [
    ("silence", streamed(then="hang")),
    ("a reset", streamed(pause_s=0.01, then="reset")),
    ("no last chunk", streamed(pause_s=0.01, then="cut")),
    ("a reset of a body without length", until_closed),
    ("a sign of another API", streamed([WHOLE, b"data: [DONE]\n\n"], pause_s=0.01)),
    ("the same in one piece", streamed([WHOLE + b"data: [DONE]\n\n" + sse("ping")])),
    ("an error", streamed([WHOLE, FAILED], pause_s=0.01)),
    ("another stream", streamed([WHOLE + WHOLE])),
    ("pings without end", streamed([WHOLE, *[sse("ping")] * 200], pause_s=0.05)),
    ("noise that never ends", streamed([WHOLE, *[b"x" * 1_000] * 200], pause_s=0.05)),
]


@pytest.mark.parametrize("answer", [case[1] for case in ENDS], ids=[case[0] for case in ENDS])
def test_nothing_follows_the_last_event_and_the_engine_has_done_well(
    upstream: PlayedUpstream, server: RunningServer, answer: Answer
) -> None:
    """Pitfalls T6, T11, T17, T58: no ping, no error, no second end, and no failure."""
    upstream.plays(answer, whole())
    started = time.monotonic()

    got = ask(server)

    assert time.monotonic() - started < 2.0
    assert got.content == WHOLE
    assert ending(server, got) == "ended"
    assert served(ask(server, stream=False)) == "up", "one failure would have been enough"


@pytest.mark.parametrize("at_once", [True, False])
def test_the_end_of_a_body_that_comes_soon_leaves_the_connection_to_the_next_request(
    upstream: PlayedUpstream, server: RunningServer, at_once: bool
) -> None:
    async def late(write: Write, writer: Any) -> None:
        del writer
        fields = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        await write(head(200, fields) + b"%x\r\n%b\r\n" % (len(WHOLE), WHOLE))
        await asyncio.sleep(0.02)  # the last chunk comes in a packet of its own
        await write(b"0\r\n\r\n")

    upstream.plays(streamed([WHOLE]) if at_once else late)
    ask(server)
    before = upstream.connections

    for _ in range(3):
        assert ask(server).content == WHOLE

    assert upstream.connections == before


def test_an_upstream_that_holds_its_stream_open_is_hung_up_on(
    upstream: PlayedUpstream, server: RunningServer
) -> None:
    upstream.plays(streamed(then="hang"))

    ask(server)

    assert upstream.last.left.wait(1.0)


def test_an_error_event_after_the_start_is_a_failure_for_the_log_and_the_circuit(
    upstream: PlayedUpstream, failing: RunningServer
) -> None:
    """Pitfall T58: it passes as it came, nobody else begins anew, the next request avoids it."""
    upstream.plays(streamed([*events()[:4], FAILED], pause_s=0.01))

    got = ask(failing)

    assert got.content == b"".join([*events()[:4], FAILED])
    assert served(got) == "up"
    assert len(upstream.asked) == 1
    assert ending(failing, got) == "overloaded_error"
    assert [line["engine"] for line in lines(failing, "engine_left_alone")] == ["up"]
    assert served(ask(failing)) == "spare"
    assert len(upstream.asked) == 1


def test_an_error_event_before_the_start_is_answered_by_another_engine(
    upstream: PlayedUpstream, failing: RunningServer
) -> None:
    """Pitfall T58: it is a failure as well, and nothing of it reaches the client."""
    upstream.plays(streamed([FAILED]))

    got = ask(failing)

    assert served(got) == "spare"
    assert b"error" not in got.content
    reasons = [line["reason"] for line in lines(failing, "attempt_failed")]
    assert reasons == ["up answered with overloaded_error."]
    assert [line["engine"] for line in lines(failing, "engine_left_alone")] == ["up"]


def test_what_an_error_event_says_of_the_request_is_no_failure_of_the_engine(
    upstream: PlayedUpstream, server: RunningServer
) -> None:
    told = sse("error", error={"type": "invalid_request_error", "message": "Schema is too complex"})
    upstream.plays(streamed([*events()[:2], told]), whole(400, error("invalid_request_error")))

    assert ask(server).content.endswith(told)
    assert served(ask(server)) == "up"
