"""Requests of the live tests, and what is read from their answers."""

from typing import Any

from anthropic import Anthropic

from tests.conformance import bodies

MODEL = "claude-sonnet-4-5"
"""It takes a temperature."""
NAME = "claude-sonnet-4-5-20250929"


def body(content: object = "Hello", **fields: Any) -> dict[str, Any]:
    """Make a request that is answered in the same way each time, as far as that is possible."""
    return bodies.body(content, **{"model": MODEL, "extra_body": {"temperature": 0.0}, **fields})


def changed(fields: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Return ``fields`` with ``others`` in their place."""
    return {**fields, **others}


def ask(client: Anthropic, fields: dict[str, Any], *, stream: bool) -> Any:
    """Return the message, streamed or not."""
    if not stream:
        return client.messages.create(**fields)
    with client.messages.stream(**fields) as events:
        return events.get_final_message()


def read(message: Any) -> int:
    """Return how many tokens of input there were, cached ones and others."""
    usage = message.usage
    written, cached = usage.cache_creation_input_tokens, usage.cache_read_input_tokens
    return usage.input_tokens + (cached or 0) + (written or 0)
