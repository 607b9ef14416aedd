"""Pitfall T22: a tool loop goes on at an engine that has not thought its thoughts."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from tests.conformance.bodies import WEATHER, assistant, body, tool_result, tool_use, user
from tests.engines.messages_api.upstream import PlayedUpstream, played_upstream, streamed, whole
from tests.servers import running_server

CONFIG = """
fidelity = "{fidelity}"

[[engines]]
name = "own"
type = "scripted"
script = "own.toml"
[[engines]]
name = "up"
type = "messages_api"
base_url = "{url}"
retries = 0

[[models]]
id = "claude-sonnet-4-5"
engines = ["own"]
[[models]]
id = "claude-haiku-4-5"
engines = ["up"]
[[models]]
id = "claude-sonnet-4-6"
engines = ["up"]
[[models]]
id = "claude-opus-4-5"
engines = ["own", "up"]
[[models]]
id = "claude-opus-4-6"
engines = ["own", "up"]
[[models]]
id = "house-model"
engines = ["own", "up"]
upstream_model = "claude-opus-4-5"
"""
OWN = """
[[replies]]
when_tool_result = "15 degrees"
error = { status = 529 }
[[replies]]
content = [
  { type = "thinking", thinking = "Hm." },
  { type = "tool_use", name = "get_weather", input = { location = "Rome" } },
]
"""
HEADERS = {"x-api-key": "x", "anthropic-version": "2023-06-01"}
ENABLED = {"type": "enabled", "budget_tokens": 1_024}
ADAPTIVE = {"type": "adaptive"}
FOREIGN: Any = {"type": "thinking", "thinking": "Hm, 世界.", "signature": "EqQBCkYIBRgCKkDfake"}
FALLEN_BACK = [("claude-opus-4-5", None), ("claude-opus-4-6", ADAPTIVE), ("house-model", None)]
DIRECT = [("claude-haiku-4-5", None), ("claude-sonnet-4-6", ADAPTIVE)]


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture(scope="module")
def servers(
    upstream: PlayedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, httpx2.Client]]:
    """One client for each fidelity."""
    with ExitStack() as running:
        clients: dict[str, httpx2.Client] = {}
        for fidelity in ("lenient", "hosted"):
            config = CONFIG.replace("{url}", upstream.url).replace("{fidelity}", fidelity)
            folder = tmp_path_factory.mktemp(fidelity)
            server = running.enter_context(
                running_server(folder, config=config, files={"own.toml": OWN})
            )
            client = httpx2.Client(base_url=server.url, headers=HEADERS, timeout=20)
            clients[fidelity] = running.enter_context(client)
        yield clients


def asked(model: str, thinking: Any = ENABLED, **fields: Any) -> dict[str, Any]:
    return body(
        "Rome?", model=model, max_tokens=4_000, tools=[WEATHER], thinking=thinking, **fields
    )


def loop_begun_here(http: httpx2.Client) -> list[Any]:
    """Return a conversation whose open tool loop was thought here, waiting to be gone on with."""
    first = http.post("/v1/messages", json=asked("claude-sonnet-4-5"))
    assert first.status_code == 200, first.text
    content = first.json()["content"]
    assert [block["type"] for block in content] == ["thinking", "tool_use"]
    return [
        user("Rome?"),
        assistant(content),
        user([tool_result("15 degrees", tool_id=content[1]["id"])]),
    ]


def check_without_budget(upstream: PlayedUpstream, got: httpx2.Response, thinking: Any) -> None:
    assert got.status_code == 200, got.text
    assert got.headers["antechamber-served-by"].startswith("up/")
    assert "thinking" in got.headers["antechamber-adjusted"].split(", ")
    sent = upstream.last.json()
    assert sent.get("thinking") == thinking
    assert [block["type"] for block in sent["messages"][1]["content"]] == ["tool_use"]


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("model", "thinking"), DIRECT)
def test_t22_a_loop_begun_here_goes_on_at_an_upstream_without_a_budget(
    servers: dict[str, httpx2.Client],
    upstream: PlayedUpstream,
    fidelity: str,
    model: str,
    thinking: Any,
) -> None:
    http = servers[fidelity]
    upstream.plays(whole())
    messages = loop_begun_here(http)

    got = http.post("/v1/messages", json=asked(model, messages=messages))

    check_without_budget(upstream, got, thinking)


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
def test_t22_counting_goes_on_in_the_same_way(
    servers: dict[str, httpx2.Client], upstream: PlayedUpstream, fidelity: str
) -> None:
    http = servers[fidelity]
    upstream.plays(whole(200, {"input_tokens": 7}))
    request = asked("claude-haiku-4-5", messages=loop_begun_here(http))
    del request["max_tokens"]

    got = http.post("/v1/messages/count_tokens", json=request)

    check_without_budget(upstream, got, None)


def test_t22_a_loop_of_the_upstreams_own_keeps_its_budget(
    servers: dict[str, httpx2.Client], upstream: PlayedUpstream
) -> None:
    upstream.plays(whole())
    messages = [user("Rome?"), assistant([FOREIGN, tool_use("toolu_1")])]
    messages.append(user([tool_result(tool_id="toolu_1")]))
    request = asked("claude-haiku-4-5", messages=messages)

    got = servers["lenient"].post("/v1/messages", json=request)

    assert got.status_code == 200, got.text
    assert "antechamber-adjusted" not in got.headers
    assert json.loads(upstream.last.body) == request


# ---- fallback ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fidelity", ["lenient", "hosted"])
@pytest.mark.parametrize(("model", "thinking"), FALLEN_BACK)
def test_t22_a_loop_begun_here_falls_back_to_an_upstream_without_a_budget(
    servers: dict[str, httpx2.Client],
    upstream: PlayedUpstream,
    fidelity: str,
    model: str,
    thinking: Any,
) -> None:
    http = servers[fidelity]
    upstream.plays(streamed())
    messages = loop_begun_here(http)

    got = http.post("/v1/messages", json=asked(model, messages=messages))

    check_without_budget(upstream, got, thinking)


def test_t21_a_fallback_keeps_the_thoughts_of_the_upstreams_own(
    servers: dict[str, httpx2.Client], upstream: PlayedUpstream
) -> None:
    upstream.plays(streamed())
    messages = [user("Rome?"), assistant([FOREIGN, tool_use("toolu_1")])]
    messages.append(user([tool_result("15 degrees", tool_id="toolu_1")]))

    got = servers["lenient"].post("/v1/messages", json=asked("claude-opus-4-5", messages=messages))

    assert got.status_code == 200, got.text
    sent = upstream.last.json()
    assert sent["messages"][1]["content"][0] == FOREIGN
    assert sent["thinking"] == ENABLED
