"""Clients that look at every exchange on the way: shapes, envelopes, headers, stream grammar."""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx2
from anthropic import Anthropic, AsyncAnthropic

from tests.conformance.shapes import body_faults, envelope_faults, event_faults, result_faults
from tests.stream_grammar import check_stream, parse_sse

VERSION = "2023-06-01"
_TIMEOUT_S = 60.0


@dataclass(slots=True)
class Exchange:
    """One request and what came back, as bytes went over the wire."""

    request: httpx2.Request
    response: httpx2.Response
    body: bytearray = field(default_factory=bytearray)

    @property
    def sent(self) -> Any:
        """The body of the request, read as JSON."""
        return json.loads(self.request.content)

    @property
    def received(self) -> Any:
        """The body of the answer, read as JSON."""
        return json.loads(self.body)

    def faults(self) -> list[str]:
        """Return what is wrong with the answer; of one that was not read to its end nothing."""
        headers, path = self.response.headers, self.request.url.path
        request_id = headers.get("request-id", "")
        found = [] if request_id.startswith("req_") else [f"request-id is {request_id!r}"]
        if "anthropic-organization-id" not in headers:
            found.append("no anthropic-organization-id")
        if headers["content-type"].startswith("text/event-stream"):
            return [*found, *_stream_faults(bytes(self.body))]
        if self.request.method == "HEAD" or not path.startswith("/v1"):
            return found
        if self.response.status_code >= 400:
            return [*found, *envelope_faults(self.received, request_id=request_id)]
        if headers["content-type"] == "application/x-jsonl":
            results = map(json.loads, self.body.splitlines())
            return [*found, *(fault for result in results for fault in result_faults(result))]
        return [*found, *body_faults(path, self.received)]


def events_of(stream: bytes) -> list[dict[str, Any]]:
    """Return the data of every event of a stream; it has been checked on its way already."""
    return [data for _, data in parse_sse(stream)]


def _stream_faults(stream: bytes) -> list[str]:
    events = parse_sse(stream)
    check_stream(events)
    return [fault for _, data in events for fault in event_faults(data)]


class Watch:
    """Collects exchanges and what is wrong with them."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self._faults: list[str] = []

    def begin(self, request: httpx2.Request, response: httpx2.Response) -> Exchange:
        """Remember an exchange whose body is still to come."""
        self.exchanges.append(Exchange(request, response))
        return self.exchanges[-1]

    def end(self, exchange: Exchange) -> None:
        """Look at an exchange that is complete."""
        where = f"{exchange.request.method} {exchange.request.url}"
        try:
            faults = exchange.faults()
        except (AssertionError, ValueError, KeyError, TypeError) as error:
            faults = [f"{type(error).__name__}: {error}"]
        # Told at the end: raised from here, an SDK would take it for a broken connection.
        self._faults += [f"{where}: {fault}" for fault in faults]

    def verdict(self) -> None:
        """Fail with whatever was wrong."""
        assert not self._faults, "\n".join(self._faults)


class _Tee(httpx2.SyncByteStream):
    def __init__(self, source: httpx2.SyncByteStream, exchange: Exchange, watch: Watch) -> None:
        self._source, self._exchange, self._watch = source, exchange, watch

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._source:
            self._exchange.body += piece
            yield piece
        self._watch.end(self._exchange)

    def close(self) -> None:
        self._source.close()


class _AsyncTee(httpx2.AsyncByteStream):
    def __init__(self, source: httpx2.AsyncByteStream, exchange: Exchange, watch: Watch) -> None:
        self._source, self._exchange, self._watch = source, exchange, watch

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._source:
            self._exchange.body += piece
            yield piece
        self._watch.end(self._exchange)

    async def aclose(self) -> None:
        await self._source.aclose()


class _Transport(httpx2.HTTPTransport):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = super().handle_request(request)
        source = cast("httpx2.SyncByteStream", response.stream)
        response.stream = _Tee(source, self._watch.begin(request, response), self._watch)
        return response


class _AsyncTransport(httpx2.AsyncHTTPTransport):
    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        source = cast("httpx2.AsyncByteStream", response.stream)
        response.stream = _AsyncTee(source, self._watch.begin(request, response), self._watch)
        return response


@contextmanager
def sdk_client(
    url: str, watch: Watch | None = None, **options: Any
) -> Generator[Anthropic, None, None]:
    """Open the official client; it repeats nothing by itself unless ``max_retries`` says so."""
    watch = watch or Watch()
    http = httpx2.Client(transport=_Transport(watch), timeout=_TIMEOUT_S, follow_redirects=True)
    settings: dict[str, Any] = {"api_key": "sk-ant-test", "max_retries": 0, **options}
    with Anthropic(base_url=url, http_client=http, **settings) as client:
        yield client
    watch.verdict()


@asynccontextmanager
async def async_sdk_client(
    url: str, watch: Watch | None = None, **options: Any
) -> AsyncGenerator[AsyncAnthropic, None]:
    """Open the official asynchronous client."""
    watch = watch or Watch()
    http = httpx2.AsyncClient(
        transport=_AsyncTransport(watch), timeout=_TIMEOUT_S, follow_redirects=True
    )
    settings: dict[str, Any] = {"api_key": "sk-ant-test", "max_retries": 0, **options}
    async with AsyncAnthropic(base_url=url, http_client=http, **settings) as client:
        yield client
    watch.verdict()


@contextmanager
def plain_client(url: str, watch: Watch | None = None) -> Generator[httpx2.Client, None, None]:
    """Open an HTTP client with the headers that the API asks for, and nothing more."""
    watch = watch or Watch()
    headers = {"x-api-key": "sk-ant-test", "anthropic-version": VERSION}
    with httpx2.Client(
        transport=_Transport(watch), base_url=url, headers=headers, timeout=_TIMEOUT_S
    ) as client:
        yield client
    watch.verdict()
