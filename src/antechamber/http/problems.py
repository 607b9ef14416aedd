"""Any exception as an HTTP answer: the only place that gives one a status and an envelope."""

from math import ceil

import structlog
from starlette.exceptions import HTTPException

from antechamber.http.asgi import Header, Send, headers_of, respond
from antechamber.wire.errors import (
    ApiError,
    EngineRateLimited,
    InternalError,
    MethodNotAllowed,
    NotFound,
    RateLimited,
)
from antechamber.wire.problem import problem_body

_log = structlog.get_logger("antechamber.http")
_LEAST_PAUSE_S = 1
"""Of an upstream whose limit is used up and that does not say for how long."""
_SPEND_LIMITS = ("enforced_spend_limit_reached", "contract_spend_limit_reached")


def as_api_error(error: Exception, request_id: str) -> ApiError:
    """Return the error that the client is to read; a bug of ours is logged and not told."""
    match error:
        case ApiError():
            return error
        case HTTPException(status_code=404):
            return NotFound("Not found")
        case HTTPException(status_code=405):
            return MethodNotAllowed("Method Not Allowed")
        case _:
            _log.error("bug", request_id=request_id, exc_info=error)
            return InternalError("Internal server error")


def answer_headers(error: Exception) -> list[Header]:
    """Return the headers that the answer to ``error`` carries beside its envelope."""
    match error:
        case ApiError():
            return [
                *_pause(error),
                *(_standing(error) if isinstance(error, RateLimited) else ()),
            ]
        case HTTPException(headers={"Allow": methods}):
            # The router keeps them in a set.
            return [(b"allow", ", ".join(sorted(methods.split(", "))).encode())]
        case _:
            return []


def _standing(error: RateLimited) -> list[Header]:
    retry = [(b"x-should-retry", b"false")] if error.is_final else []
    return retry + headers_of(error.lines)


def _pause(error: ApiError) -> list[Header]:
    # Not of rate limits alone: a script may ask for a pause with any status.
    seconds = error.retry_after_s
    if seconds is None and isinstance(error, EngineRateLimited):
        # Clients that find none come back at once, and again; but no pause of ours is a month.
        code = (error.details or {}).get("error_code")
        seconds = None if code in _SPEND_LIMITS else _LEAST_PAUSE_S
    return [] if seconds is None else [(b"retry-after", str(ceil(seconds)).encode())]


async def send_problem(send: Send, error: ApiError, request_id: str, headers: list[Header]) -> None:
    """Answer with ``error``; only before anything else has been sent."""
    await respond(send, error.status, problem_body(error, request_id), headers)
