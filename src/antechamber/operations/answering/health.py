"""How an engine is doing, as its requests found out: circuit breakers, and who waits for room.

closed ──failures in a row──▶ open ──pause over──▶ half open ──success──▶ closed
                               ▲                        │
                               └────────failure─────────┘

There is one circuit for the engine, and one for each of its models: limits are a model's, and so is
a refusal to serve it.
"""

import asyncio
from dataclasses import dataclass

import structlog

from antechamber.runtime.clock import Clock
from antechamber.runtime.fair_queue import FairQueue, Rank
from antechamber.wire.errors import EngineFault, EngineLacksModel, EngineRateLimited, Overloaded

_log = structlog.get_logger("antechamber.routing")
_LONGEST_REST_S = 60.0
"""Whoever asks for more is asked again after it: limits are refilled by the minute, and a pause
that is too long by mistake would last as long as this process."""
_MOST_MODELS = 256
"""Names of models come from requests, so those that have failed are forgotten, the oldest first."""
_OF_THE_MODEL = (EngineLacksModel, EngineRateLimited)
"""Faults that say nothing about other models of the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """When an engine is left alone."""

    failures: int = 5
    """So many faults in a row open the circuit."""
    open_s: float = 30.0
    """So long nothing is sent; then one request tries."""


class EngineHealth:
    """What one engine's requests have told about it. In this process alone."""

    def __init__(
        self,
        engine: str,
        settings: BreakerSettings,
        clock: Clock,
        *,
        max_concurrency: int | None = None,
        queue: int = 0,
        longest_wait_s: float = 600.0,
    ) -> None:
        """``queue`` is how many may wait, each for ``longest_wait_s``, when it is full."""
        self._engine = engine
        self._settings = settings
        self._clock = clock
        self._queue = None if max_concurrency is None else FairQueue(max_concurrency, queue)
        self._longest_wait_s = longest_wait_s
        self._entered = self._left = 0
        self._circuit = _Circuit(settings)
        self._circuits: dict[str, _Circuit] = {}
        """By model; of those that have failed, and not answered since."""
        self._is_well = True
        """Whether no circuit has anything to tell, as is usual."""

    @property
    def is_full(self) -> bool:
        """Whether as many requests run as may."""
        return self._queue is not None and self._queue.is_full

    @property
    def waiting(self) -> int:
        """How many requests wait for one of those to end."""
        return 0 if self._queue is None else self._queue.waiting

    @property
    def running(self) -> int:
        """How many requests it works on."""
        return self._entered - self._left

    @property
    def begun(self) -> int:
        """How many requests it has been sent."""
        return self._entered

    def is_open(self, model: str) -> bool:
        """Whether requests for ``model`` should go elsewhere; false when it is time to try one."""
        if self._is_well:
            return False
        now = self._clock.monotonic()
        return any(circuit.is_open(now) for circuit in self._concerned(model))

    @property
    def is_resting(self) -> bool:
        """Whether nothing is sent at all for now; a request that tries again ends that."""
        return self._circuit.is_resting(self._clock.monotonic())

    def enter(self, model: str) -> "Visit":
        """Note that a request is sent, and has to be ended; raises ``Overloaded`` when full."""
        if self._queue is not None and not self._queue.try_enter():
            message = "Overloaded"
            raise Overloaded(message)
        return self._begun(model)

    async def enter_in_turn(self, model: str, rank: Rank, workspace: str) -> "Visit":
        """Wait for room, then do as ``enter`` does.

        Raises ``QueueFull`` where there is no place in line, ``TimeoutError`` after a wait that
        was too long.
        """
        if self._queue is not None:
            async with asyncio.timeout(self._longest_wait_s):
                await self._queue.enter(rank, workspace)
        return self._begun(model)

    def _begun(self, model: str) -> "Visit":
        self._entered += 1
        if not self._is_well:
            now = self._clock.monotonic()
            for circuit in self._concerned(model):
                circuit.enter(self._entered, now)
        return Visit(self, model, self._entered)

    def leave(self, visit: "Visit") -> None:
        """Note that a visit is over, whatever way; meant for ``Visit``."""
        self._left += 1
        if self._queue is not None:
            self._queue.leave()
        if not self._is_well:
            for circuit in self._concerned(visit.model):
                circuit.leave(visit.number)

    def succeeded(self, visit: "Visit") -> None:
        """Note that the engine has answered; meant for ``Visit``."""
        if self._is_well:
            return
        if self._circuit.succeeded(visit.number):
            _log.info("engine_back", engine=self._engine)
        of_model = self._circuits.get(visit.model)
        if of_model is not None:
            if of_model.succeeded(visit.number):
                _log.info("engine_back", engine=self._engine, model=visit.model)
            if of_model.is_well:
                del self._circuits[visit.model]
        self._is_well = self._circuit.is_well and not self._circuits

    def failed(self, visit: "Visit", fault: EngineFault) -> None:
        """Note that the engine has not answered; meant for ``Visit``."""
        self._is_well = False
        pause_s = min(fault.retry_after_s or 0.0, _LONGEST_REST_S)
        is_of_model = isinstance(fault, _OF_THE_MODEL)
        now = self._clock.monotonic()
        if is_of_model or pause_s:
            rest_s = self._circuit_of(visit.model).failed(self._entered, now, pause_s)
            self._tell(rest_s, model=visit.model)
        if not is_of_model:
            self._tell(self._circuit.failed(self._entered, now))

    def _concerned(self, model: str) -> "tuple[_Circuit, ...]":
        of_model = self._circuits.get(model)
        return (self._circuit,) if of_model is None else (self._circuit, of_model)

    def _circuit_of(self, model: str) -> "_Circuit":
        circuit = self._circuits.get(model)
        if circuit is None:
            if len(self._circuits) >= _MOST_MODELS:
                # Invented names must not make it forget who wants to be left alone.
                now = self._clock.monotonic()
                closed = (name for name, each in self._circuits.items() if not each.is_open(now))
                del self._circuits[next(closed, next(iter(self._circuits)))]
            circuit = self._circuits[model] = _Circuit(self._settings)
        return circuit

    def _tell(self, rest_s: float, **of: str) -> None:
        if rest_s:
            _log.warning("engine_left_alone", engine=self._engine, seconds=rest_s, **of)


class Visit:
    """One request at one engine; ends once, in one of three ways."""

    __slots__ = ("_health", "model", "number")

    def __init__(self, health: EngineHealth, model: str, number: int) -> None:
        self._health = health
        self.model = model
        """The engine's name for it."""
        self.number = number
        """Later visits have larger ones."""

    def leave(self) -> None:
        """Note that it is over, and nothing about the engine."""
        self._health.leave(self)

    def succeeded(self) -> None:
        """Note that the engine has answered: its circuits are closed."""
        self._health.leave(self)
        self._health.succeeded(self)

    def failed(self, fault: EngineFault) -> None:
        """Note that it has not; ``fault`` tells how long it wants to be left alone."""
        self._health.leave(self)
        self._health.failed(self, fault)


class _Circuit:
    """One circuit breaker; times are the clock's, visits are known by their numbers."""

    __slots__ = ("_failures", "_newest", "_open_until", "_probe", "_settings", "_tripped")

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._failures = 0
        self._open_until = 0.0
        self._newest = 0
        """The last visit that had begun when the circuit opened."""
        self._tripped = False
        """Whether it is open for its failures, and not for a pause that was asked for."""
        self._probe: int | None = None
        """The visit that tries, while it does."""

    @property
    def is_well(self) -> bool:
        return not self._failures

    def is_open(self, now: float) -> bool:
        return self._probe is not None or now < self._open_until

    def is_resting(self, now: float) -> bool:
        return now < self._open_until

    def enter(self, number: int, now: float) -> None:
        if self._tripped and self._probe is None and now >= self._open_until:
            self._probe = number

    def leave(self, number: int) -> None:
        if self._probe == number:
            self._probe = None

    def succeeded(self, number: int) -> bool:
        """Close it; return whether it was open. What began before that tells nothing of now."""
        if number <= self._newest:
            return False
        was_open = self._open_until > 0
        self._failures, self._open_until, self._newest = 0, 0.0, 0
        self._tripped, self._probe = False, None
        return was_open

    def failed(self, newest: int, now: float, pause_s: float = 0.0) -> float:
        """Count a failure; return how long it is open now, nothing where it was so before."""
        was_open = self._tripped or now < self._open_until
        self._failures += 1
        self._tripped = self._tripped or self._failures >= self._settings.failures
        rest_s = max(pause_s, self._settings.open_s if self._tripped else 0.0)
        if not rest_s:
            return 0.0
        # What comes late, or asks for less, does not shorten a rest.
        self._open_until = max(now + rest_s, self._open_until)
        self._newest = newest
        return 0.0 if was_open else rest_s
