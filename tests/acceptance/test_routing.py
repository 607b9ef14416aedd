"""Several upstreams behind one server: order, weights, replicas, and those that are left alone."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from tests.engines.messages_api.upstream import (
    PlayedUpstream,
    error,
    events,
    hangs,
    played_upstream,
    streamed,
    whole,
)
from tests.servers import RunningServer, running_server

CONFIG = """
[log]
format = "json"
[routing]
breaker_failures = 3
breaker_open_s = 0.6

[[engines]]
name = "first"
type = "messages_api"
base_url = "{0}"
retries = 0
[[engines]]
name = "second"
type = "messages_api"
base_url = "{1}"
retries = 0
[[engines]]
name = "narrow"
type = "messages_api"
base_url = "{0}"
retries = 0
max_concurrency = 2
queue = 0
[[engines]]
name = "twins"
type = "messages_api"
replicas = ["{0}", "{1}", "{2}"]
retries = 0
[[engines]]
name = "words"
type = "scripted"
script = "words.toml"

[[models]]
id = "ordered"
engines = ["first", "second"]
[[models]]
id = "any-*"
engines = ["first", "second"]
[[models]]
id = "weighted"
engines = ["first", "second"]
weights = [3, 1]
[[models]]
id = "narrow"
engines = ["narrow", "second"]
[[models]]
id = "narrow-alone"
engines = ["narrow"]
[[models]]
id = "twins"
engines = ["twins"]
[[models]]
id = "words-first"
engines = ["words", "first"]
[[models]]
id = "words-last"
engines = ["first", "words"]
"""
WORDS = """
[[replies]]
when = "words fail"
error = { status = 529 }
[[replies]]
when = "late"
delay_s = 0.3
error = { status = 529 }
[[replies]]
text = "Words."
"""


@pytest.fixture(scope="module")
def upstreams() -> Iterator[list[PlayedUpstream]]:
    with ExitStack() as running:
        yield [running.enter_context(played_upstream()) for _ in range(3)]


@pytest.fixture(scope="module")
def server(
    upstreams: list[PlayedUpstream], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    config = CONFIG
    for number, upstream in enumerate(upstreams):
        config = config.replace(f"{{{number}}}", upstream.url)
    folder = tmp_path_factory.mktemp("routing")
    with running_server(folder, config=config, files={"words.toml": WORDS}) as it:
        yield it
        assert not it.bugs()


@pytest.fixture
def http(server: RunningServer, upstreams: list[PlayedUpstream]) -> Iterator[httpx2.Client]:
    """A client; every engine is well when a test begins."""
    for upstream in upstreams:
        upstream.plays(whole())
    headers = {"x-api-key": "x", "anthropic-version": "2023-06-01"}
    with httpx2.Client(base_url=server.url, headers=headers, timeout=20) as it:
        _heal(it)
        for upstream in upstreams:
            upstream.plays(whole())
        yield it


def _heal(http: httpx2.Client) -> None:
    """Wait until nobody is left alone, and let each answer once."""
    until = time.monotonic() + 5
    while [served(ask(http, name)) for name in MODELS] != ["first", "narrow"]:
        assert time.monotonic() < until
        time.sleep(0.05)  # the rest of an engine that was left alone


MODELS = ("ordered", "narrow")


def ask(
    http: httpx2.Client, model: str, text: str = "Hello", *, session: str = "", **fields: Any
) -> httpx2.Response:
    messages = fields.pop("messages", [{"role": "user", "content": text}])
    asked = {"model": model, "max_tokens": 100, "messages": messages, **fields}
    headers = {"x-claude-code-session-id": session} if session else {}
    return http.post("/v1/messages", json=asked, headers=headers)


def served(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.headers["antechamber-served-by"].split("/")[0]


def test_engines_are_asked_in_the_order_of_the_file(
    http: httpx2.Client, upstreams: list[PlayedUpstream]
) -> None:
    assert served(ask(http, "ordered")) == "first"

    upstreams[0].plays(whole(500, error("api_error")))

    assert served(ask(http, "ordered")) == "second"
    assert len(upstreams[0].asked) == 1


def test_the_circuit_opens_and_one_request_tries_again(
    http: httpx2.Client, upstreams: list[PlayedUpstream]
) -> None:
    first = upstreams[0]
    first.plays(whole(500, error("api_error")))
    assert [served(ask(http, "ordered")) for _ in range(5)] == ["second"] * 5
    assert len(first.asked) == 3, "it is left alone after three failures in a row"

    time.sleep(0.65)  # the rest is over
    assert served(ask(http, "ordered")) == "second"
    assert len(first.asked) == 4, "one request tried"
    assert served(ask(http, "ordered")) == "second"
    assert len(first.asked) == 4, "and was enough"

    time.sleep(0.65)  # the rest is over
    first.plays(whole())
    assert [served(ask(http, "ordered")) for _ in range(3)] == ["first"] * 3


def test_faults_in_the_middle_of_streams_open_the_circuit_too(
    http: httpx2.Client, upstreams: list[PlayedUpstream]
) -> None:
    """Pitfall T58."""
    upstreams[0].plays(streamed(events()[:4], pause_s=0.005, then="reset"))

    for _ in range(3):
        assert b"event: error" in ask(http, "ordered", stream=True).content

    assert served(ask(http, "ordered")) == "second"


def test_what_the_caller_did_wrong_opens_no_circuit(
    http: httpx2.Client, upstreams: list[PlayedUpstream]
) -> None:
    upstreams[0].plays(*[whole(400, error("invalid_request_error"))] * 5, whole())

    assert [ask(http, "ordered").status_code for _ in range(5)] == [400] * 5
    assert served(ask(http, "ordered")) == "first"


def test_who_asks_for_a_pause_gets_it(http: httpx2.Client, upstreams: list[PlayedUpstream]) -> None:
    upstreams[0].plays(whole(429, error("rate_limit_error"), {"retry-after-ms": "300"}), whole())

    assert served(ask(http, "ordered")) == "second"
    assert served(ask(http, "ordered")) == "second"
    assert len(upstreams[0].asked) == 1
    time.sleep(0.35)  # the pause is over
    assert served(ask(http, "ordered")) == "first"


def test_ids_that_somebody_makes_up_take_no_engine_away_from_the_others(
    http: httpx2.Client, upstreams: list[PlayedUpstream]
) -> None:
    nothing = whole(404, error("not_found_error", "model: any-invented"))
    upstreams[0].plays(*[nothing] * 6, whole())

    invented = [served(ask(http, f"any-invented-{number}")) for number in range(3)]
    missing = [served(ask(http, "any-missing")) for _ in range(5)]

    assert set(invented + missing) == {"second"}
    assert len(upstreams[0].asked) == 6, "of one model it is known after three times"
    assert served(ask(http, "any-real")) == "first"
    assert served(ask(http, "ordered")) == "first"


def test_a_limit_of_one_model_leaves_the_engine_to_the_others(
    http: httpx2.Client, upstreams: list[PlayedUpstream]
) -> None:
    upstreams[0].plays(whole(429, error("rate_limit_error"), {"retry-after": "86400"}), whole())

    assert served(ask(http, "any-small")) == "second"
    assert served(ask(http, "any-large")) == "first"
    assert served(ask(http, "any-small")) == "second"
    assert len(upstreams[0].asked) == 2


def test_no_more_requests_run_than_may(
    http: httpx2.Client, server: RunningServer, upstreams: list[PlayedUpstream]
) -> None:
    upstreams[0].plays(hangs())
    with ThreadPoolExecutor(2) as crowd:
        headers = dict(http.headers)

        def wait(_: int) -> None:
            with (
                httpx2.Client(base_url=server.url, headers=headers, timeout=1.0) as leaving,
                pytest.raises(httpx2.TimeoutException),
            ):
                ask(leaving, "narrow")

        running = [crowd.submit(wait, number) for number in range(2)]
        until = time.monotonic() + 5
        while len(upstreams[0].asked) < 2 and time.monotonic() < until:
            time.sleep(0.01)  # until both are there
        assert served(ask(http, "narrow")) == "second"
        full = ask(http, "narrow-alone")
        for each in running:
            each.result()

    assert (full.status_code, full.json()["error"]["type"]) == (529, "overloaded_error")
    upstreams[0].plays(whole())
    assert served(ask(http, "narrow")) == "narrow"


def test_weights_say_how_often_each_comes_first(http: httpx2.Client) -> None:
    found = Counter(served(ask(http, "weighted", f"Conversation {n}")) for n in range(200))

    assert found["first"] / 200 == pytest.approx(0.75, abs=0.12)


def replica(answer: httpx2.Response) -> str:
    return served(answer)


def test_a_session_stays_with_its_replica_and_all_have_some(http: httpx2.Client) -> None:
    sessions = [f"session-{number}" for number in range(30)]

    first = {each: replica(ask(http, "twins", "One", session=each)) for each in sessions}
    second = {each: replica(ask(http, "twins", "Two", session=each)) for each in sessions}

    assert first == second
    assert len(set(first.values())) == 3


def test_a_user_and_a_conversation_stay_too(http: httpx2.Client) -> None:
    for number in range(8):
        user = {"user_id": f"user-{number}"}
        by_user = {
            replica(ask(http, "twins", f"{number} {turn}", metadata=user)) for turn in range(3)
        }
        history = [{"role": "user", "content": f"Conversation {number}"}]
        first = replica(ask(http, "twins", messages=list(history)))
        history += [{"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "So?"}]
        second = replica(ask(http, "twins", messages=history))

        assert len(by_user) == 1
        assert first == second


def test_while_its_replica_is_away_a_session_goes_to_one_other(
    http: httpx2.Client, upstreams: list[PlayedUpstream]
) -> None:
    sessions = [f"away-{number}" for number in range(12)]
    before = {each: replica(ask(http, "twins", session=each)) for each in sessions}
    gone = upstreams[0].url.removeprefix("http://")
    upstreams[0].plays(whole(500, error("api_error")))

    meanwhile = {each: replica(ask(http, "twins", session=each)) for each in sessions}

    for session, name in before.items():
        if name == f"twins@{gone}":
            assert meanwhile[session] != name
        else:
            assert meanwhile[session] == name


@pytest.mark.parametrize("stream", [False, True])
def test_engines_of_both_kinds_stand_in_for_each_other(
    http: httpx2.Client, upstreams: list[PlayedUpstream], stream: bool
) -> None:
    upstreams[0].plays(streamed(events("Relayed.")))
    to_relay = ask(http, "words-first", "words fail", stream=stream)
    assert served(to_relay) == "first"
    assert "Relayed." in to_relay.text

    upstreams[0].plays(whole(529, error("overloaded_error")))
    to_words = ask(http, "words-last", stream=stream)
    assert served(to_words) == "words"
    assert "Words" in to_words.text


def test_counting_falls_back_too(http: httpx2.Client, upstreams: list[PlayedUpstream]) -> None:
    upstreams[0].plays(whole(529, error("overloaded_error")))

    got = http.post(
        "/v1/messages/count_tokens",
        json={"model": "words-last", "messages": [{"role": "user", "content": "Hello"}]},
    )

    assert got.status_code == 200
    assert got.json()["input_tokens"] > 0


def test_every_failed_try_is_one_line_of_the_log(
    http: httpx2.Client, server: RunningServer, upstreams: list[PlayedUpstream]
) -> None:
    upstreams[0].plays(whole(500, error("api_error")))

    got = ask(http, "ordered")

    lines = [
        (line["engine"], line["reason"])
        for line in server.events("attempt_failed")
        if line["request_id"] == got.headers["request-id"]
    ]
    assert lines == [("first", "first answered with status 500.")]
