from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from anthropic import APIStatusError
from anthropic.lib.vertex import AsyncAnthropicVertex

from antechamber.engines.messages_api.authentication import BearerToken
from antechamber.engines.messages_api.vertex import VertexHost
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest
from tests.engines.messages_api.cloud import CATALOGUE, HELLO, Asked, Cloud, ordered

HAIKU = "claude-haiku-4-5@20251001"


def vertex(cloud: Cloud | None = None, region: str = "us-east5", **options: Any) -> VertexHost:
    return VertexHost(
        "my-project",
        region,
        BearerToken("token"),
        canonical=CATALOGUE.canonical,
        base_url=None if cloud is None else f"{cloud.url}/v1",
        **options,
    )


async def as_the_sdk_asks(
    cloud: Cloud, ask: Callable[[AsyncAnthropicVertex], Awaitable[object]]
) -> Asked:
    """Return what the official client sends; that the answer is none of the API's is no matter."""
    client = AsyncAnthropicVertex(
        region="us-east5",
        project_id="my-project",
        access_token="token",
        base_url=f"{cloud.url}/v1",
        max_retries=0,
    )
    status, cloud.status = cloud.status, 400
    async with client:
        with suppress(APIStatusError):
            await ask(client)
    cloud.status = status
    return cloud.asked.pop()


def same(ours: Asked, golden: Asked) -> None:
    assert ours.path == golden.path
    assert ours.json == golden.json
    for name in ("authorization", "content-type", "anthropic-beta", "anthropic-version"):
        assert ours.headers.get(name) == golden.headers.get(name)


async def test_a_message_goes_out_as_the_sdk_sends_it(cloud: Cloud) -> None:
    golden = await as_the_sdk_asks(
        cloud, lambda client: client.messages.create(model=HAIKU, **HELLO)
    )

    await cloud.relay(vertex(cloud), ordered(model=HAIKU, version="2026-10-21"))

    same(cloud.asked[0], golden)
    assert golden.path.endswith(f"/models/{HAIKU}:rawPredict")


async def test_a_stream_with_betas_goes_out_as_the_sdk_sends_it(cloud: Cloud) -> None:
    betas = ["context-1m-2025-08-07", "interleaved-thinking-2025-05-14"]
    golden = await as_the_sdk_asks(
        cloud,
        lambda client: client.beta.messages.create(model=HAIKU, betas=betas, stream=True, **HELLO),
    )

    order = ordered({**HELLO, "stream": True}, model=HAIKU, betas=betas, version="2026-10-21")
    await cloud.relay(vertex(cloud), order)

    # The SDK sends its list without duplicates and with no blank behind the comma, as we do.
    same(cloud.asked[0], golden)
    assert golden.path.endswith(f"/models/{HAIKU}:streamRawPredict")


async def test_a_counting_goes_out_as_the_sdk_sends_it(cloud: Cloud) -> None:
    golden = await as_the_sdk_asks(
        cloud,
        lambda client: client.messages.count_tokens(model=HAIKU, messages=HELLO["messages"]),
    )
    cloud.pieces = (b'{"input_tokens":7}',)

    order = ordered(model="claude-haiku-4-5", counts=True, version="2026-10-21")
    told = await cloud.relay(vertex(cloud), order)

    same(cloud.asked[0], golden)
    assert golden.path.endswith("/models/count-tokens:rawPredict")
    assert golden.json["model"] == HAIKU
    assert told.body == b'{"input_tokens":7}'


async def test_the_older_version_has_vertexs_own_name() -> None:
    sent = await vertex().outgoing(ordered())

    assert b'"anthropic_version":"vertex-2023-10-16"' in sent.body
    assert b'"model"' not in sent.body
    assert "anthropic-version" not in sent.headers


@pytest.mark.parametrize(
    ("region", "address"),
    [
        ("us-east5", "https://us-east5-aiplatform.googleapis.com/v1/"),
        ("global", "https://aiplatform.googleapis.com/v1/"),
        ("us", "https://aiplatform.us.rep.googleapis.com/v1/"),
        ("eu", "https://aiplatform.eu.rep.googleapis.com/v1/"),
    ],
)
async def test_every_region_has_its_address(region: str, address: str) -> None:
    golden = AsyncAnthropicVertex(region=region, project_id="my-project", access_token="token")
    async with golden:
        assert str(golden.base_url) == address

    sent = await vertex(region=region).outgoing(ordered())

    assert sent.url.startswith(f"{address}projects/my-project/locations/{region}/publishers/")


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ("claude-opus-4-7", "claude-opus-4-7"),
        ("claude-opus-4-7[1m]", "claude-opus-4-7"),
        ("claude-haiku-4-5", HAIKU),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5@20250929"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-v2@20241022"),
        ("claude-sonnet-4-6@default", "claude-sonnet-4-6@default"),
        (HAIKU, HAIKU),
        ("x;y/z", "x%3By%2Fz"),
    ],
)
async def test_a_model_is_named_as_vertex_names_it(configured: str, expected: str) -> None:
    sent = await vertex().outgoing(ordered(model=configured))

    assert sent.url.endswith(f"/publishers/anthropic/models/{expected}:rawPredict")


@pytest.mark.parametrize(
    ("status", "google", "expected_status", "expected_type"),
    [
        (400, "INVALID_ARGUMENT", 400, "invalid_request_error"),
        (401, "UNAUTHENTICATED", 401, "authentication_error"),
        (403, "PERMISSION_DENIED", 403, "permission_error"),
        (404, "NOT_FOUND", 404, "not_found_error"),
        (429, "RESOURCE_EXHAUSTED", 429, "rate_limit_error"),
        (499, "CANCELLED", 500, "api_error"),
        (500, "INTERNAL", 500, "api_error"),
        (503, "UNAVAILABLE", 529, "overloaded_error"),
        (504, "DEADLINE_EXCEEDED", 504, "timeout_error"),
    ],
)
async def test_googles_errors_become_errors_of_the_api(
    cloud: Cloud, status: int, google: str, expected_status: int, expected_type: str
) -> None:
    fault = {"error": {"code": status, "message": "Said so.", "status": google}}
    cloud.status = status
    for body in (fault, [fault]):
        cloud.pieces = (encode_json(body),)

        told = await cloud.relay(vertex(cloud), ordered())

        assert told.status == expected_status
        assert told.json["type"] == "error"
        assert told.json["error"] == {"type": expected_type, "message": "Said so."}


def test_an_error_of_googles_gets_the_id_of_the_request() -> None:
    told = vertex().error_body(429, {}, b'{"error":{"message":"No."}}', request_id="req_1")

    assert told == (
        b'{"type":"error","error":{"type":"rate_limit_error","message":"No."},"request_id":"req_1"}'
    )


async def test_claudes_own_errors_stay_as_they_are(cloud: Cloud) -> None:
    own = (
        b'{"type":"error","error":{"type":"invalid_request_error","message":"no"},'
        b'"request_id":"req_vrtx_1"}'
    )
    cloud.status, cloud.pieces = 400, (own,)

    told = await cloud.relay(vertex(cloud), ordered())

    assert told.body == own


async def test_a_page_that_is_no_error_of_anybody_names_the_host(cloud: Cloud) -> None:
    cloud.status, cloud.pieces = 502, (b"<html>bad gateway</html>",)

    told = await cloud.relay(vertex(cloud), ordered())

    assert told.json["error"]["message"] == "Google Vertex AI answered with status 502."


async def test_a_stream_passes_as_it_is(cloud: Cloud) -> None:
    cloud.headers = {"content-type": "text/event-stream"}
    cloud.pieces = (b"event: vertex_event\ndata: {}\n\n", b'event: ping\ndata: {"type":"ping"}\n\n')

    told = await cloud.relay(vertex(cloud), ordered({**HELLO, "stream": True}))

    assert told.body == b"".join(cloud.pieces)


async def test_only_the_basic_web_search_is_passed_on() -> None:
    def searching(kind: str) -> dict[str, Any]:
        return {**HELLO, "tools": [{"type": kind, "name": "web_search"}]}

    await vertex().outgoing(ordered(searching("web_search_20250305")))
    with pytest.raises(InvalidRequest, match="web_search_20260209' is not available on Google"):
        await vertex().outgoing(ordered(searching("web_search_20260209")))
