from typing import Any

import pytest

from antechamber.dialects.openai_front.paths import in_the_clients_terms
from antechamber.dialects.openai_front.problems import problem_of
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineTimedOut,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    PermissionRefused,
    RateLimited,
    RequestTooLarge,
    Unauthenticated,
)
from tests.unit.dialects.openai_front.requests import assistant, converted, system, user


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("messages.1.content.0.text: Bad", "messages.3.content.0.text: Bad"),
        ("messages.9: Bad", "messages.9: Bad"),
        ("max_tokens: 9 > 8, which is", "max_completion_tokens: 9 > 8, which is"),
        ("stop_sequences.0: Bad", "stop.0: Bad"),
        ("metadata.user_id: Too long", "user: Too long"),
        ("output_config.effort: Bad", "reasoning_effort: Bad"),
        ("output_config.format.schema: Bad", "response_format.json_schema.schema: Bad"),
        ("output_config.format: Bad", "response_format: Bad"),
        (
            "tools.2.custom.input_schema.type: Bad",
            "tools.2.function.parameters.type: Bad",
        ),
        ("tools.0.custom.name: Bad", "tools.0.function.name: Bad"),
        ("temperature: Bad", "temperature: Bad"),
        ("This model does not.", "This model does not."),
        (
            "messages.0: `tool_use` ids without `tool_result` blocks: call_1",
            "messages.1: `tool_calls` ids without `tool` messages: call_1",
        ),
        ("prompt is too long: 9 tokens > 8 maximum", "prompt is too long: 9 tokens > 8 maximum"),
    ],
)
def test_paths_are_the_clients_own(told: str, expected: str) -> None:
    conversion = converted(
        system(), user(), assistant(""), user("B"), max_completion_tokens=9, user="u"
    )

    assert in_the_clients_terms(InvalidRequest(told), conversion).message == expected


def test_what_else_an_error_carries_stays() -> None:
    error = InvalidRequest("stop_sequences: Bad", details={"error_code": "x"}, retry_after_s=3)

    told = in_the_clients_terms(error, converted())

    assert (told.details, told.retry_after_s) == ({"error_code": "x"}, 3)


@pytest.mark.parametrize(
    ("error", "status", "expected"),
    [
        (InvalidRequest("n: No"), 400, ("invalid_request_error", "n", None)),
        (InvalidRequest("No"), 400, ("invalid_request_error", None, None)),
        (Unauthenticated("No"), 401, ("authentication_error", None, "invalid_api_key")),
        (PermissionRefused("No"), 403, ("permission_error", None, None)),
        (NotFound("Not found"), 404, ("invalid_request_error", None, None)),
        (MethodNotAllowed("No"), 405, ("invalid_request_error", None, None)),
        (RequestTooLarge("No"), 413, ("invalid_request_error", None, "request_too_large")),
        (RateLimited("No"), 429, ("rate_limit_error", None, "rate_limit_exceeded")),
        (EngineFailed("No"), 500, ("server_error", None, None)),
        (InternalError("No"), 500, ("server_error", None, None)),
        (EngineTimedOut("No"), 504, ("server_error", None, "timeout")),
        (Overloaded("No"), 503, ("server_error", None, "overloaded")),
    ],
)
def test_every_error_has_its_status_and_its_words(
    error: ApiError, status: int, expected: tuple[str, str | None, str | None]
) -> None:
    problem = problem_of(error, "req_1")

    inner: Any = problem.body["error"]
    assert problem.status == status
    assert (inner["type"], inner["param"], inner["code"]) == expected
    assert inner["message"] == error.message


def test_a_model_that_is_not_served_has_the_code_of_that() -> None:
    inner: Any = problem_of(NotFound("model: gpt-9"), "req_1").body["error"]

    assert (inner["param"], inner["code"]) == ("model", "model_not_found")
    assert inner["message"] == "The model `gpt-9` is not served here"


@pytest.mark.parametrize(
    "message",
    [
        "prompt is too long: 9 tokens > 8 maximum",
        "input length and `max_tokens` exceed context limit: 9 + 9 > 8, decrease",
    ],
)
def test_a_prompt_that_is_too_long_has_the_code_that_programs_look_for(message: str) -> None:
    inner: Any = problem_of(InvalidRequest(message), "req_1").body["error"]

    assert inner["code"] == "context_length_exceeded"


def test_a_code_of_the_messages_api_stays() -> None:
    error = RateLimited("Spent.", details={"error_code": "enforced_spend_limit_reached"})

    inner: Any = problem_of(error, "req_1").body["error"]

    assert inner["code"] == "enforced_spend_limit_reached"
