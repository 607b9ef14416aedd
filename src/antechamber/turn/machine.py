"""Engine events in, wire events out: the only place that numbers blocks and ends a message.

What may follow what is the table ``_ALLOWED``; an engine that breaks it is at fault, and the
stream it was writing stays well-formed. Invariants kept here, whatever an engine says:

- blocks are numbered 0, 1, 2 …, never two open, never reopened;
- a delta has the type of the open block;
- a block of text that would be empty or blank is left out;
- a thinking block closes with exactly one signature;
- every tool call has an id of its own, in the form that the API issues, which holds the engine's
  where that is short enough;
- a complete call at the end means ``stop_reason: tool_use``, a cut one never does;
- usage is cumulative, and nothing follows the end.
"""

import re
from dataclasses import dataclass
from enum import Enum

from msgspec import UNSET, UnsetType

from antechamber.turn.cache_use import CacheUse
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    CitationFound,
    EngineEvent,
    RedactedThinkingOpened,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.turn.open_blocks import (
    OpenBlock,
    OpenCall,
    OpenRedacted,
    OpenText,
    OpenThinking,
    Sign,
    Track,
)
from antechamber.turn.usage import UsageAccount
from antechamber.wire.call_ids import carrying
from antechamber.wire.errors import EngineFailed
from antechamber.wire.ids import NewId
from antechamber.wire.responses import (
    ContextManagement,
    Diagnostics,
    DirectCaller,
    Message,
    ServiceTier,
    StopReason,
    ToolUseBlock,
)
from antechamber.wire.stream import Ending, MessageDelta, MessageStart, MessageStop, StreamEvent

_ISSUABLE_TOOL_ID = re.compile(r"toolu_[A-Za-z0-9]{1,58}")
_CUTTING: frozenset[StopReason] = frozenset(
    {"max_tokens", "model_context_window_exceeded", "stop_sequence", "refusal"}
)
"""Reasons that may come in the middle of a block."""


class State(Enum):
    """What is open."""

    NOTHING = "nothing"
    TEXT = "text"
    THINKING = "thinking"
    REDACTED = "redacted"
    TOOL_USE = "tool_use"
    ENDED = "ended"


_OPENED = {
    TextOpened: State.TEXT,
    ThinkingOpened: State.THINKING,
    RedactedThinkingOpened: State.REDACTED,
    ToolUseOpened: State.TOOL_USE,
}
_INSIDE: frozenset[type[EngineEvent]] = frozenset(
    {BlockDelta, BlockClosed, UsageReported, TurnEnded}
)
_ALLOWED: dict[State, frozenset[type[EngineEvent]]] = {
    State.NOTHING: frozenset({*_OPENED, UsageReported, TurnEnded}),
    State.TEXT: _INSIDE | {CitationFound},
    State.THINKING: _INSIDE,
    State.TOOL_USE: _INSIDE,
    State.REDACTED: _INSIDE - {BlockDelta},
    State.ENDED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What is fixed before the first event of a turn."""

    model: str
    """The canonical id of the model that was asked for."""
    input_tokens: int
    """Of the whole input."""
    cache: CacheUse | None = None
    """How they are split, where the account of the prompt cache is kept here."""
    service_tier: ServiceTier = "standard"
    generates: bool = True
    """False where the request asked for no output at all."""
    show_thinking: bool = True
    estimate_thinking: bool = False
    """Whether deltas of thoughts carry ``estimated_tokens``."""
    tells_full_window: bool = True
    """Whether ``model_context_window_exceeded`` goes out under its name; else ``max_tokens`` does,
    which is what clients of models before 4.5 know."""
    speed: str | None = None
    context_management: ContextManagement | UnsetType = UNSET
    diagnostics: Diagnostics | UnsetType = UNSET


class TurnMachine:
    """Turns one engine's events into one message's stream; use one for each turn."""

    def __init__(self, opening: Opening, *, new_id: NewId, sign: Sign) -> None:
        self._opening = opening
        self._new_id = new_id
        self._sign = sign
        self._id = new_id("msg_")
        self._call_ids: set[str] = set()
        self._track = Track()
        self._state = State.NOTHING
        self._allowed = _ALLOWED[State.NOTHING]
        """Those of the state; looked up when it changes, because events are many."""
        self._block: OpenBlock = OpenText(self._track)
        """Has a meaning only while a block is open."""
        self.usage = UsageAccount(input_tokens=opening.input_tokens)
        if opening.cache is not None:
            self.usage.keep_account(opening.cache, input_tokens=opening.input_tokens)

    @property
    def message_id(self) -> str:
        """The id of the message."""
        return self._id

    @property
    def ended(self) -> bool:
        """Whether the terminal event has been produced."""
        return self._state is State.ENDED

    def start(self) -> MessageStart:
        """Return the first event of the stream, with the counts known by now."""
        return MessageStart(
            Message(
                id=self._id,
                model=self._opening.model,
                content=[],
                usage=self.usage.at_start(
                    speed=self._opening.speed, service_tier=self._opening.service_tier
                ),
                diagnostics=self._opening.diagnostics,
            )
        )

    def feed(self, event: EngineEvent) -> list[StreamEvent]:
        """Return the wire events that follow from ``event``.

        Raises ``EngineFailed`` when the engine breaks the table, or says that a tool call is
        complete which is not; nothing has been changed then.
        """
        if type(event) not in self._allowed:
            message = f"The engine sent {type(event).__name__} while {self._state.value} was open."
            raise EngineFailed(message)
        match event:
            case BlockDelta(text=text):
                return self._block.extend(_encodable(text)) if text else []
            case UsageReported():
                self.usage.merge(event)
                return []
            case BlockClosed(cargo=cargo):
                return self._close(cargo)
            case TurnEnded():
                return self._end(event)
            case CitationFound(citation=citation):
                block = self._block
                return block.cite(citation) if isinstance(block, OpenText) else []
            case _:
                return self._open(event)

    def _open(
        self, event: TextOpened | ThinkingOpened | RedactedThinkingOpened | ToolUseOpened
    ) -> list[StreamEvent]:
        match event:
            case TextOpened():
                block = OpenText(self._track)
            case ThinkingOpened():
                block = OpenThinking(
                    self._track,
                    self._sign,
                    shown=self._opening.show_thinking,
                    estimated=self._opening.estimate_thinking,
                )
            case RedactedThinkingOpened(data=data):
                block = OpenRedacted(self._track, self._sign, data)
            case ToolUseOpened():
                block = OpenCall(self._track, self._tool_use(event))
        self._block = block
        self._enter(_OPENED[type(event)])
        return block.begin()

    def _tool_use(self, event: ToolUseOpened) -> ToolUseBlock:
        return ToolUseBlock(
            id=self._call_id(event.id or ""),
            name=event.name,
            input={},
            caller=DirectCaller(),
            toolset_name=event.toolset_name if event.toolset_name is not None else UNSET,
        )

    def _call_id(self, given: str) -> str:
        """Return the id to show of the engine's own: itself, or one that holds it where it can.

        One of another server like this, which holds its host's, has the right form already.
        """
        call_id = None
        if given not in self._call_ids:
            fits = _ISSUABLE_TOOL_ID.fullmatch(given) is not None
            call_id = given if fits else carrying(given, self._new_id)
        if call_id is None:
            call_id = self._new_id("toolu_")
        self._call_ids.update((given, call_id))
        return call_id

    def _close(self, cargo: bytes) -> list[StreamEvent]:
        block = self._block
        events = block.close(cargo) if isinstance(block, OpenThinking) else block.close()
        self._enter(State.NOTHING)
        return events

    def _end(self, event: TurnEnded) -> list[StreamEvent]:
        reported = event.stop_reason
        if reported == "stop_sequence" and event.stop_sequence is None:
            reported = "end_turn"
        events = self._close_for(reported) if self._state is not State.NOTHING else []
        self._enter(State.ENDED)
        reason = self._true_reason(reported)
        ending = Ending(
            stop_reason=reason,
            stop_sequence=event.stop_sequence if reason == "stop_sequence" else None,
            stop_details=event.stop_details if reason == "refusal" else None,
        )
        usage = self.usage.at_end(least=1 if self._opening.generates else 0)
        managed = self._opening.context_management
        return [
            *events,
            MessageDelta(delta=ending, usage=usage, context_management=managed),
            MessageStop(),
        ]

    def _enter(self, state: State) -> None:
        self._state, self._allowed = state, _ALLOWED[state]

    def _close_for(self, reason: StopReason) -> list[StreamEvent]:
        block = self._block
        if isinstance(block, OpenCall) and reason in _CUTTING and not block.is_complete:
            return block.cut()
        return block.close()

    def _true_reason(self, reported: StopReason) -> StopReason:
        """Return the reason that fits what was shown.

        Engines report the end of a tool call as an ordinary end (maximhq/bifrost#6123), and the
        other way round; a client that is not told of a call leaves it unanswered.
        """
        if reported == "refusal":
            return reported
        if self._track.ends_in_complete_call:
            return "tool_use"
        if reported in ("end_turn", "tool_use"):
            return "tool_use" if self._track.complete_calls else "end_turn"
        if reported == "model_context_window_exceeded" and not self._opening.tells_full_window:
            return "max_tokens"
        return reported


def _encodable(text: str) -> str:
    """Return ``text`` without lone surrogates, which JSON read elsewhere may hold and UTF-8 cannot.

    Two halves of one character that come together become the character.
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
