"""Any exception as an HTTP answer: the only place that gives one a status and an envelope."""

from math import ceil

import structlog
from starlette.exceptions import HTTPException

from antechamber.http.asgi import Header, Send, respond
from antechamber.wire.errors import (
    ApiError,
    InternalError,
    MethodNotAllowed,
    NotFound,
)
from antechamber.wire.problem import problem_body

_log = structlog.get_logger("antechamber.http")


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
        # Not of rate limits alone: a script may ask for a pause with any status.
        case ApiError(retry_after_s=int() | float() as seconds):
            return [(b"retry-after", str(ceil(seconds)).encode())]
        case HTTPException(headers={"Allow": methods}):
            # The router keeps them in a set.
            return [(b"allow", ", ".join(sorted(methods.split(", "))).encode())]
        case _:
            return []


async def send_problem(send: Send, error: ApiError, request_id: str, headers: list[Header]) -> None:
    """Answer with ``error``; only before anything else has been sent."""
    await respond(send, error.status, problem_body(error, request_id), headers)
