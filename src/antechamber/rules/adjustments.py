"""What is rewritten for an upstream's model that is known to refuse it.

The rows are the catalogue's refusals, so a model's row and what is done about it never disagree.
Sources: those of the rules that refuse the same under hosted fidelity.
"""

from collections.abc import Callable

from antechamber.catalogue.facts import EFFORT_LEVELS, EffortLevel, ModelFacts
from antechamber.rules.effort import asked_effort
from antechamber.rules.history import lacks_its_thought
from antechamber.rules.reading import Prompt
from antechamber.wire.config import (
    ThinkingAdaptive,
    ThinkingBetweenTools,
    ThinkingDisabled,
    ThinkingEnabled,
    ToolChoiceAny,
    ToolChoiceTool,
)
from antechamber.wire.context_management import ClearThinking20251015
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import MessageRequest
from antechamber.wire.splice import Edits

_SAMPLING = ("temperature", "top_p", "top_k")
_FEWEST_TOP_P = 0.95
"""What a thinking model still takes."""
_REWRITTEN = frozenset((*_SAMPLING, "system", "thinking", "output_config", "service_tier"))
_EFFORT_BY_BUDGET: tuple[tuple[int, EffortLevel], ...] = ((4_096, "low"), (16_384, "medium"))
"""Up to so many tokens a budget is this effort, above the last it is high. The hosted API gives no
numbers; Claude Code's keywords of old (think, think hard, ultrathink) stood at about these."""
_SMALLEST_BUDGET = 1_024


def adjustments(request: Prompt, facts: ModelFacts, version: str) -> Edits:
    """Return the edits of the request's top-level fields that ``facts``' model needs.

    For lenient fidelity; ``request`` is what goes out, without the thoughts that do not.
    """
    edits: dict[str, bytes | None] = {}
    if request.model_fields_set.isdisjoint(_REWRITTEN):
        return edits
    for rewrite in (_null_system, _sampling, _thinking, _effort, _tier):
        edits.update(rewrite(request, facts, version))
    return edits


def without_its_thoughts(request: Prompt, facts: ModelFacts) -> Edits:
    """Return the edits for a request whose open turn has lost its thoughts, under any fidelity.

    ``enabled`` would have that turn begin with a thought. So the model thinks as it sees fit where
    it can, and where it cannot it does not think this time.
    """
    thinking = request.thinking
    if not isinstance(thinking, ThinkingEnabled) or not lacks_its_thought(request.messages):
        return {}
    if "adaptive" in facts.thinking.types:
        return _adaptive(request, thinking, facts)
    return _without_thinking(request)


_Rewrite = Callable[[Prompt, ModelFacts, str], Edits]


def _null_system(request: Prompt, facts: ModelFacts, version: str) -> Edits:
    del facts, version
    given_as_null = request.system is None and "system" in request.model_fields_set
    return {"system": None} if given_as_null else {}


def _sampling(request: Prompt, facts: ModelFacts, version: str) -> Edits:
    if not isinstance(request, MessageRequest):
        return {}
    given = {name for name in _SAMPLING if name in request.model_fields_set}
    # A model that always thinks takes no other sampling than the default: thinking excludes it.
    if facts.refuses.sampling or facts.thinking.always_on or version == "2026-10-21":
        return dict.fromkeys(given)
    dropped: set[str] = set()
    if given and _thinks(request, facts, version):
        dropped = {name for name in given if _excludes_thinking(request, name)}
    if facts.refuses.temperature_with_top_p and {"temperature", "top_p"} <= given - dropped:
        dropped.add("top_p")
    return dict.fromkeys(dropped)


def _thinks(request: Prompt, facts: ModelFacts, version: str) -> bool:
    """Whether the model thinks up front, of what goes out."""
    rewritten = _thinking(request, facts, version)
    if "thinking" in rewritten:
        return rewritten["thinking"] is not None
    if request.thinking is None:
        return facts.thinking.when_absent == "adaptive"
    return isinstance(request.thinking, ThinkingEnabled | ThinkingAdaptive)


def _excludes_thinking(request: MessageRequest, name: str) -> bool:
    match name:
        case "temperature":
            return request.temperature != 1
        case "top_p":
            return (request.top_p or 0.0) < _FEWEST_TOP_P
        case _:
            return True


def _thinking(request: Prompt, facts: ModelFacts, version: str) -> Edits:
    del version
    thinking, types = request.thinking, facts.thinking.types
    if lost := without_its_thoughts(request, facts):
        return lost
    if thinking is None or thinking.type in types:
        return _budget(request, thinking)
    match thinking:
        case ThinkingEnabled() if "adaptive" in types:
            return _adaptive(request, thinking, facts)
        case ThinkingAdaptive() | ThinkingBetweenTools() if "enabled" in types:
            return _enabled(request)
        case ThinkingEnabled() | ThinkingAdaptive() | ThinkingBetweenTools():
            return _without_thinking(request)
        case ThinkingDisabled():
            return {"thinking": None}


def _adaptive(request: Prompt, thinking: ThinkingEnabled, facts: ModelFacts) -> Edits:
    shown = thinking.model_dump(include={"display"}, exclude_none=True)
    edits: dict[str, bytes | None] = {"thinking": encode_json({"type": "adaptive"} | shown)}
    if facts.effort.levels and asked_effort(request) is None:
        edits["output_config"] = _with_effort(request, _effort_of(thinking))
    return edits


def _without_thinking(request: Prompt) -> Edits:
    managed = request.context_management
    given = (managed.edits if managed is not None else None) or []
    kept = [edit for edit in given if not isinstance(edit, ClearThinking20251015)]
    if managed is None or len(kept) == len(given):
        return {"thinking": None}
    # Where nobody thinks, to clear thoughts is refused.
    left = managed.model_copy(update={"edits": kept}).model_dump(exclude_unset=True)
    return {"thinking": None, "context_management": encode_json(left) if kept else None}


def _budget(request: Prompt, thinking: object) -> Edits:
    if isinstance(thinking, ThinkingEnabled) and thinking.budget_tokens is None:
        return _enabled(request)
    return {}


def _enabled(request: Prompt) -> Edits:
    limit = request.max_tokens if isinstance(request, MessageRequest) else 2 * _SMALLEST_BUDGET
    is_forced = isinstance(request.tool_choice, ToolChoiceAny | ToolChoiceTool)
    # A budget goes with no forced call, and wants a thought where an open turn begins.
    if limit <= _SMALLEST_BUDGET or is_forced or lacks_its_thought(request.messages):
        return _without_thinking(request)
    budget = max(_SMALLEST_BUDGET, limit // 2)
    return {"thinking": encode_json({"type": "enabled", "budget_tokens": budget})}


def _effort_of(thinking: ThinkingEnabled) -> EffortLevel:
    budget = thinking.budget_tokens or 0
    for most, level in _EFFORT_BY_BUDGET:
        if budget <= most:
            return level
    return "high"


def _effort(request: Prompt, facts: ModelFacts, version: str) -> Edits:
    del version
    asked = request.output_config.effort if request.output_config is not None else None
    if asked is None or asked in facts.effort.levels:
        return {}
    if not facts.effort.levels:
        return {"output_config": _with_effort(request, None)}
    at = EFFORT_LEVELS.index(asked)
    nearest = min(facts.effort.levels, key=lambda level: abs(EFFORT_LEVELS.index(level) - at))
    return {"output_config": _with_effort(request, nearest)}


def _with_effort(request: Prompt, effort: EffortLevel | None) -> bytes | None:
    config: dict[str, object] = {}
    if request.output_config is not None:
        config = request.output_config.model_dump(exclude={"effort"}, exclude_unset=True)
    if effort is not None:
        config["effort"] = effort
    return encode_json(config) if config else None


def _tier(request: Prompt, facts: ModelFacts, version: str) -> Edits:
    del facts, version
    if isinstance(request, MessageRequest) and request.service_tier == "priority":
        return {"service_tier": encode_json("auto")}
    return {}
