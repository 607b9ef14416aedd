"""What every dialect asks of a conversation: whose turn it is, and what is still in force."""

from collections.abc import Sequence

from antechamber.wire.blocks import ToolResultBlock
from antechamber.wire.messages import (
    CountTokensRequest,
    Message,
    MessageRequest,
    SystemMessage,
    UserMessage,
)

_ATTRIBUTION = "x-anthropic-billing-header:"
"""Begins the first system block of Claude Code; the hosted API takes that block out, so that it
reaches neither the prompt nor the cache key (code.claude.com/docs, LLM gateway protocol)."""


def system_texts(request: MessageRequest | CountTokensRequest) -> list[str]:
    """Return the texts of the system prompt, one for each of its blocks."""
    texts = [block.text for block in request.system or ()]
    return texts[1:] if texts and texts[0].startswith(_ATTRIBUTION) else texts


def last_user(messages: Sequence[Message]) -> int:
    """Return the index of the last message of the user, -1 where there is none."""
    backwards = range(len(messages) - 1, -1, -1)
    return next((at for at in backwards if isinstance(messages[at], UserMessage)), -1)


def loop_start(messages: Sequence[Message]) -> int:
    """Return the index of the last user message that is more than tool results, -1 for none.

    Thoughts after it belong to the tool loop that is still going on.
    """
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        if isinstance(message, UserMessage) and not all(
            isinstance(block, ToolResultBlock) for block in message.content
        ):
            return at
    return -1


def ends_with_next_user(message: Message) -> bool:
    """Tell whether ``message`` is an instruction that a later message of the user ends."""
    return isinstance(message, SystemMessage) and message.clear_at == "next_user_message"
