import json

import pytest

from antechamber.wire.errors import ApiError, InvalidRequest, Overloaded, RateLimited
from antechamber.wire.problem import problem_body


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InvalidRequest("max_tokens: Field required"), "invalid_request_error"),
        (RateLimited("slow down", retry_after_s=3), "rate_limit_error"),
        (Overloaded("Overloaded"), "overloaded_error"),
    ],
)
def test_an_error_has_the_published_envelope(error: ApiError, kind: str) -> None:
    assert json.loads(problem_body(error, "req_1")) == {
        "type": "error",
        "error": {"type": kind, "message": error.message},
        "request_id": "req_1",
    }


def test_details_stand_beside_the_message() -> None:
    error = InvalidRequest("no", details={"error_code": "x", "unsupported": ["thinking"]})

    assert json.loads(problem_body(error, None)) == {
        "type": "error",
        "error": {
            "type": "invalid_request_error",
            "message": "no",
            "details": {"error_code": "x", "unsupported": ["thinking"]},
        },
        "request_id": None,
    }
