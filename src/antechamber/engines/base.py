"""The contracts of engines: one takes turns as a stream of events, one relays whole requests."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import msgspec

from antechamber.catalogue.facts import ModelFacts
from antechamber.rules.thinking import ThinkingPlan
from antechamber.turn.events import EngineEvent
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.responses import ServiceTier
from antechamber.wire.splice import Edits


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineLimits:
    """What the loaded model can hold; an engine that does not know says None."""

    window_tokens: int | None = None
    """Input and output of one turn together."""
    image_input: bool = False
    pdf_input: bool = False
    """PDFs as they are; without it pages are given as images and text."""
    url_input: bool = False
    """Images and PDFs by URL, which whoever serves the model then fetches."""


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
    rank: ServiceTier = "standard"
    """Decides who goes first where an engine is full, or schedules by itself."""
    workspace: str = "default"
    """The caller's: workspaces share it fairly, and no prefix cache of one that takes a salt."""
    version: str = "2023-06-01"
    betas: tuple[str, ...] = ()
    """In the order of the header; for upstreams of the same API."""
    edits: Edits = field(default_factory=dict[str, bytes | None])
    """What to rewrite of the request's top-level fields for the upstream's model; for the same."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What else is passed on, names in small letters; for the same."""
    size_bytes: int = 0
    """Of the request's body: what is large is worked through beside the event loop."""


class PreparedTurn(Protocol):
    """A turn whose input has been rendered and counted, not yet begun."""

    @property
    def input_tokens(self) -> int:
        """Tokens of the whole input as the model reads it, tools and system included."""
        ...

    @property
    def is_exact(self) -> bool:
        """Whether that is the model's own count; an estimate refuses no request."""
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


@runtime_checkable
class AdjustedTurn(Protocol):
    """A turn that changed something of the request, beside the order's ``edits``."""

    @property
    def adjusted(self) -> Sequence[str]:
        """Names of the request's top-level fields."""
        ...


class EngineIdentity(Protocol):
    """What is true of every engine, whatever way it answers."""

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

    async def aclose(self) -> None:
        """Free connections and processes; a second call does nothing."""
        ...


class Engine(EngineIdentity, Protocol):
    """An engine that takes turns: what it says becomes a message here."""

    async def prepare(self, order: TurnOrder) -> PreparedTurn:
        """Render and count the input.

        Raises ``InvalidRequest`` with ``prompt is too long: N tokens > M maximum`` when it does
        not fit the window, and for content that this model cannot read.
        """
        ...


class RelayOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One request to pass on to an upstream that speaks the Messages API itself."""

    path: Literal["/v1/messages", "/v1/messages/count_tokens"]
    body: bytes
    """The client's own, but for edits of single fields."""
    facts: ModelFacts
    upstream_model: str
    """``body`` names it already, for hosts that take it from there."""
    streams: bool
    version: str
    betas: tuple[str, ...] = ()
    """In the order of the header."""
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    """What else is passed on, names in small letters: the client's session, its user."""
    request_id: str


class RelayedAnswer(Protocol):
    """An upstream's answer whose head has come."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Those of the upstream, names in small letters."""
        ...

    @property
    def dropped(self) -> tuple[str, ...]:
        """Fields and betas that were left out, because the host lacks them."""
        ...

    def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes, server-sent events or JSON of the Messages API.

        Raises ``EngineFault`` when it breaks off.
        """
        ...

    async def aclose(self) -> None:
        """Drop the upstream's connection, if the answer has not ended."""
        ...


class RelayEngine(EngineIdentity, Protocol):
    """An engine whose upstream speaks the Messages API: bytes pass untouched."""

    async def relay(self, order: RelayOrder) -> RelayedAnswer:
        """Pass the request on; what is returned has to be closed.

        Returns answers of every status. Raises ``EngineFault`` when there is none.
        """
        ...
