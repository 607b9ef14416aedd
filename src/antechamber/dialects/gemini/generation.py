"""The settings of a request as ``generationConfig``.

Source: ai.google.dev/api/generate-content, GenerationConfig; …/gemini-api/docs/thinking.
"""

from antechamber.dialects.gemini.schema import gemini_schema
from antechamber.dialects.gemini.traits import BudgetThinking, Level, LevelThinking, ModelTraits
from antechamber.rules.effort import asked_effort
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.config import JsonOutputFormat, ThinkingEnabled
from antechamber.wire.messages import CountTokensRequest, MessageRequest

_DYNAMIC = -1
_LOW_TOKENS, _MEDIUM_TOKENS = 4_096, 16_384
"""Budgets up to which a level is low and medium; Gemini names no numbers, these are a choice."""
_EFFORT_BUDGETS = {"low": 1_024, "medium": 8_192}
"""For models that think on a budget; higher ones are left to the model."""
_EFFORT_LEVELS: dict[str, Level] = {"low": "low", "medium": "medium"}


def generation_config(
    request: MessageRequest | CountTokensRequest,
    plan: ThinkingPlan,
    traits: ModelTraits,
    *,
    max_tokens: int,
    answer_format: JsonOutputFormat | None,
) -> dict[str, object]:
    """Return how the answer is to be generated; stop sequences are looked for here instead."""
    config: dict[str, object] = {}
    if isinstance(request, MessageRequest):
        # Nothing can be asked for no answer at all; a limit counts thoughts too, as it does here.
        config["maxOutputTokens"] = max(1, max_tokens)
        sampling = {
            "temperature": request.temperature,
            "topP": request.top_p,
            "topK": request.top_k or None,
        }
        config |= {name: value for name, value in sampling.items() if value is not None}
    if answer_format is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = gemini_schema(answer_format.schema_)
    if thinking := _thinking_config(request, plan, traits):
        config["thinkingConfig"] = thinking
    return config


def _thinking_config(
    request: MessageRequest | CountTokensRequest, plan: ThinkingPlan, traits: ModelTraits
) -> dict[str, object]:
    match traits.thinking:
        case None:
            return {}
        case BudgetThinking() as scale:
            budget = _budget(request, plan, scale) if plan.on else _least(scale)
            return {"thinkingBudget": budget, "includeThoughts": plan.on}
        case LevelThinking(levels=levels):
            level = _level(request, plan, levels) if plan.on else levels[0]
            return {"thinkingLevel": level, "includeThoughts": plan.on}


def _least(scale: BudgetThinking) -> int:
    return 0 if scale.can_be_off else scale.least_tokens


def _budget(
    request: MessageRequest | CountTokensRequest, plan: ThinkingPlan, scale: BudgetThinking
) -> int:
    if isinstance(request.thinking, ThinkingEnabled):
        return min(max(plan.budget_tokens, scale.least_tokens), scale.most_tokens)
    return _EFFORT_BUDGETS.get(asked_effort(request) or "", _DYNAMIC)


def _level(
    request: MessageRequest | CountTokensRequest, plan: ThinkingPlan, levels: tuple[Level, ...]
) -> Level:
    if isinstance(request.thinking, ThinkingEnabled):
        budget = plan.budget_tokens
        wanted: Level = "high"
        if budget <= _LOW_TOKENS:
            wanted = "low"
        elif budget <= _MEDIUM_TOKENS:
            wanted = "medium"
    else:
        wanted = _EFFORT_LEVELS.get(asked_effort(request) or "", "high")
    # A model without the middle thinks more rather than less.
    return wanted if wanted in levels else levels[-1]
