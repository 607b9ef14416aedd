"""What the tests of chat completions share: requests to write, answers to read."""

import json
from collections.abc import Sequence
from typing import Any

from antechamber.dialects.event_stream import EventStreamReader
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.dialects.openai_chat.reader import ChatReader
from antechamber.dialects.openai_chat.reading import ReadingPlan, Remedy
from antechamber.dialects.openai_chat.request import ChatRequest, chat_request
from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.rules.thinking import ThinkingPlan
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    EngineEvent,
    TextOpened,
    ThinkingOpened,
    ToolUseOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.messages import MessageRequest
from tests.stream_grammar import check_stream
from tests.unit.dialects.raw_prompt.scenes import OFF, ON, request
from tests.unit.turn.engine_turns import played, shown

__all__ = ["OFF", "ON", "request"]

GENERIC = HOSTS["generic"]
VLLM = HOSTS["vllm"]
OPENAI = HOSTS["openai"]
PNG = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
}
PNG_PART = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def written(
    asked: MessageRequest,
    quirks: Quirks = GENERIC,
    plan: ThinkingPlan = OFF,
    remedy: Remedy | None = None,
) -> ChatRequest:
    return chat_request(asked, plan, quirks, model="the-model", remedy=remedy)


def messages_of(asked: MessageRequest, quirks: Quirks = GENERIC, **kwargs: Any) -> Any:
    return written(asked, quirks, **kwargs).body["messages"]


def chunk(finish: str | None = None, usage: object = None, **delta: object) -> dict[str, Any]:
    """One chunk of a stream; ``finish`` ends the choice."""
    made: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return made if usage is None else {**made, "usage": usage}


def counts(prompt: int, completion: int, **details: object) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        **details,
    }


def usage_chunk(prompt: int, completion: int, **details: object) -> dict[str, Any]:
    return {"choices": [], "usage": counts(prompt, completion, **details)}


def piece(index: int | None, *, id: str | None = None, **function: object) -> dict[str, Any]:
    """A piece of a call."""
    made: dict[str, Any] = {"function": function}
    if index is not None:
        made["index"] = index
    if id is not None:
        made |= {"id": id, "type": "function"}
    return made


def calls(*pieces: dict[str, Any], finish: str | None = None, **more: object) -> dict[str, Any]:
    return chunk(finish, tool_calls=list(pieces), **more)


def names(*own: str) -> dict[str, str]:
    return {name: name for name in own}


TOOLS = ReadingPlan(names=names("look", "run"))
THINKING = ReadingPlan(names=names("look"), shows_thoughts=True, thoughts_in_text=True)


def read(*chunks: object, plan: ReadingPlan = TOOLS, done: bool = True) -> list[EngineEvent]:
    """Read a stream of ``chunks`` that ends with ``[DONE]``."""
    reader = ChatReader("gpu", plan)
    events = [event for one in chunks for event in reader.feed(json.dumps(one).encode())]
    return events + (reader.feed(b"[DONE]") if done else reader.end())


def read_bytes(pieces: Sequence[bytes], plan: ReadingPlan) -> list[EngineEvent]:
    """Read the bytes of a stream as they come."""
    stream, reader = EventStreamReader(), ChatReader("gpu", plan)
    events: list[EngineEvent] = []
    for one in pieces:
        for sent in stream.feed(one):
            events += reader.feed(sent.data)
    for sent in stream.end():
        events += reader.feed(sent.data)
    return events + reader.end()


def as_bytes(*chunks: object) -> bytes:
    lines = [f"data: {json.dumps(one, ensure_ascii=False)}\n\n" for one in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


def said(events: Sequence[EngineEvent]) -> list[tuple[str, str]]:
    """What the blocks hold: their kind (of a call its name) and their text."""
    blocks: list[tuple[str, str]] = []
    for event in events:
        match event:
            case TextOpened():
                blocks.append(("text", ""))
            case ThinkingOpened():
                blocks.append(("thinking", ""))
            case ToolUseOpened(name=name):
                blocks.append((name, ""))
            case BlockDelta(text=text):
                kind, before = blocks[-1]
                blocks[-1] = (kind, before + text)
            case _:
                pass
    return blocks


def ending(events: Sequence[EngineEvent]) -> TurnEnded:
    last = events[-1]
    assert isinstance(last, TurnEnded)
    return last


def usage(events: Sequence[EngineEvent]) -> UsageReported:
    return [event for event in events if isinstance(event, UsageReported)][-1]


def client_sees(events: Sequence[EngineEvent]) -> list[dict[str, Any]]:
    """The wire events of the turn, checked against the grammar of streams."""
    wire = shown(played(events))
    check_stream(wire)
    return [data for _, data in wire]


def closed_calls(events: Sequence[EngineEvent]) -> int:
    return sum(isinstance(event, BlockClosed) for event in events)
