"""Buckets in this process."""

from collections.abc import Sequence

import msgspec

from antechamber.limits.base import Outcome, Take
from antechamber.limits.buckets import least_of, outcome_of, used_after
from antechamber.runtime.clock import Clock

_FEW = 1024
"""So many buckets are kept without looking which of them are full again."""


class _Bucket(msgspec.Struct, gc=False):
    used: float
    at: float
    """On the monotonic clock, when so much was used."""
    per_minute: int


class LocalKeeper:
    """Keeps buckets in memory. It never waits for anything."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._most = _FEW

    @property
    def is_shared(self) -> bool:
        """No other process knows of them."""
        return False

    async def take(self, takes: Sequence[Take]) -> Outcome:
        """Take from every bucket, or from none."""
        now = self._clock.monotonic()
        found = self._buckets.get
        used: list[float] = []
        let_in = True
        for take in takes:
            bucket, per_minute = found(take.key), take.per_minute
            gone = 0.0 if bucket is None else used_after(bucket.used, now - bucket.at, per_minute)
            used.append(gone)
            if gone + least_of(take) > per_minute:
                let_in = False
        if not let_in:
            return outcome_of(takes, used, None)
        taken: list[float] = []
        for index, take in enumerate(takes):
            room = take.per_minute - used[index]
            of_it = take.amount if take.amount <= room else max(0.0, room)
            taken.append(of_it)
            if of_it:
                used[index] += of_it
                self._keep(take.key, used[index], now, take.per_minute)
        return outcome_of(takes, used, taken)

    def settle(self, key: str, per_minute: int, more: float) -> None:
        """Correct what was taken."""
        now = self._clock.monotonic()
        bucket = self._buckets.get(key)
        used = 0.0 if bucket is None else used_after(bucket.used, now - bucket.at, per_minute)
        self._keep(key, max(0.0, used + more), now, per_minute)

    async def aclose(self) -> None:
        """Nothing is held."""

    def _keep(self, key: str, used: float, now: float, per_minute: int) -> None:
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.used, bucket.at, bucket.per_minute = used, now, per_minute
            return
        if len(self._buckets) >= self._most:
            self._forget_full(now)
        self._buckets[key] = _Bucket(used, now, per_minute)

    def _forget_full(self, now: float) -> None:
        self._buckets = {
            key: bucket
            for key, bucket in self._buckets.items()
            if used_after(bucket.used, now - bucket.at, bucket.per_minute)
        }
        # Looking through them again waits until they are twice as many, and so costs little.
        self._most = max(_FEW, 2 * len(self._buckets))
