"""The Gemini engine: translates and counts a turn, then reads its stream."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

from antechamber.dialects.event_stream import EventStreamReader
from antechamber.dialects.gemini.errors import error_of
from antechamber.dialects.gemini.estimate import estimated_tokens
from antechamber.dialects.gemini.held_text import HeldText
from antechamber.dialects.gemini.model_names import model_path, resource_name
from antechamber.dialects.gemini.reader import TurnReader
from antechamber.dialects.gemini.request import GeminiRequest, gemini_request
from antechamber.dialects.gemini.traits import traits_of
from antechamber.engines.base import EngineLimits, TurnOrder
from antechamber.outbound.client import UpstreamClient, UpstreamRefused
from antechamber.runtime.clock import Clock
from antechamber.turn.events import EngineEvent, TurnEnded, UsageReported
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineFault,
    EngineRefusesUs,
    InvalidRequest,
)
from antechamber.wire.messages import MessageRequest

_CARD_WITHIN_S = 10.0
_MOST_CARDS = 256
"""Names of models may come from clients, so what is kept of them has a bound."""
_CARD_AGAIN_S = 60.0
"""After which a model is asked about again, of which Gemini told nothing."""
_DONE = b"[DONE]"
"""Gemini sends no such thing; gateways that think of other dialects do (pitfall T17)."""


def gemini_headers(api_key: str) -> Mapping[str, str]:
    """Return the headers that a client of Gemini sends; an address would end in logs."""
    return {"x-goog-api-key": api_key}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What Gemini says of a model; None where it did not."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    good_until: float | None = None
    """On the monotonic clock; None is for good."""


class GeminiEngine:
    """Takes turns on Gemini's models.

    ``client`` has the version in its base URL and the key in its headers. ``model`` is the one
    that ``ready`` and ``limits`` ask about. A count that takes longer than ``count_within_s``, or
    fails, is estimated.
    """

    def __init__(
        self,
        name: str,
        client: UpstreamClient,
        clock: Clock,
        *,
        model: str | None = None,
        count_within_s: float = 3.0,
    ) -> None:
        self._name = name
        self._client = client
        self._clock = clock
        self._model = model and resource_name(model)
        self._count_within_s = count_within_s
        self._cards: dict[str, ModelCard] = {}

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._name

    @property
    def limits(self) -> EngineLimits:
        """The input that the model takes: its output is counted apart from it."""
        card = self._cards.get(self._model or "", ModelCard())
        return EngineLimits(
            window_tokens=card.input_tokens, image_input=True, pdf_input=True, url_input=True
        )

    async def ready(self) -> None:
        """Ask for the model, which takes a key that is good."""
        if self._model is None:
            await self._asked("/models?pageSize=1")
        else:
            self._keep(self._model, await self._read_card(self._model))

    async def prepare(self, order: TurnOrder) -> "GeminiTurn":
        """Translate and count; refuse what the model cannot read."""
        model = resource_name(order.upstream_model)
        card = await self._card(model)
        request = gemini_request(
            order.request,
            order.thinking,
            traits_of(model),
            model=model,
            max_tokens=min(order.max_tokens, card.output_tokens or order.max_tokens),
        )
        counted = await self._count(request, model)
        most = card.input_tokens
        if counted and most and counted > most and isinstance(order.request, MessageRequest):
            # A count above the window is an answer: clients decide by it to make room.
            message = f"prompt is too long: {counted} tokens > {most} maximum"
            raise InvalidRequest(message)
        return GeminiTurn(
            engine=self,
            request=request,
            model=model,
            warms=order.max_tokens == 0,
            input_tokens=estimated_tokens(request.body) if counted is None else counted,
            is_exact=counted is not None,
        )

    async def run(self, turn: "GeminiTurn") -> AsyncGenerator[EngineEvent, None]:
        """Take the turn, streamed; leaving it drops the connection."""
        path = f"{model_path(turn.model)}:streamGenerateContent?alt=sse"
        reader = TurnReader(turn.request.reading(self._client.name, turn.model))
        schema = turn.request.answer_schema
        shown = _at_once if schema is None else HeldText(schema).feed
        try:
            async with self._client.stream(path, turn.request.body) as answer:
                async with aclosing(self._payloads(answer.chunks())) as payloads:
                    async for data in payloads:
                        for event in reader.feed(data):
                            answer.begin()
                            for each in shown(event):
                                yield each
                        if reader.over:
                            return
                for event in reader.end():
                    for each in shown(event):
                        yield each
        except UpstreamRefused as refused:
            raise self._meant(refused) from refused

    async def _payloads(self, chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """Yield the data of each event of the stream."""
        stream = EventStreamReader()
        seen = False
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    for event in stream.feed(chunk):
                        seen = True
                        if event.data != _DONE:
                            yield event.data
            for event in stream.end():
                seen = True
                yield event.data
        except ValueError as error:
            message = f"{self._client.name} sent an event that is too large."
            raise EngineFailed(message) from error
        if not seen:
            message = f"{self._client.name} answered something that is not an event stream."
            raise EngineFailed(message)

    async def _count(self, request: GeminiRequest, model: str) -> int | None:
        """Return Gemini's own count, None when there is none in time.

        Raises ``EngineRefusesUs`` for a key that is no good: nothing else will work with it.
        """
        try:
            async with asyncio.timeout(self._count_within_s):
                answer = await self._client.post_json(
                    f"{model_path(model)}:countTokens", request.count_body(model)
                )
        except UpstreamRefused as refused:
            meant = self._meant(refused)
            if isinstance(meant, EngineRefusesUs) and refused.upstream_status != 404:
                raise meant from refused
            # The turn itself will tell what else is wrong with the request.
            return None
        except (EngineFault, TimeoutError):
            return None
        return _positive(answer, "totalTokens")

    async def _card(self, model: str) -> ModelCard:
        card, now = self._cards.get(model), self._clock.monotonic()
        if card is None or (card.good_until is not None and card.good_until <= now):
            try:
                card = await self._read_card(model)
            except ApiError:
                # Requests go out unbounded: their limits are not worth failing one.
                card = ModelCard(good_until=now + _CARD_AGAIN_S)
        self._keep(model, card)
        return card

    def _keep(self, model: str, card: ModelCard) -> None:
        """Keep the models that were asked for last, and always the engine's own."""
        self._cards.pop(model, None)
        self._cards[model] = card
        if len(self._cards) > _MOST_CARDS:
            del self._cards[next(each for each in self._cards if each != self._model)]

    async def _read_card(self, model: str) -> ModelCard:
        answer = await self._asked(model_path(model))
        return ModelCard(
            input_tokens=_positive(answer, "inputTokenLimit"),
            output_tokens=_positive(answer, "outputTokenLimit"),
        )

    async def _asked(self, path: str) -> object:
        try:
            return await self._client.get_json(path, within_s=_CARD_WITHIN_S)
        except UpstreamRefused as refused:
            raise self._meant(refused) from refused

    def _meant(self, refused: UpstreamRefused) -> ApiError:
        return error_of(
            self._client.name,
            refused.upstream_status,
            refused.body,
            retry_after_s=refused.retry_after_s,
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiTurn:
    """A turn that has been translated and counted."""

    engine: GeminiEngine
    request: GeminiRequest
    model: str
    warms: bool
    input_tokens: int
    is_exact: bool
    """Whether Gemini counted them."""

    def events(self) -> AsyncGenerator[EngineEvent, None]:
        """Take the turn."""
        events = self.engine.run(self)
        return _warming(events) if self.warms else events


async def _warming(events: AsyncGenerator[EngineEvent, None]) -> AsyncGenerator[EngineEvent, None]:
    """Have the prompt read and show nothing of the answer, as ``max_tokens: 0`` asks."""
    async with aclosing(events):
        async for event in events:
            match event:
                case UsageReported():
                    yield replace(event, output_tokens=0, thinking_tokens=0)
                case TurnEnded():
                    yield TurnEnded(stop_reason="max_tokens")
                case _:
                    pass


def _at_once(event: EngineEvent) -> tuple[EngineEvent]:
    return (event,)


def _positive(answer: object, key: str) -> int | None:
    """Return the number under ``key``; int64 comes as text in Google's JSON."""
    if not isinstance(answer, dict):
        return None
    found = cast("dict[str, object]", answer).get(key)
    return int(found) if isinstance(found, int | str) and str(found).isdigit() else None
