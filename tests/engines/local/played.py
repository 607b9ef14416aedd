"""A second completer: it plays texts instead of running a model, and keeps to the contract."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from antechamber.dialects.raw_prompt.constraint import Choices, Constraint, JsonSchema
from antechamber.engines.local.completer import Finished, ModelCard, Piece, Sampling
from antechamber.wire.encoding import encode_json

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_CONTROL = ("<|im_start|>", "<|im_end|>")
_FIRST_CONTROL_TOKEN = 0x110000
_SPLIT = re.compile("|".join(map(re.escape, _CONTROL)) + "|(?s:.)")

Line = str | Callable[[str], str]
"""What the model says next, or how it is found from the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One completion that was asked for."""

    tokens: tuple[int, ...]
    prompt: str
    sampling: Sampling
    constraint: Constraint | None


class PlayedCompleter:
    """Says its lines in order, then nothing; one token is one character or one control token."""

    def __init__(
        self,
        *lines: Line,
        window_tokens: int = 100_000,
        slots: int = 1,
        exact: bool = True,
        template: str = CHATML,
    ) -> None:
        self._lines = iter(lines)
        self._exact = exact
        self._card = ModelCard(
            template=template,
            bos="",
            eos=_CONTROL[1],
            window_tokens=window_tokens,
            slots=slots,
        )
        self.asked: list[Asked] = []
        self.tokenized: list[tuple[str, ...]] = []
        self.loads = 0
        self.running = 0
        self.most_running = 0
        self.closed = 0
        self.go_on = asyncio.Event()
        self.go_on.set()
        """Cleared, everything stands still before its next token."""

    async def card(self) -> ModelCard:
        self.loads += 1
        await asyncio.sleep(0)
        return self._card

    async def tokenize(self, parts: Sequence[str]) -> list[int]:
        self.tokenized.append(tuple(parts))
        await asyncio.sleep(0)
        return [
            _FIRST_CONTROL_TOKEN + _CONTROL.index(part) if part in _CONTROL else ord(part)
            for text in parts
            for part in _SPLIT.findall(text)
        ]

    def is_exact(self, constraint: JsonSchema) -> bool:
        return self._exact

    async def complete(
        self, prompt: Sequence[int], sampling: Sampling, constraint: Constraint | None
    ) -> AsyncGenerator[Piece | Finished, None]:
        asked = Asked(
            tokens=tuple(prompt), prompt=_text(prompt), sampling=sampling, constraint=constraint
        )
        assert len(prompt) + sampling.max_tokens <= self._card.window_tokens, "over the window"
        assert len(prompt) < self._card.window_tokens, "nothing can follow such a prompt"
        self.asked.append(asked)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.go_on.wait()
            if sampling.max_tokens == 0:
                yield Finished(reason="limit", tokens=0, cached_tokens=len(prompt) // 2)
                return
            said = _before_stop(self._text_for(asked), sampling.stop)
            for character in said.text[: sampling.max_tokens]:
                await self.go_on.wait()
                yield Piece(text=character, tokens=1)
                await asyncio.sleep(0)
            yield said.finished(sampling.max_tokens)
        finally:
            self.running -= 1

    async def aclose(self) -> None:
        self.closed += 1

    def _text_for(self, asked: Asked) -> str:
        line = next(self._lines, None)
        text = line(asked.prompt) if callable(line) else line
        match asked.constraint:
            case None:
                return text or ""
            case Choices(texts=texts):
                return text if text is not None and text in texts else texts[-1]
            case JsonSchema(schema=schema):
                return encode_json(instance(schema)).decode() if text is None else text


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    stop: str | None

    def finished(self, max_tokens: int) -> Finished:
        tokens = len(self.text) + (self.stop is not None)
        if tokens > max_tokens or (tokens == max_tokens and self.stop is None):
            return Finished(reason="limit", tokens=max_tokens)
        reason: Literal["stop", "end"] = "end" if self.stop is None else "stop"
        return Finished(reason=reason, stop=self.stop, tokens=tokens)


def _before_stop(text: str, stops: Iterable[str]) -> _Said:
    found = [(text.find(stop), stop) for stop in stops if stop in text]
    if not found:
        return _Said(text, None)
    at, stop = min(found)
    return _Said(text[:at], stop)


def _text(tokens: Sequence[int]) -> str:
    return "".join(
        _CONTROL[token - _FIRST_CONTROL_TOKEN] if token >= _FIRST_CONTROL_TOKEN else chr(token)
        for token in tokens
    )


def instance(schema: Mapping[str, Any]) -> object:
    """The least value that a simple schema allows."""
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {name: instance(properties[name]) for name in schema.get("required", ())}
        case "array":
            return [instance(schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case _:
            return "a" * schema.get("minLength", 1)
