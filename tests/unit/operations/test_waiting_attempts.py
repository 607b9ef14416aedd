"""A request that finds its engines full: where it waits, for how long, and who goes before it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from antechamber.operations.answering.attempts import Attempts
from antechamber.operations.answering.routing import Candidate
from antechamber.runtime.fair_queue import Rank
from antechamber.wire.errors import EngineFailed, InvalidRequest, Overloaded
from tests.unit.operations.stage import FACTS, Stage, candidate

FAULT = EngineFailed("broken")


class Crowd:
    """Requests that wait, each in a task of its own; ``served`` is in the order of their turns."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.served: list[str] = []
        self.tasks: list[asyncio.Task[Candidate]] = []

    async def waits(
        self, name: str = "", rank: Rank = "standard", workspace: str = "default"
    ) -> asyncio.Task[Candidate]:
        attempts = self._stage.attempts(rank, workspace)
        return await self.joins(name, attempts, attempts.first)

    async def joins(
        self, name: str, attempts: Attempts, ask: Callable[[], Awaitable[Candidate]]
    ) -> asyncio.Task[Candidate]:
        async def wait() -> Candidate:
            found = await ask()
            self.served.append(name)
            attempts.succeeded()
            return found

        task = asyncio.create_task(wait())
        self.tasks.append(task)
        await settled()
        return task


@asynccontextmanager
async def crowd(stage: Stage) -> AsyncGenerator[Crowd, None]:
    made = Crowd(stage)
    try:
        yield made
    finally:
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)


async def settled() -> None:
    """Let every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)


async def fill(stage: Stage, *engines: str) -> list[Attempts]:
    """Return one request for each of ``engines``, in their order, that takes all its room."""
    running: list[Attempts] = []
    for name in engines:
        attempts = stage.attempts()
        assert (await attempts.first()).engine.name == name
        running.append(attempts)
    return running


async def test_with_everybody_full_it_waits_for_the_preferred_engine() -> None:
    stage = Stage([candidate("a"), candidate("b")], max_concurrency=1, queue=5)
    on_a, on_b = await fill(stage, "a", "b")

    async with crowd(stage) as waiting:
        task = await waiting.waits()
        assert (stage.health["a"].waiting, stage.health["b"].waiting) == (1, 0)

        on_b.succeeded()
        await settled()
        assert not task.done()
        on_a.succeeded()

        assert (await task).engine.name == "a"
    assert stage.clock.slept == []


async def test_an_engine_with_room_is_asked_before_another_is_waited_for() -> None:
    stage = Stage([candidate("a"), candidate("b")], max_concurrency=1, queue=5)
    await fill(stage, "a")

    assert (await stage.attempts().first()).engine.name == "b"


@pytest.mark.parametrize("over", ["succeeded", "failed", "close"])
async def test_whatever_way_a_request_ends_the_next_one_has_its_turn(over: str) -> None:
    stage = Stage([candidate("a")], max_concurrency=1, queue=5)
    (running,) = await fill(stage, "a")

    async with crowd(stage) as waiting:
        task = await waiting.waits()
        if over == "failed":
            running.failed(FAULT)
        else:
            getattr(running, over)()

        assert (await task).engine.name == "a"


async def test_ranks_go_first_and_workspaces_take_turns() -> None:
    stage = Stage([candidate("a")], max_concurrency=1, queue=10)
    (running,) = await fill(stage, "a")

    async with crowd(stage) as waiting:
        await waiting.waits("batch", rank="batch")
        for number in range(3):
            await waiting.waits(f"busy {number}", workspace="busy")
        await waiting.waits("other", workspace="other")
        await waiting.waits("priority", rank="priority")
        running.succeeded()
        await asyncio.gather(*waiting.tasks)

        assert waiting.served == ["priority", "busy 0", "other", "busy 1", "busy 2", "batch"]


async def test_a_priority_request_waits_a_tenth_of_what_others_do() -> None:
    """Counted in requests that are answered before it."""
    stage = Stage([candidate("a")], max_concurrency=1, queue=30)
    (running,) = await fill(stage, "a")

    async with crowd(stage) as waiting:
        for number in range(20):
            await waiting.waits(str(number))
        await waiting.waits("priority", rank="priority")
        running.succeeded()
        await asyncio.gather(*waiting.tasks)

        waited = {name: position + 1 for position, name in enumerate(waiting.served)}
    standard = [waited[str(number)] for number in range(20)]
    assert waited["priority"] == 1
    assert waited["priority"] <= sum(standard) / len(standard) / 10


async def test_who_finds_one_line_full_waits_in_the_next() -> None:
    stage = Stage([candidate("a"), candidate("b")], max_concurrency=1, queue=1)
    _, on_b = await fill(stage, "a", "b")

    async with crowd(stage) as waiting:
        await waiting.waits()
        task = await waiting.waits()
        assert (stage.health["a"].waiting, stage.health["b"].waiting) == (1, 1)
        with pytest.raises(Overloaded):
            await stage.attempts().first()

        on_b.succeeded()
        assert (await task).engine.name == "b"


async def test_who_gives_way_to_a_higher_rank_is_overloaded() -> None:
    stage = Stage([candidate("a")], max_concurrency=1, queue=1)
    await fill(stage, "a")

    async with crowd(stage) as waiting:
        batch = await waiting.waits(rank="batch")
        await waiting.waits(rank="priority")

        with pytest.raises(Overloaded):
            await batch


async def test_a_wait_that_is_too_long_is_overloaded_and_not_begun_again() -> None:
    stage = Stage([candidate("a", retries=2)], max_concurrency=1, queue=5, longest_wait_s=0.0)
    (running,) = await fill(stage, "a")

    with pytest.raises(Overloaded):
        await stage.attempts().first()

    assert stage.clock.slept == []
    assert stage.health["a"].waiting == 0
    running.succeeded()
    assert not stage.health["a"].is_full


async def test_who_has_failed_elsewhere_waits_for_who_is_full() -> None:
    stage = Stage([candidate("a"), candidate("b")], max_concurrency=1, queue=5)
    (on_a,) = await fill(stage, "a")
    attempts = stage.attempts()
    assert (await attempts.first()).engine.name == "b"

    async with crowd(stage) as waiting:
        task = await waiting.joins("", attempts, lambda: attempts.after(FAULT, request_id="r"))
        assert not stage.health["b"].is_full, "it holds no place where it has failed"
        on_a.succeeded()

        assert (await task).engine.name == "a"


async def test_what_an_engine_said_is_told_after_a_wait_that_was_too_long() -> None:
    stage = Stage([candidate("a"), candidate("b")], max_concurrency=1, queue=5, longest_wait_s=0.0)
    await fill(stage, "a")
    attempts = stage.attempts()
    await attempts.first()
    lacks = InvalidRequest("Not available on b")

    with pytest.raises(InvalidRequest) as caught:
        await attempts.after(lacks, request_id="req_1")

    assert caught.value is lacks


async def test_who_is_full_is_waited_for_before_who_is_left_alone_is_asked() -> None:
    stage = Stage([candidate("a"), candidate("b")], max_concurrency=1, queue=1)
    for _ in range(5):
        stage.health["b"].enter(FACTS.id).failed(FAULT)
    (on_a,) = await fill(stage, "a")

    async with crowd(stage) as waiting:
        task = await waiting.waits()
        assert not task.done()

        late = stage.attempts()
        assert (await late.first()).engine.name == "b", "with no place in line somebody has to try"
        on_a.succeeded()
        assert (await task).engine.name == "a"


async def test_a_caller_who_leaves_the_line_holds_no_place() -> None:
    stage = Stage([candidate("a")], max_concurrency=1, queue=5)
    (running,) = await fill(stage, "a")

    async with crowd(stage) as waiting:
        task = await waiting.waits()
        task.cancel()
        await settled()

        assert stage.health["a"].waiting == 0
        running.succeeded()
        assert not stage.health["a"].is_full
