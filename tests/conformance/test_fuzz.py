"""Thousands of broken bodies: each is answered, with an envelope, and none is a fault of ours."""

import http.client
import json
import random
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from urllib.parse import urlsplit

import pytest

from tests.conformance.exchanges import VERSION, events_of
from tests.conformance.manifest import requirement
from tests.conformance.mutations import broken_bodies
from tests.conformance.shapes import envelope_faults
from tests.servers import RunningServer
from tests.stream_grammar import check_stream, parse_sse

BODIES = 3_000
PATHS = ("/v1/messages", "/v1/messages?beta=true", "/v1/messages/count_tokens")
HEADERS = {"anthropic-version": VERSION, "content-type": "application/json"}
BETAS = "context-management-2025-06-27,interleaved-thinking-2025-05-14"
_ANSWER_WITHIN_S = 5.0

Answer = tuple[int, http.client.HTTPMessage, bytes]


class Line:
    """One connection that is kept; the server may close it, then it is opened again."""

    def __init__(self, server: RunningServer) -> None:
        address = urlsplit(server.url)
        assert address.hostname is not None
        self._connection = http.client.HTTPConnection(
            address.hostname, address.port, timeout=_ANSWER_WITHIN_S
        )

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answer:
        self._connection.request("POST", path, body, headers)
        response = self._connection.getresponse()
        return response.status, response.headers, response.read()

    def close(self) -> None:
        self._connection.close()


@contextmanager
def line_to(server: RunningServer) -> Generator[Line, None, None]:
    line = Line(server)
    yield line
    line.close()
    assert not server.bugs()


@requirement("fuzz:bodies")
@pytest.mark.parametrize(("fidelity", "seed"), [("scripted", 1), ("scripted", 2), ("hosted", 3)])
def test_a_broken_body_gets_its_answer_and_never_a_5xx(
    request: pytest.FixtureRequest, fidelity: str, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    statuses: Counter[int] = Counter()

    with line_to(request.getfixturevalue(fidelity)) as line:
        for number, body in enumerate(islice(broken_bodies(seed), BODIES)):
            headers = HEADERS | ({"anthropic-beta": BETAS} if chance.random() < 0.5 else {})
            answer = line.post(chance.choice(PATHS), body, headers)
            faults = answer_faults(answer)
            assert not faults, f"body {number} of seed {seed}: {faults}\n{body[:2000]!r}"
            statuses[answer[0]] += 1

    assert sum(statuses.values()) == BODIES
    assert statuses[400] > BODIES / 2
    assert set(statuses) <= {200, 400, 404}


@requirement("fuzz:counts-of-a-real-model")
@pytest.mark.xdist_group("embedded")
def test_a_model_counts_whatever_passes_for_a_request(embedded: RunningServer) -> None:
    statuses: Counter[int] = Counter()

    with line_to(embedded) as line:
        for number, body in enumerate(islice(broken_bodies(5), 600)):
            countable = body.replace(b'"max_tokens": 1000, ', b"", 1)
            answer = line.post("/v1/messages/count_tokens", countable, HEADERS)
            faults = answer_faults(answer)
            assert not faults, f"body {number}: {faults}\n{countable[:2000]!r}"
            statuses[answer[0]] += 1

    assert statuses[200] > 10


@requirement("fuzz:headers")
def test_broken_headers_get_their_answer_too(scripted: RunningServer) -> None:
    chance = random.Random(4)  # noqa: S311 - repeatable, not secret
    names = ("anthropic-version", "anthropic-beta", "content-encoding", "x-api-key", "accept")
    values = (
        "",
        " ",
        ",",
        "x",
        "2023-06-01",
        "a" * 2000,
        "\xff\xfe",
        "gzip",
        "zstd, gzip",
        "é;q=1",
    )

    with line_to(scripted) as line:
        for _ in range(500):
            broken = {chance.choice(names): chance.choice(values) for _ in range(2)}
            answer = line.post(chance.choice(PATHS), b'{"model": 3}', HEADERS | broken)
            assert answer_faults(answer) == [], broken


def answer_faults(answer: Answer) -> list[str]:
    """Return what is wrong with an answer to a broken request."""
    status, headers, body = answer
    request_id = headers["request-id"]
    if not request_id:
        return ["no request-id"]
    if status == 200 and headers["content-type"].startswith("text/event-stream"):
        check_stream(parse_sse(body))
        return [] if events_of(body)[-1]["type"] == "message_stop" else ["an error in the stream"]
    if status == 200:
        return [] if {"usage", "input_tokens"} & json.loads(body).keys() else ["no answer"]
    if not 400 <= status < 500:
        return [f"status {status}: {body[:300]!r}"]
    return envelope_faults(json.loads(body), request_id=request_id)
