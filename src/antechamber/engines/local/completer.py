"""The contract of a completer: the small part of a local model that is not ours to write."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from antechamber.dialects.raw_prompt.constraint import Constraint, JsonSchema
from antechamber.wire.errors import Overloaded


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


class ModelAway(Overloaded):
    """The model does not answer now, has begun nothing, and is expected to come back."""


class Completer(Protocol):
    """Runs raw prompts.

    ``tokenize`` and ``complete`` raise ``EngineFault``; ``ModelAway`` only before anything was
    done for the call, so that it can be made again once ``card`` has returned.
    """

    async def card(self) -> ModelCard:
        """Return when the model is loaded; raise ``EngineFault`` when it cannot be."""
        ...

    async def tokenize(self, parts: Sequence[str]) -> list[int]:
        """Return the tokens of all ``parts``, each read by itself; control tokens are known."""
        ...

    def is_exact(self, constraint: JsonSchema) -> bool:
        """Tell whether every completion under ``constraint`` is valid against the schema.

        Takes long for a large schema, and may be called in any thread. Raises ``InvalidRequest``
        for a schema that nothing satisfies.
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
