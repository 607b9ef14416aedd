"""Connections: used again, given up, noticed when they are gone, and none left behind."""

import asyncio
import socket
from contextlib import aclosing
from pathlib import Path

import pytest

from antechamber.outbound import http1, pool
from antechamber.outbound.client import Answer, UpstreamClient, UpstreamUnreachable
from antechamber.wire.errors import EngineFailed, Overloaded
from tests.unit.outbound.serving import (
    CHUNKED,
    LONG_S,
    NAME,
    OK,
    SHORT,
    Heard,
    body_of,
    saying,
    serving,
)


async def test_a_connection_is_used_again() -> None:
    async with serving(saying(OK)) as played:
        client = played.client()
        for _ in range(20):
            assert await body_of(client) == b"{}"
        await client.aclose()

    assert [heard.nth for heard in played.requests] == [1] * 20


@pytest.mark.parametrize(
    "data",
    [
        OK.replace(b"\r\n", b"\r\nconnection: close\r\n", 1),
        OK.replace(b"1.1", b"1.0", 1),
        OK.replace(b"\r\n", b"\r\nkeep-alive: timeout=1\r\n", 1),
        OK + b"HTTP/1.1 200 OK\r\n",
        OK + b"garbage",
    ],
)
async def test_a_connection_is_not_used_again_when_its_answer_says_so(data: bytes) -> None:
    async with serving(saying(data)) as played:
        client = played.client()
        for _ in range(3):
            assert await body_of(client) == b"{}"
        await client.aclose()

    assert [heard.nth for heard in played.requests] == [1, 2, 3]


async def test_the_connection_that_was_used_last_is_used_next() -> None:
    both = asyncio.Barrier(2)

    async def answer(heard: Heard) -> None:
        if heard.body == b"both":
            await both.wait()
        await heard.say(OK)

    async with serving(answer) as played:
        client = played.client()
        await asyncio.gather(body_of(client, b"both"), body_of(client, b"both"))
        await body_of(client)
        last = played.requests[-1].nth
        for _ in range(5):
            await body_of(client)
        await client.aclose()

    assert played.connections == 2
    assert {heard.nth for heard in played.requests[2:]} == {last}


async def test_answers_that_come_at_the_same_time_are_not_mixed_up() -> None:
    async def answer(heard: Heard) -> None:
        await heard.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(heard.body))
        await heard.say(*(heard.body[at : at + 1] for at in range(len(heard.body))))

    async with serving(answer) as played:
        client = played.client()
        bodies = [b"body %d" % number for number in range(60)]
        for _ in range(2):
            assert await asyncio.gather(*(body_of(client, body) for body in bodies)) == bodies
        await client.aclose()

    assert played.connections <= 60


async def test_an_unused_connection_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_KEPT_S", 0.01)
    gone = asyncio.Event()

    async def answer(heard: Heard) -> None:
        await heard.say(OK)
        await heard.gone()
        gone.set()

    async with serving(answer) as played:
        client = played.client()
        await body_of(client)
        await gone.wait()
        await client.aclose()


async def test_a_connection_that_closed_while_unused_is_not_asked() -> None:
    async with serving(saying(OK, then="close")) as played:
        client = played.client()
        for _ in range(3):
            assert await body_of(client) == b"{}"
            await _noticed(client)
        await client.aclose()

    assert [heard.nth for heard in played.requests] == [1, 2, 3]


async def test_a_connection_that_speaks_unasked_is_given_up() -> None:
    async def answer(heard: Heard) -> None:
        await heard.say(OK)
        await kept.wait()
        await heard.say(OK.replace(b"200 OK", b"408 Request Timeout"))

    kept = asyncio.Event()
    async with serving(answer) as played:
        client = played.client()
        assert await body_of(client) == b"{}"
        kept.set()
        await _noticed(client)
        async with client.send("/x", b"{}") as again:
            assert again.status == 200
        await client.aclose()

    assert played.connections == 2


async def test_only_so_many_unused_connections_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_MOST_KEPT", 2)
    all_there = asyncio.Barrier(5)

    async def answer(heard: Heard) -> None:
        await all_there.wait()
        await heard.say(OK)

    async with serving(answer) as played:
        client = played.client()
        await asyncio.gather(*(body_of(client) for _ in range(5)))
        kept = [connection for some in client._pool._kept.values() for connection in some]
        assert len(kept) == 2
        await client.aclose()


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_request_that_meets_the_end_of_a_used_connection_is_sent_once_more(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http1, "_UNDER_WAY_S", LONG_S)  # however busy this machine is

    async def answer(heard: Heard) -> None:
        if heard.body == b"again" and heard.nth == 1:
            # The connection's end was on its way when this request was written.
            heard.reset() if end == "reset" else heard.writer.close()
        else:
            await heard.say(OK)

    async with serving(answer) as played:
        client = played.client()
        await body_of(client)
        assert await body_of(client, b"again") == b"{}"
        await client.aclose()

    assert [(heard.nth, heard.body) for heard in played.requests] == [
        *((1, b"{}"), (1, b"again"), (2, b"again"))
    ]


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_request_that_the_upstream_has_worked_on_is_not_sent_again(end: str) -> None:
    async def answer(heard: Heard) -> None:
        if heard.body == b"again":
            await asyncio.sleep(2 * http1._UNDER_WAY_S)
            heard.reset() if end == "reset" else heard.writer.close()
        else:
            await heard.say(OK)

    async with serving(answer) as played:
        client = played.client()
        await body_of(client)
        with pytest.raises(Overloaded, match=f"^{NAME} broke off the connection\\.$"):
            await body_of(client, b"again")
        await client.aclose()

    assert [heard.body for heard in played.requests] == [b"{}", b"again"]


async def test_a_request_is_not_sent_again_once_something_was_answered() -> None:
    async def answer(heard: Heard) -> None:
        if heard.body == b"again":
            await heard.say(b"H")
            heard.writer.close()
        else:
            await heard.say(OK)

    async with serving(answer) as played:
        client = played.client()
        await body_of(client)
        with pytest.raises(Overloaded, match="broke off"):
            await body_of(client, b"again")
        await client.aclose()

    assert len(played.requests) == 2


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_a_request_on_a_new_connection_is_never_sent_again(end: str) -> None:
    async with serving(saying(then=end)) as played:
        client = played.client()
        with pytest.raises(Overloaded, match="broke off"):
            await body_of(client)
        await client.aclose()

    assert len(played.requests) == 1


async def test_only_one_new_connection_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "_UNDER_WAY_S", LONG_S)

    async def answer(heard: Heard) -> None:
        if heard.body == b"again":
            heard.reset()
        else:
            await heard.say(OK)

    async with serving(answer) as played:
        client = played.client()
        await asyncio.gather(*(body_of(client) for _ in range(3)))
        with pytest.raises(Overloaded, match="broke off"):
            await body_of(client, b"again")
        await client.aclose()

    assert [heard.body for heard in played.requests].count(b"again") == 2


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_leaving_in_the_middle_is_noticed_by_the_upstream(keep_alive: bool) -> None:
    async with serving(saying(CHUNKED, b"1\r\nx\r\n", then="silent")) as played:
        client = played.client(keep_alive=keep_alive)
        async with client.send("/x", b"{}") as answer, aclosing(answer.chunks()) as chunks:
            assert await anext(chunks) == b"x"
        await played.left.wait()
        await client.aclose()


async def test_cancelling_is_noticed_by_the_upstream_at_once() -> None:
    for pieces in ([], [CHUNKED], [CHUNKED, b"1\r\nx\r\n"]):
        asked = asyncio.Event()

        async def answer(
            heard: Heard, pieces: list[bytes] = pieces, asked: asyncio.Event = asked
        ) -> None:
            await heard.say(*pieces)
            asked.set()
            await heard.gone()

        async with serving(answer) as played:
            client = played.client()
            asking = asyncio.create_task(body_of(client))
            await asked.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await played.left.wait()
            await client.aclose()


async def test_an_upstream_of_short_connections_is_left_with_a_reset() -> None:
    ended: list[str] = []

    async def answer(heard: Heard) -> None:
        await heard.say(CHUNKED, b"1\r\nx\r\n")
        try:
            while await heard.reader.read(65536):
                pass
            ended.append("closed")
        except ConnectionResetError:
            ended.append("reset")
        heard.left.set()

    async with serving(answer) as played:
        client = played.client(keep_alive=False)
        async with client.send("/x", b"{}") as asked, aclosing(asked.chunks()) as chunks:
            await anext(chunks)
        await played.left.wait()
        await client.aclose()

    assert ended == ["reset"]
    assert played.requests[0].headers()["connection"] == ["close"]


async def test_short_connections_are_not_used_again() -> None:
    async with serving(saying(OK)) as played:
        client = played.client(keep_alive=False)
        for _ in range(3):
            await body_of(client)
        await client.aclose()

    assert [heard.nth for heard in played.requests] == [1, 2, 3]


async def test_what_was_left_never_reads_of_the_next_answer() -> None:
    async with serving(saying(OK)) as played:
        client = played.client()
        kept: Answer
        async with client.send("/x", b"{}") as kept:
            pass  # it has ended, so that its connection is used again
        async with client.send("/x", b"{}") as following:
            assert await kept.read(max_bytes=10) == b"{}"
            assert await following.read(max_bytes=10) == b"{}"
        await client.aclose()


async def test_an_answer_before_the_request_was_taken_is_read_and_the_connection_given_up() -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\n{}"

    left, closed = asyncio.Event(), asyncio.Event()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal)
        await left.wait()  # without having read the body
        writer.transport.abort()
        closed.set()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0, limit=1024)
    client = UpstreamClient(
        "x", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", headers={}, timeouts=SHORT
    )
    async with asyncio.timeout(60):
        async with client.send("/x", b"x" * 50_000_000) as answer:
            assert answer.status == 413
            assert await answer.read(max_bytes=10) == b"{}"
            assert client._pool._open
        assert not client._pool._kept
        await client.aclose()
        left.set()
        await closed.wait()
    server.close()


async def test_more_than_the_reader_takes_is_not_read() -> None:
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    written = 0
    full = asyncio.Event()

    async def answer(heard: Heard) -> None:
        nonlocal written
        await heard.say(CHUNKED)
        for _ in range(1000):
            heard.writer.write(piece)
            written += 1
            if heard.writer.transport.get_write_buffer_size():
                full.set()
            await heard.writer.drain()
        await heard.say(b"0\r\n\r\n")

    async with serving(answer) as played:
        client = played.client()
        async with client.send("/x", b"{}") as asked, aclosing(asked.chunks()) as chunks:
            await full.wait()
            size = len(await anext(chunks))
            assert size <= 1024 * 1024
            assert written < 900
            async for chunk in chunks:
                size += len(chunk)
        assert size == 65536 * 1000
        await client.aclose()


async def test_nobody_there_is_told_apart_from_a_break() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        for address in (url, "http://no-such-host.invalid", "http://a..b"):
            client = UpstreamClient("The upstream", address, headers={}, timeouts=SHORT)
            with pytest.raises(UpstreamUnreachable, match=r"^The upstream cannot be reached\.$"):
                await body_of(client)
            await client.aclose()


async def test_ipv6_is_spoken_to() -> None:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            pass
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with serving(saying(OK), host="::1") as played:
        client = played.client()
        assert await body_of(client) == b"{}"
        await client.aclose()
    assert played.requests[0].headers()["host"] == [played.url.removeprefix("http://")]


async def test_a_name_of_several_addresses_is_tried_until_one_answers() -> None:
    async with serving(saying(OK)) as played:  # on 127.0.0.1 alone, and localhost may be ::1 too
        played.url = played.url.replace("127.0.0.1", "localhost")
        client = played.client()
        assert await body_of(client) == b"{}"
        await client.aclose()


async def test_a_closed_client_asks_nobody() -> None:
    async with serving(saying(OK)) as played:
        client = played.client()
        await body_of(client)
        await client.aclose()
        await client.aclose()
        with pytest.raises((EngineFailed, Overloaded)):
            await body_of(client)

    assert len(played.requests) == 1


@pytest.mark.parametrize("keep_alive", [True, False])
async def test_a_thousand_requests_leave_no_socket_behind(keep_alive: bool) -> None:
    if not _open_files():
        pytest.skip("this machine does not list open files")
    kinds = [saying(OK), saying(OK, then="close"), saying(b"HTTP/1.1 200 OK\r\n", then="reset")]
    count = 0

    async def answer(heard: Heard) -> None:
        nonlocal count
        count += 1
        await kinds[count % 3](heard)

    async with serving(answer) as played:
        client = played.client(keep_alive=keep_alive)
        before = _open_files()
        for _ in range(50):
            asked = (body_of(client) for _ in range(20))
            await asyncio.gather(*asked, return_exceptions=True)
        await client.aclose()
        assert not client._pool._open
        await played.settled()
        for _ in range(5):
            await asyncio.sleep(0)
        assert _open_files() <= before


async def _noticed(client: UpstreamClient) -> None:
    """Wait until the client has no connection any more."""
    if client._pool._open:
        client._pool._emptied = asyncio.get_running_loop().create_future()
        await client._pool._emptied
        client._pool._emptied = None


def _open_files() -> int:
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.exists() else 0
