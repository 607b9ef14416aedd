"""The headers ``anthropic-ratelimit-*``: what is left of each limit, and when it is whole again.

They stand in every answer, so they are written as lines of its head, all at once.
Source: platform.claude.com/docs/en/api/rate-limits#response-headers.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil

from antechamber.limits.base import Level


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
    given = _tightest(inputs) if inputs else None
    made = _tightest(outputs) if outputs else None
    told: list[tuple[str, Level, int]] = []
    unit = 1 if exact else 1000
    if requests:
        told.append(("requests", _tightest(requests), 1))
    if given is not None:
        told.append(("input-tokens", given, unit))
    if made is not None:
        told.append(("output-tokens", made, unit))
    if (total := _total(given, made)) is not None:
        told.append(("tokens", total, unit))
    values: list[int | bytes] = []
    for _, level, each in told:
        left = level.remaining if level.remaining > 0.0 else 0.0
        values.append(int(left) if each == 1 else round(left / each) * each)
        values.append(_moment(ceil(now + level.full_in_s)))
    limits = tuple((kind, level.per_minute) for kind, level, _ in told)
    return _template(limits) % tuple(values)


@lru_cache(maxsize=1024)
def _template(limits: tuple[tuple[str, int], ...]) -> bytes:
    """Return the lines for these limits, with places for what is left and until when."""
    return b"".join(
        b"anthropic-ratelimit-%b-limit: %d\r\n"
        b"anthropic-ratelimit-%b-remaining: %%d\r\n"
        b"anthropic-ratelimit-%b-reset: %%b\r\n" % (name, per_minute, name, name)
        for kind, per_minute in limits
        for name in (kind.encode("ascii"),)
    )


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
