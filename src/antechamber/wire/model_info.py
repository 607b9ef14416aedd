"""The ``ModelInfo`` of the Models API: what the catalogue says, less what is not there to do it.

Shape: SDK 2.12 (``ModelInfo``, ``BetaModelInfo``). Thinking types and effort levels are the hosted
API's, because clients choose their parameters by them; lenient fidelity accepts the others too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NotRequired, TypedDict

from antechamber.catalogue.facts import (
    EFFORT_LEVELS,
    EffortLevel,
    LifecycleState,
    Line,
    ModelFacts,
    ThinkingType,
)


class Supported(TypedDict):
    """A leaf of the capabilities."""

    supported: bool


class ContextManagementInfo(Supported):
    """Which edits of the context there are."""

    clear_thinking_20251015: Supported
    clear_tool_uses_20250919: Supported
    compact_20260112: Supported


class CompactionInfo(Supported):
    """Beta: which kinds of the parameter ``compaction`` there are."""

    summarize: Supported


class EffortInfo(Supported):
    """Which values of ``output_config.effort`` there are."""

    low: Supported
    medium: Supported
    high: Supported
    xhigh: Supported
    max: Supported


class ServerToolsInfo(Supported):
    """Which server tools there are."""

    code_execution: Supported
    web_search: Supported


class ThinkingTypesInfo(TypedDict):
    """Which values of ``thinking.type`` there are."""

    adaptive: Supported
    between_tools: Supported
    disabled: Supported
    enabled: Supported


class ThinkingInfo(Supported):
    """Whether the model thinks, and how it can be told to."""

    types: ThinkingTypesInfo


class Capabilities(TypedDict):
    """Everything that the Models API says about abilities."""

    batch: Supported
    citations: Supported
    code_execution: Supported
    compaction: NotRequired[CompactionInfo]
    context_management: ContextManagementInfo
    effort: EffortInfo
    image_input: Supported
    pdf_input: Supported
    server_tools: ServerToolsInfo
    structured_outputs: Supported
    thinking: ThinkingInfo


class ModelInfo(TypedDict):
    """One model as ``GET /v1/models`` lists it."""

    id: str
    type: str
    display_name: str
    created_at: str
    lifecycle: LifecycleState
    deprecated_at: str | None
    retires_at: str | None
    line: Line | None
    max_input_tokens: int | None
    max_tokens: int | None
    allowed_fallback_models: NotRequired[list[str]]
    capabilities: Capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFeatures:
    """What this server does for a model, whichever engine is behind it."""

    batches: bool = True
    citations: bool = True
    pdf_input: bool = True
    """Of every PDF the text is told, whatever the model sees of it."""
    web_search: bool = False
    code_execution: bool = False
    programmatic_tool_calls: bool = False
    context_editing: bool = False
    compaction: bool = False


def model_info(
    facts: ModelFacts,
    *,
    window_tokens: int | None,
    image_input: bool,
    features: ServerFeatures = ServerFeatures(),
    beta: bool = False,
) -> ModelInfo:
    """Describe a model as the lesser of catalogue, engine and server.

    ``window_tokens`` and ``image_input`` are the engine's; a window of None is unknown. The output
    cap is the catalogue's alone: it is what ``max_tokens`` is checked against. With ``beta`` the
    two fields that only the beta shape has are there.
    """
    lifecycle = facts.lifecycle
    # SDK 2.12: both dates are null while a model is active, whatever the vendor has promised.
    info: ModelInfo = {
        "id": facts.id,
        "type": "model",
        "display_name": facts.display_name,
        "created_at": _rfc3339(facts.created_at),
        "lifecycle": lifecycle.state,
        "deprecated_at": _rfc3339_or_none(lifecycle.deprecated_at),
        "retires_at": _rfc3339_or_none(lifecycle.retires_at),
        "line": facts.line,
        "max_input_tokens": _lesser(facts.window_tokens, window_tokens),
        "max_tokens": facts.max_output_tokens,
        "capabilities": _capabilities(facts, features, image_input=image_input),
    }
    if beta:
        info["allowed_fallback_models"] = []  # empty: the parameter `fallbacks` is not supported
        info["capabilities"]["compaction"] = _compaction(facts, features)
    return info


def _capabilities(
    facts: ModelFacts, features: ServerFeatures, *, image_input: bool
) -> Capabilities:
    supports = facts.supports
    return {
        "batch": Supported(supported=supports.batches and features.batches),
        "citations": Supported(supported=supports.citations and features.citations),
        "code_execution": Supported(
            supported=supports.programmatic_tool_calls and features.programmatic_tool_calls
        ),
        "context_management": _context_management(facts, features),
        "effort": _effort(facts),
        "image_input": Supported(supported=supports.image_input and image_input),
        "pdf_input": Supported(supported=supports.pdf_input and features.pdf_input),
        "server_tools": _server_tools(facts, features),
        "structured_outputs": Supported(supported=supports.structured_outputs),
        "thinking": _thinking(facts),
    }


def _context_management(facts: ModelFacts, features: ServerFeatures) -> ContextManagementInfo:
    editing = facts.supports.context_editing and features.context_editing
    compaction = facts.supports.compaction and features.compaction
    return {
        "supported": editing or compaction,
        "clear_thinking_20251015": Supported(supported=editing and facts.thinking.supported),
        "clear_tool_uses_20250919": Supported(supported=editing),
        "compact_20260112": Supported(supported=compaction),
    }


def _compaction(facts: ModelFacts, features: ServerFeatures) -> CompactionInfo:
    supported = facts.supports.compaction and features.compaction
    return {"supported": supported, "summarize": Supported(supported=supported)}


def _effort(facts: ModelFacts) -> EffortInfo:
    has: dict[EffortLevel, Supported] = {
        level: Supported(supported=level in facts.effort.levels) for level in EFFORT_LEVELS
    }
    return {
        "supported": bool(facts.effort.levels),
        "low": has["low"],
        "medium": has["medium"],
        "high": has["high"],
        "xhigh": has["xhigh"],
        "max": has["max"],
    }


def _server_tools(facts: ModelFacts, features: ServerFeatures) -> ServerToolsInfo:
    code_execution = facts.supports.code_execution and features.code_execution
    web_search = facts.supports.web_search and features.web_search
    return {
        "supported": code_execution or web_search,
        "code_execution": Supported(supported=code_execution),
        "web_search": Supported(supported=web_search),
    }


def _thinking(facts: ModelFacts) -> ThinkingInfo:
    def accepts(thinking_type: ThinkingType) -> Supported:
        return Supported(supported=thinking_type in facts.thinking.types)

    return {
        "supported": facts.thinking.supported,
        "types": {
            "adaptive": accepts("adaptive"),
            "between_tools": accepts("between_tools"),
            "disabled": accepts("disabled"),
            "enabled": accepts("enabled"),
        },
    }


def _lesser(first: int | None, second: int | None) -> int | None:
    known = [limit for limit in (first, second) if limit is not None]
    return min(known, default=None)


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _rfc3339_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else _rfc3339(moment)
