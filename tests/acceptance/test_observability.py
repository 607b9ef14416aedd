"""What the running server tells of itself: metrics on its own path, spans at a receiver."""

import socket
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2 as httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from tests.servers import RunningServer, running_server

_MODEL = "claude-sonnet-4-5-20250929"
_CONFIG = """
[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"
"""
_REPLIES = """
[[replies]]
when = "overloaded"
error = { type = "overloaded_error" }

[[replies]]
text = "Hello"
"""
_VERSION = {"anthropic-version": "2023-06-01"}


def _ask(server: RunningServer, text: str = "Hi", **headers: str) -> httpx.Response:
    body = {
        "model": _MODEL,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": text}],
    }
    return httpx.post(
        f"{server.url}/v1/messages", json=body, headers=_VERSION | headers, timeout=30
    )


def _scrape(url: str, **headers: str) -> dict[tuple[str, ...], float]:
    answer = httpx.get(f"{url}/metrics", headers=headers, timeout=20)
    assert answer.status_code == 200, answer.text
    return {  # labels stand in the order of their names
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def _scrape_until(url: str, is_there: Callable[[dict[tuple[str, ...], float]], bool]) -> None:
    """Return when the records, which come in groups, have been counted."""
    while not is_there(_scrape(url)):
        pass


def _served(folder: Path, more: str = "") -> AbstractContextManager[RunningServer]:
    return running_server(folder, config=more + _CONFIG, files={"replies.toml": _REPLIES})


def test_requests_and_refusals_are_counted(tmp_path: Path) -> None:
    with _served(tmp_path) as server:
        assert _ask(server).status_code == 200
        assert _ask(server, "overloaded").status_code == 529
        assert httpx.post(f"{server.url}/v1/messages", headers=_VERSION).status_code == 400

        ended = ("antechamber_requests_total", "ended", "play", _MODEL, "false")
        _scrape_until(server.url, lambda numbers: numbers.get(ended) == 1)
        failed = ("antechamber_errors_total", "play", "overloaded_error")
        _scrape_until(server.url, lambda numbers: numbers.get(failed) == 1)
        numbers = _scrape(server.url)

    assert numbers["antechamber_refusals_total", "overloaded_error"] == 1
    assert numbers["antechamber_refusals_total", "invalid_request_error"] == 1
    assert numbers["antechamber_engine_circuit_open", "play"] == 0
    assert numbers["antechamber_engine_requests_in_flight", "play"] == 0
    assert numbers["antechamber_queue_waiting", "play"] == 0


def test_a_port_of_its_own_takes_the_metrics_from_the_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with _served(tmp_path, f"[metrics]\nport = {port}\n") as server:
        _ask(server)

        ended = ("antechamber_requests_total", "ended", "play", _MODEL, "false")
        _scrape_until(f"http://127.0.0.1:{port}", lambda numbers: numbers.get(ended) == 1)
        assert httpx.get(f"{server.url}/metrics").status_code == 404


def test_whichever_worker_is_asked_tells_the_numbers_of_all(tmp_path: Path) -> None:
    with _served(tmp_path, "[server]\nworkers = 2\n") as server:
        for _ in range(20):
            _ask(server)

        ended = ("antechamber_requests_total", "ended", "play", _MODEL, "false")
        for _ in range(10):
            _scrape_until(server.url, lambda numbers: numbers.get(ended) == 20)

    assert not list((tmp_path / "data").glob("metrics-*"))


def test_beyond_this_machine_the_metrics_want_an_admin_key(tmp_path: Path) -> None:
    config = '[server]\nhost = "0.0.0.0"\napi_keys = ["a-key"]\n'
    with _served(tmp_path, config) as server:
        answers = [
            httpx.get(f"{server.url}/metrics", headers=headers)
            for headers in ({}, {"x-api-key": "a-key"})
        ]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_no_web_page_reads_what_asks_for_no_key_under_a_name_of_its_own(tmp_path: Path) -> None:
    with _served(tmp_path, '[server]\napi_keys = ["a-key"]\n') as server:
        foreign = {"host": "evil.example", "x-api-key": "a-key"}
        answers = {
            path: httpx.get(f"{server.url}{path}", headers=foreign).status_code
            for path in ("/metrics", "/readyz")
        }
        asked = _ask(server, **foreign)
        own = httpx.get(f"{server.url}/metrics")

    assert answers == {"/metrics": 403, "/readyz": 403}
    assert (asked.status_code, own.status_code) == (200, 200)


class _Receiver(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.exports: list[ExportTraceServiceRequest] = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Receiver)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.exports.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _receiver() -> Generator[_Receiver, None, None]:
    with _Receiver() as receiver:
        serving = threading.Thread(target=receiver.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            serving.join()


def test_a_request_joins_its_clients_trace_and_is_sent_before_the_server_ends(
    tmp_path: Path,
) -> None:
    trace_id = "0af7651916cd43dd8448eb211c80319c"
    with _receiver() as receiver:
        tracing = f'[tracing]\nendpoint = "http://127.0.0.1:{receiver.server_port}"\n'
        with _served(tmp_path, tracing) as server:
            _ask(server, traceparent=f"00-{trace_id}-b7ad6b7169203331-01")
            server.terminate()
            assert server.wait() == 0

        (export,) = receiver.exports

    (span,) = export.resource_spans[0].scope_spans[0].spans
    assert (span.name, span.trace_id.hex()) == (f"chat {_MODEL}", trace_id)
