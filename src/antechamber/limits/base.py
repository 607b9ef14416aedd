"""The contract of whoever keeps buckets: what a request takes, and what it is told."""

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Take(msgspec.Struct, frozen=True, gc=False):
    """What a request needs of one bucket."""

    key: str
    per_minute: int
    """What the bucket holds, and what flows into it in a minute."""
    amount: int
    """Has to be there."""
    is_taken: bool = True
    """Whether it is gone then; else it has to be there, and stays."""


class Level(msgspec.Struct, frozen=True, gc=False):
    """How a bucket stands after a request, whether that was let in or not."""

    per_minute: int
    remaining: float
    """Below zero where more was used than was there."""
    full_in_s: float


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Which bucket has too little: of several the one that takes longest."""

    index: int
    """Among the takes."""
    wait_s: float
    """Until there is enough; where there never is, until the bucket is full."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of the takes of one request: all of them were made, or none."""

    levels: Sequence[Level]
    """In the order of the takes."""
    refusal: Refusal | None = None


class Keeper(Protocol):
    """Keeps buckets by their keys; one that it does not know is full."""

    async def take(self, takes: Sequence[Take]) -> Outcome:
        """Take from every bucket, or from none; each bucket is named once. Raises nothing."""
        ...

    def settle(self, key: str, per_minute: int, more: float) -> None:
        """Correct what was taken by a difference, which may bring the level below zero.

        Returns at once and raises nothing.
        """
        ...

    async def aclose(self) -> None:
        """Send what has been settled, and let go of what is held."""
        ...
