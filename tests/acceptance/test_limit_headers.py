"""Every answer to a known model tells how the limits stand, also the one that says no."""

from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from tests.servers import RunningServer, running_server

CONFIG = """
[limits]
tier = "own"

[[tiers]]
name = "own"
count_tokens_per_minute = 100
batches_per_minute = 100
enqueued_batch_requests = 2
files_per_minute = 3
[[tiers.classes]]
name = "*"
requests_per_minute = 100
input_tokens_per_minute = 1_000_000
output_tokens_per_minute = 100_000

[[models]]
id = "claude-*"
engines = ["play"]

[[engines]]
name = "play"
type = "scripted"
script = "replies.toml"
"""
REPLIES = '[[replies]]\ntext = "Hello there"\n'
MESSAGE: dict[str, Any] = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "Hello"}],
}
TOLD = {
    f"anthropic-ratelimit-{kind}-{what}"
    for kind in ("requests", "input-tokens", "output-tokens", "tokens")
    for what in ("limit", "remaining", "reset")
}

_OF_COUNTING = {name for name in TOLD if "-requests-" in name}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("limits")
    with running_server(folder, config=CONFIG, files={"replies.toml": REPLIES}) as it:
        yield it


def ask(server: RunningServer, **changes: Any) -> httpx.Response:
    return post(server, "/v1/messages", {**MESSAGE, **changes})


def post(server: RunningServer, path: str, body: dict[str, Any]) -> httpx.Response:
    return httpx.post(
        f"{server.url}{path}",
        json=body,
        headers={"anthropic-version": "2023-06-01", "x-api-key": "any"},
        timeout=60,
    )


def told(answer: httpx.Response) -> set[str]:
    return {name for name in answer.headers if name.startswith("anthropic-ratelimit-")}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"stream": True}, 200),
        ({"max_tokens": 1_000_000_000}, 400),
        ({"max_tokens": "x"}, 400),
        ({"messages": [{"role": "user", "content": "long " * 1_000_000}]}, 429),
    ],
    ids=["whole", "streamed", "refused by a rule", "of a wrong shape", "too long"],
)
def test_an_answer_tells_all_of_them(
    server: RunningServer, changes: dict[str, Any], status: int
) -> None:
    answer = ask(server, **changes)

    assert answer.status_code == status
    assert told(answer) == TOLD


def test_a_refusal_by_a_rule_takes_nothing(server: RunningServer) -> None:
    before = ask(server)
    refused = ask(server, max_tokens=1_000_000_000)
    after = ask(server)

    left = [
        int(answer.headers["anthropic-ratelimit-requests-remaining"])
        for answer in (before, refused, after)
    ]
    # A request comes back every 0.6 seconds.
    assert left[1] >= left[0]
    assert left[2] >= left[0] - 1


def test_counting_tells_of_its_own_limit(server: RunningServer) -> None:
    body = {name: value for name, value in MESSAGE.items() if name != "max_tokens"}

    answer = post(server, "/v1/messages/count_tokens", body)

    assert answer.status_code == 200
    assert answer.headers["anthropic-ratelimit-requests-limit"] == "100"
    assert told(answer) == _OF_COUNTING


def test_a_count_of_a_wrong_shape_tells_of_it_too(server: RunningServer) -> None:
    body = {"model": MESSAGE["model"], "messages": "Hello"}

    answer = post(server, "/v1/messages/count_tokens", body)

    assert answer.status_code == 400
    assert told(answer) == _OF_COUNTING


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, 200),
        ({"max_tokens": "x"}, 400),
        ({"messages": [{"role": "system", "content": "Hello"}]}, 400),
        ({"top_p": 3}, 400),
        ({"top_p": 3, "stream": True}, 400),
        ({"max_tokens": 1_000_000_000}, 400),
    ],
    ids=["whole", "unread", "unconverted", "of a wrong shape", "that streamed", "of a rule"],
)
def test_an_answer_in_openai_format_tells_all_of_them(
    server: RunningServer, changes: dict[str, Any], status: int
) -> None:
    answer = post(server, "/v1/chat/completions", {**MESSAGE, **changes})

    assert answer.status_code == status
    assert told(answer) == TOLD
    assert len(answer.headers.get_list("anthropic-ratelimit-requests-limit")) == 1


def listed(server: RunningServer, path: str) -> httpx.Response:
    headers = {"anthropic-version": "2023-06-01", "x-api-key": "any"}
    return httpx.get(server.url + path, headers=headers, timeout=60)


def test_batches_tell_of_their_own_limit(server: RunningServer) -> None:
    answer = listed(server, "/v1/messages/batches")

    assert answer.status_code == 200
    assert told(answer) == _OF_COUNTING
    assert answer.headers["anthropic-ratelimit-requests-remaining"] == "99"


def test_a_tier_says_how_many_requests_of_batches_may_wait(server: RunningServer) -> None:
    requests = [{"custom_id": str(number), "params": MESSAGE} for number in range(3)]

    answer = post(server, "/v1/messages/batches", {"requests": requests})

    assert answer.status_code == 429
    assert "2 batch requests in the processing queue" in answer.json()["error"]["message"]


def test_files_have_a_limit_of_their_own(server: RunningServer) -> None:
    answers = [listed(server, "/v1/files") for _ in range(3)]
    unknown = listed(server, "/v1/files/file_unknown/content")

    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert unknown.status_code == 429
    assert int(unknown.headers["retry-after"]) >= 1
    assert unknown.headers["anthropic-ratelimit-requests-limit"] == "3"
    # What asks a model goes on.
    assert ask(server).status_code == 200


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"max_tokens": 10}',
        b'{"model": "nobody-serves-this"}',
        b'{"model": 5}',
        b'{"model": "\xff"}',
        b'{"model": "claude-sonnet-5-5", "messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=["no end", "a list", "no model", "unknown", "a number", "no text", "too deep"],
)
def test_what_names_no_model_that_is_served_is_refused_without_them(
    server: RunningServer, path: str, body: bytes
) -> None:
    answer = httpx.post(
        server.url + path,
        content=body,
        headers={"anthropic-version": "2023-06-01", "x-api-key": "any"},
        timeout=60,
    )

    assert answer.status_code == 400
    assert told(answer) == set()
