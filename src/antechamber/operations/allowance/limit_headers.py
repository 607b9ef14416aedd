"""The headers ``anthropic-ratelimit-*``: what is left of each limit, and when it is whole again.

They stand in every answer, so they are written as lines of its head, all at once.
Source: platform.claude.com/docs/en/api/rate-limits#response-headers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

from antechamber.limits.base import Level

_TEMPLATE = (
    b"anthropic-ratelimit-%b-limit: %d\r\n"
    b"anthropic-ratelimit-%b-remaining: %d\r\n"
    b"anthropic-ratelimit-%b-reset: %b\r\n"
)


def limit_lines(
    requests: Sequence[Level],
    inputs: Sequence[Level],
    outputs: Sequence[Level],
    *,
    now: float,
    exact: bool,
) -> bytes:
    """Return the lines of a request's limits, of several of a kind the one with least left.

    ``now`` is Unix time. Unless ``exact``, remaining tokens are rounded to thousands, as the
    hosted API does.
    """
    unit = 1 if exact else 1000
    lines = _told(b"requests", _tightest(requests), now, 1) if requests else b""
    given = _tightest(inputs) if inputs else None
    made = _tightest(outputs) if outputs else None
    if given is not None:
        lines += _told(b"input-tokens", given, now, unit)
    if made is not None:
        lines += _told(b"output-tokens", made, now, unit)
    if (total := _total(given, made)) is not None:
        lines += _told(b"tokens", total, now, unit)
    return lines


def _told(kind: bytes, level: Level, now: float, unit: int) -> bytes:
    left = int(level.remaining) if level.remaining > 0.0 else 0
    if unit > 1:
        left = (left + unit // 2) // unit * unit
    return _lines(kind, level.per_minute, left, ceil(now + level.full_in_s))


@lru_cache(maxsize=4096)
def _lines(kind: bytes, limit: int, remaining: int, second: int) -> bytes:
    # Within a second, tokens that are rounded are mostly the same.
    return _TEMPLATE % (kind, limit, kind, remaining, kind, _moment(second))


def _tightest(levels: Sequence[Level]) -> Level:
    return levels[0] if len(levels) == 1 else min(levels, key=lambda level: level.remaining)


def _total(given: Level | None, made: Level | None) -> Level | None:
    if given is None or made is None:
        return given or made
    return Level(
        given.per_minute + made.per_minute,
        given.remaining + made.remaining,
        max(given.full_in_s, made.full_in_s),
    )


@lru_cache(maxsize=1024)
def _moment(second: int) -> bytes:
    """Return a moment as RFC 3339 has it; buckets are whole again within the next minute or so."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode("ascii")
