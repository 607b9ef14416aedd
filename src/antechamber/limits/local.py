"""Buckets in this process."""

from collections.abc import Sequence

import msgspec

from antechamber.limits.base import Bucket, Outcome, Take
from antechamber.limits.buckets import refused, used_after
from antechamber.runtime.clock import Clock

_FEW = 1024
"""So many buckets are kept without looking which of them are full again."""


class _Kept(msgspec.Struct, gc=False):
    used: float
    at: float
    """On the monotonic clock, when so much was used."""
    per_minute: int


class LocalKeeper:
    """Keeps buckets in memory. It never waits for anything."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._most = _FEW

    @property
    def is_shared(self) -> bool:
        """No other process knows of them."""
        return False

    async def take(self, takes: Sequence[Take]) -> Outcome:
        """Take from every bucket, or from none."""
        now = self._clock.monotonic()
        found = self._kept.get
        used: list[float] = []
        taken: list[float] = []
        fits = True
        for take in takes:
            bucket = take.bucket
            kept, size = found(bucket.key), bucket.per_minute
            gone = 0.0 if kept is None else used_after(kept.used, now - kept.at, size)
            if gone + take.least > size:
                fits = False
            amount = take.amount
            of_it = amount if gone + amount <= size else max(0.0, size - gone)
            used.append(gone)
            taken.append(of_it)
        if not fits:
            return Outcome(used, [0.0] * len(takes), now, self, refused(takes, used))
        for index, take in enumerate(takes):
            if of_it := taken[index]:
                used[index] += of_it
                self._keep(take.bucket, used[index], now)
        return Outcome(used, taken, now, self)

    def settle(self, bucket: Bucket, more: float) -> None:
        """Correct what was taken."""
        now = self._clock.monotonic()
        kept = self._kept.get(bucket.key)
        used = 0.0 if kept is None else used_after(kept.used, now - kept.at, bucket.per_minute)
        self._keep(bucket, max(0.0, used + more), now)

    async def aclose(self) -> None:
        """Nothing is held."""

    def _keep(self, bucket: Bucket, used: float, now: float) -> None:
        kept = self._kept.get(bucket.key)
        if kept is not None:
            kept.used, kept.at, kept.per_minute = used, now, bucket.per_minute
            return
        if len(self._kept) >= self._most:
            self._forget_full(now)
        self._kept[bucket.key] = _Kept(used, now, bucket.per_minute)

    def _forget_full(self, now: float) -> None:
        self._kept = {
            key: kept
            for key, kept in self._kept.items()
            if used_after(kept.used, now - kept.at, kept.per_minute)
        }
        # Looking through them again waits until they are twice as many, and so costs little.
        self._most = max(_FEW, 2 * len(self._kept))
