"""How long an upstream is waited for: to connect, to begin, and between two pieces."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import aclosing

import pytest

from antechamber.outbound.client import Answer, UpstreamClient
from antechamber.wire.errors import EngineTimedOut
from tests.unit.outbound.serving import (
    CHUNKED,
    LONG_S,
    NAME,
    OK,
    SHORT,
    TINY_S,
    Heard,
    body_of,
    saying,
    serving,
)

LATE = f"^{NAME} did not answer in time\\.$"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n"


async def test_a_head_that_does_not_come_is_waited_for_as_long_as_a_first_piece() -> None:
    for pieces in ([], [HEAD], [b"HTTP/1.1 100 Continue\r\n\r\n"]):
        async with serving(saying(*pieces, then="silent")) as played:
            client = played.client(first_s=TINY_S, idle_s=LONG_S)
            with pytest.raises(EngineTimedOut, match=LATE):
                await body_of(client)
            await played.left.wait()
            await client.aclose()


async def test_a_first_piece_that_does_not_come_has_its_limit() -> None:
    async with serving(saying(CHUNKED, then="silent")) as played:
        client = played.client(first_s=TINY_S, idle_s=LONG_S)
        with pytest.raises(EngineTimedOut, match=LATE):
            await body_of(client)
        await played.left.wait()
        await client.aclose()


async def test_signs_of_life_are_no_first_piece() -> None:
    async def drip(heard: Heard) -> None:
        await heard.say(CHUNKED)
        gone = asyncio.create_task(heard.gone())
        while not gone.done():
            await heard.say(b"1\r\n:\r\n")
            await asyncio.wait([gone], timeout=TINY_S / 10)

    async with serving(drip) as played:
        client = played.client(first_s=TINY_S, idle_s=LONG_S)
        with pytest.raises(EngineTimedOut, match=LATE):
            await body_of(client)
        await played.left.wait()
        await client.aclose()


async def test_a_slow_drip_of_a_head_is_one_wait() -> None:
    async def drip(heard: Heard) -> None:
        gone = asyncio.create_task(heard.gone())
        await heard.say(b"HTTP/1.1 200 OK\r\nx: ")
        while not gone.done():
            await heard.say(b"x")
            await asyncio.wait([gone], timeout=TINY_S / 10)

    async with serving(drip) as played:
        client = played.client(first_s=TINY_S, idle_s=LONG_S)
        with pytest.raises(EngineTimedOut, match=LATE):
            await body_of(client)
        await played.left.wait()
        await client.aclose()


@pytest.mark.parametrize(
    "begin", [Answer.begin, lambda answer: answer.begin_with(bool)], ids=["said", "found"]
)
async def test_after_the_first_piece_each_silence_has_its_own_limit(
    begin: Callable[[Answer], None],
) -> None:
    async with serving(saying(CHUNKED, b"1\r\nx\r\n", then="silent")) as played:
        client = played.client(first_s=LONG_S, idle_s=TINY_S)
        async with client.send("/x", b"{}") as answer, aclosing(answer.chunks()) as chunks:
            begin(answer)
            assert await anext(chunks) == b"x"
            with pytest.raises(EngineTimedOut, match=LATE):
                await anext(chunks)
        await played.left.wait()
        await client.aclose()


async def test_a_slow_drip_of_a_body_goes_on_for_longer_than_a_silence_may() -> None:
    idle_s = 0.8
    written = 0

    async def drip(heard: Heard) -> None:
        nonlocal written
        loop = asyncio.get_running_loop()
        until = loop.time() + 1.2 * idle_s
        gone = asyncio.create_task(heard.gone())
        await heard.say(CHUNKED)
        while loop.time() < until:
            await heard.say(b"1\r\nx\r\n")
            written += 1
            await asyncio.wait([gone], timeout=idle_s / 20)
        await heard.say(b"0\r\n\r\n")
        await gone

    async with serving(drip) as played:
        client = played.client(first_s=LONG_S, idle_s=idle_s)
        async with client.send("/x", b"{}") as answer:
            answer.begin()
            assert await answer.read(max_bytes=1000) == b"x" * written
        await client.aclose()


async def test_what_has_come_is_given_although_time_is_over() -> None:
    async with serving(saying(OK)) as played:
        client = played.client(first_s=LONG_S, idle_s=0.0)
        async with client.send("/x", b"{}") as answer:
            answer.begin()
            assert await answer.read(max_bytes=10) == b"{}"
        await client.aclose()


async def test_a_short_answer_has_a_limit_for_all_of_it() -> None:
    for pieces in ([], [HEAD + b"\r\n", b"x"]):
        async with serving(saying(*pieces, then="silent")) as played:
            client = played.client(idle_s=LONG_S)
            with pytest.raises(EngineTimedOut, match=LATE):
                await client.get_json("/x", within_s=TINY_S)
            await played.left.wait()
            await client.aclose()


async def test_a_connection_that_does_not_come_about_has_a_limit() -> None:
    with socket.socket() as full:
        # A queue of connections that nobody takes: the next one is not answered at all.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        timeouts = type(SHORT)(connect_s=TINY_S, idle_s=TINY_S)
        client = UpstreamClient(NAME, url, headers={}, timeouts=timeouts)
        with pytest.raises(EngineTimedOut, match=LATE):
            await body_of(client)
        await client.aclose()
        for one in waiting:
            one.close()


async def test_one_timer_serves_all_waits_of_a_connection() -> None:
    async with serving(saying(OK)) as played:
        client = played.client(first_s=LONG_S, idle_s=LONG_S)
        await body_of(client)
        (connection,) = client._pool._open
        timer = connection._timer
        for _ in range(10):
            await body_of(client)
        assert connection._timer is timer
        assert timer is not None
        await client.aclose()
        assert timer.cancelled()


async def test_what_a_caller_raises_stays_what_it_is() -> None:
    async with serving(saying(OK)) as played:
        client = played.client()
        for error in (TimeoutError("mine"), OSError("mine"), ValueError("mine")):
            with pytest.raises(type(error), match="mine"):
                async with client.send("/x", b"{}"):
                    raise error
        await client.aclose()
