"""Around the body: versions, betas, encodings, sizes, paths and probes."""

import gzip
import json
import zlib
from typing import Any

import httpx2
import pytest
import zstandard
from anthropic import Anthropic

from tests.conformance.bodies import OPUS, body
from tests.conformance.exchanges import VERSION
from tests.conformance.manifest import requirement
from tests.servers import RunningServer

JSON = {"content-type": "application/json"}


@requirement("transport:request-id", "transport:raw-response")
def test_every_answer_carries_a_request_id_that_the_sdk_shows(client: Anthropic) -> None:
    answer = client.messages.with_raw_response.create(**body())
    message = answer.parse()

    assert answer.headers["request-id"] == answer.request_id == message._request_id
    assert answer.headers["anthropic-organization-id"]
    assert answer.headers["content-type"] == "application/json"


@requirement("transport:request-id:errors")
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/messages"), ("GET", "/v1/models/none"), ("GET", "/v1/nothing")],
)
def test_errors_carry_the_request_id_in_body_and_header(
    http: httpx2.Client, method: str, path: str
) -> None:
    answer = http.request(method, path)

    assert answer.status_code in (400, 404)
    assert answer.json()["request_id"] == answer.headers["request-id"]


@requirement("transport:version")
@pytest.mark.parametrize("version", ["2023-06-01", "2026-10-21"])
def test_both_versions_of_the_api_are_served(http: httpx2.Client, version: str) -> None:
    answer = http.post("/v1/messages", json=body(), headers={"anthropic-version": version})

    assert answer.status_code == 200


@requirement("transport:version:first")
def test_the_first_version_streams_without_names_of_events(scripted: RunningServer) -> None:
    head = {"anthropic-version": "2023-01-01"}

    url = f"{scripted.url}/v1/messages"
    answer = httpx2.post(url, json=body(stream=True), headers=head, timeout=30)

    assert b"event:" not in answer.content
    assert answer.content.startswith(b'data: {"type":"message_start"')
    assert answer.content.endswith(b'data: {"type":"message_stop"}\n\ndata: [DONE]\n\n')


@requirement("transport:version:missing")
def test_a_request_without_a_version_is_refused(http: httpx2.Client) -> None:
    del http.headers["anthropic-version"]

    answer = http.post("/v1/messages", json=body())

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "anthropic-version: header is required"


@requirement("transport:version:unknown")
@pytest.mark.parametrize("version", ["2024-01-01", "latest", "2023-06-01, 2023-06-01"])
def test_a_version_that_does_not_exist_is_named(http: httpx2.Client, version: str) -> None:
    answer = http.post("/v1/messages", json=body(), headers={"anthropic-version": version})

    assert answer.status_code == 400
    assert (
        answer.json()["error"]["message"]
        == f'anthropic-version: "{version}" is not a valid version'
    )


@requirement("transport:version:sent-twice")
def test_a_version_that_is_sent_twice_is_one_value_with_a_comma(scripted: RunningServer) -> None:
    headers = [("x-api-key", "x"), ("anthropic-version", VERSION), ("anthropic-version", VERSION)]

    with httpx2.Client(base_url=scripted.url) as client:
        answer = client.post("/v1/messages", json=body(), headers=headers)

    assert answer.json()["error"]["message"] == (
        'anthropic-version: "2023-06-01, 2023-06-01" is not a valid version'
    )


@requirement("transport:beta:query")
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages?beta=true"])
def test_the_query_beta_means_nothing(http: httpx2.Client, path: str) -> None:
    assert http.post(path, json=body()).status_code == 200


@requirement("transport:beta:list")
@pytest.mark.parametrize(
    "betas",
    [
        "claude-code-20250219,interleaved-thinking-2025-05-14",
        "context-management-2025-06-27, effort-2025-11-24",
        "something-new-2027-01-01",
        "prompt-caching-2024-07-31",
        "",
    ],
)
def test_known_old_and_new_betas_are_accepted(http: httpx2.Client, betas: str) -> None:
    answer = http.post("/v1/messages", json=body(), headers={"anthropic-beta": betas})

    assert answer.status_code == 200, answer.text


@requirement("transport:beta:repeated")
def test_the_beta_header_may_be_repeated(scripted: RunningServer) -> None:
    headers = [
        ("anthropic-version", VERSION),
        ("anthropic-beta", "effort-2025-11-24"),
        ("anthropic-beta", "files-api-2025-04-14"),
    ]

    with httpx2.Client(base_url=scripted.url) as client:
        answer = client.post("/v1/messages", json=body(), headers=headers)

    assert answer.status_code == 200


@requirement("transport:beta:malformed")
def test_what_is_no_beta_name_is_refused(http: httpx2.Client) -> None:
    headers = {"anthropic-beta": "effort-2025-11-24,no_beta"}

    answer = http.post("/v1/messages", json=body(), headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "Unexpected value(s) `no_beta` for the `anthropic-beta` header. Please consult our "
        "documentation at platform.claude.com/docs or try again without the header."
    )


@requirement("transport:encoding")
@pytest.mark.parametrize("encoding", ["gzip", "zstd", "identity"])
def test_a_body_may_come_compressed(http: httpx2.Client, encoding: str) -> None:
    plain = json.dumps(body()).encode()
    packed = {
        "gzip": gzip.compress(plain),
        "zstd": zstandard.ZstdCompressor().compress(plain),
        "identity": plain,
    }[encoding]

    answer = http.post(
        "/v1/messages", content=packed, headers={**JSON, "content-encoding": encoding}
    )

    assert answer.status_code == 200, answer.text


@requirement("transport:encoding:faults")
@pytest.mark.parametrize(
    ("encoding", "content", "code"),
    [
        ("gzip", b"not gzip at all", "request_body_encoding_invalid"),
        ("gzip", gzip.compress(b"{}" * 100)[:-6], "request_body_encoding_invalid"),
        ("zstd", b"not zstd at all", "request_body_encoding_invalid"),
        ("br", b"{}", "request_body_encoding_unsupported"),
        ("deflate", zlib.compress(b"{}"), "request_body_encoding_unsupported"),
    ],
    ids=["gzip", "gzip-cut", "zstd", "br", "deflate"],
)
def test_an_encoding_that_does_not_fit_is_refused_with_its_code(
    http: httpx2.Client, encoding: str, content: bytes, code: str
) -> None:
    answer = http.post(
        "/v1/messages", content=content, headers={**JSON, "content-encoding": encoding}
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["details"]["error_code"] == code


@requirement("transport:size")
def test_a_body_above_32_mb_is_too_large(http: httpx2.Client) -> None:
    answer = http.post("/v1/messages", json=body("x" * (33 * 1024 * 1024)))

    assert answer.status_code == 413
    assert answer.json()["error"] == {
        "type": "request_too_large",
        "message": "Request exceeds the maximum size",
    }


@requirement("transport:size:decoded")
@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_small_body_that_grows_too_large_is_refused_too(
    http: httpx2.Client, encoding: str
) -> None:
    zeros = bytes(40 * 1024 * 1024)
    packed = gzip.compress(zeros) if encoding == "gzip" else zstandard.compress(zeros)

    answer = http.post(
        "/v1/messages", content=packed, headers={**JSON, "content-encoding": encoding}
    )

    assert answer.status_code == 413
    details = answer.json()["error"]["details"]
    assert details["error_code"] == "request_body_too_large_after_decoding"


@requirement("transport:content-type")
@pytest.mark.parametrize("kind", [None, "text/plain", "application/json; charset=utf-8"])
def test_json_is_read_whatever_the_type_says(http: httpx2.Client, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}

    answer = http.post("/v1/messages", content=json.dumps(body()).encode(), headers=headers)

    assert answer.status_code == 200


@requirement("transport:chunked")
def test_a_body_may_come_in_chunks(http: httpx2.Client) -> None:
    text = json.dumps(body()).encode()

    answer = http.post("/v1/messages", content=(text[i : i + 7] for i in range(0, len(text), 7)))

    assert answer.status_code == 200


@requirement("transport:tolerated-headers")
def test_headers_of_clients_are_tolerated(http: httpx2.Client) -> None:
    headers = {
        "x-stainless-lang": "js",
        "x-stainless-retry-count": "1",
        "anthropic-dangerous-direct-browser-access": "true",
        "x-app": "cli",
        "X-Claude-Code-Session-Id": "f7b1",
        "Idempotency-Key": "k",
        "anthropic-workspace-id": "wrkspc_01",
        "anthropic-user-profile-id": "user_01",
    }

    assert http.post("/v1/messages", json=body(), headers=headers).status_code == 200


@requirement("transport:not-found", "transport:method")
@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "not_found_error"),
        ("POST", "/v1/messages/", 404, "not_found_error"),
        ("GET", "/", 404, "not_found_error"),
        ("GET", "/v1/messages", 405, "invalid_request_error"),
        ("DELETE", "/v1/models", 405, "invalid_request_error"),
        ("PUT", "/v1/messages/count_tokens", 405, "invalid_request_error"),
    ],
)
def test_unknown_paths_and_methods_get_the_envelope(
    http: httpx2.Client, method: str, path: str, status: int, kind: str
) -> None:
    answer = http.request(method, path)

    assert answer.status_code == status
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["type"] == kind


@requirement("transport:probes")
def test_probes_need_neither_key_nor_version(scripted: RunningServer) -> None:
    with httpx2.Client(base_url=scripted.url) as client:
        hello = client.head("/api/hello")
        alive = client.get("/healthz")
        ready = client.get("/readyz")

    assert (hello.status_code, hello.content) == (200, b"")
    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json() == {"status": "ready", "engines": {"replies": "ready"}}


@requirement("transport:invalid-json")
@pytest.mark.parametrize("content", [b"", b"{", b"nul", b'{"a": 1} x', b"\xff\xfe", b'"\\ud800"'])
def test_a_body_that_is_no_json_is_refused(http: httpx2.Client, content: bytes) -> None:
    answer = http.post("/v1/messages", content=content, headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("The request body is not valid JSON")


@requirement("transport:not-an-object")
@pytest.mark.parametrize("content", [[], "text", 3, None, True])
def test_a_body_that_is_no_object_is_refused(http: httpx2.Client, content: Any) -> None:
    answer = http.post("/v1/messages", content=json.dumps(content).encode(), headers=JSON)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "Input should be a valid dictionary"


@requirement("transport:legacy-ids")
def test_ids_of_older_services_are_accepted(http: httpx2.Client) -> None:
    call = {"type": "tool_use", "id": "toolu_01A09q90qw90lq917835lq9", "name": "t", "input": {}}
    result = {"type": "tool_result", "tool_use_id": call["id"], "content": "15 degrees"}
    messages = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result]},
    ]

    answer = http.post("/v1/messages", json={"model": OPUS, "max_tokens": 10, "messages": messages})

    assert answer.status_code == 200, answer.text
