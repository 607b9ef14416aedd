"""Playing a take: its events in time, up to its end or the fault that the script wants."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from itertools import islice

from antechamber.engines.scripted.faults import fault_of
from antechamber.engines.scripted.script import Reply, ScriptedUsage
from antechamber.engines.scripted.take import Take
from antechamber.runtime.clock import Clock
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    BlockOpened,
    ConnectionCut,
    EngineEvent,
    UsageReported,
)

EVENTS_AT_ONCE = 64
"""A long reply without delays lets others run this often; a pause costs as much as a few events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """One take, and how it is to be played."""

    take: Take
    reply: Reply
    input_tokens: int
    delay_s: float = 0.0
    token_delay_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Beat:
    event: BlockOpened | BlockDelta | BlockClosed
    tokens: int = 0
    thinking_tokens: int = 0


async def play(performance: Performance, clock: Clock) -> AsyncGenerator[EngineEvent, None]:
    """Yield the events of a performance; raises what the reply asks for.

    That is an ``ApiError``, or ``ConnectionCut``.
    """
    reply, counted = performance.reply, _Counts(performance.reply.usage)
    await _wait(performance.delay_s, clock)
    if reply.error is not None:
        raise fault_of(reply.error)
    yield _input_usage(performance)
    for number, beat in enumerate(islice(_beats(performance.take), reply.breaks_after), start=1):
        if number % EVENTS_AT_ONCE == 0:
            await asyncio.sleep(0)
        if beat.tokens:
            await _wait(performance.token_delay_s * beat.tokens, clock)
            # Counted before it is shown, so that whoever leaves has been told of all that they saw.
            yield counted.with_another(beat)
        yield beat.event
    if reply.breaks_after is not None:
        await _break_off(reply)
    yield counted.at_end()
    yield performance.take.ending


async def _wait(seconds: float, clock: Clock) -> None:
    if seconds > 0:
        await clock.sleep(seconds)


async def _break_off(reply: Reply) -> None:
    """Fail, hang or have the connection cut, as the reply says; never returns."""
    if reply.fail_after is not None:
        raise fault_of(reply.fail_after)
    if reply.hang_after is not None:
        await asyncio.Event().wait()
    raise ConnectionCut


def _beats(take: Take) -> Iterator[_Beat]:
    for block in take.blocks:
        share = 1 if block.thinks else 0
        yield _Beat(block.opening, block.opening_tokens, share * block.opening_tokens)
        for piece in block.pieces:
            yield _Beat(BlockDelta(text="".join(piece)), len(piece), share * len(piece))
        if block.closes:
            yield _Beat(BlockClosed())


def _input_usage(performance: Performance) -> UsageReported:
    scripted = performance.reply.usage
    return UsageReported(
        input_tokens=performance.input_tokens,
        cache_read_input_tokens=scripted.cache_read_input_tokens,
        cache_creation_input_tokens=scripted.cache_creation_input_tokens,
    )


class _Counts:
    """Output tokens so far, which never grow past what the script says they will be."""

    def __init__(self, scripted: ScriptedUsage) -> None:
        self._scripted = scripted
        self._output = 0
        self._thinking = 0

    def with_another(self, beat: _Beat) -> UsageReported:
        self._output += beat.tokens
        self._thinking += beat.thinking_tokens
        return UsageReported(
            output_tokens=_at_most(self._scripted.output_tokens, self._output),
            thinking_tokens=_at_most(self._scripted.thinking_tokens, self._thinking),
        )

    def at_end(self) -> UsageReported:
        output, thinking = self._scripted.output_tokens, self._scripted.thinking_tokens
        return UsageReported(
            output_tokens=self._output if output is None else output,
            thinking_tokens=self._thinking if thinking is None else thinking,
        )


def _at_most(limit: int | None, count: int) -> int:
    return count if limit is None else min(limit, count)
