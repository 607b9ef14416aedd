"""Which member of the error tree a scripted error is."""

from http import HTTPStatus

from antechamber.engines.scripted.script import ErrorAnswer, ErrorInStream
from antechamber.wire.errors import (
    ApiError,
    BillingRefused,
    CallerFault,
    Conflict,
    EngineFailed,
    EngineFault,
    EngineRateLimited,
    EngineTimedOut,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Overloaded,
    PermissionRefused,
    RequestTooLarge,
    Unauthenticated,
)

# Texts: the defaults of the error schemas in OpenAPI 2026-08; of 413 what the hosted edge sends.
# Order: of two with one type the later gives the status, so 400 wins over 405.
_MESSAGES: dict[type[CallerFault | EngineFault], str] = {
    MethodNotAllowed: "Method not allowed",
    InvalidRequest: "Invalid request",
    Unauthenticated: "Authentication error",
    BillingRefused: "Billing error",
    PermissionRefused: "Permission denied",
    NotFound: "Not found",
    Conflict: "Conflict",
    RequestTooLarge: "Request exceeds the maximum size",
    EngineRateLimited: "Rate limited",
    EngineFailed: "Internal server error",
    EngineTimedOut: "Request timeout",
    Overloaded: "Overloaded",
}
_BY_STATUS = {listed.status: listed for listed in _MESSAGES}
_BY_TYPE = {listed.type: listed for listed in _MESSAGES}


def fault_of(error: ErrorAnswer | ErrorInStream) -> ApiError:
    """Make the exception that the script asks for; what it leaves out follows from the rest.

    It is of the class that the tree has for the status, or, where it has none, of one of the two
    branches: 4xx are the caller's faults, 5xx and 429 the engine's, so that another one is asked.
    """
    if isinstance(error, ErrorInStream):
        error = ErrorAnswer(type=error.type, message=error.message, details=error.details)
    status = error.status or _status_of(error.type)
    kind = error.type or _type_of(status)
    message = error.message or _message_of(status)
    branch = CallerFault if status < HTTPStatus.INTERNAL_SERVER_ERROR else EngineFault
    made = _kind_of(_BY_STATUS.get(status, branch), status, kind)
    return made(message, details=error.details, retry_after_s=error.retry_after_s)


def _status_of(kind: str | None) -> int:
    listed = _BY_TYPE.get(kind or "")
    return EngineFailed.status if listed is None else listed.status


def _type_of(status: int) -> str:
    if (listed := _BY_STATUS.get(status)) is not None:
        return listed.type
    return InvalidRequest.type if status < HTTPStatus.INTERNAL_SERVER_ERROR else EngineFailed.type


def _message_of(status: int) -> str:
    if (listed := _BY_STATUS.get(status)) is not None:
        return _MESSAGES[listed]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"Status {status}"


def _kind_of(base: type[ApiError], status_: int, type_: str) -> type[ApiError]:
    """Return ``base`` where it fits, else a class like it that does.

    A class, because in the error tree status and type belong to the class, not the instance.
    """
    if (base.status, base.type) == (status_, type_):
        return base

    class ScriptedFault(base):
        status = status_
        type = type_

    return ScriptedFault
