"""One reply laid out for one request: blocks in pieces, cut where the request's limits cut them.

Pure; delays and faults, which belong to the playing, are in ``play``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from antechamber.engines.scripted.scene import Scene
from antechamber.engines.scripted.script import (
    Content,
    RedactedThinkingContent,
    Reply,
    TextContent,
    ThinkingContent,
    ToolUseContent,
)
from antechamber.engines.scripted.tokens import split_tokens
from antechamber.turn.events import (
    BlockOpened,
    RedactedThinkingOpened,
    StopReason,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the request lets a reply be."""

    output_tokens: int
    reason_at_limit: StopReason = "max_tokens"
    stop_sequences: tuple[str, ...] = ()
    thinking: bool = False
    thinking_tokens: int = 0


Piece = tuple[str, ...]
"""What comes in one delta, token by token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block as it will be played."""

    opening: BlockOpened
    opening_tokens: int = 0
    pieces: tuple[Piece, ...] = ()
    closes: bool = True
    """False for a tool call whose JSON is cut: the turn ends while it is open."""

    @property
    def tokens(self) -> int:
        """Output tokens of the whole block."""
        return self.opening_tokens + sum(len(piece) for piece in self.pieces)

    @property
    def thinks(self) -> bool:
        """Whether its tokens are thinking tokens."""
        return isinstance(self.opening, ThinkingOpened | RedactedThinkingOpened)


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A reply as this request gets it."""

    blocks: tuple[Block, ...]
    ending: TurnEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stop:
    sequence: str
    start: int
    end: int


def lay_out(reply: Reply, scene: Scene, limits: Limits) -> Take:
    """Cut the reply into pieces, up to the first limit or stop sequence that it meets."""
    cut = TurnEnded(stop_reason=limits.reason_at_limit)
    if limits.output_tokens == 0:
        return Take(blocks=(), ending=cut)
    blocks: list[Block] = []
    left = limits.output_tokens
    for block in _audible(reply, scene, limits):
        stop = _first_stop(block, limits.stop_sequences)
        if stop is not None and _tokens_within(block.pieces, stop.end) <= left:
            blocks += _before(block, stop)
            ending = TurnEnded(stop_reason="stop_sequence", stop_sequence=stop.sequence)
            return Take(blocks=tuple(blocks), ending=ending)
        if block.tokens > left:
            blocks += _shortened(block, left)
            return Take(blocks=tuple(blocks), ending=cut)
        blocks.append(block)
        left -= block.tokens
    return Take(blocks=tuple(blocks), ending=_own_ending(reply, blocks))


def _audible(reply: Reply, scene: Scene, limits: Limits) -> Iterator[Block]:
    """Yield the blocks that the request lets be seen, its thoughts within their budget."""
    thinking_left = limits.thinking_tokens
    for content in reply.blocks:
        block = _block(content, scene)
        if not block.thinks or (_is_always(content) and not limits.thinking):
            yield block
        elif limits.thinking:
            for thought in _shortened(block, thinking_left):
                thinking_left -= thought.tokens
                yield thought


def _is_always(content: Content) -> bool:
    return isinstance(content, ThinkingContent | RedactedThinkingContent) and content.always


def _block(content: Content, scene: Scene) -> Block:
    match content:
        case TextContent(text=text, chunks=chunks):
            return Block(opening=TextOpened(), pieces=_pieces(_filled(text, scene), chunks))
        case ThinkingContent(thinking=text, chunks=chunks):
            return Block(opening=ThinkingOpened(), pieces=_pieces(_filled(text, scene), chunks))
        case RedactedThinkingContent(data=data):
            return Block(opening=RedactedThinkingOpened(data=data), opening_tokens=1)
        case ToolUseContent(name=name, id=tool_id, toolset_name=toolset_name, chunks=chunks):
            opening = ToolUseOpened(name=name, id=tool_id, toolset_name=toolset_name)
            pieces = _pieces(content.json_text, chunks)
            return Block(opening=opening, pieces=pieces, closes=not content.cut)


def _pieces(text: str, chunks: tuple[str, ...] | None) -> tuple[Piece, ...]:
    if chunks is not None:
        return tuple(tuple(split_tokens(chunk)) for chunk in chunks)
    return tuple((token,) for token in split_tokens(text))


_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}|\{(\w+)\}")


def _filled(text: str | None, scene: Scene) -> str:
    """Put what the request says in the place of ``{model}`` and its like; ``{{model}}`` stays."""
    values = {
        "model": scene.models[0],
        "last_user_text": scene.user_text or scene.question_text,
        "tool_result": scene.result_text or "",
    }

    def value(found: re.Match[str]) -> str:
        escaped, name = found.groups()
        if escaped in values:
            return f"{{{escaped}}}"
        return values.get(name, found.group())

    return _PLACEHOLDER.sub(value, text or "")


def _first_stop(block: Block, sequences: tuple[str, ...]) -> _Stop | None:
    """Find the sequence that is complete first; of two that end together the longer one."""
    if not isinstance(block.opening, TextOpened):
        return None
    text = "".join(token for piece in block.pieces for token in piece)
    found = [
        _Stop(sequence=sequence, start=start, end=start + len(sequence))
        for sequence in sequences
        if (start := text.find(sequence)) >= 0
    ]
    return min(found, key=lambda stop: (stop.end, stop.start), default=None)


def _before(block: Block, stop: _Stop) -> list[Block]:
    """Return what of a text block stands before the stop sequence, if anything does."""
    left = stop.start
    pieces: list[Piece] = []
    for piece in block.pieces:
        shown: list[str] = []
        for token in piece:
            shown.append(token[:left])
            left = max(0, left - len(token))
        pieces.append(tuple(token for token in shown if token))
    kept = tuple(piece for piece in pieces if piece)
    return [replace(block, pieces=kept)] if kept else []


def _shortened(block: Block, tokens: int) -> list[Block]:
    """Return as much of the block as the tokens allow, if that is anything at all."""
    if block.tokens <= tokens:
        return [block]
    pieces = _first(block.pieces, tokens - block.opening_tokens)
    closes = not isinstance(block.opening, ToolUseOpened)
    return [replace(block, pieces=pieces, closes=closes)] if pieces else []


def _first(pieces: tuple[Piece, ...], tokens: int) -> tuple[Piece, ...]:
    kept: list[Piece] = []
    for piece in pieces:
        if tokens <= 0:
            break
        kept.append(piece[:tokens])
        tokens -= len(piece)
    return tuple(kept)


def _tokens_within(pieces: tuple[Piece, ...], characters: int) -> int:
    """Count the tokens that it takes to have that many characters."""
    tokens = 0
    for token in (token for piece in pieces for token in piece):
        if characters <= 0:
            break
        characters -= len(token)
        tokens += 1
    return tokens


def _own_ending(reply: Reply, blocks: list[Block]) -> TurnEnded:
    return TurnEnded(
        stop_reason=reply.stop_reason or _natural_reason(reply, blocks),
        stop_sequence=reply.stop_sequence,
        stop_details=reply.stop_details,
    )


def _natural_reason(reply: Reply, blocks: list[Block]) -> StopReason:
    if reply.stop_sequence is not None:
        return "stop_sequence"
    if blocks and isinstance(blocks[-1].opening, ToolUseOpened):
        return "tool_use" if blocks[-1].closes else "max_tokens"
    return "end_turn"
