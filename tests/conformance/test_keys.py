"""Credentials: either header, for every key, and what is said when there is none."""

from collections.abc import Iterator

import anthropic
import httpx2
import pytest
from anthropic import Anthropic

from tests.conformance.bodies import OPUS, body
from tests.conformance.conftest import SCRIPTED
from tests.conformance.exchanges import VERSION, plain_client, sdk_client
from tests.conformance.manifest import requirement
from tests.servers import RunningServer, running_server

KEY, OTHER_KEY = "sk-ant-first-key", "sk-ant-second-key"


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    config = f'[server]\napi_keys = ["{KEY}"]\n{SCRIPTED}'
    replies = '[[replies]]\ntext = "You may."'
    with running_server(
        tmp_path_factory.mktemp("locked"),
        config=config,
        files={"replies.toml": replies},
    ) as server:
        yield server


@pytest.fixture(scope="module")
def locked_twice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(
        tmp_path_factory.mktemp("locked-twice"),
        config=SCRIPTED,
        files={"replies.toml": '[[replies]]\ntext = "You may."'},
        env={"ANTECHAMBER_API_KEYS": f"{KEY},{OTHER_KEY}"},
    ) as server:
        yield server


@requirement("keys:either-header")
@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": KEY},
        {"authorization": f"Bearer {KEY}"},
        {"authorization": f"bearer {KEY}"},
        {"x-api-key": KEY, "authorization": f"Bearer {KEY}"},
        {"x-api-key": KEY, "api-key": KEY},
    ],
    ids=["x-api-key", "bearer", "lower-case", "both", "foundry"],
)
def test_either_header_carries_a_key(locked: RunningServer, headers: dict[str, str]) -> None:
    with httpx2.Client(base_url=locked.url, headers={"anthropic-version": VERSION}) as client:
        answer = client.post("/v1/messages", json=body(), headers=headers)

    assert answer.status_code == 200


@requirement("keys:refused")
@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"x-api-key": "wrong"}, "invalid x-api-key"),
        ({"authorization": "Bearer wrong"}, "Invalid bearer token"),
        ({}, "x-api-key header is required"),
        ({"authorization": "Basic d3Jvbmc="}, "x-api-key header is required"),
        ({"x-api-key": ""}, "x-api-key header is required"),
    ],
    ids=["unknown-key", "unknown-token", "none", "basic", "empty"],
)
def test_a_credential_that_is_not_known_is_refused_in_the_hosted_words(
    locked: RunningServer, headers: dict[str, str], message: str
) -> None:
    with plain_client(locked.url) as client:
        del client.headers["x-api-key"]
        answer = client.post("/v1/messages", json=body(), headers=headers)

    assert answer.status_code == 401
    assert answer.json()["error"] == {"type": "authentication_error", "message": message}


@requirement("keys:before-body")
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens", "/v1/models"])
def test_the_key_is_looked_at_before_anything_else(locked: RunningServer, path: str) -> None:
    with plain_client(locked.url) as client:
        answer = client.request("GET" if path.endswith("models") else "POST", path)

    assert answer.status_code == 401


@requirement("keys:sdk")
def test_the_sdk_sends_its_key_as_a_bearer_and_raises_authentication_errors(
    locked: RunningServer,
) -> None:
    with sdk_client(locked.url, api_key=KEY) as known:
        message = known.messages.create(**body())
    with (
        sdk_client(locked.url, api_key="wrong") as unknown,
        pytest.raises(anthropic.AuthenticationError) as caught,
    ):
        unknown.messages.create(**body())

    assert message.stop_reason == "end_turn"
    assert caught.value.type == "authentication_error"


@requirement("keys:auth-token")
def test_an_auth_token_is_a_key_too(locked: RunningServer) -> None:
    with Anthropic(base_url=locked.url, auth_token=KEY, max_retries=0) as client:
        assert client.messages.create(**body()).model == OPUS


@requirement("keys:several")
def test_each_of_several_keys_opens(locked_twice: RunningServer) -> None:
    for key in (KEY, OTHER_KEY):
        with sdk_client(locked_twice.url, api_key=key) as client:
            assert client.messages.create(**body()).stop_reason == "end_turn"


@requirement("keys:none-configured")
def test_without_keys_any_or_no_credential_is_let_in(scripted: RunningServer) -> None:
    with plain_client(scripted.url) as client:
        some = client.post("/v1/messages", json=body(), headers={"x-api-key": "anything"})
        del client.headers["x-api-key"]
        none = client.post("/v1/messages", json=body())

    assert (some.status_code, none.status_code) == (200, 200)


@requirement("keys:not-logged")
def test_keys_are_not_logged(locked: RunningServer) -> None:
    with sdk_client(locked.url, api_key=KEY) as client:
        client.messages.create(**body("do not log this"))

    assert KEY not in locked.log
    assert "do not log this" not in locked.log
