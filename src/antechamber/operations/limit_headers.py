"""The headers ``anthropic-ratelimit-*``: what is left of each limit, and when it is whole again.

Source: platform.claude.com/docs/en/api/rate-limits#response-headers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

from antechamber.limits.base import Level

Header = tuple[bytes, bytes]
_Names = tuple[bytes, bytes, bytes]


def _names(kind: str) -> _Names:
    prefix = f"anthropic-ratelimit-{kind}".encode("ascii")
    return prefix + b"-limit", prefix + b"-remaining", prefix + b"-reset"


_REQUESTS = _names("requests")
_TOKENS = _names("tokens")
_INPUT = _names("input-tokens")
_OUTPUT = _names("output-tokens")


def limit_headers(
    requests: Sequence[Level],
    inputs: Sequence[Level],
    outputs: Sequence[Level],
    *,
    now: float,
    exact: bool,
) -> list[Header]:
    """Return the headers of a request's limits, of several of a kind the one with least left.

    ``now`` is Unix time. Unless ``exact``, remaining tokens are rounded to thousands, as the
    hosted API does.
    """
    headers: list[Header] = []
    unit = 1 if exact else 1000
    if requests:
        headers += _told(_REQUESTS, _tightest(requests), now, 1)
    given = _tightest(inputs) if inputs else None
    made = _tightest(outputs) if outputs else None
    if given is not None:
        headers += _told(_INPUT, given, now, unit)
    if made is not None:
        headers += _told(_OUTPUT, made, now, unit)
    if (total := _total(given, made)) is not None:
        headers += _told(_TOKENS, total, now, unit)
    return headers


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


def _told(names: _Names, level: Level, now: float, unit: int) -> tuple[Header, Header, Header]:
    limit, remaining, reset = names
    left = level.remaining if level.remaining > 0.0 else 0.0
    shown = int(left) if unit == 1 else round(left / unit) * unit
    return (
        (limit, b"%d" % level.per_minute),
        (remaining, b"%d" % shown),
        (reset, _moment(ceil(now + level.full_in_s))),
    )


@lru_cache(maxsize=1024)
def _moment(second: int) -> bytes:
    """Return a moment as RFC 3339 has it; buckets are whole again within the next minute or so."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode("ascii")
