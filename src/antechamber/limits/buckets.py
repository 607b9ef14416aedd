"""The arithmetic of token buckets, which refill continuously.

A bucket holds what a minute allows. What is kept of it is how much of that is used and since when:
use fades, and a bucket of which nothing is used any more need not be kept. The same arithmetic
stands in buckets.lua, where it runs on Valkey.
"""

from collections.abc import Sequence

from antechamber.limits.base import Level, Outcome, Refusal, Take

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


def least_of(take: Take) -> int:
    """Return what has to be there."""
    return take.amount if take.least is None else take.least


def refund(level: Level, amount: float, elapsed_s: float) -> float:
    """Return how much of a request's ``amount`` may go back some time after it was taken.

    ``level`` is what the request was told. What was used first refills first: that much of what it
    took is there again by itself, and others may have used it.
    """
    used = level.per_minute - level.remaining
    return min(amount, used_after(used, elapsed_s, level.per_minute))


def outcome_of(
    takes: Sequence[Take], used: Sequence[float], taken: Sequence[float] | None
) -> Outcome:
    """Return what a request is told; ``used`` is how its buckets stand afterwards.

    ``taken`` is what it took of each; None is a refusal.
    """
    levels = [
        Level(take.per_minute, take.per_minute - gone, full_in_s(gone, take.per_minute), of_it)
        for take, gone, of_it in zip(takes, used, taken or [0.0] * len(takes), strict=True)
    ]
    return Outcome(levels, _refusal(takes, used) if taken is None else None)


def _refusal(takes: Sequence[Take], used: Sequence[float]) -> Refusal:
    short = [
        Refusal(index, wait_s(least, gone, take.per_minute), is_final=least > take.per_minute)
        for index, (take, gone) in enumerate(zip(takes, used, strict=True))
        if gone + (least := least_of(take)) > take.per_minute
    ]
    return max(short, key=lambda refusal: (refusal.is_final, refusal.wait_s))
