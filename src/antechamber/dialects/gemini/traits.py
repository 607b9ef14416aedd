"""What differs between Gemini's generations, as data.

Sources: ai.google.dev/gemini-api/docs/thinking (budgets, levels), …/docs/structured-output and
…/docs/gemini-3 (what only the third generation takes), read in November 2026; refusals of levels
as recorded in vercel/ai (packages/google/src/__fixtures__, 2026).
"""

import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["minimal", "low", "medium", "high"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetThinking:
    """Thinks within a number of tokens; -1 leaves it to the model."""

    least_tokens: int
    most_tokens: int
    can_be_off: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelThinking:
    """Thinks at a level, the lowest first, and never not at all."""

    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTraits:
    """How a model is to be asked."""

    thinking: BudgetThinking | LevelThinking | None
    """None where it does not think."""
    json_beside_tools: bool = False
    """Whether it takes a schema of the answer while it may call functions."""
    media_in_results: bool = False
    """Whether a functionResponse may hold images and PDFs; else they stand beside it."""


_THIRD = ModelTraits(
    thinking=LevelThinking(levels=("low", "medium", "high")),
    json_beside_tools=True,
    media_in_results=True,
)
_THIRD_FROM_MINIMAL = ModelTraits(
    thinking=LevelThinking(levels=("minimal", "low", "medium", "high")),
    json_beside_tools=True,
    media_in_results=True,
)
_TABLE: tuple[tuple[re.Pattern[str], ModelTraits], ...] = (
    (re.compile(r"gemini-(1\.|2\.0)|gemma"), ModelTraits(thinking=None)),
    (
        re.compile(r"gemini-2\.5-pro"),
        ModelTraits(
            thinking=BudgetThinking(least_tokens=128, most_tokens=32_768, can_be_off=False)
        ),
    ),
    (
        re.compile(r"gemini-2\.5-flash-lite"),
        ModelTraits(thinking=BudgetThinking(least_tokens=512, most_tokens=24_576)),
    ),
    (
        re.compile(r"gemini-2\.5|gemini-robotics"),
        ModelTraits(thinking=BudgetThinking(least_tokens=1, most_tokens=24_576)),
    ),
    (
        re.compile(r"gemini-3-pro"),
        ModelTraits(
            thinking=LevelThinking(levels=("low", "high")),
            json_beside_tools=True,
            media_in_results=True,
        ),
    ),
    (re.compile(r"gemini-3-flash|gemini-3\.1-flash"), _THIRD_FROM_MINIMAL),
)


def traits_of(model: str) -> ModelTraits:
    """Return the traits of ``model``; one that is not listed is taken for a newer one."""
    return next((traits for names, traits in _TABLE if names.search(model)), _THIRD)
