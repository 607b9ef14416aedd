import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.engines.local.gate import SlotGate
from antechamber.wire.errors import Overloaded


class Visitor:
    """Takes a slot in a task of its own and keeps it until told to leave."""

    def __init__(self, gate: SlotGate) -> None:
        self.inside = asyncio.Event()
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(gate))

    async def _visit(self, gate: SlotGate) -> None:
        async with gate.slot("standard", "default"):
            self.inside.set()
            await self._leave.wait()

    async def leave(self) -> None:
        self._leave.set()
        await self.task

    async def give_up(self) -> None:
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task


async def settle() -> None:
    """Let every task that can run do so."""
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def visitors(gate: SlotGate, count: int) -> AsyncGenerator[list[Visitor], None]:
    come: list[Visitor] = []
    for _ in range(count):
        come.append(Visitor(gate))
        await settle()
    try:
        yield come
    finally:
        for visitor in come:
            visitor.task.cancel()
        await asyncio.gather(*(visitor.task for visitor in come), return_exceptions=True)


async def is_as_new(gate: SlotGate, *, slots: int) -> bool:
    """Say whether nobody waits and just so many can go in at once."""
    if gate.waiting:
        return False
    async with AsyncExitStack() as holding:
        for _ in range(slots):
            await holding.enter_async_context(gate.slot("standard", "default"))
        late = Visitor(gate)
        await settle()
        full = not late.inside.is_set()
        late.task.cancel()
        await asyncio.gather(late.task, return_exceptions=True)
    return full


async def test_as_many_go_in_as_there_are_slots() -> None:
    gate = SlotGate(slots=2, queue=5)

    async with visitors(gate, 3) as come:
        assert [visitor.inside.is_set() for visitor in come] == [True, True, False]
        assert gate.waiting == 1


async def test_those_who_wait_go_in_as_they_came() -> None:
    gate = SlotGate(slots=1, queue=5)

    async with visitors(gate, 4) as come:
        for position, visitor in enumerate(come):
            await visitor.leave()
            await settle()
            assert [other.inside.is_set() for other in come] == [
                at <= position + 1 for at in range(4)
            ]


async def test_nobody_overtakes_the_line() -> None:
    gate = SlotGate(slots=1, queue=5)

    async with visitors(gate, 2) as (first, second):
        first._leave.set()
        late = Visitor(gate)
        await settle()

        assert second.inside.is_set()
        assert not late.inside.is_set()
        await late.give_up()


async def test_whoever_finds_the_line_full_is_refused_at_once() -> None:
    gate = SlotGate(slots=1, queue=1)

    async with visitors(gate, 2):
        with pytest.raises(Overloaded, match="Overloaded"):
            gate.check("standard", "default")
        with pytest.raises(Overloaded):
            async with gate.slot("standard", "default"):
                pass
    assert await is_as_new(gate, slots=1)


async def test_without_a_line_only_free_slots_are_given() -> None:
    gate = SlotGate(slots=1, queue=0)
    gate.check("standard", "default")

    async with gate.slot("standard", "default"):
        with pytest.raises(Overloaded):
            gate.check("standard", "default")
    gate.check("standard", "default")


async def test_a_failure_inside_gives_the_slot_back() -> None:
    gate = SlotGate(slots=1, queue=1)

    with pytest.raises(RuntimeError, match="inside"):
        async with gate.slot("standard", "default"):
            raise RuntimeError("inside")

    assert await is_as_new(gate, slots=1)


async def test_giving_up_inside_gives_the_slot_to_the_next() -> None:
    gate = SlotGate(slots=1, queue=5)

    async with visitors(gate, 2) as (first, second):
        await first.give_up()
        await settle()

        assert second.inside.is_set()


async def test_giving_up_in_line_leaves_no_trace() -> None:
    gate = SlotGate(slots=1, queue=2)

    async with visitors(gate, 3) as (first, second, third):
        await second.give_up()

        assert gate.waiting == 1
        gate.check("standard", "default")
        await first.leave()
        await settle()
        assert third.inside.is_set()
    assert await is_as_new(gate, slots=1)


async def test_a_slot_handed_over_in_the_moment_of_leaving_goes_on() -> None:
    gate = SlotGate(slots=1, queue=2)

    async with visitors(gate, 3) as (first, second, third):
        await first.leave()  # the slot is the second's now, who does not know it yet
        await second.give_up()
        await settle()

        assert third.inside.is_set()
    assert await is_as_new(gate, slots=1)


async def test_a_slot_freed_in_the_moment_of_leaving_passes_by() -> None:
    gate = SlotGate(slots=1, queue=2)

    async with visitors(gate, 3) as (first, second, third):
        first.task.cancel()
        second.task.cancel()  # passed over by the first, before it could leave the line itself
        await asyncio.gather(first.task, second.task, return_exceptions=True)
        await settle()

        assert second.task.cancelled()
        assert third.inside.is_set()
    assert await is_as_new(gate, slots=1)


@given(
    slots=st.integers(1, 3),
    queue=st.integers(0, 4),
    steps=st.lists(
        st.tuples(st.sampled_from(["come", "leave", "give up", "run"]), st.integers(0, 9))
    ),
)
def test_whatever_happens_every_slot_comes_back(
    slots: int, queue: int, steps: list[tuple[str, int]]
) -> None:
    asyncio.run(_walk(slots, queue, steps))


async def _walk(slots: int, queue: int, steps: list[tuple[str, int]]) -> None:
    gate, come = SlotGate(slots=slots, queue=queue), list[Visitor]()
    for step, choice in steps:
        visitor = come[choice % len(come)] if come else None
        if step == "come":
            come.append(Visitor(gate))
        elif step == "run":
            await asyncio.sleep(0)
        elif visitor is not None and step == "leave":
            visitor._leave.set()
        elif visitor is not None:
            visitor.task.cancel()
    await settle()
    inside = [v for v in come if v.inside.is_set() and not v.task.done()]
    assert len(inside) <= slots
    assert gate.waiting <= queue
    assert not gate.waiting or len(inside) == slots

    for visitor in come:
        visitor.task.cancel()
    outcomes = await asyncio.gather(*(v.task for v in come), return_exceptions=True)

    assert all(o is None or isinstance(o, asyncio.CancelledError | Overloaded) for o in outcomes)
    assert await is_as_new(gate, slots=slots)
