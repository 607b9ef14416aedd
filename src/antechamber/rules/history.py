"""Takes out of a conversation the thinking that the engine at hand could only misread or refuse."""

from collections.abc import Sequence
from typing import TypeVar

import msgspec

from antechamber.rules.context import Verify
from antechamber.rules.reading import Prompt
from antechamber.rules.signatures import verdict_on
from antechamber.wire.blocks import ContentBlock
from antechamber.wire.messages import Message
from antechamber.wire.signatures import Verdict
from antechamber.wire.splice import array_of, field_of, items_of, with_fields

Request = TypeVar("Request", bound=Prompt)
_THINKING = ("thinking", "redacted_thinking")
_BEFORE_A_THOUGHT = ("compaction", "fallback")


class _Typed(msgspec.Struct):
    type: str = ""


_type = msgspec.json.Decoder(_Typed)


def without_foreign_thinking(request: Request, verify: Verify) -> Request:
    """Return the request without thinking that another server made.

    Of a turn, its tool loop included, all thinking goes or none: half of a train of thought is
    worse than none (BerriAI/litellm#31654). A message that held nothing else goes as a whole.
    Returns ``request`` itself when there is nothing to take out.
    """
    return _without(request, _in_lost_turns(request.messages, verify, from_elsewhere=True))


def without_own_thinking(request: Request, verify: Verify) -> Request:
    """Return the request without thinking that this server signed, as ``own_thinking_taken_out``.

    What is foreign may be the upstream's own, and stays.
    """
    return _without(request, _in_lost_turns(request.messages, verify, from_elsewhere=False))


def own_thinking_taken_out(body: bytes, request: Prompt, verify: Verify) -> bytes:
    """Return the body of ``request`` without thinking that this server signed.

    For an upstream that signs its own and could only refuse ours. The same turns lose the same
    blocks as in ``without_foreign_thinking``; the bytes of all other messages stay.
    """
    lost = _in_lost_turns(request.messages, verify, from_elsewhere=False)
    if not lost:
        return body
    texts = items_of(field_of(body, "messages") or b"[]")
    kept = [
        _text_without_thinking(text) if number in lost else text
        for number, text in enumerate(texts)
    ]
    return with_fields(body, {"messages": array_of(text for text in kept if text)})


def lacks_its_thought(messages: Sequence[Message]) -> bool:
    """Whether a tool loop, or an answer that the client has begun, begins without a thought.

    ``thinking.type: enabled`` wants one there: see ``refuse_a_tool_loop_without_its_thought``.
    """
    blocks: list[ContentBlock] = []
    answered = spoken = False
    for message in reversed(messages):
        if message.role == "assistant":
            spoken = True
            blocks[:0] = message.content
        elif message.role == "user":
            if spoken:
                break
            answered = True
    first = next((block for block in blocks if block.type not in _BEFORE_A_THOUGHT), None)
    if first is None or first.type in _THINKING:
        return False
    if answered:
        return any(block.type == "tool_use" for block in blocks)
    last = messages[-1]
    return (
        last.role == "assistant"
        and bool(last.content)
        and last.content[-1].type != "server_tool_use"
    )


def _without(request: Request, lost: set[int]) -> Request:
    if not lost:
        return request
    kept = [
        _without_thinking(message) if number in lost else message
        for number, message in enumerate(request.messages)
    ]
    return request.model_copy(update={"messages": [each for each in kept if each is not None]})


def _in_lost_turns(
    messages: Sequence[Message], verify: Verify, *, from_elsewhere: bool
) -> set[int]:
    """Return the messages of the turns that hold thinking from elsewhere, or from here."""
    strange = {
        number
        for number, message in enumerate(messages)
        if message.role == "assistant"
        and any(
            (verdict_on(block, verify) is Verdict.FOREIGN) is from_elsewhere
            for block in message.content
            if block.type == "thinking" or block.type == "redacted_thinking"
        )
    }
    if not strange:
        return strange
    turn_of = _turns(messages)
    lost = {turn_of[number] for number in strange}
    return {number for number, turn in enumerate(turn_of) if turn in lost}


def _text_without_thinking(text: bytes) -> bytes | None:
    content = field_of(text, "content") or b""
    if not content.lstrip().startswith(b"["):
        return text
    blocks = items_of(content)
    kept = [block for block in blocks if _type.decode(block).type not in _THINKING]
    if len(kept) == len(blocks):
        return text
    return with_fields(text, {"content": array_of(kept)}) if kept else None


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
