"""The queue of chunks, on DBOS and SQLite."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from antechamber.operations.batches.runner import Chunk, Turnout
from antechamber.worker.chunk_queue import ChunkQueue, QueuePlace, Run

_FIRST, _SECOND, _OTHER = Chunk("a", 0, 100), Chunk("a", 100, 200), Chunk("b", 0, 3)


@asynccontextmanager
async def _opened(folder: Path, run: Run, name: str = "one") -> AsyncGenerator[ChunkQueue, None]:
    place = QueuePlace(url=f"sqlite:///{folder / 'queue.db'}", executor_id=name, of_a_batch=2)
    queue = ChunkQueue(place, run, asyncio.get_running_loop(), put_off_s=0.0)
    await asyncio.to_thread(queue.open)
    try:
        yield queue
    finally:
        queue.break_off()
        await asyncio.to_thread(queue.close)


class _Worker:
    """Does what it is told with each chunk, and remembers which it got."""

    def __init__(self, turnout: Callable[[int], Turnout], enough: int) -> None:
        self.got: list[Chunk] = []
        self.has_enough = asyncio.Event()
        self._turnout = turnout
        self._enough = enough

    async def run(self, chunk: Chunk) -> Turnout:
        self.got.append(chunk)
        if len(self.got) == self._enough:
            self.has_enough.set()
        return self._turnout(len(self.got))

    def expect(self, enough: int) -> None:
        self.has_enough.clear()
        self._enough = enough

    async def wait(self) -> None:
        async with asyncio.timeout(30):
            await self.has_enough.wait()


async def test_chunks_are_worked_on_once(tmp_path: Path) -> None:
    worker = _Worker(lambda _: "done", enough=3)
    async with _opened(tmp_path, worker.run) as queue:
        await asyncio.to_thread(queue.enqueue, [_FIRST, _SECOND])
        await asyncio.to_thread(queue.enqueue, [_FIRST, _OTHER])

        await worker.wait()

    assert sorted(worker.got) == [_FIRST, _SECOND, _OTHER]


async def test_a_batch_has_a_few_chunks_in_a_process_and_others_theirs_beside(
    tmp_path: Path,
) -> None:
    worker, may_end = _Worker(lambda _: "done", enough=12), asyncio.Event()

    async def run(chunk: Chunk) -> Turnout:
        turnout = await worker.run(chunk)
        await may_end.wait()
        return turnout

    async with _opened(tmp_path, run) as queue:
        for batch_id in "abcdef":
            chunks = [Chunk(batch_id, at, at + 10) for at in range(0, 40, 10)]
            await asyncio.to_thread(queue.enqueue, chunks)

        await worker.wait()
        counts = Counter(chunk.batch_id for chunk in worker.got)
        may_end.set()

    assert set(counts.values()) == {2}


@pytest.mark.parametrize("turnout", ["put off", "passed on"])
async def test_a_chunk_that_is_put_off_or_passed_on_comes_again(
    tmp_path: Path, turnout: Turnout
) -> None:
    worker = _Worker(lambda number: turnout if number < 3 else "done", enough=3)
    async with _opened(tmp_path, worker.run) as queue:
        await asyncio.to_thread(queue.enqueue, [_FIRST])

        await worker.wait()

    assert worker.got == [_FIRST] * 3


async def test_a_chunk_comes_again_after_a_bug(tmp_path: Path) -> None:
    def turnout(number: int) -> Turnout:
        if number == 1:
            raise ZeroDivisionError
        return "done"

    worker = _Worker(turnout, enough=2)
    async with _opened(tmp_path, worker.run) as queue:
        await asyncio.to_thread(queue.enqueue, [_FIRST])

        await worker.wait()

    assert worker.got == [_FIRST] * 2


async def test_what_is_begun_or_waits_is_not_lost(tmp_path: Path) -> None:
    worker, may_end = _Worker(lambda _: "done", enough=32), asyncio.Event()

    async def run(chunk: Chunk) -> Turnout:
        turnout = await worker.run(chunk)
        await may_end.wait()
        return turnout

    async with _opened(tmp_path, run) as queue:
        busy = [Chunk(f"b{at}", start, start + 1) for at in range(16) for start in range(2)]
        was_full = queue.is_full
        await asyncio.to_thread(queue.enqueue, busy)
        await worker.wait()
        async with asyncio.timeout(30):
            while True:
                await asyncio.sleep(0)
                if queue.is_full:
                    break
        await asyncio.to_thread(queue.enqueue, [_FIRST, Chunk("b0", 9, 10)])

        begun = await asyncio.to_thread(queue.begun)
        waits = [await asyncio.to_thread(queue.is_waited_for, [it]) for it in ("a", "b0", "none")]
        lost = await asyncio.to_thread(queue.drop_lost, ["a", "b0", "none"])
        may_end.set()

    assert not was_full
    assert begun == {f"b{at}" for at in range(16)}
    assert waits == [True, False, False]
    assert lost == ["none"]


async def test_a_batch_of_which_all_chunks_are_over_is_lost_and_can_be_enqueued_again(
    tmp_path: Path,
) -> None:
    worker = _Worker(lambda number: "passed on" if number == 1 else "done", enough=2)
    async with _opened(tmp_path, worker.run) as queue:
        await asyncio.to_thread(queue.enqueue, [_FIRST])
        await worker.wait()
        async with asyncio.timeout(30):
            while not await asyncio.to_thread(queue.drop_lost, ["a"]):
                pass

        worker.expect(3)
        await asyncio.to_thread(queue.enqueue, [_FIRST])
        await worker.wait()

    assert worker.got == [_FIRST] * 3


async def test_a_chunk_that_was_given_back_is_begun_again_at_the_next_start(
    tmp_path: Path,
) -> None:
    first, second = _Worker(lambda _: "given back", 1), _Worker(lambda _: "done", 1)
    async with _opened(tmp_path, first.run) as queue:
        await asyncio.to_thread(queue.enqueue, [_FIRST])
        await first.wait()

    async with _opened(tmp_path, second.run):
        await second.wait()

    assert (first.got, second.got) == ([_FIRST], [_FIRST])


async def test_another_takes_over_what_was_begun(tmp_path: Path) -> None:
    first, second = _Worker(lambda _: "given back", 1), _Worker(lambda _: "done", 1)
    async with _opened(tmp_path, first.run, "one") as queue:
        await asyncio.to_thread(queue.enqueue, [_FIRST])
        await first.wait()

    async with _opened(tmp_path, second.run, "other") as queue:
        await asyncio.to_thread(queue.recover, ["one"])
        await second.wait()
        await asyncio.to_thread(queue.forget)

    assert second.got == [_FIRST]
