"""The messages of a request as chat turns, in their order and place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from antechamber.dialects.conversation import (
    ends_with_next_user,
    last_user,
    loop_start,
    system_texts,
)
from antechamber.dialects.declared_tools import OfferedTool
from antechamber.dialects.raw_prompt.block_text import Telling, block_text
from antechamber.dialects.raw_prompt.template import ChatTurn, merged
from antechamber.wire.blocks import TextBlock, ToolResultBlock, ToolUseBlock
from antechamber.wire.messages import (
    AssistantMessage,
    CountTokensRequest,
    Message,
    MessageRequest,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A request's messages, ready for a chat template."""

    turns: Sequence[ChatTurn]
    prefill: str
    """The text that the answer begins with and does not repeat."""


def conversation(
    request: MessageRequest | CountTokensRequest,
    *,
    addendum: str,
    tools: Mapping[str, OfferedTool],
    with_earlier_thoughts: bool = False,
) -> Conversation:
    """Turn ``request`` into chat turns; ``addendum`` is put at the end of the system prompt.

    Turns of one role in a row become one. System messages inside the conversation stay in place.
    ``tools`` are those that blocks may refer to, by name. Thoughts of the running tool loop are
    read again, earlier ones only ``with_earlier_thoughts``.

    Raises ``InvalidRequest`` for content that cannot be told in text.
    """
    messages = list(request.messages)
    told: list[ChatTurn] = []
    opening = "\n\n".join(part for part in ("\n".join(system_texts(request)), addendum) if part)
    if opening:
        told.append(ChatTurn(role="system", content=opening))
    loop_began, calls = loop_start(messages), _call_order(messages)
    last_asked = last_user(messages)
    for at, message in enumerate(messages):
        if at < last_asked and ends_with_next_user(message):
            continue
        telling = Telling(tools=tools, with_thoughts=with_earlier_thoughts or at > loop_began)
        text = _message_text(message, f"messages.{at}.content", telling, calls)
        if text or message.role != "system":
            told.append(ChatTurn(role=message.role, content=text))
    turns = merged(told)
    prefill = turns.pop().content if turns and turns[-1].role == "assistant" else ""
    return Conversation(turns=turns, prefill=prefill)


def _call_order(messages: Sequence[Message]) -> dict[str, int]:
    calls = (
        block.id
        for message in messages
        if isinstance(message, AssistantMessage)
        for block in message.content
        if isinstance(block, ToolUseBlock)
    )
    return {call: position for position, call in enumerate(calls)}


def _message_text(message: Message, path: str, telling: Telling, calls: Mapping[str, int]) -> str:
    parts: list[str] = []
    previous: object = None
    for index, block in _in_call_order(message.content or (), calls):
        for text in block_text(block, f"{path}.{index}", telling):
            # Citations cut the text of an answer into blocks in the middle of its sentences.
            goes_on = isinstance(previous, TextBlock) and isinstance(block, TextBlock)
            if parts and not (goes_on and isinstance(message, AssistantMessage)):
                parts.append("\n")
            parts.append(text)
            previous = block
    return "".join(parts)


def _in_call_order(
    content: Sequence[object], calls: Mapping[str, int]
) -> Sequence[tuple[int, object]]:
    """Return the blocks with their indices, tool results in the order of their calls.

    A raw prompt has no ids, so the order is what tells the results of parallel calls apart.
    """
    numbered = list(enumerate(content))
    results = [(at, block) for at, block in numbered if isinstance(block, ToolResultBlock)]
    results.sort(key=lambda pair: calls.get(pair[1].tool_use_id, len(calls)))
    ordered = iter(results)
    return [
        next(ordered) if isinstance(block, ToolResultBlock) else (at, block)
        for at, block in numbered
    ]
