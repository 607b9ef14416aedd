"""The blocks of a Messages answer as engine events: one open at a time, whatever the upstream does.

The API itself never has two open. Gateways that convert other formats do, and send deltas that fit
no block: what is said of a second block waits for the end of the first, and a text or a thought
without a block gets one. Server tools have no engine events; their blocks are left out, and so is
every kind of block or delta that nobody here knows.
"""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    BlockOpened,
    EngineEvent,
    RedactedThinkingOpened,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
)
from antechamber.wire.encoding import encode_json

_Kind = TypeVar("_Kind")


class _Text(msgspec.Struct, tag_field="type", tag="text"):
    text: str | None = None


class _Thinking(msgspec.Struct, tag_field="type", tag="thinking"):
    thinking: str | None = None


class _Redacted(msgspec.Struct, tag_field="type", tag="redacted_thinking"):
    data: str


class _ToolUse(msgspec.Struct, tag_field="type", tag="tool_use"):
    name: str
    id: str | None = None
    input: dict[str, object] | None = None
    toolset_name: str | None = None


class _TextDelta(msgspec.Struct, tag_field="type", tag="text_delta"):
    text: str | None = None


class _ThinkingDelta(msgspec.Struct, tag_field="type", tag="thinking_delta"):
    thinking: str | None = None


class _InputDelta(msgspec.Struct, tag_field="type", tag="input_json_delta"):
    partial_json: str | None = None


class _Typed(msgspec.Struct):
    type: str = ""


_typed = msgspec.json.Decoder(_Typed)
_AnyBlock = _Text | _Thinking | _Redacted | _ToolUse
_AnyDelta = _TextDelta | _ThinkingDelta | _InputDelta
_block: msgspec.json.Decoder[_AnyBlock] = msgspec.json.Decoder(_AnyBlock)
_delta: msgspec.json.Decoder[_AnyDelta] = msgspec.json.Decoder(_AnyDelta)
_BLOCKS = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
_DELTAS = frozenset({"text_delta", "thinking_delta", "input_json_delta"})


class _Block:
    """One block, as far as it has been read; without ``opened`` it is left out."""

    def __init__(self, opened: BlockOpened | None) -> None:
        self.kind = type(opened)
        self.is_left_out = opened is None
        self.ended = False
        self.given_input = ""
        """The JSON text of an input that came with the start of its call."""
        self._input: list[str] = []
        """What has been said of a call."""
        self._waiting: list[EngineEvent] = [] if opened is None else [opened]

    def say(self, text: str | None) -> None:
        """Add to the block."""
        if text:
            self._waiting.append(BlockDelta(text=text))
            if self.kind is ToolUseOpened:
                self._input.append(text)

    def end(self) -> None:
        """Note that no more comes; an input counts that came with the start and with no delta."""
        if not self.ended and not self._input:
            self.say(self.given_input)
        self.ended = True

    def take(self) -> Iterator[EngineEvent]:
        """Yield what has not been told yet."""
        told, self._waiting = self._waiting, []
        yield from told

    @property
    def may_be_cut(self) -> bool:
        """Whether it is a call without a whole input: the API ends one like any other block."""
        if self.kind is not ToolUseOpened:
            return False
        try:
            return not isinstance(msgspec.json.decode("".join(self._input)), dict)
        except msgspec.DecodeError:
            return True


class BlockReader:
    """Reads the blocks of one answer by their indices.

    Every method yields the events that can be told by now, and raises ``msgspec.ValidationError``
    where a known kind has a form that it has not.
    """

    def __init__(self) -> None:
        self._by_index: dict[int, _Block] = {}
        self._open: list[_Block] = []
        """Those of which something is still to be told; the first is the one that is open."""

    def start(self, index: int, block: bytes) -> Iterator[EngineEvent]:
        """Begin a block with the JSON text of its ``content_block``."""
        self._end(index)
        match _known(_block, block, _BLOCKS):
            case _Text(text=text):
                self._begin(index, TextOpened()).say(text)
            case _Thinking(thinking=thought):
                self._begin(index, ThinkingOpened()).say(thought)
            case _Redacted(data=data):
                self._begin(index, RedactedThinkingOpened(data=data))
            case _ToolUse(name=name, id=call_id, input=given, toolset_name=toolset):
                call = self._begin(
                    index, ToolUseOpened(name=name, id=call_id, toolset_name=toolset)
                )
                call.given_input = encode_json(given).decode() if given else ""
            case None:
                self._by_index[index] = _Block(None)
        yield from self._told()

    def extend(self, index: int, delta: bytes) -> Iterator[EngineEvent]:
        """Go on with a block with the JSON text of a ``delta``."""
        match _known(_delta, delta, _DELTAS):
            case _TextDelta(text=text):
                self._say(index, TextOpened(), text)
            case _ThinkingDelta(thinking=thought):
                self._say(index, ThinkingOpened(), thought)
            case _InputDelta(partial_json=text):
                self._say(index, None, text)
            case None:
                pass
        yield from self._told()

    def stop(self, index: int) -> Iterator[EngineEvent]:
        """End a block."""
        self._end(index)
        yield from self._told()

    def finish(self) -> Iterator[EngineEvent]:
        """End what is open but for the last block, which the end of the turn ends."""
        for block in self._open[:-1]:
            block.end()
        for block in self._open[-1:]:
            if block.given_input:
                block.end()
        yield from self._told()

    def _begin(self, index: int, opened: BlockOpened) -> _Block:
        block = _Block(opened)
        self._by_index[index] = block
        self._open.append(block)
        return block

    def _say(self, index: int, opened: BlockOpened | None, text: str | None) -> None:
        kind = ToolUseOpened if opened is None else type(opened)
        named = self._by_index.get(index)
        if named is not None and named.is_left_out:
            return
        if named is not None and named.kind is kind:
            named.say(text)
            return
        fitting = next(
            (each for each in reversed(self._open) if each.kind is kind and not each.ended), None
        )
        if fitting is None and opened is not None and text:
            self._end(index)
            fitting = self._begin(index, opened)
        if fitting is not None:
            fitting.say(text)

    def _end(self, index: int) -> None:
        if (block := self._by_index.pop(index, None)) is not None:
            block.end()

    def _told(self) -> Iterator[EngineEvent]:
        while self._open:
            first = self._open[0]
            yield from first.take()
            if not first.ended or (len(self._open) == 1 and first.may_be_cut):
                # Such a call stays open, and the end of the turn says whether it was cut.
                return
            yield BlockClosed()
            del self._open[0]


def _known(
    decoder: msgspec.json.Decoder[_Kind], text: bytes, kinds: frozenset[str]
) -> _Kind | None:
    """Return what ``text`` is; None for a kind of tomorrow."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError:
        if _typed.decode(text).type in kinds:
            raise
        return None
