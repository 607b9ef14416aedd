"""Who serves the model is not sent into the operator's own network, through either door."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.engines.messages_api.upstream import PlayedUpstream, played_upstream, whole
from tests.servers import RunningServer, running_server

OTHERS, RELAYED, SPARED = "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"
CONFIG = """
[[engines]]
name = "other"
type = "openai_chat"
host = "vllm"
base_url = "{url}/v1"
[[engines]]
name = "relay"
type = "messages_api"
base_url = "{url}"
[[engines]]
name = "dead"
type = "messages_api"
base_url = "http://127.0.0.1:9"
retries = 0
[[models]]
id = "claude-sonnet-5-5"
engines = ["other"]
[[models]]
id = "claude-opus-5-5"
engines = ["relay"]
[[models]]
id = "claude-haiku-5-5"
engines = ["dead", "other"]
"""
METADATA = "http://169.254.169.254/latest/meta-data/"
ADMIN = "http://10.0.0.1:8080/admin"
HEADERS = {"x-api-key": "k", "anthropic-version": "2023-06-01"}


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture(scope="module")
def server(
    upstream: PlayedUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    config = CONFIG.replace("{url}", upstream.url)
    with running_server(tmp_path_factory.mktemp("private"), config=config) as it:
        yield it
        assert not it.bugs()


def asked(server: RunningServer, model: str, url: str) -> httpx2.Response:
    image = {"type": "image", "source": {"type": "url", "url": url}}
    messages = [{"role": "user", "content": [image]}]
    body = {"model": model, "max_tokens": 10, "messages": messages}
    return httpx2.post(f"{server.url}/v1/messages", json=body, headers=HEADERS, timeout=20)


def chatted(server: RunningServer, model: str, url: str) -> httpx2.Response:
    image = {"type": "image_url", "image_url": {"url": url}}
    body = {"model": model, "messages": [{"role": "user", "content": [image]}]}
    return httpx2.post(f"{server.url}/v1/chat/completions", json=body, headers=HEADERS, timeout=20)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            METADATA,
            "messages.0.content.0.image.source.url.url: Input should be a public web address",
        ),
        ("file:///etc/passwd", "Only HTTPS URLs are supported."),
    ],
)
def test_an_image_in_a_private_place_reaches_no_engine(
    server: RunningServer, upstream: PlayedUpstream, url: str, words: str
) -> None:
    upstream.plays(whole())

    response = asked(server, OTHERS, url)

    assert response.status_code == 400
    assert response.json()["error"]["message"] == words
    assert not any("completions" in each.path for each in upstream.asked)


@pytest.mark.parametrize("model", [OTHERS, RELAYED])
def test_the_chat_door_refuses_it_for_every_engine(
    server: RunningServer, upstream: PlayedUpstream, model: str
) -> None:
    upstream.plays(whole())

    response = chatted(server, model, ADMIN)

    assert response.status_code == 400
    assert "Input should be a public web address" in response.json()["error"]["message"]
    assert not upstream.asked


@pytest.mark.parametrize("model", [RELAYED, SPARED])
def test_an_upstream_of_the_same_api_is_not_sent_there_either(
    server: RunningServer, upstream: PlayedUpstream, model: str
) -> None:
    """It may be a gateway in the operator's own network; one of the public web could not get it."""
    upstream.plays(whole())

    response = asked(server, model, METADATA)

    assert response.status_code == 400
    assert METADATA not in str([each.body for each in upstream.asked])
