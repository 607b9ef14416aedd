"""What a request says beside its content: caching, thinking, tool choice, output, container.

Source: OpenAPI 2026-08 for limits, SDK 2.12 for what is newer (container skills, diagnostics,
fallbacks, threads, compaction).
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.shape import (
    LEFT_TO_RIGHT,
    Items,
    JsonObject,
    Omissible,
    ToldApartByType,
    WireModel,
    branch,
)

Effort = Literal["low", "medium", "high", "xhigh", "max"]
Speed = Literal["standard", "fast"]
ServiceTier = Literal["auto", "standard_only", "priority"]
"""``priority`` is no value of the hosted API; rules refuse it where fidelity asks for that."""


class CacheControl(WireModel):
    """A prompt-cache breakpoint; without ``ttl`` it lives five minutes."""

    type: Literal["ephemeral"]
    ttl: Omissible[Literal["5m", "1h"]] = None


CacheBreakpoint = Annotated[CacheControl, ToldApartByType()]


class Metadata(WireModel):
    """Who the request is for."""

    user_id: Annotated[str, Field(max_length=512)] | None = None


class ThinkingBlockBinding(WireModel):
    """What to do with a thinking block that does not belong to this conversation."""

    prefix_mismatch_behavior: Literal["error", "drop_block"] | None = None


ThinkingDisplay = Literal["summarized", "omitted", "updates"]


class ThinkingEnabled(WireModel):
    """Think within a budget; the hosted API requires ``budget_tokens``, a rule looks after that."""

    type: Literal["enabled"]
    budget_tokens: Omissible[Annotated[int, Field(ge=1024)]] = None
    display: ThinkingDisplay | None = None
    block_binding: ThinkingBlockBinding | None = None


class ThinkingDisabled(WireModel):
    """Do not think."""

    type: Literal["disabled"]


class ThinkingAdaptive(WireModel):
    """Think as much as the question needs."""

    type: Literal["adaptive"]
    display: ThinkingDisplay | None = None
    block_binding: ThinkingBlockBinding | None = None


class ThinkingBetweenTools(WireModel):
    """Think only between tool calls."""

    type: Literal["between_tools"]


Thinking = Annotated[
    ThinkingEnabled | ThinkingDisabled | ThinkingAdaptive | ThinkingBetweenTools,
    Field(discriminator="type"),
]


class ToolChoiceAuto(WireModel):
    """The model decides whether to call a tool."""

    type: Literal["auto"]
    disable_parallel_tool_use: Omissible[bool] = None


class ToolChoiceAny(WireModel):
    """The model calls a tool of its choice."""

    type: Literal["any"]
    disable_parallel_tool_use: Omissible[bool] = None


class ToolChoiceTool(WireModel):
    """The model calls this tool."""

    type: Literal["tool"]
    name: str
    disable_parallel_tool_use: Omissible[bool] = None


class ToolChoiceNone(WireModel):
    """The model calls no tool."""

    type: Literal["none"]


ToolChoice = Annotated[
    ToolChoiceAuto | ToolChoiceAny | ToolChoiceTool | ToolChoiceNone,
    Field(discriminator="type"),
]


class JsonOutputFormat(WireModel):
    """The answer is JSON of this schema."""

    type: Literal["json_schema"]
    schema_: JsonObject = Field(alias="schema")
    """``schema`` on the wire; the plain name is a method of every pydantic model."""


class TaskBudget(WireModel):
    """Tokens for a whole task, over several requests."""

    type: Literal["tokens"]
    total: Annotated[int, Field(ge=1024)]
    remaining: Annotated[int, Field(ge=0)] | None = None


class OutputConfig(WireModel):
    """How hard to try and in what form to answer."""

    effort: Effort | None = None
    format: JsonOutputFormat | None = None
    task_budget: TaskBudget | None = None


class Skill(WireModel):
    """A skill to load into the container."""

    type: Literal["anthropic", "custom"]
    skill_id: Annotated[str, Field(min_length=1, max_length=64)]
    version: Omissible[Annotated[str, Field(min_length=1, max_length=64)]] = None


class ContainerParams(WireModel):
    """A container to use again, or to start, with its skills."""

    id: str | None = None
    skills: Annotated[Items[Skill], Field(max_length=8)] | None = None


Container = Annotated[
    # The hosted API names the class of this branch in its paths.
    Annotated[ContainerParams, branch("params", shown="ContainerParams")]
    | Annotated[str, branch("id")],
    Field(union_mode=LEFT_TO_RIGHT),
]


class Diagnostics(WireModel):
    """Asks why the prompt cache was missed, compared with an earlier response."""

    previous_message_id: str | None = None


class BillingPolicy(WireModel):
    """Which organization pays."""

    type: Literal["billing_policy"]
    bill_to: Omissible[Literal["self", "user_profile"]] = None


class Compaction(WireModel):
    """Asks for one signed block that stands for the whole conversation."""

    type: Literal["summarize"]
    instructions: str | None = None


class FallbackCreditToken(WireModel):
    """Redeems the credit that came with a refusal."""

    token: str
    mode: Omissible[Literal["strict", "best_effort"]] = None


FallbackCredit = Annotated[
    Annotated[FallbackCreditToken, branch("token")] | Annotated[str, branch("bare")],
    Field(union_mode=LEFT_TO_RIGHT),
]


class Fallback(WireModel):
    """A model to try when the one before it declines, and what changes for it."""

    model: Annotated[str, Field(min_length=1)]
    max_tokens: Annotated[int, Field(ge=0)] | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    speed: Speed | None = None


Fallbacks = Annotated[
    Annotated[Items[Fallback], branch("list")] | Annotated[Literal["default"], branch("default")],
    Field(union_mode=LEFT_TO_RIGHT),
]


class ThreadCreate(WireModel):
    """Keep this conversation under the id of the response."""

    type: Literal["create"]


class ThreadContinue(WireModel):
    """Go on from a response whose conversation was kept."""

    type: Literal["continue"]
    previous_message_id: str


Thread = Annotated[ThreadCreate | ThreadContinue, Field(discriminator="type")]
