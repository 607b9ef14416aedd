"""The block that is being written: how it is announced, what its deltas are, how it ends."""

from typing import Protocol, cast

from msgspec import UNSET
from pydantic_core import from_json

from antechamber.wire.errors import EngineFailed
from antechamber.wire.responses import (
    ContentBlock,
    RedactedThinkingBlock,
    TextBlock,
    TextCitation,
    ThinkingBlock,
    ToolUseBlock,
)
from antechamber.wire.stream import (
    CitationsDelta,
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Delta,
    InputJsonDelta,
    SignatureDelta,
    StreamEvent,
    TextDelta,
    ThinkingDelta,
)

_QUANTUM_TOKENS = 50
_QUANTUM_CHARACTERS = 200
"""Of a hidden thought the client may ask for a coarse progress (``estimated_tokens``): so many
tokens for so many characters, at four a token."""


class Sign(Protocol):
    """Signs a block of ``kind`` with the text that the client holds; ``wire.signatures``."""

    def __call__(self, kind: str, content: str, cargo: bytes = b"") -> str:
        """Return the signature."""
        ...


class Track:
    """What of the message has been shown: numbers its blocks, remembers its calls."""

    def __init__(self) -> None:
        self._index = -1
        self.complete_calls = 0
        self.ends_in_complete_call = False

    def begin(self, block: ContentBlock) -> ContentBlockStart:
        """Show the next block."""
        self._index += 1
        self.ends_in_complete_call = False
        return ContentBlockStart(self._index, block)

    def delta(self, delta: Delta) -> ContentBlockDelta:
        """Show more of it."""
        return ContentBlockDelta(self._index, delta)

    def end(self) -> ContentBlockStop:
        """Show its end."""
        return ContentBlockStop(self._index)


class OpenText:
    """Text; shown from its first character that is not blank, or not at all.

    A blank block would be refused when it comes back in the history
    (``messages: text content blocks must contain non-whitespace text``).
    """

    def __init__(self, track: Track) -> None:
        self._track = track
        self._blank: list[str] | None = []
        """What is held back; None once the block has been shown."""
        self._citations: list[TextCitation] = []
        """Held back with it."""

    def begin(self) -> list[StreamEvent]:
        """Show nothing yet."""
        return []

    def cite(self, citation: TextCitation) -> list[StreamEvent]:
        """Show a citation of the text; one that comes before it is shown as its block begins."""
        if self._blank is None:
            return [self._track.delta(CitationsDelta(citation))]
        self._citations.append(citation)
        return []

    def extend(self, text: str) -> list[StreamEvent]:
        """Show ``text``, together with the blanks before it."""
        if self._blank is None:
            return [self._track.delta(TextDelta(text))]
        self._blank.append(text)
        if text.isspace():
            return []
        text, self._blank = "".join(self._blank), None
        begun = self._track.begin(TextBlock(text="", citations=[] if self._citations else None))
        cited = [self._track.delta(CitationsDelta(citation)) for citation in self._citations]
        return [begun, *cited, self._track.delta(TextDelta(text))]

    def close(self) -> list[StreamEvent]:
        """End the block, if it has been shown."""
        return [] if self._blank is not None else [self._track.end()]


class OpenThinking:
    """A thought; ends with one signature of what was shown of it."""

    def __init__(self, track: Track, sign: Sign, *, shown: bool, estimated: bool = False) -> None:
        self._track = track
        self._sign = sign
        self._shown = shown
        self._estimated = estimated
        self._thought: list[str] = []
        self._hidden_characters = 0

    def begin(self) -> list[StreamEvent]:
        """Show the block at once: also a hidden thought has a place and a signature."""
        return [self._track.begin(ThinkingBlock(thinking="", signature=""))]

    def extend(self, text: str) -> list[StreamEvent]:
        """Show ``text`` unless the display is omitted; then at most how much there has been."""
        if not self._shown:
            return self._estimate(text) if self._estimated else []
        self._thought.append(text)
        return [self._track.delta(ThinkingDelta(text, None if self._estimated else UNSET))]

    def _estimate(self, text: str) -> list[StreamEvent]:
        self._hidden_characters += len(text)
        quanta, self._hidden_characters = divmod(self._hidden_characters, _QUANTUM_CHARACTERS)
        if not quanta:
            return []
        return [self._track.delta(ThinkingDelta("", quanta * _QUANTUM_TOKENS))]

    def close(self, cargo: bytes = b"") -> list[StreamEvent]:
        """Sign the thought, with the engine's ``cargo`` in the signature, and end it."""
        signature = self._sign("thinking", "".join(self._thought), cargo)
        return [self._track.delta(SignatureDelta(signature)), self._track.end()]


class OpenRedacted:
    """Opaque reasoning, complete as it begins; goes out as the cargo of a signature of ours."""

    def __init__(self, track: Track, sign: Sign, data: str) -> None:
        self._track = track
        self._sign = sign
        self._data = data

    def begin(self) -> list[StreamEvent]:
        """Show all of it."""
        data = self._sign("redacted_thinking", "", self._data.encode())
        return [self._track.begin(RedactedThinkingBlock(data=data))]

    def extend(self, text: str) -> list[StreamEvent]:
        """Refuse: the machine's table lets no delta get here."""
        message = f"A redacted thought has no deltas; the engine sent {len(text)} characters."
        raise EngineFailed(message)

    def close(self) -> list[StreamEvent]:
        """End it."""
        return [self._track.end()]


class OpenCall:
    """A call of a client tool, whose deltas join to the JSON text of its input."""

    def __init__(self, track: Track, block: ToolUseBlock) -> None:
        self._track = track
        self._block = block
        self._json: list[str] = []

    def begin(self) -> list[StreamEvent]:
        """Show the call; recorded streams of the hosted API begin its input with ``""``."""
        return [self._track.begin(self._block), self._track.delta(InputJsonDelta(""))]

    def extend(self, text: str) -> list[StreamEvent]:
        """Show more of the input."""
        if not self._json:
            # The accumulators of the SDKs parse after each delta, and blanks alone are no JSON.
            text = text.lstrip(" \t\r\n")
            if not text:
                return []
        self._json.append(text)
        return [self._track.delta(InputJsonDelta(text))]

    @property
    def is_complete(self) -> bool:
        """Whether the input is a whole JSON object, so that nothing can be missing."""
        return _read_object("".join(self._json), partial=False) is not None

    def close(self) -> list[StreamEvent]:
        """End a call that its engine says is complete.

        Raises ``EngineFailed`` when its input is not a JSON object.
        """
        events: list[StreamEvent] = []
        if not self._json:
            # To close a call without arguments means a call without arguments.
            events.append(self._track.delta(InputJsonDelta("{}")))
        elif not self.is_complete:
            message = "The engine closed a tool call whose input is not a JSON object."
            raise EngineFailed(message)
        self._track.complete_calls += 1
        self._track.ends_in_complete_call = True
        return [*events, self._track.end()]

    def cut(self) -> list[StreamEvent]:
        """End a call in the middle: it keeps what there is of its input.

        Raises ``EngineFailed`` when that is no beginning of a JSON object.
        """
        if self._json and _read_object("".join(self._json), partial=True) is None:
            message = "The engine sent a tool call whose input is not JSON."
            raise EngineFailed(message)
        return [self._track.end()]


OpenBlock = OpenText | OpenThinking | OpenRedacted | OpenCall


def _read_object(text: str, *, partial: bool) -> dict[str, object] | None:
    try:
        value = from_json(text, allow_inf_nan=False, allow_partial=partial)
    except ValueError:
        return None
    return cast("dict[str, object]", value) if isinstance(value, dict) else None
