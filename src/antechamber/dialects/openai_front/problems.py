"""Errors in the envelope of the other format: ``message``, ``type``, ``param``, ``code``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from antechamber.dialects.openai_front.paths import path_of
from antechamber.wire.errors import ApiError, InvalidRequest, NotFound
from antechamber.wire.shape import JsonObject

_UNAVAILABLE = 503
_KINDS: Mapping[int, tuple[str, str | None]] = {
    401: ("authentication_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("permission_error", None),
    413: ("invalid_request_error", "request_too_large"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    504: ("server_error", "timeout"),
    529: ("server_error", "overloaded"),
}
_TOO_LONG = re.compile(r"prompt is too long: |input length and `max_tokens` exceed context limit: ")
_MODEL = "model: "


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontProblem:
    """An error as this format answers it."""

    status: int
    body: JsonObject


def problem_of(error: ApiError, request_id: str) -> FrontProblem:
    """Return the answer to ``error``.

    529 is a status of the Messages API; clients of this format know 503, and repeat it.
    """
    kind, code = _KINDS.get(error.status, ("server_error", None))
    if error.status < 500 and error.status not in _KINDS:
        kind = "invalid_request_error"
    message, param = error.message, None
    match error:
        case NotFound() if message.startswith(_MODEL):
            param, code = "model", "model_not_found"
            message = f"The model `{message.removeprefix(_MODEL)}` is not served here"
        case InvalidRequest():
            param = path_of(message)
            if _TOO_LONG.match(message):
                # The code that programs look for to shorten the conversation and ask again.
                param, code = "messages", "context_length_exceeded"
        case _:
            pass
    told = (error.details or {}).get("error_code")
    inner: JsonObject = {
        "message": message,
        "type": kind,
        "param": param,
        "code": told if isinstance(told, str) else code,
    }
    return FrontProblem(
        status=_UNAVAILABLE if error.status == 529 else error.status,
        body={"error": inner, "request_id": request_id},
    )
