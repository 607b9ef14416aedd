import pytest

from antechamber.dialects.gemini.errors import error_of
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineLacksModel,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
)


def told(status: int, message: str, name: str = "", *details: dict[str, object]) -> ApiError:
    error = {"code": status, "message": message, "status": name, "details": list(details)}
    return error_of("gemini", status, encode_json({"error": error}))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, InvalidRequest),
        (401, EngineRefusesUs),
        (403, EngineRefusesUs),
        (404, EngineLacksModel),
        (408, EngineTimedOut),
        (413, InvalidRequest),
        (422, InvalidRequest),
        (429, EngineRateLimited),
        (499, EngineFailed),
        (500, EngineFailed),
        (502, EngineFailed),
        (503, Overloaded),
        (504, EngineTimedOut),
    ],
)
def test_each_status_becomes_an_error_of_ours_with_what_gemini_said(
    status: int, expected: type[ApiError]
) -> None:
    error = told(status, "Because.")

    assert type(error) is expected
    assert "Because." in error.message
    assert expected is InvalidRequest or "gemini" in error.message


# recorded: vercel/ai, google-429-retry-info, July 2026
def test_a_used_up_limit_says_when_to_come_back() -> None:
    error = told(
        429,
        "You exceeded your current quota, please check your plan.",
        "RESOURCE_EXHAUSTED",
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": "x"}]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"},
    )

    assert error.retry_after_s == 34.4


def test_the_header_says_when_to_come_back_where_the_body_does_not() -> None:
    assert error_of("gemini", 503, b"", retry_after_s=7).retry_after_s == 7


# T60: google-gemini/gemini-cli#6678 and the wordings around it
@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "The input token count (1200293) exceeds the maximum number of tokens allowed "
            "(1048576).",
            "prompt is too long: 1200293 tokens > 1048576 maximum",
        ),
        (
            "The input token count is 40000 but model only supports up to 32767",
            "prompt is too long: 40000 tokens > 32767 maximum",
        ),
        (
            "The input token count exceeds the maximum number of tokens allowed 1048576.",
            "prompt is too long: The input token count exceeds the maximum number of tokens "
            "allowed 1048576.",
        ),
    ],
)
def test_a_prompt_beyond_the_window_is_told_in_the_hosted_wording(
    message: str, expected: str
) -> None:
    error = told(400, message, "INVALID_ARGUMENT")

    assert type(error) is InvalidRequest
    assert error.message == expected


@pytest.mark.parametrize("reason", ["API_KEY_INVALID", "API_KEY_EXPIRED", "SERVICE_DISABLED"])
def test_a_key_that_is_no_good_is_not_the_users_fault(reason: str) -> None:
    error = told(400, "API key not valid.", "INVALID_ARGUMENT", {"reason": reason})

    assert type(error) is EngineRefusesUs


def test_neither_is_the_place_or_the_billing_of_the_account() -> None:
    error = told(400, "User location is not supported for the API use.", "FAILED_PRECONDITION")

    assert type(error) is EngineRefusesUs


@pytest.mark.parametrize(
    "message",
    ["Consumer 'api_key:AIzaSyTEST-key_1' has been suspended.", "The key AIzaSyTEST-key_1 leaked."],
)
def test_our_key_is_never_told(message: str) -> None:
    assert "TEST" not in told(403, message).message


# T59
@pytest.mark.parametrize(
    "body",
    [b"", b"<html>Bad gateway</html>", b"{", b"[]", b"null", b'{"error":"no"}', b"\xff\xfe", b"{}"],
)
@pytest.mark.parametrize("status", [400, 500, 502])
def test_a_body_that_says_nothing_is_a_failure_that_names_the_upstream(
    status: int, body: bytes
) -> None:
    error = error_of("gemini", status, body)

    assert type(error) is EngineFailed
    assert error.message == f"gemini: status {status}"


def test_an_error_that_comes_as_a_list_is_read_too() -> None:
    body = encode_json([{"error": {"code": 404, "message": "No such model."}}])

    assert error_of("gemini", 404, body).message == "gemini refuses us: No such model."
