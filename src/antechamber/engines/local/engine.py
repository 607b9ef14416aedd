"""The local engine: renders and counts a turn, then runs its steps on a completer."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass

from antechamber.dialects.raw_prompt.constraint import JsonSchema
from antechamber.dialects.raw_prompt.prompt import Prompt, render, writing_order
from antechamber.dialects.raw_prompt.steps import Outcome, Step
from antechamber.dialects.raw_prompt.template import pieces
from antechamber.dialects.raw_prompt.writer import TurnWriter
from antechamber.engines.base import EngineLimits, TurnOrder
from antechamber.engines.local.completer import Completer, Finished, ModelAway, Piece, Sampling
from antechamber.engines.local.gate import until_it_gives_way
from antechamber.engines.local.loading import LoadedModel, ModelLoader
from antechamber.turn.events import EngineEvent, TurnEnded, UsageReported
from antechamber.wire.errors import EngineFailed, EngineFault, InvalidRequest, Overloaded
from antechamber.wire.messages import MessageRequest

_RETRY_TEMPERATURE = 0.7
_LONG_CHARACTERS = 1_000_000
"""Texts from here on are made into tokens one at a time: each takes seconds, and a few side by side
would take every thread that the model's server has for short ones."""
_MOST_COMEBACKS = 3
"""How often one call waits for a model that went away before it was asked."""


class LocalEngine:
    """Takes turns on one local model; ``queue`` is how many may wait for a slot."""

    def __init__(self, name: str, completer: Completer, *, queue: int) -> None:
        self.name = name
        self._completer = completer
        self._loader = ModelLoader(name, completer, queue=queue)
        self._long_texts = asyncio.Semaphore(1)

    @property
    def limits(self) -> EngineLimits:
        """The loaded model's window; nothing before it was loaded."""
        if (known := self._loader.known) is None:
            return EngineLimits()
        return EngineLimits(window_tokens=known.card.window_tokens)

    async def ready(self) -> None:
        """Return when the model is loaded."""
        await self._loader.model()

    async def prepare(self, order: TurnOrder) -> "LocalTurn":
        """Render and tokenise; refuse what does not fit the window or the line."""
        model = await self._loader.model_for_request()
        creates = isinstance(order.request, MessageRequest)
        if creates:
            model.gate.check(order.rank, order.workspace)
            if order.rank != "batch":
                # Before its prompt is looked at: that needs the cores, too.
                model.gate.make_way()
        # Off the event loop: a body of many megabytes takes a tenth of a second and more.
        prompt = await asyncio.to_thread(render, order.request, model.template, order.thinking)
        tokens = await self._tokens(prompt.text, model)
        window = model.card.window_tokens
        if len(tokens) > window and isinstance(order.request, MessageRequest):
            # A count above the window is an answer: clients decide by it to make room.
            message = f"prompt is too long: {len(tokens)} tokens > {window} maximum"
            raise InvalidRequest(message)
        exact = await asyncio.to_thread(self._exactness, prompt) if creates else {}
        return LocalTurn(
            order=order, prompt=prompt, tokens=tokens, exact=exact, engine=self, model=model
        )

    @property
    def waiting(self) -> int:
        """How many turns stand in line for a slot."""
        return 0 if (known := self._loader.known) is None else known.gate.waiting

    async def run(self, turn: "LocalTurn", model: LoadedModel) -> AsyncGenerator[EngineEvent, None]:
        """Run the turn's steps while holding one slot; raises ``GaveWay`` for one of a batch."""
        order = turn.order
        async with (
            model.gate.slot(order.rank, order.workspace) as way,
            aclosing(self._events(turn, model)) as taken,
        ):
            if order.rank != "batch":
                async for event in taken:
                    yield event
                return
            async with aclosing(until_it_gives_way(taken, way)) as events:
                async for event in events:
                    yield event

    async def _events(
        self, turn: "LocalTurn", model: LoadedModel
    ) -> AsyncGenerator[EngineEvent, None]:
        if turn.order.max_tokens == 0:
            yield await self._warm(turn, model)
            yield TurnEnded(stop_reason="max_tokens")
            return
        writer = self._writer(turn, model)
        tail, before, reused = "", "", False
        while (step := writer.next_step()) is not None:
            tail = before = (before if step.rewind else tail) + step.append
            async with aclosing(self._step(turn, model, tail, step)) as stream:
                async for piece in stream:
                    if isinstance(piece, Piece):
                        events = writer.piece(piece.text, tokens=piece.tokens)
                    elif isinstance(piece, UsageReported):
                        # Later steps go on from where the first one was.
                        events, reused = (() if reused else (piece,)), True
                    else:
                        tail += model.template.guard(piece.text)
                        events = writer.finish(piece)
                    for event in events:
                        yield event

    def _writer(self, turn: "LocalTurn", model: LoadedModel) -> TurnWriter:
        order = turn.order
        writing = writing_order(
            turn.prompt,
            order.request,
            order.thinking,
            model.template,
            max_tokens=order.max_tokens,
        )
        return TurnWriter(writing, is_exact=lambda schema: turn.exact[schema.as_text()])

    def _exactness(self, prompt: Prompt) -> dict[str, bool]:
        """Tell of each schema that the turn may follow whether the completer keeps to all of it.

        Compiles them, so that what takes long has been done before the turn begins.
        """
        schemas = [JsonSchema(schema=tool.schema) for tool in prompt.tools]
        if prompt.answer_schema is not None:
            schemas.append(prompt.answer_schema)
        return {schema.as_text(): self._completer.is_exact(schema) for schema in schemas}

    async def _step(
        self, turn: "LocalTurn", model: LoadedModel, tail: str, step: Step
    ) -> AsyncGenerator[Piece | UsageReported | Outcome, None]:
        """Complete the prompt and ``tail``, within the step's limit and the window.

        Before its outcome it tells how much of the prompt had not to be read again.
        """
        prompt = turn.tokens + await self._tokens(tail, model)
        left = model.card.window_tokens - len(prompt)
        if left <= 0:
            yield Outcome(text="", reason="window", tokens=0)
            return
        sampling = _sampling(turn.order, step, max_tokens=min(step.max_tokens, left))
        written: list[str] = []
        async with aclosing(self._completed(prompt, sampling, step, model)) as stream:
            async for piece in stream:
                if isinstance(piece, Finished):
                    yield UsageReported(reused_tokens=piece.cached_tokens)
                    yield _outcome(piece, "".join(written), step)
                    return
                written.append(piece.text)
                yield piece
        message = "The local model's answer broke off."
        raise EngineFailed(message)

    async def _completed(
        self, prompt: list[int], sampling: Sampling, step: Step, model: LoadedModel
    ) -> AsyncGenerator[Piece | Finished, None]:
        """Complete ``prompt``; a model that is away before it begins is waited for."""
        for _ in range(_MOST_COMEBACKS):
            try:
                stream = self._completer.complete(prompt, sampling, step.constraint)
                async with aclosing(stream):
                    async for piece in stream:
                        yield piece
            except ModelAway:
                await self._back(model)
            except EngineFault:
                # Perhaps its process died: the next one asks before it relies on it.
                self._loader.lost()
                raise
            else:
                return
        raise _stays_away()

    async def _back(self, model: LoadedModel) -> None:
        """Wait until a model that went away is loaded again."""
        self._loader.lost()
        if await self._loader.model() is not model:
            message = "The local model was exchanged for another one."
            raise EngineFailed(message)

    async def _warm(self, turn: "LocalTurn", model: LoadedModel) -> UsageReported:
        """Read the prompt and generate nothing: ``max_tokens: 0`` warms the cache."""
        reused: int | None = None
        async with aclosing(self._step(turn, model, "", Step(max_tokens=0))) as stream:
            async for piece in stream:
                if isinstance(piece, UsageReported):
                    reused = piece.reused_tokens
        return UsageReported(output_tokens=0, reused_tokens=reused)

    async def _tokens(self, text: str, model: LoadedModel) -> list[int]:
        parts = [part for part in pieces(text) if part]
        if not parts:
            return []
        for _ in range(_MOST_COMEBACKS):
            try:
                if len(text) < _LONG_CHARACTERS:
                    return await self._completer.tokenize(parts)
                async with self._long_texts:
                    return await self._completer.tokenize(parts)
            except ModelAway:
                await self._back(model)
            except EngineFault:
                self._loader.lost()
                raise
        raise _stays_away()

    async def aclose(self) -> None:
        """Close the completer."""
        await self._loader.aclose()
        await self._completer.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTurn:
    """A turn whose prompt is rendered and counted."""

    order: TurnOrder
    prompt: Prompt
    tokens: list[int]
    exact: Mapping[str, bool]
    """By the text of a schema: whether a completion that is bound to it is valid."""
    engine: LocalEngine
    model: LoadedModel

    @property
    def input_tokens(self) -> int:
        """Tokens of the prompt as the model reads it."""
        return len(self.tokens)

    @property
    def is_exact(self) -> bool:
        """Yes: by the model's own tokenizer."""
        return True

    def events(self) -> AsyncGenerator[EngineEvent, None]:
        """Take the turn."""
        return self.engine.run(self, self.model)


def _stays_away() -> Overloaded:
    return Overloaded("Overloaded")


def _outcome(finished: Finished, text: str, step: Step) -> Outcome:
    # Stopped by a limit before the step's own: the window is what ran out.
    at_window = finished.reason == "limit" and finished.tokens < step.max_tokens
    return Outcome(
        text=text,
        reason="window" if at_window else finished.reason,
        stop=finished.stop,
        tokens=finished.tokens,
    )


def _sampling(order: TurnOrder, step: Step, *, max_tokens: int) -> Sampling:
    request = order.request
    if not isinstance(request, MessageRequest):
        return Sampling(max_tokens=max_tokens, stop=step.stop)
    temperature, top_k = request.temperature, request.top_k
    if step.attempt > 1:
        # A model that always takes the likeliest token would answer the same again.
        temperature = None if temperature is None else max(temperature, _RETRY_TEMPERATURE)
        top_k = None if top_k == 1 else top_k
    return Sampling(
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=request.top_p,
        top_k=top_k,
        stop=step.stop,
    )
