"""Engines that are only names, and a clock that a test moves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from antechamber.catalogue.facts import ModelFacts
from antechamber.engines.base import EngineLimits
from antechamber.operations.answering.attempts import Attempts, Standing
from antechamber.operations.answering.health import BreakerSettings, EngineHealth
from antechamber.operations.answering.routing import Candidate
from antechamber.runtime.fair_queue import Rank

FACTS = ModelFacts.unlisted("model-a")


@dataclass
class StillClock:
    """Time that passes only when it is slept away, or moved."""

    at: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def timestamp(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@dataclass
class NamedEngine:
    """An engine that nobody asks."""

    name: str
    limits: EngineLimits = field(default_factory=EngineLimits)

    async def ready(self) -> None:
        pass

    async def aclose(self) -> None:
        pass

    async def prepare(self, order: Any) -> Any:
        raise NotImplementedError


def candidate(name: str, *, retries: int = 0, upstream_model: str = FACTS.id) -> Candidate:
    return Candidate(
        facts=FACTS,
        engine=NamedEngine(name),
        upstream_model=upstream_model,
        upstream_facts=FACTS,
        retries=retries,
    )


@dataclass
class Stage:
    """Some engines and their health; ``attempts`` begins a request."""

    candidates: Sequence[Candidate]
    clock: StillClock = field(default_factory=StillClock)
    failures: int = 5
    open_s: float = 30.0
    max_concurrency: int | None = None
    queue: int = 0
    longest_wait_s: float = 600.0
    longest_pause_s: float = 8.0
    random: float = 0.0

    def __post_init__(self) -> None:
        breaker = BreakerSettings(failures=self.failures, open_s=self.open_s)
        self.health = {
            each.engine.name: EngineHealth(
                each.engine.name,
                breaker,
                self.clock,
                max_concurrency=self.max_concurrency,
                queue=self.queue,
                longest_wait_s=self.longest_wait_s,
            )
            for each in self.candidates
        }

    def attempts(self, rank: Rank = "standard", workspace: str = "default") -> Attempts:
        return Attempts(
            self.candidates,
            self.health,
            self.clock,
            lambda: self.random,
            longest_pause_s=self.longest_pause_s,
            standing=Standing(rank, workspace),
        )
