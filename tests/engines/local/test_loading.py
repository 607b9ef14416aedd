"""A model that is loading, that dies, that comes back: what happens to those who wait for it."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress

import pytest
from structlog.testing import capture_logs

from antechamber.dialects.raw_prompt.constraint import Constraint, JsonSchema
from antechamber.engines.local.completer import Finished, ModelAway, ModelCard, Piece, Sampling
from antechamber.engines.local.engine import LocalEngine
from antechamber.turn.events import TurnEnded
from antechamber.wire.errors import EngineFailed, EngineTimedOut, Overloaded
from tests.engines.local.played import PlayedCompleter
from tests.engines.local.test_engine_with_a_played_completer import (
    FORCED,
    counting,
    events_of,
    order,
    settle,
)


class Mortal(PlayedCompleter):
    """Loads when it may; tokenising and completing fail as often as they are told to."""

    def __init__(self, *lines: str, slots: int = 1) -> None:
        super().__init__(*lines, slots=slots)
        self.may_load = asyncio.Event()
        self.may_load.set()
        self.load_fault: Exception | None = None
        self.away_when_tokenising = 0
        self.away_when_completing = 0
        self.breaks_off = 0

    async def card(self) -> ModelCard:
        card = await super().card()
        await self.may_load.wait()
        if self.load_fault is not None:
            raise self.load_fault
        return card

    async def tokenize(self, parts: Sequence[str]) -> list[int]:
        if self.away_when_tokenising:
            self.away_when_tokenising -= 1
            raise ModelAway("away")
        return await super().tokenize(parts)

    async def complete(
        self, prompt: Sequence[int], sampling: Sampling, constraint: Constraint | None
    ) -> AsyncGenerator[Piece | Finished, None]:
        if self.away_when_completing:
            self.away_when_completing -= 1
            raise ModelAway("away")
        async with aclosing(super().complete(prompt, sampling, constraint)) as stream:
            async for piece in stream:
                yield piece
                if self.breaks_off:
                    self.breaks_off -= 1
                    raise EngineFailed("broke off")


def engine(completer: PlayedCompleter, *, queue: int = 4) -> LocalEngine:
    return LocalEngine("local", completer, queue=queue)


async def test_all_who_wait_get_the_failure_of_one_attempt_and_the_next_begins_another() -> None:
    completer = Mortal()
    completer.load_fault = EngineTimedOut("too slow")
    taking = engine(completer)

    outcomes = await asyncio.gather(
        taking.ready(), taking.prepare(order()), taking.prepare(order()), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [EngineTimedOut] * 3
    assert completer.loads == 1
    completer.load_fault = None
    await taking.ready()
    assert completer.loads == 2


async def test_only_as_many_wait_for_the_model_as_the_line_holds() -> None:
    completer = Mortal()
    completer.may_load.clear()
    taking = engine(completer, queue=1)
    waiting = [asyncio.create_task(taking.prepare(order())) for _ in range(2)]
    await settle()

    with pytest.raises(Overloaded):
        await taking.prepare(order())
    with pytest.raises(Overloaded):
        await taking.prepare(counting("Hi"))

    completer.may_load.set()
    assert len(await asyncio.gather(*waiting)) == 2
    assert (await taking.prepare(order())).input_tokens > 0


async def test_who_leaves_while_it_loads_does_not_end_the_loading() -> None:
    completer = Mortal()
    completer.may_load.clear()
    taking = engine(completer, queue=0)
    impatient = asyncio.create_task(taking.prepare(order()))
    await settle()
    impatient.cancel()
    with suppress(asyncio.CancelledError):
        await impatient

    patient = asyncio.create_task(taking.prepare(order()))
    await settle()
    completer.may_load.set()

    assert (await patient).input_tokens > 0
    assert completer.loads == 1


async def test_a_fault_nobody_foresaw_is_told_to_all_who_wait() -> None:
    completer = Mortal()
    completer.load_fault = RuntimeError("a bug")

    with pytest.raises(EngineFailed, match="could not be loaded"):
        await engine(completer).ready()


async def test_closing_ends_the_wait_for_a_model() -> None:
    completer = Mortal()
    completer.may_load.clear()
    taking = engine(completer)
    waiting = asyncio.create_task(taking.ready())
    await settle()

    await taking.aclose()

    with pytest.raises(EngineFailed):
        await waiting


async def test_a_model_that_went_away_is_waited_for_and_then_asked_again() -> None:
    completer = Mortal("Hello.")
    taking = engine(completer)
    await taking.ready()
    completer.away_when_tokenising = completer.away_when_completing = 1

    events = await events_of(await taking.prepare(order()))

    assert isinstance(events[-1], TurnEnded)
    assert completer.loads == 3


async def test_a_model_that_goes_away_again_and_again_is_overload() -> None:
    completer = Mortal("Hello.")
    taking = engine(completer)
    completer.away_when_tokenising = 99
    with pytest.raises(Overloaded):
        await taking.prepare(order())

    completer.away_when_tokenising, completer.away_when_completing = 0, 99
    with pytest.raises(Overloaded):
        await events_of(await taking.prepare(order()))


async def test_after_a_fault_the_model_is_ready_only_when_it_has_said_so() -> None:
    completer = Mortal("Hello.", "Hello.")
    taking = engine(completer)
    turn = await taking.prepare(order())
    completer.breaks_off = 1
    completer.may_load.clear()

    with pytest.raises(EngineFailed, match="broke off"):
        await events_of(turn)
    ready = asyncio.create_task(taking.ready())
    await settle()

    assert not ready.done()
    assert taking.limits.window_tokens == 100_000  # as it was
    completer.may_load.set()
    await ready
    assert isinstance((await events_of(await taking.prepare(order())))[-1], TurnEnded)


async def test_a_model_that_gets_lost_is_told_of_once_until_it_is_back() -> None:
    completer = Mortal("Hello.")
    taking = engine(completer)
    with capture_logs() as logged:
        for _ in range(2):
            completer.load_fault = None
            await taking.prepare(order())
            completer.load_fault = Overloaded("It cannot be reached.")
            completer.away_when_tokenising = 1
            for _ in range(3):
                with pytest.raises(Overloaded, match="cannot be reached"):
                    await taking.prepare(order())

    warning = {
        "event": "engine_not_ready",
        "engine": "local",
        "reason": "It cannot be reached.",
        "log_level": "warning",
    }
    assert logged == [warning] * 2


async def test_turns_before_and_after_a_loss_share_the_slots() -> None:
    completer = Mortal("a", "b", "c", slots=1)
    taking = engine(completer)
    before = await taking.prepare(order())
    completer.away_when_tokenising = 1
    after = await taking.prepare(order())

    async with asyncio.TaskGroup() as group:
        for turn in (before, after):
            group.create_task(events_of(turn))

    assert completer.loads == 2
    assert completer.most_running == 1


async def test_a_schema_is_compiled_beside_the_event_loop() -> None:
    threads: list[int] = []

    class Notes(PlayedCompleter):
        def is_exact(self, constraint: JsonSchema) -> bool:
            threads.append(threading.get_ident())
            return True

    turn = await engine(Notes()).prepare(order(**FORCED))
    await events_of(turn)

    assert threads
    assert threading.get_ident() not in threads
