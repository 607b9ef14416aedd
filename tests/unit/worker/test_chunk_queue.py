"""The queue of chunks, on DBOS and SQLite."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

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


async def test_a_chunk_that_is_put_off_comes_again(tmp_path: Path) -> None:
    worker = _Worker(lambda number: "put off" if number < 3 else "done", enough=3)
    async with _opened(tmp_path, worker.run) as queue:
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
