import asyncio
import base64
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from anthropic import APIStatusError
from anthropic.lib.bedrock import AsyncAnthropicBedrock

from antechamber.engines.messages_api.authentication import BearerToken
from antechamber.engines.messages_api.bedrock import BedrockHost
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed, InvalidRequest
from tests.engines.messages_api.cloud import CATALOGUE, HELLO, Asked, Cloud, Told, ordered

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab c;x"


def bedrock(cloud: Cloud | None = None, **options: Any) -> BedrockHost:
    return BedrockHost(
        "us-west-2",
        BearerToken("secret"),
        canonical=CATALOGUE.canonical,
        base_url=None if cloud is None else cloud.url,
        **options,
    )


async def as_the_sdk_asks(
    cloud: Cloud, ask: Callable[[AsyncAnthropicBedrock], Awaitable[object]]
) -> Asked:
    """Return what the official client sends; that the answer is none of the API's is no matter."""
    client = AsyncAnthropicBedrock(
        api_key="secret", aws_region="us-west-2", base_url=cloud.url, max_retries=0
    )
    status, cloud.status = cloud.status, 400
    async with client:
        with suppress(APIStatusError):
            await ask(client)
    cloud.status = status
    return cloud.asked.pop()


async def test_a_message_goes_out_as_the_sdk_sends_it(cloud: Cloud) -> None:
    golden = await as_the_sdk_asks(
        cloud, lambda client: client.messages.create(model=HAIKU, **HELLO)
    )

    await cloud.relay(bedrock(cloud), ordered(model=HAIKU, version="2026-10-21"))

    assert cloud.asked[0].path == golden.path == f"/model/{HAIKU}/invoke"
    assert cloud.asked[0].json == golden.json
    for name in ("authorization", "content-type"):
        assert cloud.asked[0].headers[name] == golden.headers[name]


async def test_a_stream_with_betas_goes_out_as_the_sdk_sends_it(cloud: Cloud) -> None:
    betas = ["context-1m-2025-08-07", "interleaved-thinking-2025-05-14"]
    golden = await as_the_sdk_asks(
        cloud,
        lambda client: client.beta.messages.create(model=HAIKU, betas=betas, stream=True, **HELLO),
    )

    order = ordered({**HELLO, "stream": True}, model=HAIKU, betas=betas, version="2026-10-21")
    cloud.pieces = ()
    await cloud.relay(bedrock(cloud), order)

    assert cloud.asked[0].path == golden.path == f"/model/{HAIKU}/invoke-with-response-stream"
    assert cloud.asked[0].json == golden.json
    assert cloud.asked[0].json["anthropic_beta"] == betas


async def test_an_address_is_encoded_as_the_sdk_encodes_it(cloud: Cloud) -> None:
    golden = await as_the_sdk_asks(
        cloud, lambda client: client.messages.create(model=PROFILE, **HELLO)
    )

    await cloud.relay(bedrock(cloud), ordered(model=PROFILE))

    assert cloud.asked[0].path == golden.path


async def test_what_the_door_takes_from_elsewhere_is_not_in_the_body(cloud: Cloud) -> None:
    cloud.pieces = ()

    await cloud.relay(bedrock(cloud), ordered({**HELLO, "stream": True}))

    assert set(cloud.asked[0].json) == {"max_tokens", "messages", "anthropic_version"}
    assert cloud.asked[0].json["anthropic_version"] == "bedrock-2023-05-31"
    assert "anthropic-version" not in cloud.asked[0].headers
    assert "anthropic-beta" not in cloud.asked[0].headers


async def test_the_rest_of_the_body_stays_as_it_is_to_the_byte() -> None:
    odd = b'"metadata": {"a":1.50 , "\\u00e9":"\\/"}'
    body = b'{"model":"claude-opus-4-7",' + odd + b',"max_tokens":1,"messages":[]}'

    sent = await bedrock().outgoing(msgspec.structs.replace(ordered(), body=body))

    assert odd.partition(b": ")[2] in sent.body


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ("claude-opus-4-7", "anthropic.claude-opus-4-7"),
        ("claude-opus-4-7[1m]", "anthropic.claude-opus-4-7"),
        ("claude-opus-4-6", "anthropic.claude-opus-4-6-v1"),
        ("claude-sonnet-4-6", "anthropic.claude-sonnet-4-6"),
        ("claude-haiku-4-5", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("us.claude-opus-4-5", "us.anthropic.claude-opus-4-5-20251101-v1:0"),
        ("global.claude-sonnet-5-5", "global.anthropic.claude-sonnet-5-5"),
        ("claude-3-5-sonnet-latest", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("claude-3-5-sonnet-20240620", "anthropic.claude-3-5-sonnet-20240620-v1:0"),
        ("eu.anthropic.claude-sonnet-4-20250514-v1:0",) * 2,
        ("apac.anthropic.claude-sonnet-4-6-v1:0",) * 2,
        ("my-provisioned-model",) * 2,
        ("arn:aws:bedrock:eu-west-1:1:prompt-router/x",) * 2,
    ],
)
async def test_a_model_is_named_as_bedrock_names_it(configured: str, expected: str) -> None:
    sent = await bedrock().outgoing(ordered(model=configured))

    assert sent.url == (
        "https://bedrock-runtime.us-west-2.amazonaws.com/model/"
        + expected.replace("/", "%2F")
        + "/invoke"
    )


async def test_a_user_profile_moves_from_the_header_into_the_body() -> None:
    order = ordered(headers={"anthropic-user-profile-id": "uprof_1", "user-agent": "x"})

    sent = await bedrock().outgoing(order)

    assert b'"user_profile_id":"uprof_1"' in sent.body
    assert "anthropic-user-profile-id" not in sent.headers


async def test_tokens_are_counted_of_a_request_that_could_be_invoked(cloud: Cloud) -> None:
    cloud.pieces = (b'{"inputTokens": 42}',)
    order = ordered(model=HAIKU, counts=True, betas=["context-1m-2025-08-07"])

    told = await cloud.relay(bedrock(cloud), order)

    asked = cloud.asked[0]
    # Profiles across regions cannot be counted for; the foundation model can.
    assert asked.path == "/model/anthropic.claude-haiku-4-5-20251001-v1:0/count-tokens"
    inner = base64.b64decode(asked.json["input"]["invokeModel"]["body"], validate=True)
    assert ordered_fields(inner) == {
        "messages": HELLO["messages"],
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["context-1m-2025-08-07"],
        "max_tokens": 128_000,
    }
    assert told.json == {"input_tokens": 42}


@pytest.mark.parametrize(
    ("configured", "counted"),
    [
        ("global.claude-opus-4-7", "anthropic.claude-opus-4-7"),
        ("sa.anthropic.claude-opus-4-7", "anthropic.claude-opus-4-7"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-7",
            "anthropic.claude-opus-4-7",
        ),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-7",) * 2,
        (PROFILE, PROFILE),
    ],
)
async def test_tokens_are_counted_for_the_foundation_model(configured: str, counted: str) -> None:
    sent = await bedrock().outgoing(ordered(model=configured, counts=True))

    assert sent.url.endswith(f"/model/{quote(counted, safe=':;')}/count-tokens")


def ordered_fields(body: bytes) -> Any:
    return Asked(method="", path="", headers={}, body=body).json


async def test_a_count_that_is_none_is_the_engines_fault(cloud: Cloud) -> None:
    cloud.pieces = (b'{"output": 1}',)

    with pytest.raises(EngineFailed, match="no count of tokens"):
        await cloud.relay(bedrock(cloud), ordered(counts=True))


async def refused(cloud: Cloud, status: int, name: str, told: object) -> Told:
    cloud.status = status
    cloud.headers = {"x-amzn-errortype": name, "x-amzn-requestid": "0a1b"} if name else {}
    cloud.pieces = (told if isinstance(told, bytes) else encode_json(told),)
    return await cloud.relay(bedrock(cloud), ordered())


@pytest.mark.parametrize(
    ("status", "name", "expected_status", "expected_type"),
    [
        (400, "ValidationException", 400, "invalid_request_error"),
        (
            400,
            "ValidationException:http://internal.amazon.com/coral/x/",
            400,
            "invalid_request_error",
        ),
        (400, "ServiceQuotaExceededException", 429, "rate_limit_error"),
        (403, "AccessDeniedException", 403, "permission_error"),
        (403, "UnrecognizedClientException", 401, "authentication_error"),
        (403, "ExpiredTokenException", 401, "authentication_error"),
        (403, "InvalidSignatureException", 401, "authentication_error"),
        (404, "ResourceNotFoundException", 404, "not_found_error"),
        (408, "ModelTimeoutException", 504, "timeout_error"),
        (424, "ModelErrorException", 500, "api_error"),
        (424, "ModelStreamErrorException", 500, "api_error"),
        (429, "ThrottlingException", 429, "rate_limit_error"),
        (429, "ModelNotReadyException", 529, "overloaded_error"),
        (500, "InternalServerException", 500, "api_error"),
        (503, "ServiceUnavailableException", 529, "overloaded_error"),
        (413, "", 413, "request_too_large"),
        (502, "", 502, "api_error"),
        (301, "", 500, "api_error"),
    ],
)
async def test_an_exception_becomes_an_error_of_the_api(
    cloud: Cloud, status: int, name: str, expected_status: int, expected_type: str
) -> None:
    told = await refused(cloud, status, name, {"message": "Said so."})

    assert told.status == expected_status
    assert told.json["type"] == "error"
    assert told.json["error"] == {"type": expected_type, "message": "Said so."}
    if name:
        assert told.json["request_id"] == "0a1b"


def test_an_exception_without_an_id_gets_that_of_the_request(cloud: Cloud) -> None:
    told = bedrock(cloud).error_body(500, {}, b'{"message":"Said so."}', request_id="req_1")

    assert told == (
        b'{"type":"error","error":{"type":"api_error","message":"Said so."},"request_id":"req_1"}'
    )


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (
            "The model returned the following errors: messages.0: too odd",
            "messages.0: too odd",
        ),
        (
            "Input is too long for requested model.",
            "prompt is too long: Input is too long for requested model.",
        ),
        (
            "The model returned the following errors: prompt is too long: 9 tokens > 8 maximum",
            "prompt is too long: 9 tokens > 8 maximum",
        ),
    ],
)
async def test_an_error_is_worded_as_programs_know_it(cloud: Cloud, said: str, heard: str) -> None:
    told = await refused(cloud, 400, "ValidationException", {"message": said})

    assert told.json["error"]["message"] == heard


@pytest.mark.parametrize("page", [b"<html>502</html>", b"", b'{"mess', b"[]", b"null", b"7"])
async def test_an_error_that_cannot_be_read_names_the_host(cloud: Cloud, page: bytes) -> None:
    told = await refused(cloud, 502, "", page)

    assert told.json["error"] == {
        "type": "api_error",
        "message": "Amazon Bedrock answered with status 502.",
    }


async def test_the_capital_message_of_aws_front_doors_is_read_too(cloud: Cloud) -> None:
    told = await refused(cloud, 403, "AccessDeniedException", {"Message": "Not you."})

    assert told.json["error"]["message"] == "Not you."


async def test_an_error_in_the_envelope_of_the_api_stays_as_it_is(cloud: Cloud) -> None:
    own = b'{ "type":"error","error":{"type":"invalid_request_error","message":"x","details":1}}'

    told = await refused(cloud, 400, "", own)

    assert told.body == own


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ({"mcp_servers": [{"type": "url"}]}, "mcp_servers: Not available on Amazon Bedrock"),
        ({"container": "container_1"}, "container: Not available on Amazon Bedrock"),
        ({"inference_geo": "us"}, "inference_geo: Not available on Amazon Bedrock"),
        (
            {"tools": [{"name": "a"}, {"type": "web_search_20250305", "name": "web_search"}]},
            "tools.1.type: 'web_search_20250305' is not available on Amazon Bedrock",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": "a"},
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "b"},
                            {"type": "image", "source": {"type": "url", "url": "https://a.b/c"}},
                        ],
                    },
                ]
            },
            "messages.1.content.1.source: "
            "sources of type 'url' are not available on Amazon Bedrock",
        ),
    ],
)
async def test_what_the_answer_hangs_on_is_refused_before_anything_is_sent(
    cloud: Cloud, extra: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        await cloud.relay(bedrock(cloud), ordered({**HELLO, **extra}))

    assert refusal.value.message == message
    assert cloud.asked == []


async def test_many_requests_at_once_do_not_mix(cloud: Cloud) -> None:
    hosts = bedrock(cloud)
    orders = [ordered({**HELLO, "max_tokens": number}) for number in range(1, 21)]

    await asyncio.gather(*(cloud.relay(hosts, order) for order in orders))

    assert sorted(asked.json["max_tokens"] for asked in cloud.asked) == list(range(1, 21))


async def test_a_large_request_goes_out_as_a_small_one_does(cloud: Cloud) -> None:
    text = "x" * (1024 * 1024)
    body = {**HELLO, "messages": [{"role": "user", "content": text}], "service_tier": "auto"}

    sent = await bedrock(cloud).outgoing(ordered(body))

    assert sent.dropped == ("service_tier",)
    assert ordered_fields(sent.body)["messages"][0]["content"] == text
