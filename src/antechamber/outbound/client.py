"""HTTP to one upstream: what is asked, how long it may take, and what its answers are."""

import asyncio
import json
import math
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import TracebackType

from antechamber.outbound.decoding import decoder_of
from antechamber.outbound.errors import FOREIGN, UpstreamUnreachable, translated
from antechamber.outbound.http1 import Connection, Reply
from antechamber.outbound.pool import Pool
from antechamber.outbound.request import Address, Heads, address_of
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed

__all__ = [
    "Answer",
    "Sending",
    "Timeouts",
    "UpstreamClient",
    "UpstreamRefused",
    "UpstreamUnreachable",
    "retry_after_s",
]

_MOST_ERROR_BYTES = 1024 * 1024
_MOST_JSON_BYTES = 64 * 1024 * 1024
_JSON = {"content-type": "application/json"}


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

    def __init__(self, name: str, reply: Reply, timeouts: Timeouts, *, whole: bool = False) -> None:
        """``whole`` is one of which nothing is shown before it has ended."""
        self.status = reply.status
        self.headers: Mapping[str, str] = reply.headers
        """Their names are in small letters; repeated ones are joined by commas."""
        self._name = name
        self._reply = reply
        self._timeouts = timeouts
        self._whole = whole
        self._begun = False
        self._shown = False
        self._begins: Callable[[bytes], bool] | None = None

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

    def begin_with(self, begins: Callable[[bytes], bool]) -> None:
        """Say how to tell that a piece is the first: it is asked for each until one is."""
        self._begins = begins

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the bytes as they come; raises ``EngineFault``."""
        now, reply = asyncio.get_running_loop().time, self._reply
        first_until = now() + self._timeouts.until_first_s
        try:
            decoder = decoder_of(self.headers.get("content-encoding", ""))
            while chunk := await reply.piece(
                now() + self._timeouts.idle_s if self._begun else first_until
            ):
                self._shown = not self._whole
                if decoder is None:
                    if not self._begun:
                        self._look(chunk)
                    yield chunk
                    continue
                for piece in decoder.feed(chunk):
                    if not self._begun:
                        self._look(piece)
                    yield piece
            if decoder is not None:
                decoder.end()
        except FOREIGN as error:
            raise translated(self._name, error, begun=self._shown) from error

    def _look(self, piece: bytes) -> None:
        if self._begins is not None:
            self._begun = self._begins(piece)


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
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """``trust`` says whose certificates are good; None is whom the machine trusts."""
        self.name = name
        self._base_url = base_url.rstrip("/")
        self._timeouts = timeouts
        self._heads = Heads(headers, keep_alive=keep_alive)
        self._pool = Pool(connect_s=timeouts.connect_s, keep_alive=keep_alive, trust=trust)

    async def get_json(self, path: str, *, within_s: float | None = None) -> object:
        """Return the JSON of ``path``; raises ``EngineFault``."""
        address = address_of(self._base_url + path)
        head = self._heads.write("GET", address, {}, size=None)
        try:
            async with asyncio.timeout(within_s):
                return await self._json(address, head, b"")
        except TimeoutError as error:
            raise translated(self.name, error) from error

    async def post_json(self, path: str, body: object) -> object:
        """Return the JSON answer to ``body``; raises ``EngineFault``."""
        address, encoded = address_of(self._base_url + path), encode_json(body)
        head = self._heads.write("POST", address, _JSON, size=len(encoded))
        return await self._json(address, head, encoded)

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

    def send(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> "Sending":
        """Post JSON and give the answer as it comes, whatever its status; raises ``EngineFault``.

        ``path`` may be a whole address.
        """
        address = address_of(path if path.startswith("http") else self._base_url + path)
        head = self._heads.write("POST", address, {**_JSON, **(headers or {})}, size=len(body))
        return Sending(self.name, self._pool, self._timeouts, (address, head, body))

    async def _json(self, address: Address, head: bytes, body: bytes) -> object:
        # It has no first piece that anybody waits for, only silences.
        silent_s = max(self._timeouts.until_first_s, self._timeouts.idle_s)
        timeouts = Timeouts(connect_s=self._timeouts.connect_s, idle_s=silent_s)
        sending = Sending(self.name, self._pool, timeouts, (address, head, body), whole=True)
        async with sending as answer:
            answer.begin()
            told = await answer.read(max_bytes=_MOST_JSON_BYTES)
        if answer.status >= 300:
            raise UpstreamRefused(self.name, answer.status, told, answer.headers)
        try:
            return json.loads(told)
        except ValueError as error:
            message = f"{self.name} answered something that is not JSON."
            raise EngineFailed(message) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


class Sending:
    """One request while it lasts: from its sending to the end of its answer, or our leaving.

    To be used as a context, or opened and closed.
    """

    def __init__(
        self,
        name: str,
        pool: Pool,
        timeouts: Timeouts,
        request: tuple[Address, bytes, bytes],
        *,
        whole: bool = False,
    ) -> None:
        self._whole = whole
        self._name = name
        self._pool = pool
        self._timeouts = timeouts
        self._request = request
        self._connection: Connection | None = None

    async def open(self) -> Answer:
        """Send the request and return its answer when the head is there."""
        address, head, body = self._request
        try:
            self._connection, reply = await self._pool.ask(
                address.origin, head, body, within_s=self._timeouts.until_first_s
            )
        except FOREIGN as error:
            raise translated(self._name, error) from error
        return Answer(self._name, reply, self._timeouts, whole=self._whole)

    def close(self) -> None:
        """Give the connection back; that of an answer which has not ended is dropped."""
        connection, self._connection = self._connection, None
        if connection is not None:
            # Not kept in mid-answer: an upstream that is still writing must notice.
            self._pool.give_back(connection)

    async def __aenter__(self) -> Answer:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return in how many seconds to come back, as the upstream says it; None where it does not.

    As in the SDKs, ``retry-after-ms`` goes first, and a date that is past says nothing.
    """
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * unit_s
        except ValueError:
            continue
        if 0 <= seconds < math.inf:
            return seconds
    seconds = _seconds_until(headers.get("retry-after", ""))
    return seconds if seconds > 0 else None


def _seconds_until(date: str) -> float:
    """Return how far away a date of HTTP is; 0 for what is none."""
    try:
        return parsedate_to_datetime(date).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
