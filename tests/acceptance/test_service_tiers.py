"""Who is served first by an engine that is full, as its upstream sees it."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.engines.messages_api.upstream import (
    Answer,
    PlayedUpstream,
    Write,
    events,
    head,
    played_upstream,
)
from tests.servers import RunningServer, running_server

CONFIG = """
[server]
ping_s = 0.05
[log]
format = "json"

[[engines]]
name = "narrow"
type = "messages_api"
base_url = "{url}"
max_concurrency = 1
queue = 30
[[engines]]
name = "impatient"
type = "messages_api"
base_url = "{url}"
max_concurrency = 1
first_byte_timeout_s = 0.5
retries = 0

[[models]]
id = "narrow"
engines = ["narrow"]
[[models]]
id = "impatient"
engines = ["impatient"]
"""


@pytest.fixture
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture
def server(
    upstream: PlayedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    config = CONFIG.replace("{url}", upstream.url)
    with running_server(tmp_path_factory.mktemp("tiers"), config=config) as it:
        yield it
        assert not it.bugs()


def ends_after(gate: threading.Event) -> Answer:
    """Begin to answer, and end when the test says so."""
    fields = {"content-type": "text/event-stream", "connection": "close"}

    async def answer(write: Write, writer: asyncio.StreamWriter) -> None:
        begun, *others = events()
        await write(head(200, fields) + begun)
        await asyncio.to_thread(gate.wait, 60)
        await write(b"".join(others))
        writer.close()

    return answer


@asynccontextmanager
async def asking(
    http: httpx2.AsyncClient, text: str, *, model: str = "narrow", **fields: Any
) -> AsyncGenerator[httpx2.Response]:
    """Ask for a stream; its head comes when it has waited for ``ping_s``."""
    messages = [{"role": "user", "content": text}]
    body = {"model": model, "max_tokens": 10, "messages": messages, "stream": True, **fields}
    async with http.stream("POST", "/v1/messages", json=body) as answer:
        assert answer.status_code == 200
        yield answer


def client(server: RunningServer) -> httpx2.AsyncClient:
    headers = {"x-api-key": "x", "anthropic-version": "2023-06-01"}
    return httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=60)


async def test_a_priority_request_waits_a_tenth_of_what_others_do(
    server: RunningServer, upstream: PlayedUpstream
) -> None:
    """Counted in answers of the engine, which takes one request at a time."""
    gate = threading.Event()
    upstream.plays(ends_after(gate))
    async with client(server) as http, AsyncExitStack() as waiting:
        answers = [
            await waiting.enter_async_context(asking(http, text, service_tier=tier))
            for text, tier in [
                *((str(n), "standard_only") for n in range(20)),
                ("first", "priority"),
            ]
        ]
        gate.set()
        read = [await answer.aread() for answer in answers]

    assert all(b"event: message_stop" in each for each in read)
    order = [each.json()["messages"][0]["content"] for each in upstream.asked]
    standard = [order.index(str(number)) for number in range(20)]
    assert sorted(standard) == standard, "first come, first served"
    assert order.index("first") == 1, "the first one was being answered when it came"
    assert order.index("first") <= sum(standard) / len(standard) / 10


async def test_a_wait_is_no_longer_than_that_for_a_first_byte(
    server: RunningServer, upstream: PlayedUpstream
) -> None:
    gate = threading.Event()
    upstream.plays(ends_after(gate))
    async with client(server) as http, asking(http, "first", model="impatient") as first:
        async with asking(http, "second", model="impatient") as second:
            told = (await second.aread()).decode()
        gate.set()
        await first.aread()

    failure = json.loads(told.rsplit("data: ", 1)[1])
    assert failure["error"] == {"type": "overloaded_error", "message": "Overloaded"}
    assert len(upstream.asked) == 1
