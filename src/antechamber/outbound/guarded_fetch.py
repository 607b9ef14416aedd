"""Images and documents that a request names by URL: fetched from the public web and nowhere else.

A name is looked up here, every address that it has is judged, and the connection goes to one of
those: nothing is looked up a second time. Each redirect is judged as the URL was. Neither cookies,
nor a user and password of the URL, nor proxies of the environment are used. A URL of this server
is one like others: without a credential nothing here acts on a GET.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import urljoin

from antechamber import __version__
from antechamber.outbound.client import Answer, Sending, Timeouts
from antechamber.outbound.pool import AddressInfo, Pool
from antechamber.outbound.request import Address, Heads, Origin, address_of
from antechamber.rules.addresses import is_public
from antechamber.wire.errors import EngineFault

LookUp = Callable[[str, int], Sequence[AddressInfo]]
"""Takes a host and a port and gives where they are; may block; raises ``OSError``."""

USER_AGENT = f"antechamber/{__version__} (model server; fetches images and documents for its users)"
"""Wikimedia and others refuse those that say nothing of who asks."""
_MOST_REDIRECTS = 5
_MOST_URL = 8000  # characters; RFC 9110, 4.1, wants as many to be taken
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LOOK_UPS = 64
"""Names looked up at a time, in threads of their own: the loop's look up the upstreams'. One whose
server is silent keeps its thread for 10 s and more (resolv.conf(5)), also when nobody waits for it
any more, so that a handful of such names must not be all; a thread takes 33 KiB."""


class NotFetched(Exception):
    """What a URL names is not to be had; the text says why, and of the URL the host alone."""


class FetchRefused(NotFetched):
    """The URL, or one that it redirects to, leads where nothing is fetched from."""


class FetchFailed(NotFetched):
    """Nobody answered, or not with what was asked for."""


class FetchTooLarge(NotFetched):
    """The answer is larger than the caller takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a URL named."""

    data: bytes
    media_type: str | None
    """As the server says it, in small letters and without parameters."""
    url: str
    """Where it was found, after redirects."""


def anywhere(url: str) -> bool:
    """Allow every address: for who trusts all callers with the operator's own network."""
    return True


class GuardedFetch:
    """Fetches what requests name; to be closed."""

    def __init__(
        self,
        *,
        timeout_s: float,
        https_only: bool,
        user_agent: str | None = None,
        is_allowed: Callable[[str], bool] = is_public,
        look_up: LookUp | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """``timeout_s`` bounds a fetch with all its redirects.

        ``is_allowed`` is asked of each host as it is written, and of each address that it has, both
        as a URL. ``trust`` says whose certificates are good; None is whom the machine trusts.
        """
        self._timeout_s = timeout_s
        self._https_only = https_only
        self._is_allowed = is_allowed
        self._look_up = look_up or _look_up
        self._threads = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="look-up")
        self._heads = Heads({"user-agent": user_agent or USER_AGENT}, keep_alive=False)
        self._pool = Pool(
            connect_s=timeout_s, keep_alive=False, trust=trust, addresses=self._addresses
        )

    async def fetch(self, url: str, *, most_bytes: int, accept: str) -> Fetched:
        """Return what ``url`` names; ``accept`` is the header of that name.

        Raises ``FetchRefused``, ``FetchFailed`` or ``FetchTooLarge``.
        """
        asked = url
        try:
            async with asyncio.timeout(self._timeout_s):
                for _ in range(1 + _MOST_REDIRECTS):
                    found = await self._ask(asked, most_bytes=most_bytes, accept=accept)
                    if isinstance(found, Fetched):
                        return found
                    asked = found
        except TimeoutError as error:
            message = f"{address_of(asked).origin.host} did not answer in time."
            raise FetchFailed(message) from error
        message = f"{address_of(url).origin.host} redirects more than {_MOST_REDIRECTS} times."
        raise FetchRefused(message)

    async def _ask(self, url: str, *, most_bytes: int, accept: str) -> Fetched | str:
        """Return what ``url`` names, or the URL that it redirects to."""
        address, head = self._request(url, accept)
        host = address.origin.host
        timeouts = Timeouts(connect_s=self._timeout_s, idle_s=self._timeout_s)
        try:
            async with Sending(host, self._pool, timeouts, (address, head, b"")) as answer:
                if answer.status in _REDIRECTS and "location" in answer.headers:
                    return _joined(url, answer.headers["location"])
                if answer.status != 200:
                    message = f"{host} answered with status {answer.status}."
                    raise FetchFailed(message)
                data = await _body(host, answer, most_bytes)
        except EngineFault as error:
            raise FetchFailed(error.message) from error
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Fetched(data=data, media_type=kind or None, url=url)

    def _request(self, url: str, accept: str) -> tuple[Address, bytes]:
        if len(url) > _MOST_URL:
            message = f"A URL has at most {_MOST_URL} characters."
            raise FetchRefused(message)
        try:
            address = address_of(url)
            head = self._heads.write("GET", address, {"accept": accept}, size=None)
        except ValueError as error:
            message = "The URL is no web address."
            raise FetchRefused(message) from error
        if self._https_only and not address.origin.secure:
            message = f"{address.origin.host} is not fetched from: only HTTPS URLs are supported."
            raise FetchRefused(message)
        if not self._is_allowed(f"http://{address.host}/"):
            raise _not_public(address.origin.host)
        return address, head

    async def _addresses(self, origin: Origin) -> Sequence[AddressInfo]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._look_up, origin.host, origin.port)
        for family, *_, place in found:
            shown = f"[{place[0]}]" if family == socket.AF_INET6 else place[0]
            # One that is not public is enough: whoever mixes them may hope for the other.
            if not self._is_allowed(f"http://{shown}/"):
                raise _not_public(origin.host)
        return found

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._pool.aclose()
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _body(host: str, answer: Answer, most_bytes: int) -> bytes:
    data = bytearray()
    async with aclosing(answer.chunks()) as chunks:
        async for chunk in chunks:
            data += chunk
            if len(data) > most_bytes:
                message = f"{host} answered more than {most_bytes} bytes."
                raise FetchTooLarge(message)
    return bytes(data)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        message = f"{address_of(url).origin.host} redirects to what is no web address."
        raise FetchRefused(message) from error


def _look_up(host: str, port: int) -> Sequence[AddressInfo]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _not_public(host: str) -> FetchRefused:
    return FetchRefused(f"{host} is not fetched from: it is no place of the public web.")
