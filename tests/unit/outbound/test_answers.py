"""What is understood of an answer, in whatever pieces it comes."""

import asyncio
import socket
from contextlib import aclosing
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.outbound.client import UpstreamRefused
from antechamber.outbound.errors import BrokenOff, NotHttp
from antechamber.outbound.http1 import Connection, Reply
from antechamber.wire.errors import EngineFailed, Overloaded
from tests.unit.outbound.serving import CHUNKED, NAME, OK, body_of, saying, serving

HEAD = b"HTTP/1.1 200 OK\r\n"
GOOD = {
    "length": (HEAD + b"content-length: 5\r\n\r\nhello", b"hello"),
    "nothing": (HEAD + b"content-length: 0\r\n\r\n", b""),
    "chunked": (CHUNKED + b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", b"hello"),
    "chunk extension": (CHUNKED + b'5;a="b"\r\nhello\r\n0\r\n\r\n', b"hello"),
    "trailers": (CHUNKED + b"5\r\nhello\r\n0\r\nx-count: 5\r\netag: x\r\n\r\n", b"hello"),
    "until closed": (HEAD + b"\r\nhello", b"hello"),
    "old": (b"HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nhello", b"hello"),
    "continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"content-length: 2\r\n\r\nhi", b"hi"),
    "hints": (
        b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: b\r\n\r\n"
        + HEAD
        + b"content-length: 2\r\n\r\nhi",
        b"hi",
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 99\r\n\r\n", b""),
    "no reason": (b"HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nhi", b"hi"),
}
CUT_SHORT = {
    "length": HEAD + b"content-length: 5\r\n\r\nhel",
    "chunked": CHUNKED + b"5\r\nhel",
    "between chunks": CHUNKED + b"5\r\nhello\r\n",
    "in trailers": CHUNKED + b"0\r\nx: y\r\n",
    "in head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "after continue": b"HTTP/1.1 100 Continue\r\n\r\n",
}
NOT_HTTP = {
    "something else": b"SSH-2.0-OpenSSH_9.2\r\n",
    "folded header": HEAD + b"a: b\r\n c\r\ncontent-length: 0\r\n\r\n",
    "space before colon": HEAD + b"a : b\r\ncontent-length: 0\r\n\r\n",
    "NUL in a header": HEAD + b"a: b\0c\r\ncontent-length: 0\r\n\r\n",
    "no carriage return": b"HTTP/1.1 200 OK\ncontent-length: 0\n\n",
    "negative length": HEAD + b"content-length: -1\r\n\r\n",
    "two lengths": HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "length and chunks": HEAD + b"content-length: 1\r\ntransfer-encoding: chunked\r\n\r\nab",
    "chunks within something": HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "something of no end": HEAD + b"transfer-encoding: gzip\r\n\r\nabc",
    "no chunk size": CHUNKED + b"x\r\nhello\r\n0\r\n\r\n",
    "switching": b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nabc",
    "status below 100": b"HTTP/1.1 042 x\r\ncontent-length: 0\r\n\r\n",
    "endless header": HEAD + b"a: " + b"x" * 70_000,
    "endless headers": HEAD + b"a: xxxxxxxxxx\r\n" * 5_000 + b"content-length: 0\r\n\r\n",
    "endless hints": b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" * 2_500,
    "endless trailer": CHUNKED + b"5\r\nhello\r\n0\r\na: " + b"x" * 700_000,
    "endless chunk extension": CHUNKED + b"5;" + b"x" * 70_000,
}
Outcome = tuple[int, dict[str, str], bytes, str]


async def outcome_of(pieces: list[bytes]) -> Outcome:
    """Give a connection exactly these pieces and the end: status, headers, body, failure."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with theirs:
        transport, connection = await loop.create_connection(
            lambda: Connection(loop, lambda _: None), sock=ours
        )
        reply = Reply(connection)
        connection._reply = reply
        for piece in pieces:
            connection.data_received(piece)
        connection.eof_received()
        connection.connection_lost(None)
        transport.abort()
        body, failure = b"", ""
        try:
            await reply.head(0)
            while piece := await reply.piece(0):
                body += piece
        except (NotHttp, BrokenOff) as error:
            failure = "HTTP" if isinstance(error, NotHttp) else "broken"
        await asyncio.sleep(0)
    return reply.status, reply.headers if reply.begun else {}, body, failure


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(at)]


@given(
    st.sampled_from([*(data for data, _ in GOOD.values()), *CUT_SHORT.values()]),
    st.lists(st.integers(0, 10_000), max_size=12),
)
async def test_an_answer_is_the_same_however_it_is_cut(data: bytes, places: list[int]) -> None:
    assert await outcome_of(cut(data, places)) == await outcome_of([data])


@pytest.mark.parametrize("kind", GOOD)
async def test_an_answer_comes_byte_by_byte_too(kind: str) -> None:
    data, body = GOOD[kind]

    assert (await outcome_of([data[at : at + 1] for at in range(len(data))]))[2:] == (body, "")
    assert (await outcome_of([data]))[2:] == (body, "")


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=8),
    st.lists(st.integers(0, 10_000), max_size=12),
    st.sampled_from(["length", "chunked", "closed"]),
)
async def test_any_body_arrives(chunks: list[bytes], places: list[int], kind: str) -> None:
    body = b"".join(chunks)
    if kind == "chunked":
        data = CHUNKED + b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in chunks)
        data += b"0\r\n\r\n"
    elif kind == "length":
        data = HEAD + b"content-length: %d\r\n\r\n" % len(body) + body
    else:
        data = HEAD + b"\r\n" + body

    assert (await outcome_of(cut(data, places)))[2:] == (body, "")


@given(
    st.sampled_from([data for name, data in NOT_HTTP.items() if "endless" not in name]),
    st.lists(st.integers(0, 10_000), max_size=6),
)
async def test_what_is_not_http_is_not_however_it_is_cut(data: bytes, places: list[int]) -> None:
    assert (await outcome_of(cut(data, places)))[3] == "HTTP"


@given(st.binary(max_size=200), st.lists(st.integers(0, 10_000), max_size=6))
async def test_no_bytes_at_all_do_harm(data: bytes, places: list[int]) -> None:
    assert (await outcome_of(cut(data, places)))[3] in ("HTTP", "broken", "")


@pytest.mark.parametrize("kind", GOOD)
async def test_every_kind_of_answer_arrives_from_a_server(kind: str) -> None:
    data, body = GOOD[kind]

    async with serving(saying(data, then="close")) as played:
        client = played.client()
        assert await body_of(client) == body
        await client.aclose()


@pytest.mark.parametrize("kind", NOT_HTTP)
async def test_what_is_not_http_is_the_upstreams_fault(kind: str) -> None:
    async with serving(saying(NOT_HTTP[kind], then="silent")) as played:
        client = played.client()
        with pytest.raises(EngineFailed, match=f"^{NAME} answered something that is not HTTP\\.$"):
            await body_of(client)
        await played.left.wait()
        await client.aclose()


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize("kind", CUT_SHORT)
async def test_an_answer_that_is_cut_short_broke_off(kind: str, then: str) -> None:
    async with serving(saying(CUT_SHORT[kind], then=then)) as played:
        client = played.client()
        with pytest.raises(
            (EngineFailed, Overloaded), match=f"^{NAME} broke off the connection\\.$"
        ):
            await body_of(client)
        await client.aclose()


async def test_a_body_that_ends_with_the_connection_does_not_end_with_a_reset() -> None:
    async with serving(saying(HEAD + b"\r\nhello", then="silent")) as played:
        client = played.client()
        async with client.send("/x", b"{}") as answer, aclosing(answer.chunks()) as chunks:
            assert await anext(chunks) == b"hello"
            played.requests[0].reset()
            with pytest.raises(EngineFailed, match="broke off"):
                await anext(chunks)
        await client.aclose()


async def test_names_of_headers_are_small_and_repeated_ones_are_joined() -> None:
    data = (
        HEAD
        + b"Via: a\r\nX-One:\t 1 \r\nvia: b\r\nNone:\r\nUmlaut: \xe4\r\nContent-Length: 0\r\n\r\n"
    )

    async with serving(saying(data)) as played:
        client = played.client()
        async with client.send("/x", b"{}") as answer:
            assert answer.headers == {
                "via": "a, b",
                "x-one": "1",
                "none": "",
                "umlaut": "ä",
                "content-length": "0",
            }
        await client.aclose()


async def test_a_redirect_is_an_answer_and_cookies_are_not_kept() -> None:
    data = b"HTTP/1.1 302 Found\r\nlocation: /y\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n"

    async with serving(saying(data)) as played:
        client = played.client()
        async with client.send("/x", b"{}") as answer:
            assert answer.status == 302
        with pytest.raises(UpstreamRefused) as refused:
            await client.get_json("/x")
        with pytest.raises(UpstreamRefused):
            async with client.stream("/x", {}):
                pass
        await client.aclose()

    assert refused.value.upstream_status == 302
    assert len(played.requests) == 3
    assert all(b"cookie" not in heard.head.lower() for heard in played.requests)


async def test_a_body_that_is_larger_than_asked_for_is_refused() -> None:
    async with serving(saying(HEAD + b"content-length: 100\r\n\r\n" + b"x" * 100)) as played:
        client = played.client()
        async with client.send("/x", b"{}") as answer:
            with pytest.raises(EngineFailed, match="more than 99 bytes"):
                await answer.read(max_bytes=99)
        await client.aclose()


async def test_json_is_read_and_what_is_not_json_is_refused() -> None:
    async with serving(saying(OK)) as played:
        client = played.client()
        assert await client.get_json("/x", within_s=600) == {}
        assert await client.post_json("/x", {"a": 1}) == {}
        await client.aclose()
    assert [heard.body for heard in played.requests] == [b"", b'{"a":1}']

    async with serving(saying(GOOD["length"][0])) as played:
        client = played.client()
        with pytest.raises(EngineFailed, match="not JSON"):
            await client.get_json("/x")
        await client.aclose()


async def test_a_short_answer_that_breaks_off_is_worth_another_attempt() -> None:
    async with serving(saying(CUT_SHORT["length"], then="close")) as played:
        client = played.client()
        with pytest.raises(Overloaded, match="broke off"):
            await client.get_json("/x")
        await client.aclose()
