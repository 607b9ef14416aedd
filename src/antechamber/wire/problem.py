"""The published envelope of an error, the same before the first byte and inside a stream."""

from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import ApiError


def problem_body(error: ApiError, request_id: str | None) -> bytes:
    """Return the JSON body of ``error``; ``details`` only where there are any."""
    inner: dict[str, object] = {"type": error.type, "message": error.message}
    if error.details is not None:
        inner["details"] = error.details
    return encode_json({"type": "error", "error": inner, "request_id": request_id})
