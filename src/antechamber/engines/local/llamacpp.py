"""The llama.cpp completer: a llama-server reached over HTTP, ours or one elsewhere."""

import asyncio
import json
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing, contextmanager
from functools import lru_cache
from typing import Any, cast

from antechamber.dialects.event_stream import EventStreamReader, ServerSentEvent
from antechamber.dialects.grammar.compile import Grammar, compile_choices, compile_schema
from antechamber.dialects.grammar.limits import GrammarTooLarge, SchemaUnsatisfiable
from antechamber.dialects.raw_prompt.constraint import Choices, Constraint, JsonSchema
from antechamber.engines.local.completer import Finished, ModelAway, ModelCard, Piece, Sampling
from antechamber.engines.local.stand_in import GIVEN_UP
from antechamber.outbound.client import UpstreamClient, UpstreamRefused, UpstreamUnreachable
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import (
    EngineFailed,
    EngineFault,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
)

_POLL_S = 0.05
_ANY_OBJECT = {"type": "object"}
_LOADING = 503
_MOST_CACHED_CHARACTERS = 64 * 1024
_PATIENCE_S = 10.0
"""For one look at a server's health."""


class LlamaCppCompleter:
    """Drives ``/completion`` and ``/tokenize``; never the server's own chat endpoints.

    ``start_timeout_s`` bounds how long ``card`` waits for a server that is still loading, and
    ``away_timeout_s`` for one that does not answer at all, counted from when that was first seen:
    None for our own child, of which it is known that it is coming.
    """

    def __init__(
        self,
        client: UpstreamClient,
        clock: Clock,
        *,
        start_timeout_s: float,
        away_timeout_s: float | None = None,
    ) -> None:
        self._client = client
        self._clock = clock
        self._start_timeout_s = start_timeout_s
        self._away_timeout_s = away_timeout_s
        self._away_since: float | None = None

    async def card(self) -> ModelCard:
        """Wait for the model, then read its template, window and slots."""
        await self._loaded()
        props = cast("dict[str, Any]", await self._client.get_json("/props"))
        try:
            return _card(props)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"{self._client.name} does not describe its model (/props)."
            raise EngineFailed(message) from error

    async def _loaded(self) -> None:
        deadline = self._clock.monotonic() + self._start_timeout_s
        while True:
            try:
                await self._client.get_json("/health", within_s=_PATIENCE_S)
            except (Overloaded, EngineTimedOut, UpstreamRefused) as error:
                self._expect(error, deadline)
                await self._clock.sleep(_POLL_S)
            else:
                self._away_since = None
                return

    def _expect(self, error: EngineFault, deadline: float) -> None:
        """Raise unless ``error`` means not yet: no connection, a broken one, 503."""
        now = self._clock.monotonic()
        if isinstance(error, UpstreamRefused):
            self._away_since = None
            if error.upstream_status == GIVEN_UP:
                message = "The local model could not be loaded."
                raise EngineFailed(message) from error
            if error.upstream_status != _LOADING:
                raise error
        elif self._stays_away(now):
            raise error
        if now > deadline:
            message = f"{self._client.name} did not load in time."
            raise EngineTimedOut(message) from error

    def _stays_away(self, now: float) -> bool:
        if self._away_since is None:
            self._away_since = now
        # Not counted anew for each request: while the server is away only the first ones wait.
        return self._away_timeout_s is not None and now - self._away_since >= self._away_timeout_s

    async def tokenize(self, parts: Sequence[str]) -> list[int]:
        """Return the tokens of all ``parts``: of a list, llama.cpp reads each text by itself."""
        body = {"content": parts, "parse_special": True, "add_special": False}
        with _away():
            answer = await self._client.post_json("/tokenize", body)
        try:
            return _token_list(cast("dict[str, Any]", answer)["tokens"])
        except (KeyError, TypeError) as error:
            raise self._no_answer() from error

    def is_exact(self, constraint: JsonSchema) -> bool:
        """Tell whether the grammar says all that the schema says."""
        grammar = _grammar(constraint.as_text())
        return grammar is not None and grammar.exact

    async def complete(
        self, prompt: Sequence[int], sampling: Sampling, constraint: Constraint | None
    ) -> AsyncGenerator[Piece | Finished, None]:
        """Stream one completion."""
        body = _body(prompt, sampling)
        if isinstance(constraint, JsonSchema):
            body["grammar"] = await asyncio.to_thread(_grammar_text, constraint)
        elif constraint is not None:
            body["grammar"] = _grammar_text(constraint)
        reader = EventStreamReader()
        with _away(), _refusals(constraint):
            async with (
                self._client.stream("/completion", body) as answer,
                aclosing(answer.chunks()) as chunks,
            ):
                async for chunk in chunks:
                    for piece in self._pieces(reader, chunk):
                        answer.begin()
                        yield piece
                for piece in self._pieces(reader, None):
                    yield piece

    def _pieces(
        self, reader: EventStreamReader, chunk: bytes | None
    ) -> Generator[Piece | Finished, None, None]:
        """Yield what ``chunk`` completes; None is the end of the stream."""
        try:
            events = reader.end() if chunk is None else reader.feed(chunk)
            for event in events:
                if (piece := _read(event)) is not None:
                    yield piece
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise self._no_answer() from error

    def _no_answer(self) -> EngineFailed:
        return EngineFailed(f"{self._client.name} answered something that llama.cpp does not.")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def _grammar(schema: str) -> Grammar | None:
    """Compile a schema's JSON text; None when it is too large for a grammar."""
    # The cache is bounded in bytes as well: what is not kept is compiled again, in a thread.
    return _cached(schema) if len(schema) <= _MOST_CACHED_CHARACTERS else _compiled(schema)


def _compiled(schema: str) -> Grammar | None:
    try:
        return compile_schema(json.loads(schema))
    except GrammarTooLarge:
        return None
    except SchemaUnsatisfiable as error:
        message = f"Schema cannot be satisfied: {error}"
        raise InvalidRequest(message) from error


_cached = lru_cache(maxsize=64)(_compiled)


def _grammar_text(constraint: Constraint) -> str:
    match constraint:
        case Choices(texts=texts):
            return compile_choices(texts).text
        case JsonSchema():
            grammar = _grammar(constraint.as_text())
            return (grammar or compile_schema(_ANY_OBJECT)).text


def _body(prompt: Sequence[int], sampling: Sampling) -> dict[str, object]:
    body: dict[str, object] = {
        "prompt": prompt,
        "n_predict": sampling.max_tokens,
        "stream": True,
        "cache_prompt": True,
        # A sign of life after each batch of the prompt: llama.cpp looks whether the client is
        # still there when it has something to send, and otherwise only once a second.
        "return_progress": True,
        # The API's default is 1.0; llama.cpp's own defaults for the cut-offs are undone, except
        # the mildest of them, without which small models fall apart at temperature 1.
        "temperature": 1.0 if sampling.temperature is None else sampling.temperature,
        "top_p": 1.0 if sampling.top_p is None else sampling.top_p,
        "top_k": 0 if sampling.top_k is None else sampling.top_k,
        "min_p": 0.05,
    }
    if sampling.stop:
        body["stop"] = sampling.stop
    return body


@contextmanager
def _away() -> Generator[None, None, None]:
    """Tell that the model is away: nothing listens, it is being loaded, or was given up."""
    try:
        yield
    except UpstreamUnreachable as error:
        raise ModelAway(error.message) from error
    except UpstreamRefused as error:
        if error.upstream_status not in (_LOADING, GIVEN_UP):
            raise
        raise ModelAway(error.message) from error


@contextmanager
def _refusals(constraint: Constraint | None) -> Generator[None, None, None]:
    """Tell that a grammar was refused: of what is sent, only that can be more than it takes."""
    try:
        yield
    except UpstreamRefused as error:
        if error.upstream_status != 400 or constraint is None:
            raise
        message = "Schema is too complex for compilation."
        raise InvalidRequest(message) from error


def _card(props: dict[str, Any]) -> ModelCard:
    window, slots = int(props["default_generation_settings"]["n_ctx"]), int(props["total_slots"])
    if window < 1 or slots < 1:
        message = "no window, or no slot"
        raise ValueError(message)
    return ModelCard(
        template=str(props["chat_template"]),
        bos=str(props.get("bos_token", "")),
        eos=str(props.get("eos_token", "")),
        window_tokens=window,
        slots=slots,
    )


def _token_list(tokens: object) -> list[int]:
    listed = cast("list[object]", tokens) if isinstance(tokens, list) else [None]
    if not all(type(token) is int for token in listed):
        message = "no list of numbers"
        raise TypeError(message)
    return cast("list[int]", listed)


def _read(event: ServerSentEvent) -> Piece | Finished | None:
    data = cast("dict[str, Any]", json.loads(event.data))
    if "error" in data:
        message = "The local model failed while it answered."
        raise EngineFailed(message)
    if not data.get("stop"):
        text: object = data.get("content", "")
        if not isinstance(text, str):
            message = "a piece is no text"
            raise TypeError(message)
        return Piece(text=text, tokens=1) if text else None
    kind = data.get("stop_type")
    return Finished(
        reason="limit" if kind == "limit" else "stop" if kind == "word" else "end",
        stop=str(data["stopping_word"]) if kind == "word" else None,
        tokens=int(data.get("tokens_predicted", 0)),
        cached_tokens=int(data.get("timings", {}).get("cache_n", 0)),
    )
