"""What the prompt cache compares: the prompt in pieces, in the order tools, system, messages.

Each level begins with the parameters whose change loses it and what follows. Breakpoints are no
part of a piece: they move on from turn to turn.

Source: platform.claude.com/docs/en/build-with-claude/prompt-caching, "What invalidates the cache".
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pydantic import BaseModel
from pydantic_core import to_json

from antechamber.catalogue.facts import ModelFacts
from antechamber.rules.attribution import is_attribution
from antechamber.rules.cache_control import can_be_marked, control_of
from antechamber.rules.reading import Prompt
from antechamber.rules.thinking import ThinkingPlan
from antechamber.wire.blocks import ContentBlock, ImageBlock, ToolResultContentBlock
from antechamber.wire.config import CacheControl, ThinkingEnabled
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import Message
from antechamber.wire.tools import Tool

_MARK = {"cache_control"}
_MARKS_WITHIN = {"cache_control": True, "content": {"__all__": _MARK}}
_IMAGE_WEIGHT = 6_000
"""An image is about 1,500 tokens of four bytes, however many bytes it has."""
_THOUGHTS = ("thinking", "redacted_thinking")


class Piece(NamedTuple):
    """A block of the prompt, or parameters that stand before some."""

    kind: bytes
    """Whose it is; at most 16 bytes."""
    text: bytes
    weight: int = 0
    """About its bytes as the model reads them; parameters have none, and are no block."""
    control: CacheControl | None = None
    can_be_marked: bool = True


def pieces(request: Prompt, facts: ModelFacts, thinking: ThinkingPlan) -> Iterator[Piece]:
    """Yield the prompt in pieces, without what is taken out before the model reads it."""
    media = _Media(request.messages)
    web_search = [tool for tool in request.tools or () if _is_web_search(tool)]
    yield _for_tools(request)
    for tool in request.tools or ():
        if not _is_web_search(tool):
            yield _part(b"tool", tool, tool.cache_control)
    yield _parameters(request.speed or "standard", media.cited)
    # Behind the others, which stay in the cache when it is switched on or off.
    for tool in web_search:
        yield _part(b"tool", tool, tool.cache_control)
    for number, block in enumerate(request.system or ()):
        if not is_attribution(block.text, position=number):
            yield _part(b"prompt", block, block.cache_control)
    yield _for_messages(request, facts, thinking, pictured=media.pictured)
    yield from _conversation(request.messages, thinking)


def _for_tools(request: Prompt) -> Piece:
    """A schema of the output changes what is said before everything else."""
    config = request.output_config
    output = (config.format if config is not None else None) or request.output_format
    servers = [(server.name, server.url) for server in request.mcp_servers or ()]
    return _parameters(output.schema_ if output is not None else None, servers)


def _for_messages(
    request: Prompt, facts: ModelFacts, thinking: ThinkingPlan, *, pictured: bool
) -> Piece:
    asked, choice, config = request.thinking, request.tool_choice, request.output_config
    absent = "adaptive" if thinking.on else "disabled"
    return _parameters(
        {"type": "auto"} if choice is None else choice.model_dump(exclude_none=True),
        pictured,
        absent if asked is None else asked.type,
        asked.budget_tokens if isinstance(asked, ThinkingEnabled) else None,
        (config.effort if config is not None else None) or facts.effort.default,
    )


def _conversation(messages: Sequence[Message], thinking: ThinkingPlan) -> Iterator[Piece]:
    """Yield blocks; where a message ends says nothing, since those of one role are one turn."""
    last_user, loop_start = _last_user(messages), _loop_start(messages)
    for at, message in enumerate(messages):
        if message.role == "system":
            if message.clear_at == "next_user_message" and at < last_user:
                continue
            if message.output_config is not None:
                yield Piece(b"effort", encode_json(message.output_config.effort))
        forgets = not thinking.keeps_earlier and at < loop_start
        kind = message.role.encode()
        for block in message.content or ():
            if not (forgets and block.type in _THOUGHTS):
                yield _block(kind, block)


def _block(kind: bytes, block: ContentBlock) -> Piece:
    if block.type == "tool_result" and block.content:
        text = to_json(block, exclude=_MARKS_WITHIN, exclude_none=True)
    else:
        text = to_json(block, exclude=_MARK, exclude_none=True)
    weight = len(text)
    for image in _images(block):
        if image.source.type == "base64":
            weight -= len(image.source.data)
        weight += _IMAGE_WEIGHT
    return Piece(kind, text, weight, control_of(block), can_be_marked(block))


def _part(kind: bytes, part: BaseModel, control: CacheControl | None) -> Piece:
    text = to_json(part, exclude=_MARK, exclude_none=True)
    return Piece(kind, text, len(text), control)


def _parameters(*values: object) -> Piece:
    return Piece(b"parameters", encode_json(values))


class _Media:
    """Whether images are in the conversation, and whether anything of it is to be cited."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.pictured = self.cited = False
        for message in messages:
            for block in message.content or ():
                match block.type:
                    case "image" | "document" | "search_result" | "tool_result":
                        self._see(block)
                    case _:
                        pass

    def _see(self, block: ContentBlock | ToolResultContentBlock) -> None:
        match block.type:
            case "image":
                self.pictured = True
            case "document" | "search_result":
                self.cited |= block.citations is not None and bool(block.citations.enabled)
                self.pictured |= any(True for _ in _images(block))
            case "tool_result":
                for part in block.content or ():
                    self._see(part)
            case _:
                pass


def _images(block: ContentBlock | ToolResultContentBlock) -> Iterator[ImageBlock]:
    match block.type:
        case "image":
            yield block
        case "tool_result":
            for part in block.content or ():
                yield from _images(part)
        case "document":
            if block.source.type == "content":
                for part in block.source.content:
                    if part.type == "image":
                        yield part
        case _:
            pass


def _is_web_search(tool: Tool) -> bool:
    return tool.type is not None and tool.type.startswith("web_search_")


def _last_user(messages: Sequence[Message]) -> int:
    backwards = range(len(messages) - 1, -1, -1)
    return next((at for at in backwards if messages[at].role == "user"), -1)


def _loop_start(messages: Sequence[Message]) -> int:
    """Return where the user last said more than tool results: older thoughts may be forgotten."""
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        if message.role == "user" and any(b.type != "tool_result" for b in message.content):
            return at
    return -1
