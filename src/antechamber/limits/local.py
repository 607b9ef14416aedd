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
        used: list[float] = []
        fits = True
        for take in takes:
            gone = self._used(take.bucket, now)
            used.append(gone)
            if gone + take.least > take.bucket.per_minute:
                fits = False
        if not fits:
            return refused(takes, used)
        taken: list[float] = []
        for index, take in enumerate(takes):
            of_it: float = take.amount
            if of_it:
                bucket = take.bucket
                gone = used[index]
                if of_it > bucket.per_minute - gone:
                    of_it = max(0.0, bucket.per_minute - gone)
                used[index] = gone = gone + of_it
                self._keep(bucket, gone, now)
            taken.append(of_it)
        return Outcome(used, taken)

    def settle(self, bucket: Bucket, more: float) -> None:
        """Correct what was taken."""
        now = self._clock.monotonic()
        self._keep(bucket, max(0.0, self._used(bucket, now) + more), now)

    async def aclose(self) -> None:
        """Nothing is held."""

    def _used(self, bucket: Bucket, now: float) -> float:
        kept = self._kept.get(bucket.key)
        return 0.0 if kept is None else used_after(kept.used, now - kept.at, bucket.per_minute)

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
