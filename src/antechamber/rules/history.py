"""Takes out of a conversation what the engine at hand could only misread: foreign thinking."""

from collections.abc import Sequence
from typing import TypeVar

from antechamber.rules.context import Verify
from antechamber.rules.signatures import verdict_on
from antechamber.wire.messages import (
    AssistantMessage,
    CountTokensRequest,
    Message,
    MessageRequest,
)
from antechamber.wire.signatures import Verdict

Request = TypeVar("Request", MessageRequest, CountTokensRequest)
_THINKING = ("thinking", "redacted_thinking")


def without_foreign_thinking(request: Request, verify: Verify) -> Request:
    """Return the request without thinking that another server made.

    Of a turn, its tool loop included, all thinking goes or none: half of a train of thought is
    worse than none (BerriAI/litellm#31654). A message that held nothing else goes as a whole.
    Returns ``request`` itself when there is nothing to take out.
    """
    foreign = {
        number
        for number, message in enumerate(request.messages)
        if message.role == "assistant" and _has_foreign_thinking(message, verify)
    }
    if not foreign:
        return request
    turn_of = _turns(request.messages)
    lost = {turn_of[number] for number in foreign}
    kept = [
        _without_thinking(message) if turn_of[number] in lost else message
        for number, message in enumerate(request.messages)
    ]
    return request.model_copy(update={"messages": [each for each in kept if each is not None]})


def _has_foreign_thinking(message: AssistantMessage, verify: Verify) -> bool:
    return any(
        (block.type == "thinking" or block.type == "redacted_thinking")
        and verdict_on(block, verify) is Verdict.FOREIGN
        for block in message.content
    )


def _turns(messages: Sequence[Message]) -> list[int]:
    """Return the turn of each message; a new one begins where the user says something himself."""
    turns: list[int] = []
    for message in messages:
        number = turns[-1] if turns else 0
        speaks = message.role == "user" and any(
            block.type != "tool_result" for block in message.content
        )
        turns.append(number + 1 if speaks else number)
    return turns


def _without_thinking(message: Message) -> Message | None:
    if message.role != "assistant":
        return message
    content = [block for block in message.content if block.type not in _THINKING]
    if len(content) == len(message.content):
        return message
    return message.model_copy(update={"content": content}) if content else None
