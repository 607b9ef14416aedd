"""The bytes of an answer to its events, streamed or not."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing

import structlog

from antechamber.dialects.event_stream import EventStreamReader
from antechamber.dialects.openai_chat.reader import ChatReader
from antechamber.outbound.client import Answer
from antechamber.turn.events import EngineEvent
from antechamber.wire.errors import EngineFailed, EngineFault

_log = structlog.get_logger("antechamber.engines.openai_chat")
_AFTER_FINISH_S = 5.0
"""How long counts may follow the end of an answer."""
_MOST_BYTES = 64 * 1024 * 1024
_NOT_STREAMED = (b"{", b"[", b"<")
"""What JSON and HTML begin with; hosts and the proxies before them name any content type."""


async def events_of(
    answer: Answer, reader: ChatReader, upstream: str
) -> AsyncGenerator[EngineEvent, None]:
    """Yield the events of ``answer``; raises ``ApiError`` and ``AnswerUnusable``."""
    async with aclosing(_chunks(answer, reader)) as chunks:
        first = b""
        while not (first := first.lstrip()):
            if (chunk := await anext(chunks, None)) is None:
                break
            first = chunk
        if first[:1] in _NOT_STREAMED:
            for event in reader.whole(await _rest(first, chunks, upstream)):
                yield event
            return
        async with aclosing(_streamed(first, chunks, answer, reader, upstream)) as events:
            async for event in events:
                yield event


async def _streamed(
    first: bytes,
    chunks: AsyncGenerator[bytes, None],
    answer: Answer,
    reader: ChatReader,
    upstream: str,
) -> AsyncGenerator[EngineEvent, None]:
    stream = EventStreamReader()
    chunk: bytes | None = first
    while chunk is not None and not reader.over:
        for event in _read(stream, chunk, reader, upstream):
            yield event
        if reader.begun:
            # Also what is not shown is an answer: hidden thoughts, text that is held back.
            answer.begin()
        chunk = await anext(chunks, None) if not reader.over else None
    if not reader.over:
        for event in _read(stream, None, reader, upstream):
            yield event
    for event in reader.end():
        yield event
    if reader.forgiven is not None:
        # Its text may quote what was said.
        _log.warning("fault_after_answer", engine=upstream, type=reader.forgiven.type)


def _read(
    stream: EventStreamReader, chunk: bytes | None, reader: ChatReader, upstream: str
) -> Iterator[EngineEvent]:
    try:
        sent = stream.end() if chunk is None else stream.feed(chunk)
    except ValueError as error:
        message = f"{upstream}: {error}"
        raise EngineFailed(message) from error
    # One after the other: what comes before a fault is shown.
    for one in sent:
        yield from reader.feed(one.data)


async def _rest(first: bytes, chunks: AsyncGenerator[bytes, None], upstream: str) -> bytes:
    pieces, size = [first], len(first)
    async for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size > _MOST_BYTES:
            message = f"{upstream} answered more than {_MOST_BYTES} bytes."
            raise EngineFailed(message)
    return b"".join(pieces)


async def _chunks(answer: Answer, reader: ChatReader) -> AsyncGenerator[bytes, None]:
    """Yield the body; once the answer is finished neither silence nor a break is a fault."""
    async with aclosing(answer.chunks()) as chunks:
        while True:
            try:
                async with asyncio.timeout(_AFTER_FINISH_S if reader.finished else None):
                    chunk = await anext(chunks, None)
            except (EngineFault, TimeoutError):
                if not reader.finished:
                    raise
                return
            if chunk is None:
                return
            yield chunk
