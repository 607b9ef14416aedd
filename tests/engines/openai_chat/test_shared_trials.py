"""One trial of a model for all who ask, how long they wait, and when there is another."""

import asyncio

import pytest

from antechamber.engines.openai_chat.shared_trials import SharedTrials
from antechamber.runtime.clock import SystemClock
from antechamber.wire.errors import EngineFailed, EngineTimedOut, Overloaded

SHORT_S = 0.05


class AdvancedClock(SystemClock):
    """Is ahead of the machine's by as much as a test says."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


class Host:
    """Shows what it is as soon as it is let to; first it fails in the ways it is given."""

    def __init__(self, *failures: Exception) -> None:
        self.tried: list[str] = []
        self.asked = asyncio.Event()
        self.free = asyncio.Event()
        self._failures = list(failures)

    async def __call__(self, model: str) -> bool:
        self.tried.append(model)
        self.asked.set()
        if self._failures:
            raise self._failures.pop(0)
        await self.free.wait()
        return True


async def test_all_who_ask_share_one_trial_and_its_result_is_kept() -> None:
    host = Host()
    host.free.set()
    trials = SharedTrials("try", host, SystemClock())

    assert await asyncio.gather(*(trials.found("m") for _ in range(50))) == [True] * 50
    assert await trials.found("m") is True
    assert await trials.found("n") is True
    assert host.tried == ["m", "n"]


async def test_a_busy_host_is_waited_for_once_and_heard_when_it_is_free() -> None:
    host, clock = Host(), AdvancedClock()
    trials = SharedTrials("try", host, clock, patience_s=SHORT_S)
    first = await asyncio.gather(*(trials.found("m") for _ in range(3)))

    clock.ahead_s = 1.0
    async with asyncio.timeout(SHORT_S / 2):
        late = await trials.found("m")
    host.free.set()
    await asyncio.sleep(0.01)  # lets the trial end, which nobody waits for

    assert (first, late) == ([None] * 3, None)
    assert await trials.found("m") is True
    assert host.tried == ["m"]


@pytest.mark.parametrize("fault", [Overloaded("busy"), EngineFailed("broken")])
async def test_after_a_fault_who_asks_next_begins_another(fault: Exception) -> None:
    host = Host(fault)
    host.free.set()
    trials = SharedTrials("try", host, SystemClock())

    assert await trials.found("m") is None
    assert await trials.found("m") is True


async def test_after_a_timeout_there_is_no_trial_for_a_minute() -> None:
    host, clock = Host(EngineTimedOut("slow")), AdvancedClock()
    host.free.set()
    trials = SharedTrials("try", host, clock)

    assert [await trials.found("m") for _ in range(3)] == [None] * 3
    assert host.tried == ["m"]
    clock.ahead_s = 61.0
    assert await trials.found("m") is True


async def test_more_models_than_a_few_are_not_tried_at_once() -> None:
    host = Host()
    trials = SharedTrials("try", host, SystemClock(), patience_s=SHORT_S)
    await asyncio.gather(*(trials.found(f"m{number}") for number in range(50)))
    await trials.forget()

    assert len(host.tried) == 8


async def test_what_is_forgotten_is_tried_again_and_what_runs_is_ended() -> None:
    host = Host()
    trials = SharedTrials("try", host, SystemClock())
    waiting = asyncio.create_task(trials.found("m"))
    await host.asked.wait()
    await trials.forget()
    assert await waiting is None

    host.free.set()
    assert await trials.found("m") is True
    await trials.forget()
    assert await trials.found("m") is True
    assert host.tried == ["m"] * 3
