"""What an answer to an error carries beside its envelope."""

import pytest
from starlette.exceptions import HTTPException

from antechamber.http.asgi import head_line
from antechamber.http.problems import answer_headers
from antechamber.wire.errors import EngineFailed, EngineRateLimited, RateLimited


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (RateLimited("No.", retry_after_s=7), b"7"),
        (EngineRateLimited("No.", retry_after_s=0.2), b"1"),
        (EngineRateLimited("No."), b"1"),
        (EngineFailed("No.", retry_after_s=2), b"2"),
    ],
)
def test_a_limit_says_in_whole_seconds_when_to_come_back(error: Exception, pause: bytes) -> None:
    """T44: a 429 without it is repeated at once, and again."""
    assert answer_headers(error) == [(b"retry-after", pause)]


@pytest.mark.parametrize("kind", [RateLimited, EngineRateLimited])
def test_a_spend_limit_does_not(kind: type[RateLimited | EngineRateLimited]) -> None:
    """T44: it holds until the first of the month."""
    assert answer_headers(kind("No.", details={"error_code": "enforced_spend_limit_reached"})) == []


def test_a_refusal_tells_how_the_limits_stand() -> None:
    standing = (b"anthropic-ratelimit-requests-remaining", b"0")

    error = RateLimited("No.", retry_after_s=1, lines=head_line(*standing))

    assert answer_headers(error) == [(b"retry-after", b"1"), standing]


def test_clients_do_not_repeat_what_no_retry_helps() -> None:
    """T44: without it the SDKs come back, and again."""
    error = RateLimited("No.", retry_after_s=1, is_final=True)

    assert answer_headers(error) == [(b"retry-after", b"1"), (b"x-should-retry", b"false")]


def test_a_wrong_method_is_told_the_right_ones() -> None:
    assert answer_headers(HTTPException(405, headers={"Allow": "POST, GET"})) == [
        (b"allow", b"GET, POST")
    ]
    assert answer_headers(ValueError()) == []
