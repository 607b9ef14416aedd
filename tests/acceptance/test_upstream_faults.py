"""What clients see of an upstream that fails, and what is left of it in the server."""

import asyncio
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.engines.messages_api.upstream import (
    Answer,
    PlayedUpstream,
    error,
    events,
    hangs,
    played_upstream,
    raw,
    resets,
    sse,
    streamed,
    whole,
)
from tests.servers import RunningServer, running_server
from tests.stream_grammar import check_stream, parse_sse

ALONE, SPARED, AGAIN = "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"
PATIENT, NOBODY, UNTIRING = "claude-opus-4-8", "claude-opus-4-7", "claude-sonnet-5"
"""Served by the upstream alone; with another engine behind it; with two retries; with timeouts
that no test waits for; by an address where nobody listens; with retries that wait."""

CONFIG = """
[server]
ping_s = 0.3
first_event_grace_s = 0.3
[log]
format = "json"
[routing]
longest_pause_s = 0.1
breaker_failures = 100000

[[engines]]
name = "up"
type = "messages_api"
base_url = "{url}"
api_key = "sk-of-the-server"
retries = 0
connect_timeout_s = 0.5
first_byte_timeout_s = 0.6
idle_timeout_s = 0.6

[[engines]]
name = "again"
type = "messages_api"
base_url = "{url}"
retries = 2

[[engines]]
name = "patient"
type = "messages_api"
base_url = "{url}"
retries = 0

[[engines]]
name = "nobody"
type = "messages_api"
base_url = "http://127.0.0.1:9"
retries = 0

[[engines]]
name = "spare"
type = "scripted"
script = "spare.toml"

[[models]]
id = "claude-opus-5-5"
engines = ["up"]
[[models]]
id = "claude-sonnet-5-5"
engines = ["up", "spare"]
[[models]]
id = "claude-haiku-5-5"
engines = ["again"]
[[models]]
id = "claude-opus-4-8"
engines = ["patient"]
[[models]]
id = "claude-opus-4-7"
engines = ["nobody", "up"]
[[models]]
id = "claude-sonnet-5"
engines = ["nobody"]
"""
SPARE = '[[replies]]\ntext = "The spare one."\n'
HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>\n\n"


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture(scope="module")
def server(
    upstream: PlayedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("faults")
    config = CONFIG.replace("{url}", upstream.url)
    with running_server(folder, config=config, files={"spare.toml": SPARE}) as it:
        yield it
        assert not it.bugs()


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx2.Client]:
    headers = {"x-api-key": "sk-of-the-client", "anthropic-version": "2023-06-01"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=20) as it:
        yield it


@pytest.fixture(autouse=True)
def _well(upstream: PlayedUpstream, http: httpx2.Client) -> None:
    """Let the upstream answer once, so that no pause of the last test's is left."""
    upstream.plays(whole())
    assert ask(http).status_code == 200


def asking(model: str = ALONE, **fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": "Hello"}]
    return {"model": model, "max_tokens": 100, "messages": messages, **fields}


def ask(http: httpx2.Client, model: str = ALONE, **fields: Any) -> httpx2.Response:
    return http.post("/v1/messages", json=asking(model, **fields))


def error_of(answer: httpx2.Response) -> dict[str, Any]:
    told = answer.json()
    assert told["type"] == "error"
    return told["error"]


def last_turn(server: RunningServer, request_id: str) -> dict[str, Any]:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        for turn in server.events("turn"):
            if turn["request_id"] == request_id:
                return turn
        time.sleep(0.01)  # the line is written when the answer is over
    raise AssertionError(server.log)


STREAM_FAULTS: list[tuple[str, Answer, int, str]] = [
    ("reset before the head", resets(), 529, "overloaded_error"),
    ("hang before the head", hangs(), 504, "timeout_error"),
    ("hang after the head", streamed([], then="hang"), 504, "timeout_error"),
    ("reset after the head", streamed([], pause_s=0.05, then="reset"), 529, "overloaded_error"),
    ("nothing", streamed([]), 500, "api_error"),
    ("half an event", streamed([b'event: message_start\ndata: {"ty']), 500, "api_error"),
    ("a page", whole(200, HTML, {"content-type": "text/html"}), 500, "api_error"),
    ("a whole message", whole(200), 500, "api_error"),
    ("no HTTP", raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), 500, "api_error"),
]
WHOLE_FAULTS: list[tuple[str, Answer, int, str]] = [
    ("reset before the head", resets(), 529, "overloaded_error"),
    ("hang before the head", hangs(), 504, "timeout_error"),
    ("cut in the body", whole(missing=20), 500, "api_error"),
    ("JSON that breaks off", whole(200, b'{"id":"msg_1","content":['), 500, "api_error"),
    ("a page", whole(200, HTML, {"content-type": "text/html"}), 500, "api_error"),
    ("nothing", whole(200, b""), 500, "api_error"),
    ("a page of an error", whole(502, HTML, {"content-type": "text/html"}), 500, "api_error"),
    (
        "a page of a refusal",
        whole(413, HTML, {"content-type": "text/html"}),
        413,
        "request_too_large",
    ),
    ("a page of a key", whole(401, HTML, {"content-type": "text/html"}), 500, "api_error"),
    ("an empty error", whole(503, b""), 500, "api_error"),
    ("a limit without an envelope", whole(429, b'{"detail":"no"}'), 429, "rate_limit_error"),
    ("another server's error", whole(404, b'{"detail":"Not Found"}'), 500, "api_error"),
    ("a redirection", whole(307, b"", {"location": "/login"}), 500, "api_error"),
]


def ids(table: list[tuple[str, Answer, int, str]]) -> list[str]:
    return [row[0] for row in table]


@pytest.mark.parametrize(
    ("name", "answer", "status", "kind"), STREAM_FAULTS, ids=ids(STREAM_FAULTS)
)
def test_a_stream_that_does_not_begin_is_an_error(
    upstream: PlayedUpstream,
    http: httpx2.Client,
    name: str,
    answer: Answer,
    status: int,
    kind: str,
) -> None:
    """An HTTP error within the grace, else the stream's only event; it names the upstream."""
    upstream.plays(answer)

    got = ask(http, stream=True)

    if "hang" in name:
        assert got.status_code == 200
        assert b"message_start" not in got.content
        text = got.content.decode().rsplit("event: error\ndata: ", 1)[1]
        told = json.loads(text)["error"]
    else:
        assert got.status_code == status
        told = error_of(got)
    assert told["type"] == kind
    assert "up" in told["message"]
    assert "<html" not in told["message"]


@pytest.mark.parametrize(("name", "answer", "status", "kind"), WHOLE_FAULTS, ids=ids(WHOLE_FAULTS))
def test_an_answer_that_is_none_is_an_error(
    upstream: PlayedUpstream,
    http: httpx2.Client,
    name: str,
    answer: Answer,
    status: int,
    kind: str,
) -> None:
    """Pitfalls T59, T63: in the API's envelope, naming the upstream, and nothing of its pages."""
    upstream.plays(answer)

    got = ask(http)

    assert (got.status_code, error_of(got)["type"]) == (status, kind), name
    assert "up" in error_of(got)["message"]
    assert "html" not in got.text
    assert got.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "invalid_request_error"), (413, "request_too_large")]
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_the_upstream_says_of_a_request_goes_back_as_it_is(
    upstream: PlayedUpstream, http: httpx2.Client, status: int, kind: str, stream: bool
) -> None:
    """Pitfall T64: clients recover by these words."""
    body = error(kind, "prompt is too long: 210000 tokens > 200000 maximum").replace(b": ", b" : ")
    upstream.plays(whole(status, body, {"request-id": "req_of_the_upstream"}))

    got = ask(http, SPARED, stream=stream)

    assert (got.status_code, got.content) == (status, body)
    assert got.headers["antechamber-upstream-request-id"] == "req_of_the_upstream"
    assert got.headers["antechamber-served-by"] == "up/claude-sonnet-5-5"
    assert got.headers["request-id"].startswith("req_")
    assert len(upstream.asked) == 1, "another engine would say the same"


@pytest.mark.parametrize("status", [401, 403, 404, 408, 409, 429, 500, 502, 503, 529])
@pytest.mark.parametrize("stream", [False, True])
def test_the_last_refusal_goes_back_as_it_is(
    upstream: PlayedUpstream, http: httpx2.Client, status: int, stream: bool
) -> None:
    body = error("api_error", f"It is {status}.")
    limits = {"retry-after": "17", "anthropic-ratelimit-requests-remaining": "0", "via": "1.1 x"}
    upstream.plays(whole(status, body, limits))

    got = ask(http, stream=stream)

    assert (got.status_code, got.content) == (status, body)
    assert got.headers["retry-after"] == "17"
    assert got.headers["anthropic-ratelimit-requests-remaining"] == "0"
    assert "via" not in got.headers


FALLBACKS = [
    *((name, answer) for name, answer, _, _ in STREAM_FAULTS if "hang" not in name),
    *((str(status), whole(status, error("api_error"))) for status in (401, 404, 429, 500, 529)),
    ("a page of a refusal", whole(413, HTML, {"content-type": "text/html"})),
    (
        "an error first",
        streamed([sse("error", error={"type": "overloaded_error", "message": "Overloaded"})]),
    ),
    (
        "an error after signs of life",
        streamed([b":\n\n", sse("ping"), sse("error", error={"type": "api_error", "message": ""})]),
    ),
]


@pytest.mark.parametrize("answer", [case[1] for case in FALLBACKS], ids=[c[0] for c in FALLBACKS])
def test_before_the_first_byte_another_engine_answers(
    upstream: PlayedUpstream, http: httpx2.Client, answer: Answer
) -> None:
    upstream.plays(answer)

    got = ask(http, SPARED, stream=True)

    assert got.status_code == 200
    assert got.headers["antechamber-served-by"] == "spare/claude-sonnet-5-5"
    assert b"spare" in got.content
    check_stream(parse_sse(got.content))
    assert upstream.asked


@pytest.mark.parametrize(
    "answer",
    [hangs(), streamed([], then="hang"), streamed([b":\n\n", sse("ping")], then="hang")],
    ids=["before the head", "after the head", "after signs of life"],
)
def test_a_head_that_is_out_for_silence_still_leaves_the_choice_of_the_engine(
    upstream: PlayedUpstream, http: httpx2.Client, answer: Answer
) -> None:
    """The client has comments by then, and no event that another engine could contradict."""
    upstream.plays(answer)

    got = ask(http, SPARED, stream=True)

    assert got.content.startswith(b":\n\n")
    assert upstream.asked
    check_stream(parse_sse(got.content.lstrip(b":\n")))
    assert b"spare" in got.content


def test_nobody_there_leads_to_the_next_and_alone_is_an_overload(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    upstream.plays(whole())

    assert ask(http, NOBODY).headers["antechamber-served-by"] == "up/claude-opus-4-7"
    assert ask(http, UNTIRING).status_code == 529
    assert error_of(ask(http, UNTIRING))["type"] == "overloaded_error"


BROKEN: list[tuple[str, Answer, str]] = [
    ("reset", streamed(events()[:4], pause_s=0.01, then="reset"), "api_error"),
    ("cut", streamed(events()[:4], pause_s=0.01, then="cut"), "api_error"),
    ("hang", streamed(events()[:4], then="hang"), "timeout_error"),
    ("no end", streamed(events()[:-1]), "api_error"),
    ("half an event at the end", streamed([*events()[:4], b"event: content_"]), "api_error"),
]


@pytest.mark.parametrize(("answer", "kind"), [c[1:] for c in BROKEN], ids=[c[0] for c in BROKEN])
def test_after_the_first_byte_a_failure_is_an_event_and_counts_as_one(
    upstream: PlayedUpstream,
    server: RunningServer,
    http: httpx2.Client,
    answer: Answer,
    kind: str,
) -> None:
    """Pitfall T58: no second engine, whose stream would begin anew in the middle."""
    upstream.plays(answer)

    got = ask(http, SPARED, stream=True)

    found = parse_sse(got.content)
    assert got.status_code == 200
    assert [name for name, _ in found if name != "ping"] == [
        *("message_start", "content_block_start", "content_block_delta"),
        *(["content_block_stop", "message_delta"] if answer is BROKEN[3][1] else []),
        "error",
    ]
    assert found[-1][1]["error"]["type"] == kind
    assert "up" in found[-1][1]["error"]["message"]
    turn = last_turn(server, got.headers["request-id"])
    assert turn["ending"] == kind
    assert (turn["engine"], turn["input_tokens"]) == ("up", 25)


def test_an_error_event_of_the_upstream_passes_and_counts_as_failure(
    upstream: PlayedUpstream, server: RunningServer, http: httpx2.Client
) -> None:
    told = sse("error", error={"type": "overloaded_error", "message": "Overloaded"})
    upstream.plays(streamed([*events()[:4], told], pause_s=0.02))

    got = ask(http, SPARED, stream=True)

    assert got.content == b"".join([*events()[:4], told])
    assert last_turn(server, got.headers["request-id"])["ending"] == "overloaded_error"


def test_a_drip_of_bytes_arrives_whole(upstream: PlayedUpstream, http: httpx2.Client) -> None:
    sent = b"".join(events("Grüße"))
    upstream.plays(streamed([sent[at : at + 1] for at in range(len(sent))]))

    assert ask(http, stream=True).content == sent


def test_a_drip_before_the_end_of_the_first_event_does_not_hold_us_for_ever(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    upstream.plays(streamed([b"event: message_start\n"], then="hang"))

    got = ask(http, stream=True)

    assert b"timeout_error" in got.content


# ---- repetition ----------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", [False, True])
def test_a_sequence_of_faults_is_repeated_until_there_is_an_answer(
    upstream: PlayedUpstream, http: httpx2.Client, stream: bool
) -> None:
    soon = {"retry-after-ms": "50"}
    good = streamed() if stream else whole()
    upstream.plays(whole(429, error("rate_limit_error"), soon), whole(529, error("x")), good)

    got = ask(http, AGAIN, stream=stream)

    assert got.status_code == 200
    assert len(upstream.asked) == 3
    assert len({asked.body for asked in upstream.asked}) == 1


def test_it_gives_up_after_its_retries(upstream: PlayedUpstream, http: httpx2.Client) -> None:
    upstream.plays(whole(500, error("api_error", "It stays so.")))

    got = ask(http, AGAIN)

    assert (got.status_code, len(upstream.asked)) == (500, 3)
    assert error_of(got)["message"] == "It stays so."


def test_who_wants_to_be_left_alone_for_long_is_not_waited_for(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    upstream.plays(whole(429, error("rate_limit_error"), {"retry-after": "60"}))

    got = ask(http, AGAIN)

    assert (got.status_code, len(upstream.asked)) == (429, 1)
    assert got.headers["retry-after"] == "60"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_no_repetition_mends_is_not_repeated(
    upstream: PlayedUpstream, http: httpx2.Client, status: int
) -> None:
    upstream.plays(whole(status, error("invalid_request_error")))

    assert ask(http, AGAIN).status_code == status
    assert upstream.asked


# ---- silence, and leaving ------------------------------------------------------------------------


def test_silence_of_the_upstream_is_filled_for_the_client(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    """Pitfall T11: before the head, before the first event and between two."""
    sent = events()

    async def slow(write: Any, writer: Any) -> None:
        await asyncio.sleep(0.7)
        fields = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
        await write(fields)
        await asyncio.sleep(0.7)
        await write(sent[0][:30])
        await asyncio.sleep(0.1)
        await write(sent[0][30:] + sent[1])
        await asyncio.sleep(0.7)
        await write(b"".join(sent[2:]))
        writer.close()

    upstream.plays(slow)

    got = ask(http, PATIENT, stream=True)

    opening, _, rest = got.content.partition(sent[0])
    assert opening.count(b":\n\n") >= 3
    assert opening.strip(b":\n") == b"", "nothing but comments comes before message_start"
    inside, _, after = rest.removeprefix(sent[1]).partition(b"".join(sent[2:]))
    assert {name for name, _ in parse_sse(inside)} == {"ping"}
    assert after == b""


LEAVING: list[tuple[str, bool, Answer]] = [
    ("before the head", True, hangs()),
    ("before the head, not streamed", False, hangs()),
    ("after the head", True, streamed([], then="hang")),
    ("in the stream", True, streamed(events()[:3], then="hang")),
    ("while it writes", True, streamed(events("|".join("x" * 1_000)), pause_s=0.01)),
]


@pytest.mark.parametrize(
    ("stream", "answer"), [case[1:] for case in LEAVING], ids=[case[0] for case in LEAVING]
)
def test_a_client_that_leaves_takes_the_upstream_along_within_a_second(
    upstream: PlayedUpstream, server: RunningServer, stream: bool, answer: Answer
) -> None:
    """Pitfall T40."""
    upstream.plays(answer)
    headers = {"x-api-key": "x", "anthropic-version": "2023-06-01"}

    until = time.monotonic() + 0.4
    with (
        httpx2.Client(base_url=server.url, headers=headers, timeout=0.4) as leaving,
        suppress(httpx2.TimeoutException),
        leaving.stream("POST", "/v1/messages", json=asking(PATIENT, stream=stream)) as got,
    ):
        for _ in got.iter_raw():
            if time.monotonic() > until:
                break

    assert upstream.last.left.wait(1.0)


def test_while_it_waits_for_a_repetition_a_client_may_leave(
    upstream: PlayedUpstream, server: RunningServer
) -> None:
    upstream.plays(whole(500, error("api_error"), {"retry-after-ms": "100"}), hangs())
    headers = {"x-api-key": "x", "anthropic-version": "2023-06-01"}

    with (
        httpx2.Client(base_url=server.url, headers=headers, timeout=0.3) as leaving,
        pytest.raises(httpx2.TimeoutException),
    ):
        leaving.post("/v1/messages", json=asking(AGAIN))

    assert upstream.last.left.wait(1.0)


MIXED = [
    *(answer for name, answer, _, _ in STREAM_FAULTS if "hang" not in name),
    *(answer for name, answer, _ in BROKEN if name != "hang"),
    whole(500, error("api_error")),
    whole(missing=20),
    streamed(),
    whole(),
]


@pytest.mark.parametrize("count", [200, pytest.param(1_000, marks=pytest.mark.slow)])
def test_faults_leave_nothing_behind(
    upstream: PlayedUpstream, server: RunningServer, http: httpx2.Client, count: int
) -> None:
    """No socket, no thread: those that stay are the pool's, which a good request fills too."""
    upstream.plays(whole())
    ask(http)
    process = psutil.Process(server.pid)
    before, threads = process.num_fds(), process.num_threads()
    upstream.plays(*(MIXED * (count // len(MIXED) + 1))[: count - 1], whole())
    headers = dict(http.headers)

    def one(number: int) -> None:
        # Reading the certificates of the world takes longer than a request.
        with httpx2.Client(base_url=server.url, headers=headers, timeout=20, verify=False) as each:
            try:
                with each.stream(
                    "POST", "/v1/messages", json=asking(ALONE, stream=bool(number % 3))
                ) as got:
                    if number % 5:
                        got.read()
            except httpx2.HTTPError:
                pass

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(one, range(count)))

    until = time.monotonic() + 10
    while process.num_fds() > before + 8 and time.monotonic() < until:
        time.sleep(0.02)
    assert process.num_fds() <= before + 8
    assert process.num_threads() <= threads + 2
    upstream.plays(whole())
    assert ask(http).status_code == 200
