"""One attempt at what everybody waits for, and what is known of its outcome afterwards."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from antechamber.runtime.background import Background
from antechamber.wire.errors import ApiError, EngineFailed

_Outcome = TypeVar("_Outcome")


class SharedAttempt(Generic[_Outcome]):
    """Makes an attempt when somebody needs its outcome, once for all who wait.

    Whoever waits for an attempt gets its outcome; after one that failed, who comes next begins
    another. ``attempt`` raises ``ApiError``; ``name`` is that of its task, and ``abandoned`` is
    told to those who wait for one that is ended from outside.
    """

    def __init__(
        self, name: str, attempt: Callable[[], Awaitable[_Outcome]], *, abandoned: str
    ) -> None:
        self._name = name
        self._attempt = attempt
        self._abandoned = abandoned
        self._background = Background()
        self._outcome: asyncio.Future[_Outcome] | None = None
        """Of the attempt that runs or ran last; None before the first and after a loss."""

    @property
    def known(self) -> _Outcome | None:
        """What the last attempt gave; None where it failed, or is not to be trusted any more."""
        outcome = self._outcome
        if outcome is None or not outcome.done() or outcome.exception() is not None:
            return None
        return outcome.result()

    async def outcome(self) -> _Outcome:
        """Return what is known, or what an attempt gives; raises ``ApiError``."""
        outcome = self._outcome
        if outcome is None or (outcome.done() and self.known is None):
            outcome = self._outcome = asyncio.get_running_loop().create_future()
            task = self._background.spawn(self._name, self._run(outcome))
            # Also of one that was ended before it began.
            task.add_done_callback(lambda _: self._settle(outcome))
        # Whoever leaves does not take the attempt with them.
        await asyncio.wait((outcome,))
        if isinstance(error := outcome.exception(), ApiError):
            raise _alike(error) from error.__cause__
        return outcome.result()

    def lost(self) -> None:
        """Take note that what is known is not to be trusted any more."""
        if self.known is not None:
            self._outcome = None

    async def aclose(self) -> None:
        """End an attempt that still runs; who waits for it is told."""
        await self._background.aclose()

    async def _run(self, outcome: asyncio.Future[_Outcome]) -> None:
        try:
            outcome.set_result(await self._attempt())
        except ApiError as error:
            outcome.set_exception(error)

    def _settle(self, outcome: asyncio.Future[_Outcome]) -> None:
        if not outcome.done():
            outcome.set_exception(EngineFailed(self._abandoned))
        outcome.exception()  # marks it as seen: perhaps nobody waits any more


def _alike(error: ApiError) -> ApiError:
    """Return one for this waiter alone: what is raised gathers the frames that it passes."""
    kind = type(error)
    fresh = kind.__new__(kind, *error.args)
    vars(fresh).update(vars(error))
    return fresh
