"""``GET /metrics`` for Prometheus: as an endpoint of the server, or on a port of its own."""

import asyncio
import socket
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import accumulate
from urllib.parse import urlsplit

import uvicorn
from prometheus_client import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from antechamber.http.asgi import App, Receive, Scope, Send, header, respond
from antechamber.http.hosts import OwnNamesOnly, foreign_name
from antechamber.operations.callers.caller import Credentials, Doorkeeper
from antechamber.runtime.metrics import Cell, Instrument, Labels, Numbers
from antechamber.runtime.shared_metrics import SharedMetrics
from antechamber.settings import ConfigurationError, MetricsSettings, ServerSettings, is_loopback
from antechamber.wire.errors import Unauthenticated

_OPENMETRICS = "application/openmetrics-text"


class MetricsEndpoint:
    """Answers with the numbers of all workers, whoever asks."""

    def __init__(self, metrics: SharedMetrics) -> None:
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        # Only whether it is named: the library trips over versions that are none.
        accepted = _OPENMETRICS if _OPENMETRICS in (header(scope, b"accept") or "") else ""
        encode, kind = choose_encoder(accepted)
        # Off the event loop: hundreds of numbers take milliseconds.
        body = await asyncio.to_thread(self._written, encode)
        await respond(send, 200, body, kind=kind.encode("ascii"))

    def _written(self, encode: Callable[[Collector], bytes]) -> bytes:
        return encode(_Families(self._metrics.instruments, self._metrics.numbers()))


def guarded_metrics(
    endpoint: MetricsEndpoint, server: ServerSettings, doorkeeper: Doorkeeper
) -> App:
    """Return ``endpoint`` for who may read it: who has an admin key where others reach the server.

    By itself, or through a proxy that makes it public.
    """
    public = None if server.public_url is None else urlsplit(server.public_url).hostname
    if all(is_loopback(name) for name in (server.host, public or server.host)):
        return OwnNamesOnly(endpoint, server)
    return _AdminMetrics(endpoint, doorkeeper)


class _AdminMetrics:
    """The same for who has an admin key.

    Prometheus sends none of the API's other headers, so the door of the API is not for it.
    """

    def __init__(self, endpoint: MetricsEndpoint, doorkeeper: Doorkeeper) -> None:
        self._endpoint = endpoint
        self._doorkeeper = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises ``Unauthenticated``."""
        scheme, _, token = (header(scope, b"authorization") or "").partition(" ")
        credentials = Credentials(
            api_key=header(scope, b"x-api-key"),
            bearer=token.strip() if scheme.lower() == "bearer" else None,
        )
        if (await self._doorkeeper.admit(credentials)).kind != "admin":
            message = "invalid x-api-key"
            raise Unauthenticated(message)
        await self._endpoint(scope, receive, send)


class _Families:
    """Numbers as the library's encoders read them."""

    def __init__(self, instruments: Iterable[Instrument], numbers: Numbers) -> None:
        self._instruments = instruments
        self._numbers = numbers

    def collect(self) -> Iterator[Metric]:
        for instrument in self._instruments:
            yield _family(instrument, self._numbers[instrument.name])


def _family(instrument: Instrument, cells: Mapping[Labels, Cell]) -> Metric:
    words = (instrument.name, instrument.help)
    match instrument.kind:
        case "histogram":
            histogram = HistogramMetricFamily(*words, labels=instrument.labels)
            for labels, (*counts, total) in cells.items():
                ends = (*map(str, instrument.bounds), "+Inf")
                histogram.add_metric(
                    labels, list(zip(ends, accumulate(counts), strict=True)), sum_value=total
                )
            return histogram
        case "counter":
            family = CounterMetricFamily(*words, labels=instrument.labels)
        case "gauge":
            family = GaugeMetricFamily(*words, labels=instrument.labels)
    for labels, (value,) in cells.items():
        family.add_metric(labels, value)
    return family


def listen_for_metrics(metrics: MetricsSettings) -> socket.socket | None:
    """Bind the metrics' own port, for all workers; None where they have none.

    Raises ``ConfigurationError`` when it cannot be had.
    """
    if not metrics.enabled or metrics.port is None:
        return None
    address = (metrics.host, metrics.port)
    family = socket.AF_INET6 if ":" in metrics.host else socket.AF_INET
    try:
        return socket.create_server(address, family=family, reuse_port=False)
    except OSError as error:
        reason = error.strerror or error
        message = f"metrics.port: {metrics.host}:{metrics.port} cannot be served: {reason}"
        raise ConfigurationError(message) from error


async def serve_metrics(endpoint: MetricsEndpoint, listening: socket.socket) -> None:
    """Serve them on a socket that all workers share, until cancelled; whichever is free answers."""
    config = uvicorn.Config(
        _Alone(endpoint, checks_host=is_loopback(listening.getsockname()[0])),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    try:
        await server.serve(sockets=[listening])
    finally:
        await server.shutdown(sockets=[listening])


class _Server(uvicorn.Server):
    """Leaves the signals to the server that it stands beside."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _Alone:
    """All that is served on that port."""

    def __init__(self, endpoint: MetricsEndpoint, *, checks_host: bool) -> None:
        """``checks_host``: where only this machine is to reach it, no web page is, either."""
        self._endpoint = endpoint
        self._checks_host = checks_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._checks_host and foreign_name(scope, ()) is not None:
            words = b"There are only names of this machine here.\n"
            await respond(send, 403, words, kind=b"text/plain")
        elif scope["path"] == "/metrics" and scope["method"] in ("GET", "HEAD"):
            await self._endpoint(scope, receive, send)
        else:
            await respond(send, 404, b"There is only GET /metrics here.\n", kind=b"text/plain")
