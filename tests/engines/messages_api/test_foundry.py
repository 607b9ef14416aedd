from contextlib import suppress

import pytest
from anthropic import APIStatusError, AsyncAnthropicFoundry

from antechamber.engines.messages_api.foundry import FoundryHost, foundry_address
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest
from tests.engines.messages_api.cloud import HELLO, Cloud, ordered


def foundry(cloud: Cloud) -> FoundryHost:
    return FoundryHost(f"{cloud.url}/anthropic/", api_key="secret")


async def test_a_message_goes_out_as_the_sdk_sends_it(cloud: Cloud) -> None:
    client = AsyncAnthropicFoundry(
        base_url=f"{cloud.url}/anthropic/", api_key="secret", max_retries=0
    )
    cloud.status = 400
    async with client:
        with suppress(APIStatusError):
            await client.beta.messages.create(
                model="my-deployment", betas=["files-api-2025-04-14"], **HELLO
            )
    golden = cloud.asked.pop()

    order = ordered(model="my-deployment", betas=["files-api-2025-04-14"], version="2026-10-21")
    await cloud.relay(foundry(cloud), order)

    ours = cloud.asked[0]
    assert ours.path == golden.path == "/anthropic/v1/messages"
    assert ours.json == golden.json
    for name in ("api-key", "x-api-key", "anthropic-version", "anthropic-beta", "content-type"):
        assert ours.headers[name] == golden.headers[name]


def test_a_resource_has_the_address_that_the_sdk_gives_it() -> None:
    client = AsyncAnthropicFoundry(resource="my-resource", api_key="secret")

    assert str(client.base_url).rstrip("/") == foundry_address("my-resource")


async def test_a_counting_goes_to_its_own_path(cloud: Cloud) -> None:
    cloud.pieces = (b'{"input_tokens":3}',)

    told = await cloud.relay(foundry(cloud), ordered(counts=True))

    assert cloud.asked[0].path == "/anthropic/v1/messages/count_tokens"
    assert told.body == b'{"input_tokens":3}'


async def test_azures_errors_become_errors_of_the_api(cloud: Cloud) -> None:
    cloud.status = 401
    for fault in (
        {"error": {"code": "401", "message": "Access denied."}},
        {"statusCode": 401, "message": "Access denied."},
    ):
        cloud.pieces = (encode_json(fault),)

        told = await cloud.relay(foundry(cloud), ordered())

        assert told.json["error"] == {"type": "authentication_error", "message": "Access denied."}


def test_an_error_of_azures_gets_the_id_of_the_request(cloud: Cloud) -> None:
    told = foundry(cloud).error_body(403, {}, b'{"message":"No."}', request_id="req_1")

    assert told == (
        b'{"type":"error","error":{"type":"permission_error","message":"No."},"request_id":"req_1"}'
    )


async def test_a_region_of_inference_is_refused_unless_it_is_any(cloud: Cloud) -> None:
    with pytest.raises(InvalidRequest, match="inference_geo: Not available on Microsoft Foundry"):
        await cloud.relay(foundry(cloud), ordered({**HELLO, "inference_geo": "us"}))

    sent = await foundry(cloud).outgoing(ordered({**HELLO, "inference_geo": "global"}))

    assert b"inference_geo" not in sent.body
    assert sent.dropped == ("inference_geo",)
