"""One fetch for all who wait, beside the loop and bounded in time."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from antechamber.engines.messages_api.shared_fetch import SharedFetch

LONG_S, TINY_S = 60.0, 0.02


class Gate:
    """A fetch that waits until a test lets it through."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.begun = 0
        self.open = threading.Event()
        self.failure = failure

    def fetch(self) -> int:
        self.begun += 1
        nth = self.begun
        self.open.wait(LONG_S)
        if self.failure is not None:
            raise self.failure
        return nth


@pytest.fixture
def gate() -> Iterator[Gate]:
    made = Gate()
    yield made
    made.open.set()


async def test_all_who_wait_share_one_fetch(gate: Gate) -> None:
    shared = SharedFetch(gate.fetch, within_s=LONG_S)
    waiting = [asyncio.ensure_future(shared.result()) for _ in range(50)]
    await asyncio.sleep(0)
    # The threads that look names up are free meanwhile.
    await asyncio.to_thread(gate.open.set)

    assert await asyncio.gather(*waiting) == [1] * 50
    assert await shared.result() == 2


async def test_a_failure_is_shared_and_the_next_one_fetches_again(gate: Gate) -> None:
    gate.failure = ValueError("no")
    shared = SharedFetch(gate.fetch, within_s=LONG_S)
    waiting = [asyncio.ensure_future(shared.result()) for _ in range(50)]
    await asyncio.sleep(0)
    gate.open.set()

    told = await asyncio.gather(*waiting, return_exceptions=True)
    gate.failure = None

    assert [str(each) for each in told] == ["no"] * 50
    assert await shared.result() == 2


async def test_who_leaves_takes_nothing_from_the_others(gate: Gate) -> None:
    shared = SharedFetch(gate.fetch, within_s=LONG_S)
    leaving, staying = (asyncio.ensure_future(shared.result()) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.sleep(0)
    gate.open.set()

    assert await staying == 1
    assert leaving.cancelled()


async def test_a_fetch_that_hangs_is_given_up_by_all_and_the_next_one_begins(gate: Gate) -> None:
    shared = SharedFetch(gate.fetch, within_s=TINY_S)

    told = await asyncio.gather(*(shared.result() for _ in range(50)), return_exceptions=True)

    assert {type(each) for each in told} == {TimeoutError}
    assert gate.begun == 1
    with pytest.raises(TimeoutError):
        await shared.result()
    assert gate.begun == 2


def test_a_fetch_may_outlast_the_loop(gate: Gate) -> None:
    async def begin() -> None:
        SharedFetch(gate.fetch, within_s=LONG_S).begin()

    others = set(threading.enumerate())
    asyncio.run(begin())
    (thread,) = set(threading.enumerate()) - others
    gate.open.set()
    thread.join(LONG_S)

    assert thread.daemon
    assert not thread.is_alive()
