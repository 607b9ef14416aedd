import threading
from collections.abc import Generator, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes

from antechamber import __version__
from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.operations.bookkeeping.tracing import Tracing
from antechamber.settings import (
    EngineSettings,
    GeminiEngineSettings,
    LocalEngineSettings,
    MessagesApiEngineSettings,
    OpenAIChatEngineSettings,
    ScriptedEngineSettings,
    Secret,
    TracingSettings,
)
from tests.records import turn_record

ENGINES: tuple[EngineSettings, ...] = (
    MessagesApiEngineSettings(name="hosted", api_key=Secret("k")),
    MessagesApiEngineSettings(name="vertex", host="vertex", region="r", project="p"),
    OpenAIChatEngineSettings(name="vllm", host="vllm", base_url="http://10.0.0.7:8000/v1"),
    OpenAIChatEngineSettings(name="mistral", host="mistral", base_url="https://api.mistral.ai"),
    OpenAIChatEngineSettings(
        name="two", replicas=("http://10.0.0.8:8000/v1", "http://10.0.0.9:8001/v1")
    ),
    GeminiEngineSettings(name="gemini", api_key=Secret("k")),
    LocalEngineSettings(name="local"),
    ScriptedEngineSettings(name="script", script=Path("script.toml")),
)
TURN = turn_record(
    request_id="req_1",
    started_at=1_700_000_000.25,
    first_event_s=0.5,
    total_s=2.5,
    workspace_id="wrkspc_1",
    key_id="apikey_1",
    model="claude-opus-4-5",
    engine="vllm",
    upstream_model="large",
    ending="ended",
    streams=True,
    service_tier="priority",
    input_tokens=10,
    cache_write_5m_tokens=20,
    cache_write_1h_tokens=30,
    cache_read_tokens=40,
    output_tokens=5,
    thinking_tokens=2,
)
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Receiver(ThreadingHTTPServer):
    """Takes what is exported, as a collector would."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.exports: list[ExportTraceServiceRequest] = []
        self.paths: set[str] = set()
        self.credentials: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for export in self.exports
            for of_resource in export.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.exports.append(ExportTraceServiceRequest.FromString(body))
        self.server.paths.add(self.path)
        self.server.credentials.add(self.headers["authorization"])
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Generator[Receiver, None, None]:
    with Receiver() as receiver:
        serving = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        serving.start()
        yield receiver
        receiver.shutdown()
        serving.join()


def export(receiver: Receiver, *records: TurnRecord, ratio: float = 1.0) -> list[Span]:
    tracing = Tracing(TracingSettings(endpoint=receiver.url, sample_ratio=ratio), ENGINES)
    tracing.observe(records)
    tracing.close()
    return receiver.spans


def turn(**changes: Any) -> TurnRecord:
    return turn_record(TURN, **changes)


def told(attributes: Iterable[KeyValue]) -> dict[str, object]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    assert kind is not None
    return getattr(value, kind)


def test_a_request_becomes_a_span_of_the_genai_conventions(receiver: Receiver) -> None:
    (span,) = export(receiver, TURN)

    assert (span.name, span.kind) == ("chat claude-opus-4-5", Span.SPAN_KIND_CLIENT)
    assert span.start_time_unix_nano == 1_700_000_000_250_000_000
    assert span.end_time_unix_nano == 1_700_000_002_750_000_000
    assert told(span.attributes) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "vllm",
        "gen_ai.request.model": "claude-opus-4-5",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "large",
        "gen_ai.response.time_to_first_chunk": 0.5,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.cache_creation.input_tokens": 50,
        "gen_ai.usage.cache_read.input_tokens": 40,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 2,
        "server.address": "10.0.0.7",
        "server.port": 8000,
        "antechamber.engine": "vllm",
        "antechamber.ending": "ended",
        "antechamber.request_id": "req_1",
        "antechamber.service_tier": "priority",
        "antechamber.workspace_id": "wrkspc_1",
    }
    assert span.status.code == Status.STATUS_CODE_UNSET


def test_every_name_of_the_genai_conventions_is_one_of_theirs(receiver: Receiver) -> None:
    known = {value for name, value in vars(gen_ai_attributes).items() if name.startswith("GEN_AI")}

    (span,) = export(receiver, TURN)

    ours = {name for name in told(span.attributes) if name.startswith("gen_ai.")}
    assert ours <= known


def test_it_is_exported_to_the_receiver_as_this_service(receiver: Receiver) -> None:
    export(receiver, TURN)

    assert receiver.paths == {"/v1/traces"}
    resource = told(receiver.exports[0].resource_spans[0].resource.attributes)
    assert resource["service.name"] == "antechamber"
    assert resource["service.version"] == __version__


def test_what_the_receiver_wants_is_told_by_opentelemetrys_own_variables(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20let-me-in")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=production")

    export(receiver, TURN)

    assert receiver.credentials == {"Bearer let-me-in"}
    resource = told(receiver.exports[0].resource_spans[0].resource.attributes)
    assert resource["deployment.environment.name"] == "production"


@pytest.mark.parametrize(
    ("engine", "provider", "address"),
    [
        ("hosted", "anthropic", ("api.anthropic.com", 443)),
        ("vertex", "gcp.vertex_ai", None),
        ("mistral", "mistral_ai", ("api.mistral.ai", 443)),
        ("two@10.0.0.9:8001", "openai", ("10.0.0.9", 8001)),
        ("gemini", "gcp.gemini", ("generativelanguage.googleapis.com", 443)),
        ("local", "antechamber", None),
        ("script", "antechamber", None),
    ],
)
def test_it_says_who_has_the_model_and_where(
    engine: str, provider: str, address: tuple[str, int] | None, receiver: Receiver
) -> None:
    (span,) = export(receiver, turn(engine=engine))

    attributes = told(span.attributes)
    assert attributes["gen_ai.provider.name"] == provider
    where = (attributes.get("server.address"), attributes.get("server.port"))
    assert where == (address or (None, None))


def test_it_joins_the_trace_that_the_request_came_with(receiver: Receiver) -> None:
    (span,) = export(receiver, turn(trace_parent=f"00-{TRACE_ID}-{SPAN_ID}-01"))

    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE_ID, SPAN_ID)


@pytest.mark.parametrize("trace_parent", [None, "", "nonsense", f"00-{'0' * 32}-{SPAN_ID}-01"])
def test_without_a_trace_it_begins_one(trace_parent: str | None, receiver: Receiver) -> None:
    (span,) = export(receiver, turn(trace_parent=trace_parent))

    assert span.parent_span_id == b""
    assert any(span.trace_id)


@pytest.mark.parametrize(
    ("ending", "error_type"),
    [("overloaded_error", "overloaded_error"), ("status 429", "status 429"), ("bug", "bug")],
)
def test_an_error_is_told_with_its_type(ending: str, error_type: str, receiver: Receiver) -> None:
    (span,) = export(receiver, turn(ending=ending, first_event_s=None))

    assert told(span.attributes)["error.type"] == error_type
    assert span.status.code == Status.STATUS_CODE_ERROR
    assert "gen_ai.response.time_to_first_chunk" not in told(span.attributes)


@pytest.mark.parametrize("ending", ["ended", "left", "cut"])
def test_what_did_not_fail_has_no_error(ending: str, receiver: Receiver) -> None:
    (span,) = export(receiver, turn(ending=ending))

    assert "error.type" not in told(span.attributes)
    assert span.status.code == Status.STATUS_CODE_UNSET


@pytest.mark.parametrize(("ratio", "kept"), [(1.0, ["sampled", "begun here"]), (0.0, [])])
def test_who_began_the_trace_may_drop_it_and_only_the_ratio_keeps_it(
    ratio: float, kept: list[str], receiver: Receiver
) -> None:
    spans = export(
        receiver,
        turn(trace_parent=f"00-{TRACE_ID}-{SPAN_ID}-01", request_id="sampled"),
        turn(trace_parent=f"00-{TRACE_ID}-{SPAN_ID}-00", request_id="dropped"),
        turn(request_id="begun here"),
        ratio=ratio,
    )

    assert [told(span.attributes)["antechamber.request_id"] for span in spans] == kept


def test_what_comes_faster_than_spans_are_made_is_dropped_and_told(receiver: Receiver) -> None:
    tracing = Tracing(TracingSettings(endpoint=receiver.url, sample_ratio=0.0), ENGINES)

    with structlog.testing.capture_logs() as lines:
        tracing.observe([TURN] * 10_007)
        tracing.observe([TURN] * 10_000)
    with structlog.testing.capture_logs() as later:
        tracing.observe([turn(started_at=TURN.started_at + 61)] * 10_001)
    tracing.close()

    assert lines == [{"event": "spans_dropped", "log_level": "warning", "number": 7}]
    assert [line["event"] for line in later] == ["spans_dropped"]


def test_spans_that_were_made_leave_room_for_others(receiver: Receiver) -> None:
    tracing = Tracing(TracingSettings(endpoint=receiver.url, sample_ratio=0.0), ENGINES)
    tracing.observe([TURN] * 10_000)

    dropped = 0
    with structlog.testing.capture_logs() as lines:
        for minute in range(100_000):
            tracing.observe([turn(started_at=TURN.started_at + 61 * minute)])
            if len(lines) == dropped:
                break
            dropped = len(lines)
    tracing.close()

    assert dropped < 100_000


def test_all_are_sent_before_it_is_closed(receiver: Receiver) -> None:
    spans = export(receiver, *(turn(request_id=f"req_{number}") for number in range(1000)))

    assert len({told(span.attributes)["antechamber.request_id"] for span in spans}) == 1000


def test_it_closes_also_when_nobody_receives(receiver: Receiver) -> None:
    settings = TracingSettings(endpoint=receiver.url.replace("http:", "https:"), timeout_s=0.05)
    tracing = Tracing(settings, ENGINES)

    tracing.observe([TURN] * 3000)
    tracing.close()

    assert receiver.spans == []


def test_a_record_that_cannot_be_told_does_not_stop_the_others(receiver: Receiver) -> None:
    tracing = Tracing(TracingSettings(endpoint=receiver.url), ENGINES)

    tracing.observe([turn(engine="nobody")])
    tracing.observe([TURN])
    tracing.close()

    assert len(receiver.spans) == 1
