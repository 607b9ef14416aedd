"""What the reader of an answer has to know of the request that it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """How a second attempt differs from the one whose answer was of no use."""

    bind: Literal["call", "answer"]
    """The text is bound to the JSON of a call, or to the schema of the answer."""
    tool: str | None = None
    """The tool to call; None lets the model choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingPlan:
    """How an answer is read."""

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """The tools' own names by those that the host knows; they may all be called."""
    must_call: bool = False
    one_call: bool = False
    text_is_call: bool = False
    """The text is the JSON of one call."""
    calls_in_text: bool = False
    """Calls stand in the text, between marks."""
    checks_calls: bool = False
    """Calls are held back until they have been seen to be valid."""
    strict: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )
    """The schemas that calls of these tools have to follow."""
    forced: Mapping[str, Mapping[str, object]] = field(
        default_factory=dict[str, Mapping[str, object]]
    )
    """Those of the other tools where a call has to come: followed where that can be checked."""
    answer_schema: Mapping[str, object] | None = None
    """The text is held back and has to be JSON of this schema."""
    echo: str = ""
    """What the text may begin with although the client has it already."""
    stop_here: tuple[str, ...] = ()
    """Sequences at which the text is cut here; the host does not know of them."""
    stop_told: tuple[str, ...] = ()
    """Sequences that the host stops at and reports."""
    shows_thoughts: bool = False
    thoughts_in_text: bool = False
    begins_in_thought: bool = False
    limit_is_window: bool = False
    """The output limit sent is what the window had room for, below what was asked for."""
