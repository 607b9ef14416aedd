"""Errors of a host as members of our error tree."""

from collections.abc import Mapping

from antechamber.dialects.openai_chat.overflow import overflow, overflow_message
from antechamber.dialects.openai_chat.told import Told, told_by, told_in
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineFault,
    EngineRateLimited,
    InvalidRequest,
    Overloaded,
)
from antechamber.wire.upstream_faults import PASSING_BY_STATUS, REFUSALS_BY_STATUS

_KINDS: Mapping[int, type[EngineFault] | type[InvalidRequest]] = {
    **REFUSALS_BY_STATUS,
    **PASSING_BY_STATUS,
    503: Overloaded,
    400: InvalidRequest,
    413: InvalidRequest,
    422: InvalidRequest,
}


def fault_of(
    upstream: str, status: int, body: bytes, *, retry_after_s: float | None = None
) -> ApiError:
    """Return our error for an answer of ``status``; its message names the host, never our key."""
    told = told_by(body)
    if told is not None:
        return fault_told(upstream, status, told, retry_after_s=retry_after_s)
    kind = _kind_of(status, "")
    if kind is InvalidRequest:
        kind = EngineFailed  # what answers the user's mistakes with a web page is no model
    return kind(f"{upstream} answered with status {status}.", retry_after_s=retry_after_s)


def fault_in_stream(upstream: str, value: object) -> ApiError:
    """Return our error for one that came in the middle of a stream."""
    told = told_in(value) or Told(message="", fields={})
    if told.status is not None:
        return fault_told(upstream, told.status, told)
    return _fault(upstream, 500, told, what_it_did="broke off")


def fault_told(
    upstream: str, status: int, told: Told, *, retry_after_s: float | None = None
) -> ApiError:
    """Return our error for what the host said."""
    did = f"answered with status {status}"
    return _fault(upstream, status, told, what_it_did=did, retry_after_s=retry_after_s)


def _fault(
    upstream: str,
    status: int,
    told: Told,
    *,
    what_it_did: str,
    retry_after_s: float | None = None,
) -> ApiError:
    if (full := overflow(status, told)) is not None:
        return InvalidRequest(overflow_message(full))
    kind = _kind_of(status, f"{told.code} {told.message}".lower())
    if kind is InvalidRequest:
        return InvalidRequest(told.message or f"{upstream} refused the request.")
    message = f"{upstream} {what_it_did}" + (f": {told.message}" if told.message else ".")
    return kind(message, retry_after_s=retry_after_s)


def _kind_of(status: int, words: str) -> type[EngineFault] | type[InvalidRequest]:
    if (kind := _KINDS.get(status)) is not None:
        return kind
    if status >= 500 and ("overloaded" in words or "at capacity" in words):
        return Overloaded
    if status >= 500 and ("rate_limit" in words or "rate limit" in words):
        return EngineRateLimited
    return EngineFailed
