"""One span for each request, made of its record when it is over and sent over OTLP.

Names and values are those of the GenAI conventions of OpenTelemetry:
opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans. Importing this loads OpenTelemetry, which
is worth it only where spans go somewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock, Timer
from urllib.parse import urlsplit

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from antechamber import __version__
from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.settings import (
    EngineSettings,
    GeminiEngineSettings,
    LocalEngineSettings,
    MessagesApiEngineSettings,
    OpenAIChatEngineSettings,
    ScriptedEngineSettings,
    TracingSettings,
)

_log = structlog.get_logger("antechamber.tracing")
Attributes = Mapping[str, str | int | float | bool]

_PROVIDERS_OF_HOSTS = {
    "hosted": "anthropic",
    "bedrock": "aws.bedrock",
    "vertex": "gcp.vertex_ai",
    "foundry": "azure.ai.inference",
    "mistral": "mistral_ai",
    "auto": "openai",
}
"""Hosts that the conventions call otherwise than we do; ``auto`` speaks OpenAI's dialect."""
_NO_FAULT = frozenset(("ended", "left", "cut"))
_MOST_WAITING = 10_000
"""Requests that have no span yet: a few seconds' worth of the busiest server."""
_QUIET_S = 60.0
"""Between two lines of the log about spans that are not made."""
_PORTS = {"http": 80, "https": 443}


class Tracing:
    """Makes spans in one thread and sends them in another, in groups and within a bound."""

    def __init__(self, settings: TracingSettings, engines: Sequence[EngineSettings]) -> None:
        by_ratio = TraceIdRatioBased(settings.sample_ratio)
        self._provider = TracerProvider(
            resource=Resource.create(
                {"service.name": "antechamber", "service.version": __version__}
            ),
            # Whoever sends a trace may ask for less than the ratio, never for more.
            sampler=ParentBased(by_ratio, remote_parent_sampled=by_ratio),
            # Whoever opened it closes it.
            shutdown_on_exit=False,
        )
        self._timeout_s = settings.timeout_s
        self._exporter = OTLPSpanExporter(
            endpoint=f"{settings.endpoint}/v1/traces", timeout=settings.timeout_s
        )
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("antechamber", __version__)
        self._propagator = TraceContextTextMapPropagator()
        # A span takes a third of what a request does: too much at once for the event loop.
        self._maker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tracing")
        self._waiting = 0
        self._told_at = 0.0
        # Guards how many wait: they come from one thread and go in another.
        self._lock = Lock()
        self._engines = {engine.name: engine for engine in engines}
        self._told: dict[str, Attributes] = {}
        """What is said of an engine, by its name; there are as many as are configured."""

    def observe(self, records: Sequence[TurnRecord]) -> None:
        """Have a span made of each of them; what they come too fast for is dropped."""
        with self._lock:
            taken = records[: _MOST_WAITING - self._waiting]
            self._waiting += len(taken)
        if len(taken) < len(records):
            self._tell_dropped(records[len(taken) :])
        if taken:
            self._maker.submit(self._trace_all, taken).add_done_callback(_tell)

    def close(self) -> None:
        """Send what is left. Blocks until the receiver has it, or its time is over."""
        self._maker.shutdown()
        # Left to itself it gives each group that time, and half a minute to all of them.
        giving_up = Timer(self._timeout_s, self._exporter.shutdown)
        giving_up.start()
        self._provider.shutdown()
        giving_up.cancel()

    def _tell_dropped(self, records: Sequence[TurnRecord]) -> None:
        # Of the time of day they know enough.
        now = records[-1].started_at
        if now - self._told_at >= _QUIET_S:
            self._told_at = now
            _log.warning("spans_dropped", number=len(records))

    def _trace_all(self, records: Sequence[TurnRecord]) -> None:
        try:
            for record in records:
                self._trace(record)
        finally:
            with self._lock:
                self._waiting -= len(records)

    def _trace(self, record: TurnRecord) -> None:
        came_with = {"traceparent": record.trace_parent} if record.trace_parent else {}
        span = self._tracer.start_span(
            f"chat {record.model}",
            context=self._propagator.extract(came_with),
            kind=SpanKind.CLIENT,
            attributes={**_attributes_of(record), **self._about(record.engine)},
            start_time=_nanoseconds(record.started_at),
        )
        if record.ending not in _NO_FAULT:
            span.set_attribute("error.type", record.ending)
            span.set_status(Status(StatusCode.ERROR))
        span.end(_nanoseconds(record.started_at + record.total_s))

    def _about(self, engine: str) -> Attributes:
        told = self._told.get(engine)
        if told is None:
            told = self._told[engine] = dict(self._told_of(engine))
        return told

    def _told_of(self, name: str) -> Iterator[tuple[str, str | int]]:
        # One of several replicas has its address behind its name.
        engine_name, _, place = name.partition("@")
        engine = self._engines[engine_name]
        yield "gen_ai.provider.name", _provider_of(engine)
        address = f"//{place}" if place else _address_of(engine)
        parts = urlsplit(address or "")
        if parts.hostname:
            yield "server.address", parts.hostname
            port = parts.port or _PORTS.get(parts.scheme)
            if port is not None:
                yield "server.port", port


def _nanoseconds(since_1970_s: float) -> int:
    # Of a time of day a float holds microseconds and no more.
    return round(since_1970_s * 1_000_000) * 1000


def _tell(made: Future[None]) -> None:
    if (error := made.exception()) is not None:
        _log.error("spans_lost", exc_info=error)


def _attributes_of(record: TurnRecord) -> Attributes:
    counts = record.counts
    written = counts.cache_write_5m_tokens + counts.cache_write_1h_tokens
    attributes: dict[str, str | int | float | bool] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": record.model,
        "gen_ai.request.stream": record.streams,
        "gen_ai.response.model": record.upstream_model,
        # By the conventions those of the cache are among them.
        "gen_ai.usage.input_tokens": counts.input_tokens + written + counts.cache_read_tokens,
        "gen_ai.usage.cache_creation.input_tokens": written,
        "gen_ai.usage.cache_read.input_tokens": counts.cache_read_tokens,
        "gen_ai.usage.output_tokens": counts.output_tokens,
        "gen_ai.usage.reasoning.output_tokens": counts.thinking_tokens,
        "antechamber.engine": record.engine,
        "antechamber.ending": record.ending,
        "antechamber.request_id": record.request_id,
        "antechamber.service_tier": counts.service_tier,
        "antechamber.workspace_id": record.workspace_id,
    }
    if record.first_event_s is not None:
        attributes["gen_ai.response.time_to_first_chunk"] = record.first_event_s
    return attributes


def _provider_of(engine: EngineSettings) -> str:
    match engine:
        case MessagesApiEngineSettings() | OpenAIChatEngineSettings():
            return _PROVIDERS_OF_HOSTS.get(engine.host, engine.host)
        case GeminiEngineSettings():
            return "gcp.gemini"
        case LocalEngineSettings() | ScriptedEngineSettings():
            return "antechamber"


def _address_of(engine: EngineSettings) -> str | None:
    match engine:
        case ScriptedEngineSettings():
            return None
        case LocalEngineSettings():
            return engine.base_url
        case MessagesApiEngineSettings() | OpenAIChatEngineSettings() | GeminiEngineSettings():
            return engine.base_url or engine.usual_address
