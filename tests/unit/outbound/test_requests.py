"""What goes out: addresses, heads and bodies as the upstream reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.outbound.request import Heads, Origin, address_of
from tests.unit.outbound.serving import NAME, OK, Heard, body_of, saying, serving


@pytest.mark.parametrize(
    ("url", "origin", "host", "target"),
    [
        ("http://a.b/x", Origin(False, "a.b", 80), "a.b", "/x"),
        ("http://a.b:80/x", Origin(False, "a.b", 80), "a.b", "/x"),
        ("http://A.b:443/x", Origin(False, "a.b", 443), "a.b:443", "/x"),
        ("https://a.b", Origin(True, "a.b", 443), "a.b", "/"),
        ("https://a.b:8443?x=1", Origin(True, "a.b", 8443), "a.b:8443", "/?x=1"),
        ("http://[::1]:8080/x", Origin(False, "::1", 8080), "[::1]:8080", "/x"),
        ("https://[::1]/x", Origin(True, "::1", 443), "[::1]", "/x"),
        ("http://bücher.example/x", Origin(False, "xn--bcher-kva.example", 80), "", "/x"),
        ("http://a/x#part", Origin(False, "a", 80), "a", "/x"),
        ("http://a/m%3A0/a%2Fb:go?x=%20y", Origin(False, "a", 80), "a", "/m%3A0/a%2Fb:go?x=%20y"),
        ("http://a/ü b?ü", Origin(False, "a", 80), "a", "/%C3%BC%20b?%C3%BC"),
    ],
)
def test_an_address_is_a_connection_and_a_target(
    url: str, origin: Origin, host: str, target: str
) -> None:
    address = address_of(url)

    assert (address.origin, address.target) == (origin, target)
    assert address.host == (host or origin.host)


@pytest.mark.parametrize("url", ["", "/x", "ftp://a/x", "http://", "http:///x", "http://a:99999/"])
def test_what_no_request_can_go_to_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|[Pp]ort"):
        address_of(url)


@given(st.text(), st.text())
def test_a_header_is_sent_as_one_header_or_not_at_all(name: str, value: str) -> None:
    address = address_of("http://a/x")
    empty = Heads({}, keep_alive=True).write("GET", address, {}, size=None)
    try:
        head = Heads({}, keep_alive=True).write("GET", address, {name: value}, size=None)
    except ValueError:
        return

    assert head.endswith(b"\r\n\r\n")
    assert head.count(b"\r\n\r\n") == 1
    assert head.count(b"\r\n") - empty.count(b"\r\n") in (0, 1)
    assert head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n")


@pytest.mark.parametrize(
    ("name", "value"), [("a", "x\r\nb: y"), ("a", "x\n"), ("a b", "x"), ("a:", "x"), ("", "x")]
)
def test_a_header_that_would_be_two_is_refused_and_its_value_not_told(
    name: str, value: str
) -> None:
    with pytest.raises(ValueError, match="cannot be sent") as refused:
        Heads({name: value}, keep_alive=True)

    assert value not in str(refused.value) or len(value) == 1


async def test_a_request_says_what_it_must_and_once() -> None:
    async with serving(saying(OK)) as played:
        client = played.client(headers={"X-Key": "k", "x-two": "1"})
        more = {"X-TWO": "2", "Accept-Encoding": "br", "Host": "evil", "Content-Length": "9"}
        async with client.send("/a%2Fb?c", b"body", more) as answer:
            await answer.read(max_bytes=9)
        await client.aclose()

    told = played.requests[0].headers()
    assert played.requests[0].head.startswith(b"POST /a%2Fb?c HTTP/1.1\r\n")
    assert played.requests[0].body == b"body"
    assert told.pop("user-agent")[0].startswith("antechamber/")
    assert told == {
        "host": [played.url.removeprefix("http://")],
        "accept": ["*/*"],
        "x-key": ["k"],
        "x-two": ["2"],
        "content-type": ["application/json"],
        "accept-encoding": ["identity"],
        "content-length": ["4"],
    }


async def test_a_path_may_be_a_whole_address_and_is_joined_otherwise() -> None:
    async with serving(saying(OK)) as played:
        client = UpstreamClient(NAME, f"{played.url}/v1/", headers={}, timeouts=Timeouts())
        await client.get_json("/models")
        async with client.send(f"{played.url}/other", b""):
            pass
        await client.aclose()

    lines = [heard.head.split(b"\r\n")[0] for heard in played.requests]
    assert lines == [b"GET /v1/models HTTP/1.1", b"POST /other HTTP/1.1"]
    assert "content-length" not in played.requests[0].headers()
    assert played.requests[1].headers()["content-length"] == ["0"]


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 8 * 1024 * 1024])
async def test_a_body_of_any_size_arrives_whole(size: int) -> None:
    async def answer(heard: Heard) -> None:
        said = b"%d" % len(heard.body)
        await heard.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(said), said)

    async with serving(answer) as played:
        client = played.client()
        assert await body_of(client, b"x" * size) == b"%d" % size
        assert await body_of(client, b"y" * size) == b"%d" % size
        await client.aclose()

    assert played.connections == 1
