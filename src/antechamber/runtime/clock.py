"""The one place that reads the clock and sleeps, so that tests can hold time still."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the rest of the program knows of time."""

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        ...

    def timestamp(self) -> float:
        """Return the same as seconds since 1970 UTC; cheaper, for every request."""
        ...

    def monotonic(self) -> float:
        """Return seconds that only grow; for durations."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time of day, aware, in UTC."""
        return datetime.now(UTC)

    def timestamp(self) -> float:
        """Return the same as seconds since 1970 UTC; cheaper, for every request."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only grow; for durations."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds``."""
        await asyncio.sleep(seconds)
