"""The arithmetic of token buckets, which refill continuously.

A bucket holds what a minute allows. What is kept of it is how much of that is used and since when:
use fades, and a bucket of which nothing is used any more need not be kept. The same arithmetic
stands in buckets.lua, where it runs on Valkey.
"""

from collections.abc import Sequence

from antechamber.limits.base import Refusal, Take

_MINUTE_S = 60.0


def used_after(used: float, elapsed_s: float, per_minute: int) -> float:
    """Return what is still used of a bucket some time later."""
    left = used - elapsed_s * per_minute / _MINUTE_S
    return left if left > 0.0 else 0.0


def full_in_s(used: float, per_minute: int) -> float:
    """Return how long it takes until nothing is used any more."""
    return used * _MINUTE_S / per_minute


def wait_s(amount: float, used: float, per_minute: int) -> float:
    """Return how long it takes until ``amount`` is there; until all is there if it never is."""
    missing = min(used + amount - per_minute, used)
    return max(0.0, missing) * _MINUTE_S / per_minute


def refund(used: float, amount: float, elapsed_s: float, per_minute: int) -> float:
    """Return how much of a request's ``amount`` may go back some time after it was taken.

    ``used`` is how the bucket stood then. What was used first refills first: that much of what it
    took is there again by itself, and others may have used it.
    """
    return min(amount, used_after(used, elapsed_s, per_minute))


def refused(takes: Sequence[Take], used: Sequence[float]) -> Refusal:
    """Return why a request does not fit that does not; ``used`` is how its buckets stand."""
    short = [
        Refusal(
            index,
            wait_s(take.least, gone, take.bucket.per_minute),
            is_final=take.least > take.bucket.per_minute,
        )
        for index, (take, gone) in enumerate(zip(takes, used, strict=True))
        if gone + take.least > take.bucket.per_minute
    ]
    return max(short, key=lambda refusal: (refusal.is_final, refusal.wait_s))
