"""The edits that the server makes to a conversation before the model reads it (beta).

Source: OpenAPI 2026-08, schemas ``BetaClearToolUses20250919`` and its neighbours.
"""

from typing import Annotated, Literal

from pydantic import Field

from antechamber.wire.shape import (
    LEFT_TO_RIGHT,
    Items,
    Omissible,
    ToldApartByType,
    WireModel,
    branch,
)


class InputTokensTrigger(WireModel):
    """Reached when the input is this long."""

    type: Literal["input_tokens"]
    value: Annotated[int, Field(ge=1)]


class ToolUsesTrigger(WireModel):
    """Reached when the input holds so many tool calls."""

    type: Literal["tool_uses"]
    value: Annotated[int, Field(ge=1)]


class InputTokensClearAtLeast(WireModel):
    """Clear so many tokens, or nothing."""

    type: Literal["input_tokens"]
    value: Annotated[int, Field(ge=0)]


class ToolUsesKeep(WireModel):
    """How many of the latest tool calls stay."""

    type: Literal["tool_uses"]
    value: Annotated[int, Field(ge=0)]


class ThinkingTurns(WireModel):
    """How many of the latest assistant turns keep their thinking."""

    type: Literal["thinking_turns"]
    value: Annotated[int, Field(ge=1)]


class AllThinkingTurns(WireModel):
    """Every assistant turn keeps its thinking."""

    type: Literal["all"]


class ClearToolUses20250919(WireModel):
    """Replaces the oldest tool results by a placeholder."""

    type: Literal["clear_tool_uses_20250919"]
    trigger: Omissible[
        Annotated[InputTokensTrigger | ToolUsesTrigger, Field(discriminator="type")]
    ] = None
    keep: Omissible[Annotated[ToolUsesKeep, ToldApartByType()]] = None
    clear_at_least: InputTokensClearAtLeast | None = None
    clear_tool_inputs: (
        Annotated[
            Annotated[Items[str], branch("names")] | Annotated[bool, branch("all")],
            Field(union_mode=LEFT_TO_RIGHT),
        ]
        | None
    ) = None
    exclude_tools: Items[str] | None = None


_Kept = Annotated[ThinkingTurns | AllThinkingTurns, Field(discriminator="type")]


class ClearThinking20251015(WireModel):
    """Drops the thinking of earlier turns."""

    type: Literal["clear_thinking_20251015"]
    keep: Omissible[
        Annotated[
            Annotated[_Kept, branch("turns")] | Annotated[Literal["all"], branch("all")],
            Field(union_mode=LEFT_TO_RIGHT),
        ]
    ] = None


class Compact20260112(WireModel):
    """Puts a summary in the place of a conversation that has grown long."""

    type: Literal["compact_20260112"]
    trigger: InputTokensTrigger | None = None
    pause_after_compaction: Omissible[bool] = None
    instructions: str | None = None


Edit = Annotated[
    ClearToolUses20250919 | ClearThinking20251015 | Compact20260112, Field(discriminator="type")
]


class ContextManagement(WireModel):
    """The edits, in the order in which they are applied."""

    edits: Omissible[Items[Edit]] = None
