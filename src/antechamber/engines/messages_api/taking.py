"""A turn taken through an upstream of the same API, for those who need its events.

That is a front door in another format, and a fallback from an engine that takes turns.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from antechamber.dialects.messages_stream import MessagesStreamReader, refusal_of
from antechamber.engines.base import RelayEngine, RelayOrder, TurnOrder
from antechamber.outbound.client import retry_after_s
from antechamber.turn.events import EngineEvent
from antechamber.wire.encoding import encode_json

_BYTES_PER_TOKEN = 3
"""Fewer than any usual text has, so that the estimate is not below the truth."""
_THINKING = ("thinking", "redacted_thinking")


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayedTurn:
    """A turn that the upstream will take."""

    engine: RelayEngine
    order: RelayOrder
    input_tokens: int
    """An estimate; the upstream's own count is the stream's first event."""

    @property
    def is_exact(self) -> bool:
        """No."""
        return False

    async def events(self) -> AsyncGenerator[EngineEvent, None]:
        """Take the turn."""
        reader = MessagesStreamReader(self.engine.name)
        async with (
            aclosing(await self.engine.relay(self.order)) as answer,
            aclosing(answer.chunks()) as chunks,
        ):
            if answer.status >= 300:
                body = b"".join([chunk async for chunk in chunks])
                pause_s = retry_after_s(answer.headers)
                raise refusal_of(body, self.engine.name, retry_after_s=pause_s)
            async for chunk in chunks:
                for event in reader.feed(chunk):
                    yield event


def relayed_turn(engine: RelayEngine, order: TurnOrder) -> RelayedTurn:
    """Return the turn of ``order``, its request written anew, without thoughts signed here."""
    request = order.request.model_dump(mode="json", by_alias=True, exclude_unset=True)
    messages = [_without_thinking(message) for message in request["messages"]]
    body = encode_json(
        request
        | {
            "model": order.upstream_model,
            "messages": [message for message in messages if message["content"]],
            "stream": True,
        }
    )
    relayed = RelayOrder(
        path="/v1/messages",
        body=body,
        facts=order.facts,
        upstream_model=order.upstream_model,
        streams=True,
        version=order.version,
        betas=order.betas,
        request_id=order.request_id,
    )
    return RelayedTurn(
        engine=engine, order=relayed, input_tokens=max(1, len(body) // _BYTES_PER_TOKEN)
    )


def _without_thinking(message: dict[str, Any]) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = message.get("content") or []
    kept = [block for block in blocks if block["type"] not in _THINKING]
    return {**message, "content": kept}
