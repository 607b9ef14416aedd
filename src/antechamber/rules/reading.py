"""One pass over a conversation, so that each rule looks only at the blocks that it is about.

Loops over whole conversations ask a block for its ``type`` and a message for its ``role``:
``isinstance`` with a pydantic class runs Python code wherever the answer is no.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, Literal, NamedTuple, TypeVar, cast

import msgspec
from pydantic import BaseModel

from antechamber.rules.context import RuleContext
from antechamber.wire.blocks import ContentBlock, TextBlock, ToolResultContentBlock
from antechamber.wire.messages import CountTokensRequest, MessageRequest

Prompt = MessageRequest | CountTokensRequest
_TEXT = {TextBlock}
Block = TypeVar("Block", bound=BaseModel, covariant=True)


class Placed(NamedTuple, Generic[Block]):
    """A block and where it stands; the path costs something and is made when an error needs it."""

    message: int
    position: int
    block: Block

    @property
    def path(self) -> str:
        """Return the path without the tag of the block."""
        return f"messages.{self.message}.content.{self.position}"


class Turn(NamedTuple):
    """Messages of one role in a row, which the API reads as one.

    ``system`` messages do not stand between turns: they end none and belong to none.
    """

    role: Literal["user", "assistant"]
    blocks: list[Placed[ContentBlock]]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A request, what it is judged by, and its blocks by turn and by kind."""

    request: Prompt
    context: RuleContext
    turns: Sequence[Turn]
    by_kind: Mapping[type[BaseModel], list[Placed[BaseModel]]]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing but text: no tools, thoughts, media, schemas or edits."""
        request = self.request
        return self.by_kind.keys() <= _TEXT and not (
            request.tools
            or request.tool_choice
            or request.thinking
            or request.output_config
            or request.output_format
            or request.context_management
            or request.mcp_servers
        )

    def every(self, *kinds: type[Block]) -> list[Placed[Block]]:
        """Return the blocks of these kinds, each kind in the order of the conversation.

        Blocks inside a block, as in the content of a tool result, are not among them.
        """
        by_kind = self.by_kind
        if len(kinds) == 1:
            # Asked by most rules of every request.
            found = by_kind.get(kinds[0], [])
        else:
            found = [placed for kind in kinds if kind in by_kind for placed in by_kind[kind]]
        return cast("list[Placed[Block]]", found)


def nested_blocks(request: Prompt) -> Iterator[tuple[str, ContentBlock | ToolResultContentBlock]]:
    """Yield blocks with their paths in order, those in a tool's result in the result's place.

    The paths are without the tags of the blocks. Messages of ``system`` are left out.
    """
    for number, message in enumerate(request.messages):
        if message.role == "system":
            continue
        for index, block in enumerate(message.content):
            if block.type != "tool_result":
                yield f"messages.{number}.content.{index}", block
                continue
            for place, inner in enumerate(block.content or ()):
                yield f"messages.{number}.content.{index}.tool_result.content.{place}", inner


def read(request: Prompt, context: RuleContext) -> Reading:
    """Go through the messages once."""
    turns: list[Turn] = []
    by_kind: dict[type[BaseModel], list[Placed[BaseModel]]] = {}
    for number, message in enumerate(request.messages):
        if message.role == "system":
            for index, block in enumerate(message.content or ()):
                by_kind.setdefault(type(block), []).append(Placed(number, index, block))
            continue
        if not turns or turns[-1].role != message.role:
            turns.append(Turn(message.role, []))
        blocks = turns[-1].blocks
        for index, block in enumerate(message.content):
            placed = Placed(number, index, block)
            blocks.append(placed)
            by_kind.setdefault(type(block), []).append(placed)
    return Reading(request=request, context=context, turns=turns, by_kind=by_kind)
