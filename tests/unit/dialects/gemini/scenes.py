"""What the tests of Gemini share: requests, and answers read to the end."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any

from antechamber.dialects.event_stream import EventStreamReader
from antechamber.dialects.gemini.reader import ReadingOrder, TurnReader
from antechamber.dialects.gemini.request import GeminiRequest, gemini_request
from antechamber.dialects.gemini.tool_names import ToolNames
from antechamber.dialects.gemini.traits import traits_of
from antechamber.rules.thinking import ThinkingPlan
from antechamber.turn.events import EngineEvent
from antechamber.turn.fold import Fold
from antechamber.turn.machine import Opening, TurnMachine
from antechamber.wire.encoding import encode_json
from antechamber.wire.parse import parse_message_request
from antechamber.wire.responses import Message
from antechamber.wire.signatures import Signer, SigningKey

OFF = ThinkingPlan(on=False)
ON = ThinkingPlan(on=True, budget_tokens=2_048)
MODEL = "gemini-3.7-flash"
SIGNER = Signer([SigningKey(id="00c0ffee", secret=b"of the tests")], lambda size: b"n" * size)


def order(**fields: Any) -> ReadingOrder:
    plain = ReadingOrder(upstream="gemini", model=MODEL, names=ToolNames(()), thinks=True)
    return replace(plain, **fields)


def sse(chunks: Iterable[object]) -> bytes:
    """Write chunks as Gemini does, lines ending in CRLF."""
    return b"".join(b"data: " + encode_json(chunk) + b"\r\n\r\n" for chunk in chunks)


def events_of(chunks: Sequence[object], **fields: Any) -> list[EngineEvent]:
    return read_pieces([sse(chunks)], **fields)


def read_pieces(pieces: Iterable[bytes], **fields: Any) -> list[EngineEvent]:
    """Read a stream however it was cut."""
    stream, reader = EventStreamReader(), TurnReader(order(**fields))
    events: list[EngineEvent] = []
    for piece in pieces:
        for event in stream.feed(piece):
            if not reader.over:
                events += reader.feed(event.data)
    return [*events, *reader.end()]


def signing_machine(**opening: Any) -> TurnMachine:
    numbers = count(1)
    return TurnMachine(
        Opening(model="claude-test-1", input_tokens=25, **opening),
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        sign=SIGNER.sign,
    )


def message_of(events: Iterable[EngineEvent], **opening: Any) -> Message:
    """Return the message that a client gets, really signed."""
    playing, fold = signing_machine(**opening), Fold()
    fold.add(playing.start())
    for event in events:
        for wire in playing.feed(event):
            fold.add(wire)
    return fold.message


def content_of(events: Iterable[EngineEvent], **opening: Any) -> list[dict[str, Any]]:
    """Return the content of the message, as a client sends it back."""
    return json.loads(encode_json(message_of(events, **opening).content))


def sent(
    *messages: object, plan: ThinkingPlan = OFF, model: str = MODEL, **fields: object
) -> dict[str, Any]:
    """Return the body that goes to Gemini; messages that are strings take turns, user first."""
    return json.loads(encode_json(translated(*messages, plan=plan, model=model, **fields).body))


def translated(
    *messages: object, plan: ThinkingPlan = OFF, model: str = MODEL, **fields: object
) -> GeminiRequest:
    roles = ("user", "assistant")
    told = [
        {"role": roles[at % 2], "content": message} if isinstance(message, str) else message
        for at, message in enumerate(messages)
    ]
    body = {"model": "claude-test-1", "max_tokens": 100, "messages": told, **fields}
    request = parse_message_request(encode_json(body))
    return gemini_request(
        request, plan, traits_of(model), model=model, max_tokens=request.max_tokens
    )


def user(*content: object) -> dict[str, object]:
    return {"role": "user", "content": list(content)}


def assistant(*content: object) -> dict[str, object]:
    return {"role": "assistant", "content": list(content)}


def system(words: str, **fields: object) -> dict[str, object]:
    return {"role": "system", "content": words, **fields}


def text(words: str) -> dict[str, object]:
    return {"type": "text", "text": words}


def call(call_id: str, name: str, **arguments: object) -> dict[str, object]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(call_id: str, *content: object, **fields: object) -> dict[str, object]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": list(content), **fields}


def tool(name: str, **fields: object) -> dict[str, object]:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    return {"name": name, "description": f"About {name}.", "input_schema": schema, **fields}
