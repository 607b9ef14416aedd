"""One trial of each model for all who wait, and how long they wait for it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from antechamber.engines.openai_chat.remembering import ByModel
from antechamber.engines.shared_attempt import SharedAttempt
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import EngineFailed, EngineFault, EngineTimedOut

_PATIENCE_S = 5.0
_LONGEST_S = 60.0
"""A busy host gives a trial its turn in the end; it is not worth more than that."""
_PAUSE_S = 60.0
_MOST_AT_ONCE = 8
"""Ids of models come from requests, and each trial takes a place of one on the host."""

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class _Running(Generic[_Found]):
    attempt: SharedAttempt[_Found | None]
    worth_waiting_until: float


class SharedTrials(Generic[_Found]):
    """Tries a model when somebody needs to know, once for all who ask.

    What ``trial`` returns is kept. One that raises ``EngineFault`` has shown nothing, and who asks
    next begins another; after one that ran out of time there is none for a while. A trial goes on
    when ``patience_s`` from its beginning have passed and nobody waits for it any more.
    """

    def __init__(
        self,
        name: str,
        trial: Callable[[str], Awaitable[_Found]],
        clock: Clock,
        *,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._name = name
        self._trial = trial
        self._clock = clock
        self._patience_s = patience_s
        self._running: dict[str, _Running[_Found]] = {}
        self._found = ByModel[_Found]()
        self._not_before = ByModel[float]()

    async def found(self, model: str) -> _Found | None:
        """Return what is known of ``model``, or what a trial shows soon; else None."""
        if (found := self._found.get(model)) is not None:
            return found
        running = self._running.get(model) or self._begun(model)
        if running is None:
            return None
        left_s = running.worth_waiting_until - self._clock.monotonic()
        try:
            async with asyncio.timeout(left_s):
                return await running.attempt.outcome()
        except (EngineFailed, TimeoutError):
            return None

    async def forget(self) -> None:
        """Forget what was found, and end the trials that still run; who waits gets None."""
        for model, running in list(self._running.items()):
            await running.attempt.aclose()
            # Also of one that was ended before it began.
            self._running.pop(model, None)
        self._found = ByModel[_Found]()
        self._not_before = ByModel[float]()

    def _begun(self, model: str) -> _Running[_Found] | None:
        """Begin a trial; None where it is not the time for one."""
        now, not_before = self._clock.monotonic(), self._not_before.get(model)
        if len(self._running) >= _MOST_AT_ONCE or (not_before is not None and now < not_before):
            return None
        attempt = SharedAttempt(self._name, lambda: self._try(model), abandoned="It was ended.")
        running = self._running[model] = _Running(attempt, now + self._patience_s)
        return running

    async def _try(self, model: str) -> _Found | None:
        try:
            async with asyncio.timeout(_LONGEST_S):
                found = await self._trial(model)
        except (TimeoutError, EngineTimedOut):
            self._not_before.put(model, self._clock.monotonic() + _PAUSE_S)
            return None
        except EngineFault:
            # The request itself meets the same fault, if it is one, and reports it.
            return None
        finally:
            self._running.pop(model, None)
        self._found.put(model, found)
        return found
