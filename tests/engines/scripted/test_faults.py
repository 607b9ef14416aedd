"""Scripted errors as members of the error tree."""

import pytest

from antechamber.engines.scripted.faults import fault_of
from antechamber.engines.scripted.script import ErrorAnswer, ErrorInStream
from antechamber.wire.errors import (
    ApiError,
    CallerFault,
    EngineFailed,
    EngineFault,
    EngineRateLimited,
    EngineTimedOut,
    InvalidRequest,
    NotFound,
    Overloaded,
    RequestTooLarge,
)


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (ErrorAnswer(status=400), InvalidRequest, "Invalid request"),
        (ErrorAnswer(status=404, message="model: x"), NotFound, "model: x"),
        (ErrorAnswer(status=413), RequestTooLarge, "Request exceeds the maximum size"),
        (ErrorAnswer(status=500), EngineFailed, "Internal server error"),
        (ErrorAnswer(status=504), EngineTimedOut, "Request timeout"),
        (ErrorAnswer(status=529), Overloaded, "Overloaded"),
        (ErrorAnswer(type="overloaded_error"), Overloaded, "Overloaded"),
        (ErrorAnswer(type="invalid_request_error"), InvalidRequest, "Invalid request"),
        (ErrorAnswer(type="api_error"), EngineFailed, "Internal server error"),
        (ErrorAnswer(status=429), EngineRateLimited, "Rate limited"),
        (ErrorInStream(events=1, type="overloaded_error"), Overloaded, "Overloaded"),
        (ErrorInStream(events=1), EngineFailed, "Internal server error"),
    ],
)
def test_an_error_that_the_tree_has_is_that_one(
    answer: ErrorAnswer | ErrorInStream, kind: type[ApiError], message: str
) -> None:
    fault = fault_of(answer)

    assert type(fault) is kind
    assert fault.message == message


@pytest.mark.parametrize(
    ("answer", "branch", "status", "type_", "message"),
    [
        (ErrorAnswer(status=418), CallerFault, 418, "invalid_request_error", "I'm a Teapot"),
        (ErrorAnswer(status=503), EngineFault, 503, "api_error", "Service Unavailable"),
        (ErrorAnswer(status=599), EngineFault, 599, "api_error", "Status 599"),
        (ErrorAnswer(status=400, type="policy_blocked"), CallerFault, 400, "policy_blocked", ""),
        (ErrorAnswer(status=429, type="policy"), EngineFault, 429, "policy", "Rate limited"),
        (ErrorAnswer(type="new_error"), EngineFault, 500, "new_error", ""),
        (ErrorInStream(events=0, type="new_error"), EngineFault, 500, "new_error", ""),
    ],
)
def test_any_other_status_and_type_can_be_had(
    answer: ErrorAnswer | ErrorInStream,
    branch: type[ApiError],
    status: int,
    type_: str,
    message: str,
) -> None:
    fault = fault_of(answer)

    assert isinstance(fault, branch)
    assert (fault.status, fault.type) == (status, type_)
    assert fault.message == message or not message


@pytest.mark.parametrize(
    ("status", "kind"), [(429, EngineRateLimited), (503, EngineFault), (529, Overloaded)]
)
def test_an_error_may_say_when_to_come_back(status: int, kind: type[ApiError]) -> None:
    fault = fault_of(ErrorAnswer(status=status, retry_after_s=3, details={"error_code": "x"}))

    assert fault.status == status
    assert getattr(fault, "retry_after_s", None) == 3
    assert isinstance(fault, kind)
    assert fault.details == {"error_code": "x"}
