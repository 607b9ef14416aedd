"""What is known about one model: the shapes that the catalogue fills and every rule reads."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, Self

Line = Literal["opus", "sonnet", "haiku", "fable", "mythos"]
ThinkingType = Literal["enabled", "adaptive", "disabled", "between_tools"]
ThinkingDisplay = Literal["summarized", "omitted"]
EffortLevel = Literal["low", "medium", "high", "xhigh", "max"]
LifecycleState = Literal["active", "deprecated", "retired"]
FastMode = Literal["supported", "ignored", "refused"]
ImageFormula = Literal["patches", "area"]

THINKING_TYPES: tuple[ThinkingType, ...] = ("enabled", "adaptive", "disabled", "between_tools")
EFFORT_LEVELS: tuple[EffortLevel, ...] = ("low", "medium", "high", "xhigh", "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class BetaLimit:
    """A limit that holds instead of the ordinary one while a beta is on."""

    beta: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Prices of one million tokens each."""

    input_usd_per_mtok: Decimal
    output_usd_per_mtok: Decimal
    cache_write_5m_usd_per_mtok: Decimal
    cache_write_1h_usd_per_mtok: Decimal
    cache_read_usd_per_mtok: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class LongPromptRates(Rates):
    """What holds for the whole request once its prompt is longer than the threshold."""

    above_input_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices(Rates):
    """Ordinary rates, and those of long prompts where they differ."""

    long_prompt: LongPromptRates | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTier:
    """How far an image is shrunk before it is read, and what it then costs."""

    long_edge_px: int
    max_tokens: int
    """Most patches of 28 by 28 pixels."""
    formula: ImageFormula
    """What it costs: its patches, or its area in pixels by 750."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingFacts:
    """What ``thinking`` means to the model on the hosted API."""

    types: tuple[ThinkingType, ...]
    """The values of ``thinking.type`` that it accepts."""
    when_absent: Literal["off", "adaptive"]
    default_display: ThinkingDisplay
    keeps_earlier_turns: bool
    """Whether the thinking of earlier turns stays in the context."""
    interleaved_by_beta: bool
    """Whether ``enabled`` with the interleaving beta lets the budget exceed ``max_tokens``."""
    efforts_refused_when_off: tuple[EffortLevel, ...] = ()
    """Levels that it refuses together with ``disabled`` or ``between_tools``."""

    def __post_init__(self) -> None:
        """Refuse a default that the model would not accept."""
        if self.when_absent == "adaptive" and "adaptive" not in self.types:
            raise ValueError("when_absent is adaptive, which types does not list")

    @property
    def supported(self) -> bool:
        """Whether the model thinks at all."""
        return "enabled" in self.types or "adaptive" in self.types

    @property
    def always_on(self) -> bool:
        """Whether no request can keep it from thinking up front."""
        return "disabled" not in self.types and "between_tools" not in self.types


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortFacts:
    """Levels of ``output_config.effort``; none at all where the model has no such parameter."""

    levels: tuple[EffortLevel, ...] = ()
    default: EffortLevel | None = None

    def __post_init__(self) -> None:
        """Refuse a default that is no level, and levels without a default."""
        if bool(self.levels) != (self.default in self.levels):
            raise ValueError("default has to be one of levels, and absent where there are none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusals:
    """What the hosted API answers with 400 on this model; applied only under hosted fidelity.

    Thinking types and effort levels that are refused follow from ``ThinkingFacts`` and
    ``EffortFacts``; system messages inside ``messages`` and ``speed`` from ``Support``.
    """

    sampling: bool = False
    """``temperature``, ``top_p`` or ``top_k`` with another value than the default."""
    temperature_with_top_p: bool = False
    prefill: bool = False
    forced_tool_choice: bool = False
    """``tool_choice`` of type ``any`` or ``tool``, whether it thinks or not."""
    inference_geo: bool = False
    output_beyond_window: bool = False
    """Input and ``max_tokens`` above the window; the others stop when the window is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Which features the hosted API has for this model."""

    image_input: bool = False
    pdf_input: bool = False
    citations: bool = False
    structured_outputs: bool = False
    batches: bool = False
    web_search: bool = False
    code_execution: bool = False
    programmatic_tool_calls: bool = False
    """Code inside the code execution tool may call the other tools of the request."""
    context_editing: bool = False
    compaction: bool = False
    mid_conversation_system: bool = False
    """Messages with the role ``system`` inside ``messages``."""


_EVERYTHING = Support(
    image_input=True,
    pdf_input=True,
    citations=True,
    structured_outputs=True,
    batches=True,
    web_search=True,
    code_execution=True,
    programmatic_tool_calls=True,
    context_editing=True,
    compaction=True,
    mid_conversation_system=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """Where the model stands on the hosted API. Here a retired id is served all the same."""

    state: LifecycleState = "active"
    deprecated_at: datetime | None = None
    retires_at: datetime | None = None
    not_retired_before: datetime | None = None
    """The vendor's promise for an active model; no date of retirement is set."""

    def __post_init__(self) -> None:
        """Refuse dates that contradict the state."""
        if self.state == "active" and (self.deprecated_at or self.retires_at):
            raise ValueError("an active model has neither deprecated_at nor retires_at")
        if self.state == "retired" and self.retires_at is None:
            raise ValueError("a retired model has retires_at")
        if self.state != "active" and self.not_retired_before:
            raise ValueError("only an active model has not_retired_before")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """One model of the catalogue, or one that only the configuration knows."""

    id: str
    """The canonical id, which responses name."""
    aliases: tuple[str, ...] = ()
    display_name: str
    line: Line | None
    created_at: datetime
    """Release; the Unix epoch where it is unknown, as the Models API does."""
    window_tokens: int | None
    """None where nothing but the engine can say it."""
    beta_window: BetaLimit | None = None
    max_output_tokens: int | None
    beta_output: BetaLimit | None = None
    beta_batch_output: BetaLimit | None = None
    prices: Prices | None
    cache_minimum_tokens: int
    """Shortest prefix that the prompt cache keeps."""
    image_tier: ImageTier
    thinking: ThinkingFacts
    effort: EffortFacts = EffortFacts()
    fast_mode: FastMode = "refused"
    refuses: Refusals = Refusals()
    supports: Support = Support()
    lifecycle: Lifecycle = Lifecycle()

    @classmethod
    def unlisted(cls, model_id: str) -> Self:
        """Facts for an id that the catalogue does not have: everything allowed, nothing promised.

        Its window and output are the engine's affair, it has no price and refuses nothing.
        """
        return cls(
            id=model_id,
            display_name=model_id,
            line=None,
            created_at=datetime.fromtimestamp(0, UTC),
            window_tokens=None,
            max_output_tokens=None,
            prices=None,
            cache_minimum_tokens=1_024,  # the value of most models
            image_tier=ImageTier(long_edge_px=2_576, max_tokens=4_784, formula="patches"),
            thinking=ThinkingFacts(
                types=THINKING_TYPES,
                when_absent="off",
                default_display="summarized",
                keeps_earlier_turns=True,
                interleaved_by_beta=True,
            ),
            effort=EffortFacts(levels=EFFORT_LEVELS, default="high"),
            fast_mode="ignored",
            supports=_EVERYTHING,
        )
