"""Every status of the error table as the SDK's exception."""

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.conformance.bodies import body
from tests.conformance.manifest import requirement

CLASSES = {
    400: (anthropic.BadRequestError, "invalid_request_error"),
    401: (anthropic.AuthenticationError, "authentication_error"),
    402: (anthropic.PaymentRequiredError, "billing_error"),
    403: (anthropic.PermissionDeniedError, "permission_error"),
    404: (anthropic.NotFoundError, "not_found_error"),
    409: (anthropic.ConflictError, "conflict_error"),
    413: (anthropic.ContentTooLargeError, "request_too_large"),
    429: (anthropic.RateLimitError, "rate_limit_error"),
    500: (anthropic.InternalServerError, "api_error"),
    503: (anthropic.ServiceUnavailableError, "api_error"),
    504: (anthropic.GatewayTimeoutError, "timeout_error"),
    529: (anthropic.OverloadedError, "overloaded_error"),
}


@requirement("errors:classes")
@pytest.mark.parametrize("status", CLASSES)
def test_each_status_raises_its_class_with_the_published_type(
    client: Anthropic, status: int
) -> None:
    raised, kind = CLASSES[status]

    with pytest.raises(raised) as caught:
        client.messages.create(**body(f"fail with {status}"))

    assert caught.value.status_code == status
    assert caught.value.type == kind
    assert caught.value.request_id is not None
    assert caught.value.request_id.startswith("req_")


@requirement("errors:classes:async")
@pytest.mark.parametrize("status", [400, 429, 529])
async def test_the_asynchronous_client_raises_the_same(
    async_client: AsyncAnthropic, status: int
) -> None:
    raised, _ = CLASSES[status]

    with pytest.raises(raised):
        await async_client.messages.create(**body(f"fail with {status}"))


@requirement("errors:retry-after")
def test_a_rate_limit_says_when_to_come_back_in_whole_seconds(client: Anthropic) -> None:
    with pytest.raises(anthropic.RateLimitError) as caught:
        client.messages.create(**body("fail with 429"))

    assert int(caught.value.response.headers["retry-after"]) == 7


@requirement("errors:codes")
def test_a_code_in_the_details_reaches_the_exception(client: Anthropic) -> None:
    with pytest.raises(anthropic.RateLimitError) as caught:
        client.messages.create(**body("fail with a code"))

    assert caught.value.error_code == "enforced_spend_limit_reached"
    assert "retry-after" not in caught.value.response.headers


@requirement("errors:connection")
def test_no_server_is_a_connection_error() -> None:
    with (
        Anthropic(base_url="http://127.0.0.1:9", api_key="x", max_retries=0) as client,
        pytest.raises(anthropic.APIConnectionError),
    ):
        client.messages.create(**body())


@requirement("errors:timeout")
def test_a_client_that_waits_no_longer_gets_its_own_timeout(client: Anthropic) -> None:
    with pytest.raises(anthropic.APITimeoutError):
        client.messages.create(**body("fall silent"), timeout=0.3)
