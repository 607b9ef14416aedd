"""Requests in the format, and what becomes of them."""

import json
from typing import Any

from antechamber.dialects.openai_front.request import Conversion, to_messages_request
from antechamber.dialects.openai_front.shapes import ChatRequest, parse_chat_request
from antechamber.wire.messages import MessageRequest
from antechamber.wire.parse import parse_message_request

DEFAULT_MAX_TOKENS = 777


def user(content: object = "Hello") -> dict[str, Any]:
    return {"role": "user", "content": content}


def assistant(content: object = "Hi", **fields: object) -> dict[str, Any]:
    return {"role": "assistant", "content": content, **fields}


def system(content: object = "Be brief.", role: str = "system") -> dict[str, Any]:
    return {"role": role, "content": content}


def call(call_id: str = "call_1", name: str = "look", arguments: str = "{}") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def result(call_id: str = "call_1", content: object = "found") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def function(name: str = "look", **fields: object) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **fields}}


def chat(*messages: dict[str, Any], **fields: object) -> ChatRequest:
    asked = {"model": "claude-opus-5-5", "messages": messages or (user(),), **fields}
    return parse_chat_request(json.dumps(asked).encode())


def converted(*messages: dict[str, Any], hosted: bool = False, **fields: object) -> Conversion:
    """Convert a request; what comes out has the shape of a Messages request."""
    asked = chat(*messages, **fields)
    conversion = to_messages_request(
        asked, default_max_tokens=DEFAULT_MAX_TOKENS, hosted=hosted, holds_open_objects=not hosted
    )
    reread(conversion)
    return conversion


def reread(conversion: Conversion) -> MessageRequest:
    return parse_message_request(json.dumps(conversion.body).encode())


def body(*messages: dict[str, Any], hosted: bool = False, **fields: object) -> Any:
    return converted(*messages, hosted=hosted, **fields).body


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}
