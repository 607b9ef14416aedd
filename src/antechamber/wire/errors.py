"""The whole error tree: whose fault it is, the HTTP status and the published type of each.

    ApiError
    ├── CallerFault          the request cannot be served as it is
    │   ├── InvalidRequest       400 invalid_request_error
    │   ├── Unauthenticated      401 authentication_error
    │   ├── BillingRefused       402 billing_error
    │   ├── PermissionRefused    403 permission_error
    │   ├── NotFound             404 not_found_error
    │   ├── MethodNotAllowed     405 invalid_request_error
    │   ├── Conflict             409 conflict_error
    │   ├── RequestTooLarge      413 request_too_large
    │   └── RateLimited          429 rate_limit_error
    └── ServerFault          the request was fine
        ├── EngineFault          what answers could not
        │   ├── EngineFailed         500 api_error
        │   │   └── EngineRefusesUs      500 api_error: our key, our bill
        │   │       └── EngineLacksModel our name for the model
        │   ├── EngineTimedOut       504 timeout_error
        │   ├── EngineRateLimited    429 rate_limit_error
        │   └── Overloaded           529 overloaded_error
        └── InternalError        500 api_error: a bug of ours

Texts are the hosted API's; each stands where it is raised. How an error is rendered is in
``http.problems`` (before the first byte) and ``turn.sse`` (after it).
"""

from collections.abc import Mapping
from typing import ClassVar

Details = Mapping[str, object]


class ApiError(Exception):
    """An answer other than success: ``status``, ``type`` and the message that the client reads."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "api_error"

    def __init__(
        self,
        message: str,
        *,
        details: Details | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        """Goes out as ``error.details``; holds ``error_code`` where the SDKs know one."""
        self.retry_after_s = retry_after_s
        """When to come back, where somebody knows it; goes out as ``retry-after``."""


class CallerFault(ApiError):
    """The request cannot be served as it is."""


class InvalidRequest(CallerFault):
    """The message begins with the failing path, if any: ``max_tokens: Field required``."""

    status = 400
    type = "invalid_request_error"


class Unauthenticated(CallerFault):
    """No credential, or one that is not known."""

    status = 401
    type = "authentication_error"


class BillingRefused(CallerFault):
    """Billing of a linked organization failed."""

    status = 402
    type = "billing_error"


class PermissionRefused(CallerFault):
    """The credential is known and not allowed to do this."""

    status = 403
    type = "permission_error"


class NotFound(CallerFault):
    """There is no such model, object or endpoint."""

    status = 404
    type = "not_found_error"


class MethodNotAllowed(CallerFault):
    """The path exists, the method does not."""

    status = 405
    type = "invalid_request_error"


class Conflict(CallerFault):
    """The object is in a state that forbids this."""

    status = 409
    type = "conflict_error"


class RequestTooLarge(CallerFault):
    """The body is larger than the endpoint takes."""

    status = 413
    type = "request_too_large"


class RateLimited(CallerFault):
    """A limit is used up; ``retry_after_s`` is missing only for spend limits."""

    status = 429
    type = "rate_limit_error"

    def __init__(
        self,
        message: str,
        *,
        details: Details | None = None,
        retry_after_s: float | None = None,
        lines: bytes = b"",
        is_final: bool = False,
    ) -> None:
        super().__init__(message, details=details, retry_after_s=retry_after_s)
        self.is_final = is_final
        """Whether no retry helps; goes out as ``x-should-retry: false``, which the SDKs obey."""
        self.lines = lines
        """Of the answer's head: how the limits stand, as every answer tells it."""


class ServerFault(ApiError):
    """The request was fine; a repetition may help."""


class EngineFault(ServerFault):
    """What was asked to answer could not; another engine may."""


class EngineFailed(EngineFault):
    """The engine broke off or answered something that is no answer."""


class EngineRefusesUs(EngineFailed):
    """The engine does not take our key or does not know the model: no repetition helps."""


class EngineLacksModel(EngineRefusesUs):
    """The engine does not know the model, or does not give us this one: others it may."""


class EngineRateLimited(EngineFault):
    """Our limit at the engine is used up."""

    status = 429
    type = "rate_limit_error"


class EngineTimedOut(EngineFault):
    """The engine did not answer within the time that settings allow."""

    status = 504
    type = "timeout_error"


class Overloaded(EngineFault):
    """No capacity is free, here or in the engine."""

    status = 529
    type = "overloaded_error"


class GaveWay(Overloaded):
    """A turn of a batch was ended for one that somebody waits for; says nothing of the engine."""


class InternalError(ServerFault):
    """A bug of ours; the message says nothing about it, the log does."""
