"""The llama.cpp completer: a llama-server reached over HTTP, ours or one elsewhere."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import lru_cache
from typing import Any, cast

from antechamber.dialects.event_stream import EventStreamReader
from antechamber.dialects.grammar.compile import Grammar, compile_choices, compile_schema
from antechamber.dialects.grammar.limits import GrammarTooLarge, SchemaUnsatisfiable
from antechamber.dialects.raw_prompt.constraint import Choices, Constraint, JsonSchema
from antechamber.engines.local.completer import Finished, ModelCard, Piece, Sampling
from antechamber.outbound.client import UpstreamClient, UpstreamRefused
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import EngineFailed, EngineTimedOut, InvalidRequest, Overloaded

_POLL_S = 0.05
_ANY_OBJECT = {"type": "object"}


class LlamaCppCompleter:
    """Drives ``/completion`` and ``/tokenize``; never the server's own chat endpoints.

    ``start_timeout_s`` bounds how long ``card`` waits for a server that is still loading.
    """

    def __init__(self, client: UpstreamClient, clock: Clock, *, start_timeout_s: float) -> None:
        self._client = client
        self._clock = clock
        self._start_timeout_s = start_timeout_s

    async def card(self) -> ModelCard:
        """Wait for the model, then read its template, window and slots."""
        await self._loaded()
        props = cast("dict[str, Any]", await self._client.get_json("/props"))
        try:
            return ModelCard(
                template=str(props["chat_template"]),
                bos=str(props.get("bos_token", "")),
                eos=str(props.get("eos_token", "")),
                window_tokens=int(props["default_generation_settings"]["n_ctx"]),
                slots=int(props["total_slots"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            message = "The llama.cpp server does not describe its model (/props)."
            raise EngineFailed(message) from error

    async def _loaded(self) -> None:
        deadline = self._clock.monotonic() + self._start_timeout_s
        while True:
            try:
                await self._client.get_json("/health")
            except (Overloaded, UpstreamRefused) as error:
                # Refused connections and 503 both mean: not yet.
                if isinstance(error, UpstreamRefused) and error.upstream_status != 503:
                    raise
                if self._clock.monotonic() > deadline:
                    message = "The local model did not load in time."
                    raise EngineTimedOut(message) from error
                await self._clock.sleep(_POLL_S)
            else:
                return

    async def tokenize(self, text: str) -> list[int]:
        """Return the tokens of ``text``."""
        if not text:
            return []
        body = {"content": text, "parse_special": True, "add_special": False}
        answer = cast("dict[str, Any]", await self._client.post_json("/tokenize", body))
        return cast("list[int]", answer["tokens"])

    def is_exact(self, constraint: JsonSchema) -> bool:
        """Tell whether the grammar says all that the schema says."""
        grammar = _grammar(constraint.as_text())
        return grammar is not None and grammar.exact

    async def complete(
        self, prompt: Sequence[int], sampling: Sampling, constraint: Constraint | None
    ) -> AsyncGenerator[Piece | Finished, None]:
        """Stream one completion."""
        body = _body(prompt, sampling, constraint)
        reader = EventStreamReader()
        async with self._client.stream("/completion", body) as chunks, aclosing(chunks):
            async for chunk in chunks:
                for event in reader.feed(chunk):
                    piece = _read(cast("dict[str, Any]", json.loads(event.data)))
                    if piece is not None:
                        yield piece

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


@lru_cache(maxsize=512)
def _grammar(schema: str) -> Grammar | None:
    """Compile a schema's JSON text once; None when it is too large for a grammar."""
    try:
        return compile_schema(json.loads(schema))
    except GrammarTooLarge:
        return None
    except SchemaUnsatisfiable as error:
        message = f"Schema cannot be satisfied: {error}"
        raise InvalidRequest(message) from error


def _grammar_text(constraint: Constraint) -> str:
    match constraint:
        case Choices(texts=texts):
            return compile_choices(texts).text
        case JsonSchema():
            grammar = _grammar(constraint.as_text())
            return (grammar or compile_schema(_ANY_OBJECT)).text


def _body(
    prompt: Sequence[int], sampling: Sampling, constraint: Constraint | None
) -> dict[str, object]:
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
    if constraint is not None:
        body["grammar"] = _grammar_text(constraint)
    return body


def _read(data: dict[str, Any]) -> Piece | Finished | None:
    if "error" in data:
        message = "The local model failed while it answered."
        raise EngineFailed(message)
    if not data.get("stop"):
        text = str(data.get("content", ""))
        return Piece(text=text, tokens=1) if text else None
    kind = data.get("stop_type")
    return Finished(
        reason="limit" if kind == "limit" else "stop" if kind == "word" else "end",
        stop=str(data["stopping_word"]) if kind == "word" else None,
        tokens=int(data.get("tokens_predicted", 0)),
        cached_tokens=int(data.get("timings", {}).get("cache_n", 0)),
    )
