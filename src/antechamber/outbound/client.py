"""Pooled HTTP to an upstream, and the one seam where the client library's errors become ours."""

import asyncio
import json
import math
import socket
import struct
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp

from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import ApiError, EngineFailed, EngineTimedOut, Overloaded

_MOST_ERROR_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long to wait for an upstream, in seconds."""

    connect_s: float = 10.0
    idle_s: float = 600.0
    """Between two pieces of an answer."""
    first_s: float | None = None
    """Until the first piece; None is as long as between two."""

    @property
    def until_first_s(self) -> float:
        """Return how long to wait for the first piece."""
        return self.idle_s if self.first_s is None else self.first_s


class UpstreamUnreachable(Overloaded):
    """No connection came about; the upstream knows nothing of the request."""


class UpstreamRefused(EngineFailed):
    """The upstream answered with an error; ``upstream_status``, ``headers`` and ``body`` tell it.

    The names of the headers are in small letters.
    """

    def __init__(self, upstream: str, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(
            f"{upstream} answered with status {status}.", retry_after_s=retry_after_s(headers)
        )
        self.upstream_status = status
        self.headers = headers
        self.body = body


class Answer:
    """An answer whose head has come and whose body is still coming."""

    def __init__(self, name: str, response: aiohttp.ClientResponse, timeouts: Timeouts) -> None:
        self._name = name
        self._response = response
        self._timeouts = timeouts
        self._begun = False
        self._received = False
        self._any_piece_begins = False

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in small letters."""
        return headers_of(self._response)

    async def read(self, *, max_bytes: int) -> bytes:
        """Return the whole body; raises ``EngineFault``, also for one that is larger."""
        pieces: list[bytes] = []
        size = 0
        async with aclosing(self.chunks()) as chunks:
            async for chunk in chunks:
                size += len(chunk)
                if size > max_bytes:
                    message = f"{self._name} answered more than {max_bytes} bytes."
                    raise EngineFailed(message)
                pieces.append(chunk)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def begin(self) -> None:
        """Say that the first piece has come: signs of life before it are none."""
        self._begun = True

    def begin_with_any_piece(self) -> None:
        """Say that the first piece begins the answer, whatever it is."""
        self._any_piece_begins = True

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes as they come; raises ``EngineFault``."""
        first_until = asyncio.get_running_loop().time() + self._timeouts.until_first_s
        while True:
            with foreign_errors(self._name, begun=self._received):
                idle = asyncio.timeout(self._timeouts.idle_s)
                async with idle if self._begun else asyncio.timeout_at(first_until):
                    chunk = await self._response.content.readany()
            if not chunk:
                return
            self._received = True
            self._begun = self._begun or self._any_piece_begins
            yield chunk


class UpstreamClient:
    """Connections to one base URL; opened at first use, closed by ``aclose``."""

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        timeouts: Timeouts,
        keep_alive: bool = True,
    ) -> None:
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._headers = dict(headers)
        self._timeouts = timeouts
        self._keep_alive = keep_alive
        self._session: aiohttp.ClientSession | None = None

    async def get_json(self, path: str, *, within_s: float | None = None) -> object:
        """Return the JSON of ``path``; raises ``EngineFault``."""
        timeout = self._timeout(within_s)
        with foreign_errors(self.name):
            async with self._open().get(
                self._base_url + path, timeout=timeout, allow_redirects=False
            ) as response:
                return await self._json(response)

    async def post_json(self, path: str, body: object) -> object:
        """Return the JSON answer to ``body``; raises ``EngineFault``."""
        with foreign_errors(self.name):
            async with self._post(path, body) as response:
                return await self._json(response)

    @asynccontextmanager
    async def stream(
        self, path: str, body: object, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Answer, None]:
        """Give a good answer as it comes; raises ``UpstreamRefused`` for any other."""
        async with self.send(path, encode_json(body), headers) as answer:
            if answer.status >= 300:
                told = await answer.read(max_bytes=_MOST_ERROR_BYTES)
                raise UpstreamRefused(self.name, answer.status, told, answer.headers)
            yield answer

    @asynccontextmanager
    async def send(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> AsyncGenerator[Answer, None]:
        """Post JSON and give the answer as it comes, whatever its status.

        ``path`` may be a whole address. Leaving the context drops the connection of an answer
        that has not been read to its end. Raises ``EngineFault``.
        """
        address = path if path.startswith("http") else self._base_url + path
        head = {"content-type": "application/json", **(headers or {})}
        with foreign_errors(self.name):
            # Until the first piece, and not as long as between two: nothing has come yet.
            async with asyncio.timeout(self._timeouts.until_first_s):
                response = await self._open().post(
                    address, data=body, headers=head, allow_redirects=False
                )
            async with response:
                try:
                    yield Answer(self.name, response, self._timeouts)
                finally:
                    # Not released to the pool: an upstream that is still writing must notice.
                    if not response.content.at_eof():
                        response.close()

    def _post(self, path: str, body: object) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._open().post(
            self._base_url + path,
            data=encode_json(body),
            headers={"content-type": "application/json"},
            allow_redirects=False,
        )

    async def _json(self, response: aiohttp.ClientResponse) -> object:
        body = await response.read()
        if response.status >= 300:
            raise UpstreamRefused(self.name, response.status, body, headers_of(response))
        try:
            return json.loads(body)
        except ValueError as error:
            message = f"{self.name} answered something that is not JSON."
            raise EngineFailed(message) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    force_close=not self._keep_alive,
                    socket_factory=None if self._keep_alive else _abortive_socket,
                ),
                headers=self._headers,
                # What an upstream sets is set for one of our callers, not for all of them.
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout(),
                # What an upstream of ours needs does not depend on the environment's proxies.
                trust_env=False,
                auto_decompress=True,
            )
        return self._session

    def _timeout(self, total_s: float | None = None) -> aiohttp.ClientTimeout:
        # What is read piece by piece is timed by ``Answer``; this bounds the wait for its head.
        read_s = max(self._timeouts.until_first_s, self._timeouts.idle_s)
        return aiohttp.ClientTimeout(
            total=total_s, connect=self._timeouts.connect_s, sock_read=read_s
        )

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()


def headers_of(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    """Return the headers with their names in small letters; of repeated ones the last."""
    return {name.lower(): value for name, value in response.headers.items()}


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return when to come back as the upstream says it in seconds, None where it does not.

    ``retry-after-ms`` goes first, as in the SDKs; a date is not read.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        if 0 <= seconds < math.inf:
            return seconds
    return None


def _abortive_socket(address: tuple[int, int, int, str, tuple[object, ...]]) -> socket.socket:
    """Make a socket whose closing is a reset, which a writing peer notices at its next write.

    After an ordinary close the first write of the peer still goes well.
    """
    made = socket.socket(*address[:3])
    made.setblocking(False)  # noqa: FBT003 - the standard library's signature
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return made


@contextmanager
def foreign_errors(upstream: str, *, begun: bool = False) -> Generator[None, None, None]:
    """Translate every error of the client library; the most specific first.

    A connection that breaks before the answer has ``begun`` is worth another attempt: overload.
    """
    try:
        yield
    except TimeoutError as error:  # aiohttp's timeouts derive from it
        message = f"{upstream} did not answer in time."
        raise EngineTimedOut(message) from error
    except aiohttp.ClientConnectorError as error:
        message = f"{upstream} cannot be reached."
        raise UpstreamUnreachable(message) from error
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, ConnectionError) as error:
        message = f"The connection to {upstream} broke off."
        raise (EngineFailed if begun else Overloaded)(message) from error
    except aiohttp.ClientError as error:
        message = f"{upstream} answered something that is not HTTP."
        raise EngineFailed(message) from error
    except ApiError:
        raise
    except OSError as error:
        message = f"{upstream} cannot be reached."
        raise Overloaded(message) from error
