"""A turn over a raw prompt is a few completions in a row; what one asks for and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from antechamber.dialects.declared_tools import OfferedTool
from antechamber.dialects.raw_prompt.constraint import Constraint, JsonSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One completion to run."""

    append: str = ""
    """Text that goes to the end of the prompt first; the model did not write it."""
    stop: tuple[str, ...] = ()
    max_tokens: int
    constraint: Constraint | None = None
    rewind: bool = False
    """Forget the text of the step before: it was not kept."""
    attempt: int = 1
    """Above 1 the same was asked before and the answer was of no use: another one is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a completion ended; ``text`` is all of it, without the stop text."""

    text: str
    reason: Literal["stop", "end", "limit", "window"]
    """``limit`` is the step's own limit, ``window`` the end of the model's window before it."""
    stop: str | None = None
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingOrder:
    """What the turn may hold, decided before it begins."""

    max_tokens: int
    stop_sequences: tuple[str, ...] = ()
    think: bool = False
    thinking_budget: int = 0
    empty_thought: bool = False
    """Begin with an empty thought: how a model that would think is told not to."""
    tools: Sequence[OfferedTool] = ()
    """The tools that may be called; empty when the choice is none."""
    must_call: bool = False
    one_call: bool = False
    answer_schema: JsonSchema | None = None
    """The schema that the text of the answer follows."""
