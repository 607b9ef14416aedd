"""The contract of whoever keeps buckets: what a request takes, and what it is told."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """A bucket by its name."""

    key: str
    per_minute: int
    """What it holds, and what flows into it in a minute."""


class Take(msgspec.Struct, frozen=True, gc=False):
    """What a request needs of one bucket."""

    bucket: Bucket
    amount: int
    """Is taken, as far as it is there."""
    least: int
    """Has to be there, or nothing is taken of any bucket."""


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Which bucket has too little: of several one that never has enough, else the slowest."""

    index: int
    """Among the takes."""
    wait_s: float
    """Until there is enough; where there never is, until the bucket is full."""
    is_final: bool = False
    """Whether there never is: the bucket does not hold so much."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of the takes of one request: all of them were made, or none."""

    used: Sequence[float]
    """Of each bucket, in the order of the takes; more than it holds where it was overdrawn."""
    taken: Sequence[float]
    """By this request, of each bucket."""
    at: float
    """When, on the monotonic clock of this process."""
    keeper: "Keeper"
    """Whose buckets they were: what was taken too much goes back to no other's."""
    refusal: Refusal | None = None


class Keeper(Protocol):
    """Keeps buckets by their keys; one that it does not know is full."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes count in the same buckets, at this moment."""
        ...

    async def take(self, takes: Sequence[Take]) -> Outcome:
        """Take from every bucket, or from none; each bucket is named once. Raises nothing.

        Who is cancelled meanwhile has taken nothing.
        """
        ...

    def settle(self, bucket: Bucket, more: float) -> None:
        """Correct what was taken here by a difference, which may bring the level below zero.

        Returns at once and raises nothing.
        """
        ...

    async def aclose(self) -> None:
        """Send what has been settled, and let go of what is held."""
        ...
