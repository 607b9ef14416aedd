"""Who comes in next, who gives way, and that no place is ever lost."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.runtime.fair_queue import FairQueue, QueueFull, Rank

RANKS: tuple[Rank, ...] = ("priority", "standard", "batch")


class Visitor:
    """Comes in a task of its own and stays until told to leave."""

    def __init__(
        self, queue: FairQueue, inside: list["Visitor"], rank: Rank, workspace: str
    ) -> None:
        self.rank: Rank = rank
        self.workspace = workspace
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(queue, inside))

    async def _visit(self, queue: FairQueue, inside: list["Visitor"]) -> None:
        await queue.enter(self.rank, self.workspace)
        inside.append(self)
        await self._leave.wait()
        inside.remove(self)
        queue.leave()

    @property
    def is_refused(self) -> bool:
        return self.task.done() and isinstance(self.task.exception(), QueueFull)

    def leave(self) -> None:
        self._leave.set()


class Scene:
    """A queue and all who have come to it, in that order."""

    def __init__(self, *, capacity: int = 1, most_waiting: int = 100) -> None:
        self.queue = FairQueue(capacity, most_waiting)
        self.inside: list[Visitor] = []
        self.come: list[Visitor] = []

    async def comes(self, rank: Rank = "standard", workspace: str = "w") -> Visitor:
        visitor = Visitor(self.queue, self.inside, rank, workspace)
        self.come.append(visitor)
        await settled()
        return visitor

    async def next(self) -> Visitor | None:
        """Let whoever is inside leave; return who comes in."""
        self.inside[0].leave()
        await settled()
        return self.inside[0] if self.inside else None

    async def order(self) -> list[Visitor]:
        """Let one after the other leave; return who came in, in that order."""
        found: list[Visitor] = []
        while (visitor := await self.next()) is not None:
            found.append(visitor)
        return found


@asynccontextmanager
async def scene(*, capacity: int = 1, most_waiting: int = 100) -> AsyncGenerator[Scene, None]:
    made = Scene(capacity=capacity, most_waiting=most_waiting)
    try:
        yield made
    finally:
        for visitor in made.come:
            visitor.task.cancel()
        await asyncio.gather(*(visitor.task for visitor in made.come), return_exceptions=True)


async def settled() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def labels(visitors: Sequence[Visitor]) -> list[str]:
    return [f"{visitor.rank[0]}/{visitor.workspace}" for visitor in visitors]


async def test_as_many_come_in_at_once_as_there_are_places() -> None:
    async with scene(capacity=2) as it:
        come = [await it.comes() for _ in range(3)]

        assert it.inside == come[:2]
        assert it.queue.waiting == 1


async def test_those_of_one_workspace_come_in_as_they_came() -> None:
    async with scene() as it:
        come = [await it.comes() for _ in range(5)]

        assert await it.order() == come[1:]


async def test_the_rank_goes_before_the_order() -> None:
    async with scene() as it:
        await it.comes()
        batch = [await it.comes("batch") for _ in range(2)]
        standard = [await it.comes("standard") for _ in range(2)]
        priority = [await it.comes("priority") for _ in range(2)]

        assert await it.order() == [*priority, *standard, *batch]


async def test_a_batch_gets_only_what_others_leave_idle() -> None:
    async with scene() as it:
        await it.comes()
        batch = await it.comes("batch")

        for _ in range(20):
            late = await it.comes("standard")
            assert await it.next() is late
        assert await it.next() is batch


async def test_workspaces_of_one_rank_take_turns() -> None:
    async with scene() as it:
        await it.comes()
        for workspace in ["a"] * 4 + ["b"] * 2 + ["c"]:
            await it.comes("batch", workspace)

        order = labels(await it.order())

        assert order == ["b/a", "b/b", "b/c", "b/a", "b/b", "b/a", "b/a"]


async def test_whoever_has_just_had_a_turn_comes_after_a_newcomer() -> None:
    async with scene() as it:
        await it.comes()
        for workspace in ("a", "a", "a"):
            await it.comes(workspace=workspace)
        await it.next()
        await it.comes(workspace="b")

        assert labels(await it.order()) == ["s/a", "s/b", "s/a"]


async def test_nobody_overtakes_the_line() -> None:
    async with scene() as it:
        await it.comes()
        second = await it.comes()

        it.inside[0].leave()
        late = Visitor(it.queue, it.inside, "standard", "w")
        it.come.append(late)
        await settled()

        assert it.inside == [second]


async def test_whoever_finds_the_line_full_is_refused_at_once() -> None:
    async with scene(most_waiting=1) as it:
        await it.comes()
        waiting = await it.comes()
        assert not it.queue.would_take("standard", "w")

        assert (await it.comes()).is_refused
        assert await it.order() == [waiting]


async def test_without_a_line_only_free_places_are_given() -> None:
    queue = FairQueue(1, 0)

    assert queue.try_enter()
    assert not queue.try_enter()
    for rank in RANKS:
        assert not queue.would_take(rank, "w")
        with pytest.raises(QueueFull):
            await queue.enter(rank, "w")
    queue.leave()
    assert queue.would_take("batch", "w")
    await queue.enter("batch", "w")


async def test_in_a_full_line_the_last_of_the_lowest_rank_gives_way() -> None:
    async with scene(most_waiting=3) as it:
        await it.comes()
        standard = [await it.comes("standard") for _ in range(2)]
        batch = await it.comes("batch")
        assert it.queue.would_take("standard", "w")

        third = await it.comes("standard")
        priority = await it.comes("priority")

        assert [visitor.is_refused for visitor in (batch, third)] == [True, True]
        assert (await it.comes("batch")).is_refused
        assert await it.order() == [priority, *standard]


async def test_a_workspace_cannot_keep_others_out_of_a_full_line() -> None:
    async with scene(most_waiting=5) as it:
        await it.comes()
        greedy = [await it.comes(workspace="a") for _ in range(5)]
        assert it.queue.would_take("standard", "b")

        others = [await it.comes(workspace="b") for _ in range(3)]

        assert [visitor.is_refused for visitor in greedy] == [False] * 3 + [True] * 2
        assert [visitor.is_refused for visitor in others] == [False, False, True]
        assert (await it.comes(workspace="a")).is_refused
        assert labels(await it.order()) == ["s/a", "s/b", "s/a", "s/b", "s/a"]


async def test_giving_up_in_line_leaves_no_trace() -> None:
    async with scene(most_waiting=2) as it:
        await it.comes()
        leaving, staying = await it.comes(workspace="a"), await it.comes(workspace="b")

        leaving.task.cancel()
        await settled()

        assert it.queue.waiting == 1
        late = await it.comes(workspace="a")
        assert await it.order() == [staying, late]


async def test_a_call_in_the_moment_of_leaving_goes_on() -> None:
    async with scene() as it:
        await it.comes()
        second, third = await it.comes(), await it.comes()

        it.inside[0].leave()
        await asyncio.sleep(0)  # the second has been called, and does not know it yet
        second.task.cancel()
        await settled()

        assert it.inside == [third]


async def test_a_place_that_is_freed_in_the_moment_of_leaving_passes_by() -> None:
    async with scene() as it:
        await it.comes()
        second, third = await it.comes(), await it.comes()

        it.inside[0].leave()
        second.task.cancel()
        await settled()

        assert second.task.cancelled()
        assert it.inside == [third]


async def test_who_gives_way_in_the_moment_of_leaving_takes_nobody_else_along() -> None:
    async with scene(most_waiting=1) as it:
        await it.comes()
        batch = await it.comes("batch")

        priority = Visitor(it.queue, it.inside, "priority", "w")
        it.come.append(priority)
        await asyncio.sleep(0)  # the batch has been sent away, and does not know it yet
        batch.task.cancel()
        await settled()

        assert batch.task.cancelled()
        assert await it.order() == [priority]
        assert not it.queue.is_full


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["come", "come", "leave", "give up", "run", "run"]),
        st.integers(0, 9),
        st.sampled_from(RANKS),
        st.sampled_from(["a", "b", "c"]),
    ),
    max_size=60,
)


@given(capacity=st.integers(1, 3), most_waiting=st.integers(0, 5), steps=STEPS)
def test_whatever_happens_no_place_is_lost_and_none_is_given_twice(
    capacity: int, most_waiting: int, steps: list[tuple[str, int, Rank, str]]
) -> None:
    asyncio.run(_walk(capacity, most_waiting, steps))


async def _walk(capacity: int, most_waiting: int, steps: list[tuple[str, int, Rank, str]]) -> None:
    async with scene(capacity=capacity, most_waiting=most_waiting) as it:
        for step, choice, rank, workspace in steps:
            visitor = it.come[choice % len(it.come)] if it.come else None
            if step == "come":
                it.come.append(Visitor(it.queue, it.inside, rank, workspace))
            elif step == "run":
                await asyncio.sleep(0)
            elif visitor is not None and step == "leave":
                visitor.leave()
            elif visitor is not None and visitor not in it.inside:
                visitor.task.cancel()
            assert len(it.inside) <= capacity
            assert it.queue.waiting <= most_waiting
        await settled()
        waiting = [v for v in it.come if not v.task.done() and v not in it.inside]
        assert it.queue.waiting == len(waiting)
        assert it.queue.is_full == (len(it.inside) == capacity)
        assert it.queue.is_full or not waiting

        came_in = it.inside.copy()
        for visitor in it.come:
            visitor.leave()
        await asyncio.gather(*(visitor.task for visitor in it.come), return_exceptions=True)

        assert not it.inside
        assert all(v.task.exception() is None for v in [*waiting, *came_in])
        assert [it.queue.try_enter() for _ in range(capacity + 1)] == [*[True] * capacity, False]


@given(
    come=st.lists(st.tuples(st.sampled_from(RANKS), st.sampled_from(["a", "b", "c"])), max_size=30)
)
def test_the_order_is_that_of_ranks_and_of_turns(come: list[tuple[Rank, str]]) -> None:
    expected: list[tuple[Rank, str]] = []
    for rank in RANKS:
        of_rank = [workspace for each, workspace in come if each == rank]
        turns = list(dict.fromkeys(of_rank))
        rounds = [
            (of_rank[:position].count(workspace), turns.index(workspace), workspace)
            for position, workspace in enumerate(of_rank)
        ]
        for _, _, workspace in sorted(rounds):
            expected.append((rank, workspace))

    assert asyncio.run(_order(come)) == expected


async def _order(come: list[tuple[Rank, str]]) -> list[tuple[Rank, str]]:
    async with scene() as it:
        await it.comes()
        for rank, workspace in come:
            await it.comes(rank, workspace)
        return [(visitor.rank, visitor.workspace) for visitor in await it.order()]
