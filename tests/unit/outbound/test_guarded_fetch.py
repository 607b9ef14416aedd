"""What requests name by URL comes from the public web alone, bounded in size and time."""

import asyncio
import gzip
import socket
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from antechamber.outbound.guarded_fetch import (
    USER_AGENT,
    Fetched,
    FetchFailed,
    FetchRefused,
    FetchTooLarge,
    GuardedFetch,
    anywhere,
)
from antechamber.outbound.pool import AddressInfo
from antechamber.rules.addresses import is_public
from tests.unit.outbound.serving import (
    CHUNKED,
    LONG_S,
    TINY_S,
    Heard,
    Played,
    saying,
    serves,
    serving,
    trusts,
)

PNG = b"\x89PNG and more"
NAME = "images.example.com"


def answer(body: bytes = PNG, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    size = b"content-length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 " + status, size, *headers, b"", body])


def moved(location: str, status: bytes = b"302 Found") -> bytes:
    return answer(b"", b"location: " + location.encode(), status=status)


class Names:
    """Says where names are; of several answers for one name each is given once, the last always."""

    def __init__(self, **answers: list[list[str]]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    def __call__(self, host: str, port: int) -> Sequence[AddressInfo]:
        self.asked.append(host)
        answers = self._answers.get(host.partition(".")[0], [[host]])
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [info for text in found for info in places(text, port)]


def places(text: str, port: int) -> Sequence[AddressInfo]:
    return socket.getaddrinfo(text, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)


def here_is_public(url: str) -> bool:
    """One address of loopback stands for the public web; the others are what they are."""
    return urlsplit(url).hostname == "127.0.0.1" or is_public(url)


Fetching = Callable[..., Coroutine[Any, Any, Fetched]]


@asynccontextmanager
async def fetching(**how: Any) -> AsyncGenerator[Fetching]:
    usual: dict[str, Any] = {"timeout_s": 30, "https_only": False}
    guarded = GuardedFetch(**{**usual, **how})

    async def fetch(url: str, *, most_bytes: int = 1000, accept: str = "image/*") -> Fetched:
        return await guarded.fetch(url, most_bytes=most_bytes, accept=accept)

    try:
        yield fetch
    finally:
        await guarded.aclose()


@asynccontextmanager
async def fetching_here(**how: Any) -> AsyncGenerator[Fetching]:
    """Fetch with a server of this machine in the place of the web."""
    usual = {"is_allowed": here_is_public, "look_up": Names(images=[["127.0.0.1"]])}
    async with fetching(**{**usual, **how}) as fetch:
        yield fetch


def named(played: Played, path: str = "/a.png", name: str = NAME) -> str:
    return played.url.replace("127.0.0.1", name) + path


async def test_what_a_url_names_is_fetched() -> None:
    said = answer(PNG, b"Content-Type: IMAGE/PNG; charset=utf-8")
    async with serving(saying(said)) as played, fetching_here() as fetch:
        url = named(played, "/a b.png?size=1#top")
        fetched = await fetch(url)

    assert fetched == Fetched(data=PNG, media_type="image/png", url=url)
    assert played.requests[0].head.startswith(b"GET /a%20b.png?size=1 HTTP/1.1\r\n")
    assert played.requests[0].headers() == {
        "host": [urlsplit(url).netloc],
        "user-agent": [USER_AGENT],
        "accept": ["image/*"],
        "accept-encoding": ["identity"],
        "connection": ["close"],
    }


async def test_a_server_that_names_no_type_is_believed() -> None:
    async with serving(saying(answer())) as played, fetching_here(user_agent="me") as fetch:
        fetched = await fetch(named(played))

    assert fetched.media_type is None
    assert played.requests[0].headers()["user-agent"] == ["me"]


# ---- where ----


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f000001:{port}/",
        "http://0x7f.1:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://127.1:{port}/",
        "http://0:{port}/",
        "http://%31%32%37.0.0.1:{port}/",
        "http://①②⑦.0.0.1:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://[64:ff9b::127.0.0.1]:{port}/",
        "http://example.com@127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://localhost.:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://metadata.google.internal/",
        "http://printer/",
    ],
)
async def test_a_private_place_is_refused_in_every_spelling(url: str) -> None:
    names = Names()
    async with serving(saying(answer())) as played, fetching(look_up=names) as fetch:
        with pytest.raises(FetchRefused, match="no place of the public web"):
            await fetch(url.format(port=urlsplit(played.url).port))

    assert not names.asked
    assert played.connections == 0


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.1.2.3"],
        ["::1"],
        ["fd00::1"],
        ["::ffff:127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["2606:4700::1111", "8.8.8.8", "fe80::1"],
    ],
)
async def test_a_name_that_leads_to_a_private_place_is_refused(found: list[str]) -> None:
    names = Names(images=[found])
    async with serving(saying(answer())) as played, fetching(look_up=names) as fetch:
        with pytest.raises(FetchRefused, match=f"^{NAME} is not fetched from"):
            await fetch(named(played))

    assert names.asked == [NAME]
    assert played.connections == 0


async def test_a_name_is_looked_up_once_for_the_judgement_and_the_connection() -> None:
    names = Names(images=[["127.0.0.1"], ["10.0.0.1"]])
    async with serving(saying(answer())) as played, fetching_here(look_up=names) as fetch:
        fetched = await fetch(named(played))
        with pytest.raises(FetchRefused):
            await fetch(named(played))

    assert fetched.data == PNG
    assert names.asked == [NAME, NAME]
    assert played.connections == 1


async def test_an_address_of_ipv6_is_judged_as_one() -> None:
    def only_there(url: str) -> bool:
        return urlsplit(url).hostname in (NAME, "::1")

    names = Names(images=[["::1"]])
    async with (
        serving(saying(answer()), host="::1") as played,
        fetching(is_allowed=only_there, look_up=names) as fetch,
    ):
        fetched = await fetch(played.url.replace("[::1]", NAME))

    assert fetched.data == PNG


@pytest.mark.parametrize("inside", ["127.0.0.2", "inside.example.com", "2130706434"])
async def test_a_redirect_to_a_private_place_is_refused(inside: str) -> None:
    names = Names(images=[["127.0.0.1"]], inside=[["127.0.0.2"]])
    async with (
        serving(saying(answer(b"secret")), host="127.0.0.2") as private,
        serving(saying(moved(private.url.replace("127.0.0.2", inside)))) as played,
        fetching_here(look_up=names) as fetch,
    ):
        with pytest.raises(FetchRefused, match="no place of the public web"):
            await fetch(named(played))

    assert len(played.requests) == 1
    assert private.connections == 0


async def test_an_operator_may_allow_private_places() -> None:
    async with serving(saying(answer())) as played, fetching(is_allowed=anywhere) as fetch:
        assert (await fetch(played.url)).data == PNG
        assert (await fetch(played.url.replace("127.0.0.1", "localhost"))).data == PNG


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.png",
        "//example.com/a.png",
        "file:///etc/passwd",
        "ftp://example.com/a.png",
        "gopher://example.com/",
        "data:image/png;base64,AAAA",
        "http://",
        "http://[::1/",
        "http://example.com:port/",
        "http://exa\x00mple.com/",
        f"http://{'é' * 300}.example.com/",
        f"https://example.com/{'a' * 8000}",
    ],
)
@pytest.mark.parametrize("is_allowed", [is_public, anywhere])
async def test_what_is_no_web_address_is_refused(
    url: str, is_allowed: Callable[[str], bool]
) -> None:
    names = Names()
    async with fetching(is_allowed=is_allowed, look_up=names) as fetch:
        with pytest.raises(FetchRefused):
            await fetch(url)

    assert not names.asked


async def test_a_name_that_nobody_knows_is_told_as_such() -> None:
    def unknown(host: str, port: int) -> Sequence[AddressInfo]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    async with fetching(look_up=unknown) as fetch:
        with pytest.raises(FetchFailed, match=rf"^{NAME} cannot be reached\.$"):
            await fetch(f"https://{NAME}/a.png")


# ---- redirects ----


@pytest.mark.parametrize("status", [b"301 x", b"302 x", b"303 x", b"307 x", b"308 x"])
async def test_redirects_are_followed_without_what_was_said_on_the_way(status: bytes) -> None:
    async def redirect(heard: Heard) -> None:
        left = int(heard.head.split()[1][1:])
        cookie = b"set-cookie: a=b"
        location = b"location: /%d" % (left - 1)
        await heard.say(answer(b"", location, cookie, status=status) if left else answer())

    async with serving(redirect) as played, fetching_here() as fetch:
        fetched = await fetch(named(played, "/5").replace("http://", "http://user:word@"))

    assert fetched.data == PNG
    assert urlsplit(fetched.url).path == "/0"
    assert len(played.requests) == 6
    assert not {"cookie", "authorization"} & set(played.requests[-1].headers())


async def test_redirects_without_an_end_are_given_up() -> None:
    async with serving(saying(moved("/again"))) as played, fetching_here() as fetch:
        with pytest.raises(FetchRefused, match="redirects more than 5 times"):
            await fetch(named(played))

    assert len(played.requests) == 6


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[", "gopher://127.0.0.1/"])
async def test_a_redirect_to_what_is_no_web_address_is_refused(location: str) -> None:
    async with serving(saying(moved(location))) as played, fetching_here() as fetch:
        with pytest.raises(FetchRefused):
            await fetch(named(played))


async def test_where_https_is_demanded_no_step_goes_without(certificate: Path) -> None:
    trust = trusts(certificate)
    async with (
        serving(saying(answer())) as plain,
        serving(saying(moved(plain.url)), trust=serves(certificate)) as secure,
    ):
        async with fetching(is_allowed=anywhere, trust=trust, https_only=True) as fetch:
            for url in (plain.url, secure.url):
                with pytest.raises(FetchRefused, match="only HTTPS URLs are supported"):
                    await fetch(url)
        assert plain.connections == 0

        async with fetching(is_allowed=anywhere, trust=trust) as fetch:
            assert (await fetch(secure.url)).data == PNG


# ---- what comes back ----


async def test_the_certificate_is_that_of_the_name(certificate: Path) -> None:
    trust = trusts(certificate)
    async with serving(saying(answer()), trust=serves(certificate)) as played:
        async with fetching(is_allowed=anywhere, trust=trust, look_up=Names()) as fetch:
            with pytest.raises(FetchFailed, match="certificate is not trusted"):
                await fetch(played.url.replace("localhost", "127.0.0.1"))
        async with fetching(is_allowed=anywhere) as fetch:
            with pytest.raises(FetchFailed, match="certificate is not trusted"):
                await fetch(played.url)
        async with fetching(is_allowed=anywhere, trust=trust) as fetch:
            assert (await fetch(played.url)).data == PNG

    assert len(played.requests) == 1


@pytest.mark.parametrize(
    ("said", "then", "words"),
    [
        (answer(status=b"404 Not Found"), "stay", "answered with status 404"),
        (answer(status=b"206 Partial Content"), "stay", "answered with status 206"),
        (answer(b"", status=b"302 Found"), "stay", "answered with status 302"),
        (answer(PNG)[:-1], "close", "broke off the connection"),
        (CHUNKED + b"3\r\nabc\r\n", "close", "broke off the connection"),
        (b"", "close", "broke off the connection"),
        (b"SSH-2.0-OpenSSH\r\n", "stay", "answered something that is not HTTP"),
        (answer(PNG, b"content-encoding: br"), "stay", "an encoding that is not known: br"),
        (answer(PNG, b"content-encoding: gzip"), "stay", "is not gzip, as it says"),
    ],
)
async def test_what_is_no_whole_good_answer_is_told(said: bytes, then: str, words: str) -> None:
    async with serving(saying(said, then=then)) as played, fetching_here() as fetch:
        with pytest.raises(FetchFailed, match=f"^{NAME} .*{words}"):
            await fetch(named(played))


async def test_an_answer_of_just_the_most_bytes_is_taken_and_one_more_is_not() -> None:
    async with serving(saying(answer(b"x" * 100))) as played, fetching_here() as fetch:
        assert len((await fetch(named(played), most_bytes=100)).data) == 100
        with pytest.raises(FetchTooLarge, match="answered more than 99 bytes"):
            await fetch(named(played), most_bytes=99)


async def test_an_answer_that_grows_when_it_is_decoded_is_measured_so() -> None:
    packed = gzip.compress(bytes(1 << 24))
    said = answer(packed, b"content-encoding: gzip")
    async with serving(saying(said)) as played, fetching_here() as fetch:
        with pytest.raises(FetchTooLarge):
            await fetch(named(played), most_bytes=len(packed))


async def test_an_answer_without_an_end_is_left() -> None:
    async def endless(heard: Heard) -> None:
        await heard.say(CHUNKED)
        while True:
            await heard.say(b"400\r\n", b"x" * 1024, b"\r\n")

    async with serving(endless) as played, fetching_here() as fetch:
        with pytest.raises(FetchTooLarge):
            await fetch(named(played), most_bytes=100_000)
        await played.left.wait()


# ---- how long ----


@pytest.mark.parametrize("pieces", [(), (answer()[:-1],)])
async def test_who_falls_silent_is_left(pieces: tuple[bytes, ...]) -> None:
    async with serving(saying(*pieces, then="silent")) as played:
        async with fetching_here(timeout_s=TINY_S) as fetch:
            with pytest.raises(FetchFailed, match="did not answer in time"):
                await fetch(named(played))
        await played.settled()


async def test_the_time_is_for_all_of_a_fetch_however_much_comes() -> None:
    async def trickle(heard: Heard) -> None:
        await heard.say(CHUNKED)
        while True:
            await heard.say(b"1\r\nx\r\n")

    async with serving(trickle) as played, fetching_here(timeout_s=TINY_S) as fetch:
        with pytest.raises(FetchFailed, match="did not answer in time"):
            await fetch(named(played), most_bytes=1 << 40)
        await played.left.wait()


async def test_the_time_is_for_all_redirects_together() -> None:
    async def dawdle(heard: Heard) -> None:
        await asyncio.sleep(2 * TINY_S)  # each alone would be in time
        await heard.say(moved("/again"))

    async with serving(dawdle) as played, fetching_here(timeout_s=5 * TINY_S) as fetch:
        with pytest.raises(FetchFailed, match="did not answer in time"):
            await fetch(named(played))


async def test_a_name_that_is_looked_up_for_too_long_is_given_up() -> None:
    over = threading.Event()

    def never(host: str, port: int) -> Sequence[AddressInfo]:
        over.wait(LONG_S)
        return []

    async with fetching(look_up=never, timeout_s=TINY_S) as fetch:
        try:
            with pytest.raises(FetchFailed, match="did not answer in time"):
                await fetch(f"https://{NAME}/a.png")
        finally:
            over.set()


async def test_slow_names_do_not_keep_the_loop_from_looking_up_others() -> None:
    loop, begun, over = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def never(host: str, port: int) -> Sequence[AddressInfo]:
        loop.call_soon_threadsafe(begun.set)
        over.wait(LONG_S)
        return []

    async with fetching(look_up=never) as fetch, asyncio.TaskGroup() as group:
        waiting = [group.create_task(fetch(f"https://{NAME}/{nth}")) for nth in range(100)]
        try:
            async with asyncio.timeout(30):
                await begun.wait()
                found = await loop.getaddrinfo("localhost", 80)
        finally:
            over.set()
            for each in waiting:
                each.cancel()

    assert found


async def test_slow_names_do_not_keep_others_from_being_fetched() -> None:
    loop, begun, over = asyncio.get_running_loop(), asyncio.Semaphore(0), threading.Event()
    names = Names(images=[["127.0.0.1"]])

    def look_up(host: str, port: int) -> Sequence[AddressInfo]:
        if host == NAME:
            return names(host, port)
        loop.call_soon_threadsafe(begun.release)
        over.wait(LONG_S)
        return []

    async with (
        serving(saying(answer())) as played,
        fetching_here(look_up=look_up) as fetch,
        asyncio.TaskGroup() as group,
    ):
        slow = [group.create_task(fetch(f"https://slow{nth}.example.com/")) for nth in range(8)]
        try:
            async with asyncio.timeout(30):
                for _ in slow:
                    await begun.acquire()
                fetched = await fetch(named(played))
        finally:
            over.set()
            for each in slow:
                each.cancel()

    assert fetched.data == PNG


async def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        serving(saying(answer(b"proxy"))) as proxy,
        serving(saying(answer())) as played,
        fetching_here() as fetch,
    ):
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert (await fetch(named(played))).data == PNG

    assert proxy.connections == 0
