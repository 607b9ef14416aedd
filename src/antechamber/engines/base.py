"""The contract of an engine: count a turn's input, then take the turn as a stream of events."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from antechamber.catalogue.facts import ModelFacts
from antechamber.rules.thinking import ThinkingPlan
from antechamber.turn.events import EngineEvent
from antechamber.wire.messages import CountTokensRequest, MessageRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """What the loaded model can hold; an engine that does not know says None."""

    window_tokens: int | None = None
    """Input and output of one turn together."""
    image_input: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnOrder:
    """One turn to take: the validated request and what was decided about it before the engine."""

    request: MessageRequest | CountTokensRequest
    facts: ModelFacts
    upstream_model: str
    """The name that the engine knows the model by."""
    thinking: ThinkingPlan
    max_tokens: int
    """Output limit, thinking included; 0 warms up and generates nothing."""
    request_id: str


class PreparedTurn(Protocol):
    """A turn whose input has been rendered and counted, not yet begun."""

    @property
    def input_tokens(self) -> int:
        """Tokens of the whole input as the model reads it, tools and system included."""
        ...

    def events(self) -> AsyncGenerator[EngineEvent, None]:
        """Take the turn. To be iterated at most once.

        Closing the generator, or cancelling the task that iterates it, frees whatever the engine
        holds for the turn. Ends after ``TurnEnded``; a generator that ends without one is an
        engine's fault, and the machine says so.

        Raises ``EngineFault`` when the model cannot answer, ``CallerFault`` when only the engine
        could see that the request is not servable.
        """
        ...


class Engine(Protocol):
    """One source of answers, named in the configuration."""

    @property
    def name(self) -> str:
        """The name in the configuration."""
        ...

    @property
    def limits(self) -> EngineLimits:
        """What the model behind it can hold; meaningful once ``ready`` has returned."""
        ...

    async def ready(self) -> None:
        """Return when the engine can answer; raise ``EngineFault`` when it never will."""
        ...

    async def prepare(self, order: TurnOrder) -> PreparedTurn:
        """Render and count the input.

        Raises ``InvalidRequest`` with ``prompt is too long: N tokens > M maximum`` when it does
        not fit the window, and for content that this model cannot read.
        """
        ...

    async def aclose(self) -> None:
        """Free connections and processes; a second call does nothing."""
        ...
