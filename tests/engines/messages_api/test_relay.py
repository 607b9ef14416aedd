"""The engine that relays, against an upstream with every fault that sockets know."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, suppress
from typing import Any

import pytest

from antechamber.catalogue.facts import ModelFacts
from antechamber.engines.base import RelayOrder
from antechamber.engines.messages_api import HostedApi, MessagesApiEngine
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.wire.errors import (
    EngineFailed,
    EngineFault,
    EngineTimedOut,
    Overloaded,
)
from tests.engines.messages_api.upstream import (
    Answer,
    PlayedUpstream,
    error,
    events,
    hangs,
    played_upstream,
    raw,
    resets,
    sse,
    streamed,
    whole,
)

FACTS = ModelFacts.unlisted("our-model")
BODY = b'{"model":"their-model", "stream": true}'
SHORT = Timeouts(connect_s=0.4, first_s=0.4, idle_s=0.4)


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


def engine_at(
    url: str, timeouts: Timeouts = SHORT, key: str | None = "sk-ours"
) -> MessagesApiEngine:
    client = UpstreamClient("The upstream", url, headers={}, timeouts=timeouts)
    return MessagesApiEngine("up", client, HostedApi(url, api_key=key))


@pytest.fixture
async def engine(upstream: PlayedUpstream) -> AsyncIterator[MessagesApiEngine]:
    made = engine_at(upstream.url)
    yield made
    await made.aclose()


def order(*, streams: bool = True, **fields: Any) -> RelayOrder:
    given: dict[str, Any] = {"version": "2023-06-01", **fields}
    return RelayOrder(
        path="/v1/messages",
        body=BODY,
        facts=FACTS,
        upstream_model="their-model",
        streams=streams,
        request_id="req_1",
        **given,
    )


async def relayed(engine: MessagesApiEngine, *, streams: bool = True) -> tuple[int, bytes]:
    async with aclosing(await engine.relay(order(streams=streams))) as answer:
        return answer.status, b"".join([chunk async for chunk in answer.chunks()])


async def test_body_and_answer_pass_to_the_byte(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(streamed(events("Grüße, |世界 \u2028")))

    status, found = await relayed(engine)

    assert status == 200
    assert found == b"".join(events("Grüße, |世界 \u2028"))
    assert upstream.last.body == BODY
    assert upstream.last.path == "/v1/messages"


async def test_the_head_has_our_key_the_version_and_the_betas_in_their_order(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(whole())
    asked = order(betas=("b-2025-01-01", "a-2025-01-01"), headers={"x-claude-code-session-id": "s"})

    async with aclosing(await engine.relay(asked)) as answer:
        assert answer.status == 200

    assert upstream.last.header("x-api-key") == "sk-ours"
    assert upstream.last.header("authorization") in (None, "Bearer sk-ours")
    assert upstream.last.header("anthropic-version") == "2023-06-01"
    assert upstream.last.header("anthropic-beta") == "b-2025-01-01,a-2025-01-01"
    assert upstream.last.header("x-claude-code-session-id") == "s"


async def test_connections_are_used_again(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(whole())
    before = upstream.connections

    for _ in range(3):
        await relayed(engine, streams=False)

    assert upstream.connections == before + 1


async def test_a_connection_that_the_upstream_has_closed_is_not_used_again(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    """It says nothing of hanging up, as servers do whose idle time is over."""
    upstream.plays(raw(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"))

    for _ in range(20):
        assert await relayed(engine, streams=False) == (200, b"{}")


async def test_errors_are_answers(upstream: PlayedUpstream, engine: MessagesApiEngine) -> None:
    upstream.plays(whole(429, error("rate_limit_error"), {"retry-after": "7"}))

    async with aclosing(await engine.relay(order())) as answer:
        assert answer.status == 429
        assert answer.headers["retry-after"] == "7"
        assert [chunk async for chunk in answer.chunks()] == [error("rate_limit_error")]


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
FAULTS: list[tuple[str, Answer, type[EngineFault]]] = [
    ("reset before the head", resets(), Overloaded),
    ("hang before the head", hangs(), EngineTimedOut),
    ("hang after the head", streamed([], then="hang"), EngineTimedOut),
    ("hang in the stream", streamed(events()[:2], then="hang"), EngineTimedOut),
    ("reset in the stream", streamed(events()[:2], pause_s=0.02, then="reset"), EngineFailed),
    ("cut in the stream", streamed(events()[:2], pause_s=0.02, then="cut"), EngineFailed),
    ("cut in a body", whole(missing=10), EngineFailed),
    ("no HTTP", raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), EngineFailed),
    ("a chunk of no size", raw(CHUNKED + b"zz\r\n"), EngineFailed),
]


@pytest.mark.parametrize(
    ("answer", "fault"), [case[1:] for case in FAULTS], ids=[c[0] for c in FAULTS]
)
async def test_a_fault_is_named_within_the_time_that_settings_allow(
    upstream: PlayedUpstream,
    engine: MessagesApiEngine,
    answer: Answer,
    fault: type[EngineFault],
) -> None:
    upstream.plays(answer)
    started = time.monotonic()

    with pytest.raises(EngineFault) as caught:
        await relayed(engine)

    assert isinstance(caught.value, fault)
    assert "The upstream" in caught.value.message
    assert time.monotonic() - started < 1.5


async def test_nobody_there_is_worth_another_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    engine = engine_at(f"http://127.0.0.1:{port}")

    with pytest.raises(Overloaded):
        await relayed(engine)

    await engine.aclose()


async def test_the_first_byte_has_its_own_time_also_before_the_head(
    upstream: PlayedUpstream,
) -> None:
    """Pitfall T63: not as long as silence between two pieces may last."""
    engine = engine_at(upstream.url, Timeouts(connect_s=1, first_s=0.2, idle_s=60))
    upstream.plays(hangs())
    started = time.monotonic()

    with pytest.raises(EngineTimedOut):
        await relayed(engine)

    assert time.monotonic() - started < 2
    await engine.aclose()


@pytest.mark.parametrize("sign", [b": still here\n\n", sse("ping")], ids=["comment", "ping"])
async def test_signs_of_life_before_an_answer_do_not_begin_it(
    upstream: PlayedUpstream, sign: bytes
) -> None:
    """Pitfall T63: another server between here and the model may send them for ever."""
    engine = engine_at(upstream.url, Timeouts(connect_s=1, first_s=0.3, idle_s=60))
    upstream.plays(streamed([sign] * 200, pause_s=0.05))
    started = time.monotonic()

    with pytest.raises(EngineTimedOut):
        await relayed(engine)

    assert time.monotonic() - started < 2
    await engine.aclose()


async def test_an_answer_begins_also_with_an_event_in_pieces(upstream: PlayedUpstream) -> None:
    engine = engine_at(upstream.url, Timeouts(connect_s=1, first_s=0.8, idle_s=0.8))
    start, *rest = events()
    upstream.plays(
        streamed([*[bytes([byte]) for byte in start[:30]], start[30:], *rest], pause_s=0.03)
    )

    assert await relayed(engine) == (200, b"".join(events()))
    await engine.aclose()


async def test_a_long_stream_is_measured_by_its_silences_alone(upstream: PlayedUpstream) -> None:
    engine = engine_at(upstream.url, Timeouts(connect_s=1, first_s=0.3, idle_s=0.3))
    upstream.plays(streamed(events("a|b|c|d|e|f"), pause_s=0.08))

    assert await relayed(engine) == (200, b"".join(events("a|b|c|d|e|f")))
    await engine.aclose()


async def test_silence_after_the_first_piece_has_its_own_time(upstream: PlayedUpstream) -> None:
    engine = engine_at(upstream.url, Timeouts(connect_s=1, first_s=60, idle_s=0.2))
    upstream.plays(streamed(events()[:1], then="hang"))
    started = time.monotonic()

    with pytest.raises(EngineTimedOut):
        await relayed(engine)

    assert time.monotonic() - started < 2
    await engine.aclose()


async def test_a_redirection_is_not_followed_with_our_key(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(whole(307, b"", {"location": f"{upstream.url}/elsewhere"}))

    assert (await relayed(engine))[0] == 307
    assert [asked.path for asked in upstream.asked] == ["/v1/messages"]


async def test_cookies_of_one_caller_do_not_go_out_with_another(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(whole(headers={"set-cookie": "__cf_bm=one; path=/"}))

    await relayed(engine)
    await relayed(engine)

    assert upstream.last.header("cookie") is None


PHASES: list[tuple[str, Answer]] = [
    ("before the head", hangs()),
    ("after the head", streamed([], then="hang")),
    ("in the stream", streamed(events()[:2], then="hang")),
    ("while it writes", streamed(events("|".join("x" * 500)), pause_s=0.01)),
]


@pytest.mark.parametrize("answer", [case[1] for case in PHASES], ids=[case[0] for case in PHASES])
async def test_leaving_drops_the_upstream_within_a_second(
    upstream: PlayedUpstream, answer: Answer
) -> None:
    """Pitfall T40."""
    engine = engine_at(upstream.url, Timeouts())
    upstream.plays(answer)

    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await relayed(engine)

    assert await asyncio.to_thread(upstream.last.left.wait, 1.0)
    await engine.aclose()


async def test_faults_leave_no_task_and_no_connection(upstream: PlayedUpstream) -> None:
    engine = engine_at(upstream.url, Timeouts(connect_s=1, first_s=0.05, idle_s=0.05))
    tasks = asyncio.all_tasks()
    for number in range(60):
        upstream.plays(FAULTS[number % len(FAULTS)][1])
        with suppress(EngineFault):
            await relayed(engine)

    assert asyncio.all_tasks() == tasks
    await engine.aclose()
    until = time.monotonic() + 5
    while upstream.open_connections and time.monotonic() < until:
        await asyncio.to_thread(time.sleep, 0.01)
    assert upstream.open_connections == 0
