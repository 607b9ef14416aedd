"""What is asked again, of whom, and what a client is told: a relay behind every kind of answer."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.engines.messages_api.upstream import (
    Answer,
    PlayedUpstream,
    Write,
    error,
    events,
    hangs,
    head,
    played_upstream,
    raw,
    sse,
    streamed,
    whole,
)
from tests.servers import RunningServer, running_server

CONFIG = """
[server]
first_event_grace_s = 5
[log]
format = "json"
[routing]
longest_pause_s = 0.05
breaker_failures = 100000

[[engines]]
name = "up"
type = "messages_api"
base_url = "{first}"
retries = 0
first_byte_timeout_s = 0.5
idle_timeout_s = 0.5
[[engines]]
name = "again"
type = "messages_api"
base_url = "{first}"
retries = 2
first_byte_timeout_s = 0.5
idle_timeout_s = 0.5
[[engines]]
name = "cloud"
type = "messages_api"
host = "bedrock"
region = "us-east-1"
base_url = "{first}"
api_key = "x"
retries = 0
[[engines]]
name = "spare"
type = "messages_api"
base_url = "{second}"
retries = 0

[[models]]
id = "alone"
engines = ["up"]
[[models]]
id = "spared"
engines = ["up", "spare"]
[[models]]
id = "again"
engines = ["again"]
[[models]]
id = "again-spared"
engines = ["again", "spare"]
[[models]]
id = "cloud"
engines = ["cloud"]
[[models]]
id = "cloud-spared"
engines = ["cloud", "spare"]
[[models]]
id = "spare-cloud"
engines = ["spare", "cloud"]
"""
HTML = b"<!doctype html><html><body><h1>Sign in</h1></body></html>\n\n"
PAGE = {"content-type": "text/html"}
COUNT = whole(200, {"input_tokens": 7})


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture(scope="module")
def spare() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture(scope="module")
def server(
    upstream: PlayedUpstream, spare: PlayedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    config = CONFIG.replace("{first}", upstream.url).replace("{second}", spare.url)
    with running_server(tmp_path_factory.mktemp("attempts"), config=config) as it:
        yield it
        assert not it.bugs()


@pytest.fixture(scope="module")
def http(server: RunningServer) -> Iterator[httpx2.Client]:
    headers = {"x-api-key": "x", "anthropic-version": "2023-06-01"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=20) as it:
        yield it


@pytest.fixture(autouse=True)
def _well(upstream: PlayedUpstream, spare: PlayedUpstream, http: httpx2.Client) -> None:
    """Let the upstream answer once, so that no pause of the last test's is left."""
    upstream.plays(whole())
    for model in ("alone", "spared", "again", "again-spared"):
        assert ask(http, model).status_code == 200
    upstream.plays(whole())
    spare.plays(whole())


def ask(
    http: httpx2.Client, model: str, *, stream: bool = False, content: Any = "Hello"
) -> httpx2.Response:
    messages = [{"role": "user", "content": content}]
    asked = {"model": model, "max_tokens": 100, "messages": messages, "stream": stream}
    return http.post("/v1/messages", json=asked)


def count(http: httpx2.Client, model: str) -> httpx2.Response:
    messages = [{"role": "user", "content": "Hello"}]
    return http.post("/v1/messages/count_tokens", json={"model": model, "messages": messages})


def served(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.headers["antechamber-served-by"].split("/")[0]


# ---- whole answers that are none -----------------------------------------------------------------


async def stops_in_the_body(write: Write, writer: Any) -> None:
    del writer
    await write(head(200, {"content-type": "application/json", "content-length": "500"}) + b'{"id"')
    await asyncio.Event().wait()


NO_MESSAGES: list[tuple[str, Answer]] = [
    ("a page", whole(200, HTML, PAGE)),
    ("a page that says it is JSON", whole(200, HTML)),
    ("nothing", whole(200, b"")),
    ("JSON that breaks off", whole(200, b'{"id":"msg_1","content":[')),
    ("a body that is cut", whole(missing=20)),
    ("a body that stops", stops_in_the_body),
    ("an error that is called good", whole(200, error("api_error"))),
    ("another API's answer", whole(200, {"choices": [{"message": {"content": "Hello"}}]})),
    ("a stream", streamed()),
    ("no HTTP", raw(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")),
]
NAMES = [name for name, _ in NO_MESSAGES]


@pytest.mark.parametrize("answer", [answer for _, answer in NO_MESSAGES], ids=NAMES)
@pytest.mark.parametrize("counts", [False, True], ids=["message", "count"])
def test_an_answer_that_is_none_is_answered_by_another_engine(
    upstream: PlayedUpstream,
    spare: PlayedUpstream,
    http: httpx2.Client,
    answer: Answer,
    counts: bool,
) -> None:
    """Pitfall T59: the client has got nothing of it, so nothing is lost yet."""
    upstream.plays(answer)
    spare.plays(COUNT if counts else whole())

    got = count(http, "spared") if counts else ask(http, "spared")

    assert served(got) == "spare"
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("answer", [answer for _, answer in NO_MESSAGES], ids=NAMES)
@pytest.mark.parametrize("counts", [False, True], ids=["message", "count"])
def test_an_answer_that_is_none_is_asked_for_again(
    upstream: PlayedUpstream, http: httpx2.Client, answer: Answer, counts: bool
) -> None:
    """Pitfall T59."""
    upstream.plays(answer, COUNT if counts else whole())

    got = count(http, "again") if counts else ask(http, "again")

    assert served(got) == "again"
    assert len(upstream.asked) == 2


# ---- what the upstream says of a repetition ------------------------------------------------------

ANY_STATUS = [429, 500, 503, 529]


@pytest.mark.parametrize("status", [408, 409, *ANY_STATUS])
@pytest.mark.parametrize("stream", [False, True])
def test_what_shall_not_be_repeated_is_not_and_the_client_is_told(
    upstream: PlayedUpstream, http: httpx2.Client, status: int, stream: bool
) -> None:
    """Pitfall T64: clients obey ``x-should-retry`` before they look at the status."""
    body = error("overloaded_error", f"It is {status}.")
    upstream.plays(whole(status, body, {"x-should-retry": "false"}))

    got = ask(http, "again", stream=stream)

    assert (got.status_code, got.content, len(upstream.asked)) == (status, body, 1)
    assert got.headers["x-should-retry"] == "false"


def test_a_limit_of_the_upstream_always_says_when_to_come_back(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    """Pitfall T44: clients that find no ``retry-after`` come back at once, and again."""
    headers = {"x-should-retry": "false"}
    spent = (
        b'{"type":"error","error":{"type":"rate_limit_error","message":"No.",'
        b'"details":{"error_code":"enforced_spend_limit_reached"}}}'
    )
    upstream.plays(whole(429, error("rate_limit_error"), headers), whole(429, spent, headers))

    limited, capped = ask(http, "again"), ask(http, "again")

    assert limited.headers["retry-after"] == "1"
    assert "retry-after" not in capped.headers


@pytest.mark.parametrize("status", ANY_STATUS)
def test_what_shall_not_be_repeated_there_may_be_asked_elsewhere(
    upstream: PlayedUpstream, http: httpx2.Client, status: int
) -> None:
    upstream.plays(whole(status, error("overloaded_error"), {"x-should-retry": "false"}))

    assert served(ask(http, "again-spared")) == "spare"
    assert len(upstream.asked) == 1


@pytest.mark.parametrize("status", [400, 401, 404, 422, 529])
def test_what_shall_be_repeated_is_whatever_its_status(
    upstream: PlayedUpstream, http: httpx2.Client, status: int
) -> None:
    """Pitfall T64."""
    upstream.plays(whole(status, error("api_error"), {"x-should-retry": "true"}), whole())

    assert served(ask(http, "again")) == "again"
    assert len(upstream.asked) == 2


def test_what_shall_be_repeated_and_stays_so_goes_back_as_it_is(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    """Pitfall T64."""
    body = error("invalid_request_error", "Not yet.")
    upstream.plays(whole(400, body, {"x-should-retry": "true"}))

    got = ask(http, "again")

    assert (got.status_code, got.content, len(upstream.asked)) == (400, body, 3)
    assert got.headers["x-should-retry"] == "true"


@pytest.mark.parametrize("status", [401, 402, 403, 404])
@pytest.mark.parametrize("stream", [False, True])
def test_a_refusal_that_is_about_us_is_answered_by_another_engine(
    upstream: PlayedUpstream,
    spare: PlayedUpstream,
    http: httpx2.Client,
    status: int,
    stream: bool,
) -> None:
    upstream.plays(whole(status, error("billing_error")))
    spare.plays(streamed() if stream else whole())

    assert served(ask(http, "again-spared", stream=stream)) == "spare"
    assert len(upstream.asked) == 1


# ---- time ----------------------------------------------------------------------------------------


def living(sign: bytes, *, first: bytes = b"") -> Answer:
    """Answer with ``first`` and then with nothing but signs of life."""
    return streamed([first + sign, *[sign] * 400], pause_s=0.05)


SIGNS = {"comments": b": still here\n\n", "pings": sse("ping"), "half comments": b": "}


@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS.keys())
def test_signs_of_life_do_not_put_off_the_beginning_of_an_answer(
    upstream: PlayedUpstream, spare: PlayedUpstream, http: httpx2.Client, sign: bytes
) -> None:
    """Pitfall T63: another server of this kind in front of the model sends just these."""
    upstream.plays(living(sign))
    spare.plays(streamed())
    started = time.monotonic()

    assert served(ask(http, "spared", stream=True)) == "spare"
    assert time.monotonic() - started < 3.0


def test_blank_space_before_an_answer_does_not_put_off_its_beginning(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    """Pitfall T63: some gateways keep connections alive that way before their JSON."""
    upstream.plays(living(b" \n"))
    started = time.monotonic()

    assert served(ask(http, "spared")) == "spare"
    assert time.monotonic() - started < 3.0


def test_once_an_answer_has_begun_signs_of_life_are_worth_waiting_for(
    upstream: PlayedUpstream, http: httpx2.Client
) -> None:
    """Thinking that is not shown may take longer than a silence may."""
    sent = events()
    upstream.plays(streamed([sent[0], *[sse("ping")] * 20, *sent[1:]], pause_s=0.05))

    got = ask(http, "alone", stream=True)

    assert got.content == b"".join([sent[0], *[sse("ping")] * 20, *sent[1:]])


SLOW: list[tuple[str, Answer, bool]] = [
    ("before the head", hangs(), False),
    ("before the head of a stream", hangs(), True),
    ("before the first event", streamed([], then="hang"), True),
    ("with comments", living(SIGNS["comments"]), True),
    ("in a body", stops_in_the_body, False),
    ("and says so", whole(504, error("timeout_error")), False),
]


@pytest.mark.parametrize(
    ("answer", "stream"), [case[1:] for case in SLOW], ids=[case[0] for case in SLOW]
)
def test_a_slow_upstream_is_tried_again_and_alone_it_is_an_error_that_clients_repeat(
    upstream: PlayedUpstream, http: httpx2.Client, answer: Answer, stream: bool
) -> None:
    """Pitfall T63: a timeout of ours, long before a client's own, and nothing to the contrary."""
    upstream.plays(answer, streamed() if stream else whole())
    assert served(ask(http, "again", stream=stream)) == "again"
    assert len(upstream.asked) == 2

    upstream.plays(answer)
    started = time.monotonic()
    got = ask(http, "alone", stream=stream)

    assert time.monotonic() - started < 3.0
    assert (got.status_code, got.json()["error"]["type"]) == (504, "timeout_error")
    assert "x-should-retry" not in got.headers


# ---- what an engine lacks ------------------------------------------------------------------------

BY_ADDRESS = [
    {"type": "image", "source": {"type": "url", "url": "https://example.com/cat.png"}},
    {"type": "text", "text": "What is it?"},
]


@pytest.mark.parametrize("stream", [False, True])
def test_what_one_engine_lacks_is_asked_of_the_next(
    upstream: PlayedUpstream, spare: PlayedUpstream, http: httpx2.Client, stream: bool
) -> None:
    spare.plays(streamed() if stream else whole())

    got = ask(http, "cloud-spared", stream=stream, content=BY_ADDRESS)

    assert served(got) == "spare"
    assert not upstream.asked


def test_what_all_engines_lack_is_told(http: httpx2.Client) -> None:
    got = ask(http, "cloud", content=BY_ADDRESS)

    assert got.status_code == 400
    assert "not available on Amazon Bedrock" in got.json()["error"]["message"]


def test_a_failure_is_told_and_not_what_the_stand_in_lacks(
    spare: PlayedUpstream, http: httpx2.Client
) -> None:
    spare.plays(whole(529, error("overloaded_error")))

    got = ask(http, "spare-cloud", content=BY_ADDRESS)

    assert (got.status_code, got.json()["error"]["type"]) == (529, "overloaded_error")


# ---- refusals that clients read ------------------------------------------------------------------

SAID: dict[str, tuple[int, str]] = {
    "mid_conv_system": (400, "messages.3: role 'system' must precede an 'assistant' message"),
    "mid_conv_system of another": (400, "use the top-level `system` parameter for the initial"),
    "cache_control_field": (400, "messages.0.content.0.cache_control: Extra inputs not permitted"),
    "thinking_signature": (400, "messages.1.content.0: Invalid `signature` in `thinking` block"),
    "thinking_signature of data": (400, "messages.1: Invalid data in redacted_thinking block"),
    "thinking_type:enabled": (400, '"thinking.type.enabled" is not supported for this model.'),
    "thinking_type:adaptive": (400, "adaptive thinking is not supported on this model"),
    "structured_outputs_unsupported": (
        400,
        "output_config.format: Extra inputs are not permitted",
    ),
    "effort_unsupported": (400, "This model does not support the effort parameter."),
    "media_budget": (400, "Too much media: 90 document pages + 20 images > 100"),
    "image_block": (400, "messages.0.content.1.image.source.base64: image exceeds 5 MB maximum"),
    "document_block": (400, "messages.8.content.0.pdf: The PDF specified was not valid"),
    "prompt_too_long": (400, "prompt is too long: 208310 tokens > 200000 maximum"),
    "prompt_too_long of another": (413, "Input exceeds the context window of this model"),
    "max_tokens_context_overflow": (
        400,
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000, decrease"
        " input length or `max_tokens` and try again",
    ),
    "beta_header:x": (400, "Unexpected value(s) `x-2025-01-01` for the `anthropic-beta` header."),
    "a token instead of words": (400, "capability_rejected: cache_control_field"),
    "no model": (404, "model: claude-3-7-sonnet-latest"),
    "no credit": (400, "Your credit balance is too low to access the Anthropic API."),
}


@pytest.mark.parametrize(("status", "text"), SAID.values(), ids=SAID.keys())
@pytest.mark.parametrize("stream", [False, True])
def test_words_that_clients_recover_by_go_back_to_the_byte(
    upstream: PlayedUpstream, http: httpx2.Client, status: int, text: str, stream: bool
) -> None:
    """Pitfall T64: each class by which Claude Code mends its request, asked once and not again."""
    body = error("invalid_request_error", text).replace(b": ", b" :  ")
    upstream.plays(whole(status, body))

    got = ask(http, "again", stream=stream)

    assert (got.status_code, got.content, len(upstream.asked)) == (status, body, 1)


def test_a_refusal_by_policy_goes_back_with_its_header(
    upstream: PlayedUpstream, spare: PlayedUpstream, http: httpx2.Client
) -> None:
    """Pitfall T64: a type that no list has, and nobody else is asked for what is not allowed."""
    body = error("policy_blocked", "Not from this network.")
    upstream.plays(whole(400, body, {"x-should-retry": "false"}))

    got = ask(http, "again-spared")

    assert (got.status_code, got.content) == (400, body)
    assert got.headers["x-should-retry"] == "false"
    assert not spare.asked


@pytest.mark.parametrize("status", [429, 500, 529])
def test_what_clients_repeat_tells_them_when(
    upstream: PlayedUpstream, http: httpx2.Client, status: int
) -> None:
    """Pitfall T64."""
    body = error("rate_limit_error", "This request would exceed your account's rate limit.")
    told = {
        "retry-after": "17",
        "retry-after-ms": "16500",
        "anthropic-ratelimit-unified-status": "rejected",
        "x-should-retry": "true",
    }
    upstream.plays(whole(status, body, told))

    got = ask(http, "alone")

    assert (got.status_code, got.content) == (status, body)
    assert {name: got.headers[name] for name in told} == told
