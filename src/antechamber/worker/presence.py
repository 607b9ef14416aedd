"""Signs of life of a process that shares the work on batches, and when it may judge others."""

from collections.abc import Awaitable, Callable

import structlog

from antechamber.operations.batches.handover import DEAD_AFTER_S
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import Overloaded

_EVERY_S = 2.0
_GAP_S = 6.0
"""From here on the database was away, or this process stood still, and so may others have."""

_log = structlog.get_logger("antechamber.batches")


class Presence:
    """Says every two seconds that this process lives, whatever else it does."""

    def __init__(self, clock: Clock, sign_in: Callable[[], Awaitable[None]]) -> None:
        """``sign_in`` writes a sign of life."""
        self._clock = clock
        self._sign_in = sign_in
        self._since = self._last = float("-inf")
        """Of the signs of life without a gap, on the monotonic clock."""

    @property
    def may_judge(self) -> bool:
        """Whether who gave no sign of life is dead: he could have, as this process did."""
        is_without_gap = self._clock.monotonic() - self._last <= _GAP_S
        return is_without_gap and self._last - self._since >= DEAD_AFTER_S

    async def show(self) -> None:
        """Give a sign of life; raises ``Overloaded``."""
        await self._sign_in()
        now = self._clock.monotonic()
        if now - self._last > _GAP_S:
            self._since = now
        self._last = now

    async def keep_going(self) -> None:
        """Give signs of life until cancelled."""
        while True:
            try:
                await self.show()
            except Overloaded:
                pass  # the database is away, which was told
            except Exception as error:  # noqa: BLE001 - whatever it is, the next one may come
                _log.error("batch_worker_not_seen", exc_info=error)
            await self._clock.sleep(_EVERY_S)
