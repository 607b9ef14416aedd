"""Any exception as an HTTP answer: the only place that gives one a status and an envelope."""

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


async def send_problem(send: Send, error: ApiError, request_id: str) -> None:
    """Answer with ``error``; only before anything else has been sent."""
    headers: list[Header] = []
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        headers.append((b"retry-after", str(retry_after_s).encode()))
    await respond(send, error.status, problem_body(error, request_id), headers)
