"""The headers ``anthropic-ratelimit-*``: what is left of each limit, and when it is whole again.

They stand in every answer, so they are written as lines of its head, all at once.
Source: platform.claude.com/docs/en/api/rate-limits#response-headers.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import ceil
from typing import Literal

import msgspec

from antechamber.limits.buckets import full_in_s

LimitKind = Literal["requests", "input-tokens", "output-tokens"]

_THREE_LINES = (
    "anthropic-ratelimit-{kind}-limit: {limit}\r\n"
    "anthropic-ratelimit-{kind}-remaining: %d\r\n"
    "anthropic-ratelimit-{kind}-reset: %b\r\n"
)
_MOST_CHOICES = 64
_LAST_SECOND = 253_402_300_799
"""Of the year 9999, after which there are no dates."""


class _Choice(msgspec.Struct, frozen=True):
    """Of each kind one bucket, and the lines about them but for the numbers."""

    requests: Sequence[int]
    tokens: Sequence[int]
    template: bytes


class LimitHeaders:
    """The lines about some buckets: of several of a kind about the one with least left."""

    __slots__ = ("_choice", "_limits", "_only", "_places", "_unit")

    def __init__(
        self, limits: Sequence[int], places: Mapping[LimitKind, range], *, exact: bool
    ) -> None:
        """``limits`` are the buckets' sizes, ``places`` which of them are of a kind.

        Unless ``exact``, remaining tokens are rounded to thousands, as the hosted API does.
        """
        self._limits = limits
        self._places = {kind: of_kind for kind, of_kind in places.items() if of_kind}
        self._unit = 1 if exact else 1000
        self._choice = lru_cache(_MOST_CHOICES)(self._new_choice)
        has_choice = any(len(of_kind) > 1 for of_kind in self._places.values())
        self._only = None if has_choice else self._tightest(limits)

    def lines(self, used: Sequence[float], now: float) -> bytes:
        """Return the lines for what is used of each bucket; ``now`` is Unix time."""
        choice = self._only or self._tightest(used)
        limits, unit, half = self._limits, self._unit, self._unit // 2
        values: list[int | bytes] = []
        for index in choice.requests:
            limit, gone = limits[index], used[index]
            values.append(int(limit - gone) if limit > gone else 0)
            values.append(_moment(ceil(now + full_in_s(gone, limit))))
        in_all = last = 0.0
        for index in choice.tokens:
            limit, gone = limits[index], used[index]
            whole_at = now + full_in_s(gone, limit)
            in_all += limit - gone
            if whole_at > last:
                last = whole_at
            values.append((int(limit - gone) + half) // unit * unit if limit > gone else 0)
            values.append(_moment(ceil(whole_at)))
        if last:
            values.append((int(in_all) + half) // unit * unit if in_all > 0.0 else 0)
            values.append(_moment(ceil(last)))
        return choice.template % tuple(values)

    def _tightest(self, used: Sequence[float]) -> _Choice:
        limits = self._limits
        return self._choice(
            tuple(
                min(of_kind, key=lambda index: limits[index] - used[index])
                for of_kind in self._places.values()
            )
        )

    def _new_choice(self, chosen: tuple[int, ...]) -> _Choice:
        by_kind = dict(zip(self._places, chosen, strict=True))
        told = {kind: self._limits[index] for kind, index in by_kind.items()}
        tokens = [index for kind, index in by_kind.items() if kind != "requests"]
        text = "".join(_THREE_LINES.format(kind=kind, limit=told[kind]) for kind in told)
        if tokens:
            both = sum(self._limits[index] for index in tokens)
            text += _THREE_LINES.format(kind="tokens", limit=both)
        requests = [index for kind, index in by_kind.items() if kind == "requests"]
        return _Choice(requests, tokens, text.encode("ascii"))


@lru_cache(maxsize=1024)
def _moment(second: int) -> bytes:
    """Return a moment as RFC 3339 has it; buckets are whole again within the next minute or so."""
    return (
        datetime.fromtimestamp(min(second, _LAST_SECOND), UTC)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .encode("ascii")
    )
