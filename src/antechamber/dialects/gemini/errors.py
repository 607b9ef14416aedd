"""Gemini's errors as ours.

Source: ai.google.dev/gemini-api/docs/troubleshooting; google.rpc.Status, RetryInfo, ErrorInfo.
"""

import re

import msgspec

from antechamber.dialects.gemini.shapes import Chunk, ErrorBody
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineLacksModel,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
)

# google-gemini/gemini-cli#6678, and the wording before it
_TOO_LONG = re.compile(
    r"input token count(?: is|) \(?(\d+)\)?"
    r"(?: exceeds the maximum number of tokens allowed| but model only supports up to) \(?(\d+)"
)
_TOO_LONG_WITHOUT_NUMBERS = re.compile(
    r"exceeds the maximum (?:number of )?(?:input )?tokens?|input token limit", re.IGNORECASE
)
_KEY = re.compile(r"AIza[\w-]{6,}|(?<=api_key:)[^\s'\"]+")
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s")
_NOT_THE_INPUT = ("API_KEY_", "SERVICE_DISABLED", "CONSUMER_", "BILLING_")
"""What a wrong key and its like begin with: they come with status 400 too."""


def error_of(
    upstream: str, status: int, body: bytes, *, retry_after_s: float | None = None
) -> ApiError:
    """Return the error that an answer of ``status`` means; its body need not be JSON."""
    told = _told(body)
    if told is None:
        told = ErrorBody()
    return told_error(upstream, status, told, retry_after_s=retry_after_s)


def told_error(
    upstream: str, status: int, told: ErrorBody, *, retry_after_s: float | None = None
) -> ApiError:
    """Return the error that ``told`` means; also for one in the middle of a stream."""
    text = _KEY.sub("…", told.message) or f"status {status}"
    said = f"{upstream}: {text}"
    later_s = _retry_delay_s(told) or retry_after_s
    if status in (401, 403, 404) or (status == 400 and _is_about_us(told)):
        kind = EngineLacksModel if status == 404 else EngineRefusesUs
        return kind(f"{upstream} refuses us: {text}")
    match status:
        case 408 | 504:
            return EngineTimedOut(said, retry_after_s=later_s)
        case 429:
            return EngineRateLimited(said, retry_after_s=later_s)
        case 503 | 529:
            return Overloaded(said, retry_after_s=later_s)
        case 400 | 413 | 422 if told.message:
            return InvalidRequest(_too_long(told.message) or text)
        case _:
            return EngineFailed(said, retry_after_s=later_s)


def _told(body: bytes) -> ErrorBody | None:
    for shape in (Chunk, list[Chunk]):
        try:
            read = msgspec.json.decode(body, type=shape)
        except msgspec.MsgspecError:
            continue
        # Without alt=sse the error of a stream comes as a list of one.
        first = read if isinstance(read, Chunk) else next(iter(read), None)
        return first.error if first is not None else None
    return None


def _is_about_us(told: ErrorBody) -> bool:
    if told.status == "FAILED_PRECONDITION":
        # The location or the billing of the account.
        return True
    reasons = (detail.reason or "" for detail in told.details or ())
    return any(reason.startswith(_NOT_THE_INPUT) for reason in reasons)


def _too_long(message: str) -> str | None:
    """Return the hosted API's wording of a context overflow (pitfall T60); None for others."""
    if found := _TOO_LONG.search(message):
        return f"prompt is too long: {found[1]} tokens > {found[2]} maximum"
    if _TOO_LONG_WITHOUT_NUMBERS.search(message):
        return f"prompt is too long: {message}"
    return None


def _retry_delay_s(told: ErrorBody) -> float | None:
    for detail in told.details or ():
        if found := _SECONDS.fullmatch(detail.retry_delay or ""):
            return float(found[1])
    return None
