"""Structured output held back until it is known to be valid.

Gemini keeps to the part of a schema that it knows, and says nothing of the rest.
"""

from collections.abc import Iterator, Mapping

from antechamber.dialects.openai_chat.checks import bare_json, follows
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    TextOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.errors import InvalidRequest


class HeldText:
    """Feed it the events of one turn; its text comes at the end, in one block."""

    def __init__(self, schema: Mapping[str, object]) -> None:
        self._schema = schema
        self._held: list[str] = []
        self._in_text = False
        self._called = False
        self._shown = False
        self._usage: UsageReported | None = None

    def feed(self, event: EngineEvent) -> Iterator[EngineEvent]:
        """Yield what may be shown by now.

        Raises ``InvalidRequest`` at the end of an answer that does not follow the schema.
        """
        for each in self._told(event):
            # Counts alone are no beginning: until there is one, a failure costs nothing.
            if isinstance(each, UsageReported) and not self._shown:
                self._usage = each
                continue
            if not self._shown:
                self._shown = True
                if self._usage is not None:
                    yield self._usage
            yield each

    def _told(self, event: EngineEvent) -> Iterator[EngineEvent]:
        match event:
            case _ if self._called:
                yield event
            case TextOpened():
                self._in_text = True
            case BlockDelta(text=text) if self._in_text:
                self._held.append(text)
            case BlockClosed() if self._in_text:
                self._in_text = False
            case ToolUseOpened():
                # The answer is a call, so no text has to follow the schema.
                self._called = True
                yield from _said("".join(self._held))
                yield event
            case TurnEnded(stop_reason=reason):
                whole = reason == "end_turn"
                yield from _said(self._checked() if whole else "".join(self._held))
                yield event
            case _:
                yield event

    def _checked(self) -> str:
        text = bare_json("".join(self._held))
        if not follows(self._schema, text):
            message = "Schema is too complex for compilation."
            raise InvalidRequest(message)
        return text


def _said(text: str) -> Iterator[EngineEvent]:
    if text:
        yield from (TextOpened(), BlockDelta(text=text), BlockClosed())
