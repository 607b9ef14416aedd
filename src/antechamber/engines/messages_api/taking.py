"""A turn taken through an upstream of the same API, for those who need its events.

That is a front door in another format, and a fallback from an engine that takes turns.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from antechamber.dialects.messages_estimate import estimated_tokens
from antechamber.dialects.messages_stream import (
    MessagesStreamReader,
    events_of_answer,
    refusal_of,
)
from antechamber.engines.base import RelayedAnswer, RelayEngine, RelayOrder, TurnOrder
from antechamber.outbound.client import retry_after_s
from antechamber.rules.adjustments import without_its_thoughts
from antechamber.turn.events import EngineEvent
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import EngineFailed
from antechamber.wire.messages import MessageRequest
from antechamber.wire.splice import with_fields

_CANNOT_COUNT = (404, 405, 501)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayedTurn:
    """A turn that the upstream will take."""

    engine: RelayEngine
    order: RelayOrder
    input_tokens: int
    """Unless it is exact an estimate; the upstream's own count is the turn's first event."""
    is_exact: bool = False
    adjusted: tuple[str, ...] = ()
    """Names of the fields that were rewritten because thoughts of the open turn are gone."""

    async def events(self) -> AsyncGenerator[EngineEvent, None]:
        """Take the turn."""
        name = self.engine.name
        async with (
            aclosing(await self.engine.relay(self.order)) as answer,
            aclosing(answer.chunks()) as chunks,
        ):
            if answer.status >= 300:
                raise _refusal(name, answer, await _whole(chunks))
            if not self.order.streams:
                for event in events_of_answer(await _whole(chunks), name):
                    yield event
                return
            reader = MessagesStreamReader(name)
            async for chunk in chunks:
                for event in reader.feed(chunk):
                    yield event
            for event in reader.end():
                yield event


class _Count(msgspec.Struct):
    input_tokens: int


_count = msgspec.json.Decoder(_Count)


def relayed_turn(engine: RelayEngine, order: TurnOrder) -> RelayedTurn:
    """Return the turn of ``order``, its request written anew.

    Thoughts go as they are: ``order`` has none that the upstream could only refuse. It streams
    unless nothing is to be generated, for which the API takes no stream.
    """
    request = order.request
    is_message = isinstance(request, MessageRequest)
    fields: dict[str, Any] = {
        **request.model_dump(mode="json", by_alias=True, exclude_unset=True),
        "model": order.upstream_model,
    }
    streams = is_message and request.max_tokens > 0
    if is_message:
        fields["stream"] = streams
    rewritten = without_its_thoughts(request, order.facts)
    relayed = RelayOrder(
        path="/v1/messages" if is_message else "/v1/messages/count_tokens",
        body=with_fields(encode_json(fields), {**order.edits, **rewritten}),
        facts=order.facts,
        upstream_model=order.upstream_model,
        streams=streams,
        version=order.version,
        betas=order.betas,
        headers=order.headers,
        request_id=order.request_id,
    )
    return RelayedTurn(
        engine=engine,
        order=relayed,
        input_tokens=estimated_tokens(fields),
        adjusted=tuple(sorted(rewritten)),
    )


async def counted_turn(engine: RelayEngine, order: TurnOrder) -> RelayedTurn:
    """Return the turn of a counting, with the upstream's own count.

    An upstream that cannot count leaves the estimate. Raises the ``ApiError`` of its refusal.
    """
    turn = relayed_turn(engine, order)
    async with (
        aclosing(await engine.relay(turn.order)) as answer,
        aclosing(answer.chunks()) as chunks,
    ):
        body = await _whole(chunks)
    if answer.status in _CANNOT_COUNT:
        return turn
    if answer.status >= 300:
        raise _refusal(engine.name, answer, body)
    try:
        counted = _count.decode(body).input_tokens
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"{engine.name} sent a count that is none of the Messages API."
        raise EngineFailed(message) from error
    return replace(turn, input_tokens=counted, is_exact=True)


def _refusal(name: str, answer: RelayedAnswer, body: bytes) -> Exception:
    pause_s = retry_after_s(answer.headers)
    return refusal_of(body, name, status=answer.status, retry_after_s=pause_s)


async def _whole(chunks: AsyncGenerator[bytes, None]) -> bytes:
    return b"".join([chunk async for chunk in chunks])
