"""Gemini's stream as engine events: parts become blocks, signatures become cargo.

Text and thoughts come in pieces, calls come whole. A signature that comes while a thought is open,
with the part behind it, goes with that thought; one on a call goes ahead of the call in a block of
its own, for the API refuses a history that has lost it. What signs the last text of an answer
goes nowhere: a block behind the answer would be taken for it, and it is not asked for again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import msgspec

from antechamber.dialects.gemini.errors import told_error
from antechamber.dialects.gemini.finish import blocked_ending, ending_of
from antechamber.dialects.gemini.shapes import Candidate, Chunk, FunctionCall, Part
from antechamber.dialects.gemini.state import Signed, cargo_with
from antechamber.dialects.gemini.stops import StopScanner
from antechamber.dialects.gemini.tool_names import ToolNames
from antechamber.dialects.gemini.usage import usage_of
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    RedactedThinkingOpened,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingOrder:
    """What the request decided about its answer."""

    upstream: str
    """What errors call the upstream."""
    model: str
    names: ToolNames
    stop_sequences: tuple[str, ...] = ()
    one_call: bool = False
    """Calls behind the first one are left out: Gemini cannot be told to make one only."""
    thinks: bool = False
    """Whether thoughts were asked for."""


class TurnReader:
    """Feed it the data of each event, then tell it of the end; use one for each turn."""

    def __init__(self, order: ReadingOrder) -> None:
        self._order = order
        self._stops = StopScanner(order.stop_sequences)
        self._open: Literal["text", "thought"] | None = None
        self._begun = False
        """Whether any block has been opened."""
        self._called = False
        self._signed: list[Signed] = []
        """Signatures that no block carries yet."""
        self._usage: UsageReported | None = None
        self._ending: TurnEnded | None = None
        self.over = False
        """Whether the turn has ended; what the upstream still sends is of no use."""

    def feed(self, data: bytes) -> Iterator[EngineEvent]:
        """Yield what ``data`` means, the JSON of one event; raises ``ApiError``."""
        try:
            chunk = msgspec.json.decode(data, type=Chunk)
        except msgspec.MsgspecError as error:
            message = f"{self._order.upstream} sent an event that is not Gemini's."
            raise EngineFailed(message) from error
        if chunk.error is not None:
            raise told_error(self._order.upstream, chunk.error.code, chunk.error)
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            self._ending = blocked_ending(chunk.prompt_feedback)
        first = next((each for each in chunk.candidates or () if not each.index), None)
        # Read before anything is shown: a turn that fails with its first event can be taken anew.
        events = list(self._candidate(first)) if first is not None else []
        if chunk.usage_metadata is not None:
            usage = usage_of(chunk.usage_metadata)
            if usage != self._usage:
                self._usage = usage
                yield usage
        yield from events

    def end(self) -> Iterator[EngineEvent]:
        """Yield what the end of the stream means; raises when it came too early."""
        if self.over:
            return
        if self._ending is None:
            message = f"{self._order.upstream} broke off its answer."
            raise EngineFailed(message)
        yield from self._shut()
        self.over = True
        yield self._ending

    def _candidate(self, candidate: Candidate) -> Iterator[EngineEvent]:
        for part in (candidate.content.parts if candidate.content else None) or ():
            if self.over:
                return
            yield from self._part(part)
        if candidate.finish_reason and not self.over:
            # Counts may follow, so the turn ends with the stream.
            self._ending = ending_of(self._order.upstream, candidate.finish_reason)

    def _part(self, part: Part) -> Iterator[EngineEvent]:
        signature = part.thought_signature or ""
        if part.function_call is not None:
            yield from self._call(part.function_call, signature)
        elif part.thought:
            yield from self._thought(part.text or "", signature)
        elif part.text is not None or signature:
            yield from self._text(part.text or "", signature)
        elif _is_unspeakable(part):
            message = f"{self._order.upstream} answered with a part that no message can hold."
            raise EngineFailed(message)

    def _thought(self, text: str, signature: str) -> Iterator[EngineEvent]:
        if not self._order.thinks:
            return
        if self._open != "thought":
            yield from self._shut()
            self._open, self._begun = "thought", True
            yield ThinkingOpened()
        if text:
            yield BlockDelta(text=text)
        if signature:
            self._signed.append(Signed("thought", signature))

    def _text(self, text: str, signature: str) -> Iterator[EngineEvent]:
        if signature:
            leads = self._open == "thought" or (self._order.thinks and not self._begun)
            self._signed.append(Signed("text" if leads and text else "before", signature))
        if not text:
            return
        if self._open == "thought":
            yield from self._shut()
        elif self._signed and not self._begun and self._order.thinks:
            yield from self._carry()
        shown, stop = self._stops.feed(text)
        yield from self._say(shown)
        if stop is not None:
            yield from self._shut()
            self.over = True
            yield TurnEnded(stop_reason="stop_sequence", stop_sequence=stop)

    def _say(self, text: str) -> Iterator[EngineEvent]:
        if not text:
            return
        if self._open != "text":
            self._open, self._begun = "text", True
            yield TextOpened()
        yield BlockDelta(text=text)

    def _call(self, call: FunctionCall, signature: str) -> Iterator[EngineEvent]:
        if self._called and self._order.one_call:
            return
        if not call.name or call.will_continue:
            message = f"{self._order.upstream} sent a tool call in pieces, which was not asked for."
            raise EngineFailed(message)
        if signature:
            self._signed.append(Signed("call", signature))
        yield from self._shut()
        if self._signed:
            yield from self._carry()
        self._called = self._begun = True
        yield ToolUseOpened(name=self._order.names.ours(call.name), id=call.id)
        yield BlockDelta(text=encode_json(call.args or {}).decode())
        yield BlockClosed()

    def _shut(self) -> Iterator[EngineEvent]:
        """Close the open block; a thought takes the waiting signatures along."""
        if self._open == "text":
            yield from self._say(self._stops.rest())
            yield BlockClosed()
        elif self._open == "thought":
            yield BlockClosed(cargo=self._cargo())
        elif rest := self._stops.rest():
            yield from self._say(rest)
            yield BlockClosed()
        self._open = None

    def _carry(self) -> Iterator[EngineEvent]:
        self._begun = True
        yield RedactedThinkingOpened(data=self._cargo().decode())
        yield BlockClosed()

    def _cargo(self) -> bytes:
        signed, self._signed = self._signed, []
        return cargo_with(signed, model=self._order.model)


def _is_unspeakable(part: Part) -> bool:
    kinds = (part.inline_data, part.file_data, part.executable_code, part.code_execution_result)
    return any(kind is not None for kind in kinds)
