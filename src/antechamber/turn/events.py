"""What an engine emits while it takes a turn: a small closed union, free of wire details.

Engines know blocks, tokens and an end. Indices, message ids, pings, signatures and SSE belong to
``turn.machine``; the order that events may come in is the table there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from antechamber.wire.responses import StopReason, TextCitation


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOpened:
    """A text block begins; its deltas are text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingOpened:
    """A thinking block begins; its deltas are the thought. The machine signs it when it closes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactedThinkingOpened:
    """A block of opaque reasoning, complete in its opening; it has no deltas."""

    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUseOpened:
    """A call of a client tool begins; its deltas, joined, are the JSON text of the input.

    ``id`` is the engine's own id for the call, or None when it has none. What leaves us always
    matches ``^toolu_[A-Za-z0-9]+$``; the machine sees to that.
    """

    name: str
    id: str | None = None
    toolset_name: str | None = None


BlockOpened = TextOpened | ThinkingOpened | RedactedThinkingOpened | ToolUseOpened


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockDelta:
    """More of the open block; for a tool call a piece of its JSON text. Never empty."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CitationFound:
    """The open text is supported by a passage; comes before the text, as recorded streams do."""

    citation: TextCitation


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockClosed:
    """The open block is complete.

    A tool call that was cut is not closed: ``TurnEnded`` follows while it is open.
    """

    cargo: bytes = b""
    """What the engine wants to have back with a thought; rides inside its signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageReported:
    """Token counts so far, cumulative; None where the engine does not know (yet)."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    thinking_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation_1h_input_tokens: int | None = None
    """Part of those written, for an hour."""
    reused_tokens: int | None = None
    """Of the whole input, what the engine did not have to read again. Says nothing of an account:
    it bounds what one that is kept here may call read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """The turn is over, and with it a block that is still open.

    ``stop_sequence`` is set exactly when it is the reason, ``stop_details`` at most for a refusal.
    The machine corrects a reason that does not fit the tool calls that it has seen.
    """

    stop_reason: StopReason
    stop_sequence: str | None = None
    stop_details: Mapping[str, object] | None = None


class ConnectionCut(Exception):
    """The client's connection is to break without another word: what only a script asks for.

    Not an ``ApiError``, for the client is not to be told.
    """


EngineEvent = BlockOpened | BlockDelta | CitationFound | BlockClosed | UsageReported | TurnEnded
