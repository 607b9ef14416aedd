"""The contract of a completer: the small part of a local model that is not ours to write."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from antechamber.dialects.raw_prompt.constraint import Constraint, JsonSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """What has to be known of a loaded model."""

    template: str
    """Its chat template, as Jinja text."""
    bos: str
    eos: str
    window_tokens: int
    slots: int
    """Completions that it runs at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How to choose tokens; None leaves a value to the completer's neutral default."""

    max_tokens: int
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some more text; ``tokens`` is how many tokens it took."""

    text: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The end of a completion: the last thing that ``complete`` yields."""

    reason: Literal["stop", "end", "limit"]
    stop: str | None = None
    """The stop text that was met; it is not part of the pieces."""
    tokens: int
    """All tokens that were generated."""
    cached_tokens: int = 0
    """Prompt tokens that did not have to be read again."""


class Completer(Protocol):
    """Runs raw prompts."""

    async def card(self) -> ModelCard:
        """Return when the model is loaded; raise ``EngineFault`` when it cannot be."""
        ...

    async def tokenize(self, text: str) -> list[int]:
        """Return the tokens of ``text``, control tokens included, nothing added."""
        ...

    def is_exact(self, constraint: JsonSchema) -> bool:
        """Tell whether every completion under ``constraint`` is valid against the schema.

        Raises ``InvalidRequest`` for a schema that nothing satisfies.
        """
        ...

    def complete(
        self, prompt: Sequence[int], sampling: Sampling, constraint: Constraint | None
    ) -> AsyncGenerator[Piece | Finished, None]:
        """Continue ``prompt``. Closing the generator stops the model at once."""
        ...

    async def aclose(self) -> None:
        """Free connections; a second call does nothing."""
        ...
