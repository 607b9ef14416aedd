"""The one look at a host that everybody waits for, and what is known of it afterwards."""

import asyncio
from collections.abc import Awaitable, Callable

from antechamber.engines.openai_chat.looking import Description
from antechamber.runtime.background import Background
from antechamber.wire.errors import ApiError, EngineFailed, EngineTimedOut


class Lookout:
    """Looks at a host when somebody needs to know it, once for all who wait.

    Whoever waits for a look gets its outcome; after one that failed, who comes next begins
    another. ``look`` raises ``ApiError``, and has ``within_s`` seconds.
    """

    def __init__(
        self, upstream: str, look: Callable[[], Awaitable[Description]], *, within_s: float
    ) -> None:
        self._upstream = upstream
        self._look = look
        self._within_s = within_s
        self._background = Background()
        self._outcome: asyncio.Future[Description] | None = None
        """Of the look that runs or ran last; None before the first and after a loss."""

    @property
    def known(self) -> Description | None:
        """What the last look has shown; None where it failed, or is not to be trusted any more."""
        outcome = self._outcome
        if outcome is None or not outcome.done() or outcome.exception() is not None:
            return None
        return outcome.result()

    async def description(self) -> Description:
        """Return what is known, or what a look shows; raises ``ApiError``."""
        outcome = self._outcome
        if outcome is None or (outcome.done() and self.known is None):
            outcome = self._outcome = asyncio.get_running_loop().create_future()
            task = self._background.spawn(f"look-{self._upstream}", self._run(outcome))
            # Also of one that was ended before it began.
            task.add_done_callback(lambda _: self._settle(outcome))
        # Whoever leaves does not take the look with them.
        return await asyncio.shield(outcome)

    def lost(self) -> None:
        """Take note that the host went away: it may come back with another model."""
        if self.known is not None:
            self._outcome = None

    async def aclose(self) -> None:
        """End a look that still runs; who waits for it is told."""
        await self._background.aclose()

    async def _run(self, outcome: asyncio.Future[Description]) -> None:
        try:
            async with asyncio.timeout(self._within_s):
                outcome.set_result(await self._look())
        except TimeoutError:
            outcome.set_exception(EngineTimedOut(f"{self._upstream} did not answer in time."))
        except ApiError as error:
            outcome.set_exception(error)

    def _settle(self, outcome: asyncio.Future[Description]) -> None:
        if not outcome.done():
            message = f"{self._upstream} could not be asked what it is."
            outcome.set_exception(EngineFailed(message))
        outcome.exception()  # marks it as seen: perhaps nobody waits any more
