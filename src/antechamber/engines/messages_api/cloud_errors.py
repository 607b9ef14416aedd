"""Errors of the clouds' own making in the envelope of the Messages API.

What a cloud hands through from the model's own service has that envelope and stays as it is.
"""

from collections.abc import Mapping

import msgspec

from antechamber.wire.encoding import encode_json

_TOO_LONG = "input is too long for requested model"


class _Told(msgspec.Struct):
    """Where each of them says what was wrong: AWS at the top, Google and Azure inside ``error``."""

    type: str = ""
    error: "_Error | str | None" = None
    message: str | None = None
    capital_message: str | None = msgspec.field(name="Message", default=None)


class _Error(msgspec.Struct):
    type: str | None = None
    message: str = ""


_told = msgspec.json.Decoder(_Told | list[_Told])

_MEANT: Mapping[int, int] = {
    408: 504,  # ModelTimeoutException; 408 would say that the client was slow
    424: 500,  # ModelErrorException, ModelStreamErrorException: of no use to a client, repeat it
    499: 500,  # CANCELLED of Google: it was not our client who left
    503: 529,
}
"""Statuses for which the Messages API has another one with that meaning."""
_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def status_meant(status: int) -> int:
    """Return the status that the Messages API has for what ``status`` says."""
    # A cloud that sends us elsewhere has not answered; its redirects are not followed.
    return 500 if status < 400 else _MEANT.get(status, status)


def type_of(status: int) -> str:
    """Return the type of error that goes with a status of the Messages API."""
    return _TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")


def envelope(kind: str, message: str, request_id: str | None = None) -> bytes:
    """Return an error of the Messages API."""
    told: dict[str, object] = {"type": "error", "error": {"type": kind, "message": message}}
    return encode_json(told | ({} if request_id is None else {"request_id": request_id}))


def in_envelope(host: str, status: int, body: bytes, request_id: str | None = None) -> bytes:
    """Return ``body`` where it is an error of the Messages API, else one that says the same.

    ``status`` is one of the Messages API. What is no JSON, such as a proxy's page, is not shown.
    """
    try:
        read = _told.decode(body)
    except msgspec.DecodeError:
        read = _Told()
    told = read if isinstance(read, _Told) else next(iter(read), _Told())
    if told.type == "error" and isinstance(told.error, _Error) and told.error.type is not None:
        return body
    message = worded(_message(told)) or f"{host} answered with status {status}."
    return envelope(type_of(status), message, request_id)


def worded(message: str) -> str:
    """Return ``message`` as the API words it, so that programs which read it know it again."""
    # Claude's own errors come through Bedrock behind this.
    bare = message.removeprefix("The model returned the following errors: ")
    too_long = bare.lower().startswith(_TOO_LONG)
    return f"prompt is too long: {bare}" if too_long else bare


def _message(told: _Told) -> str:
    if isinstance(told.error, _Error):
        return told.error.message
    return told.message or told.capital_message or told.error or ""
