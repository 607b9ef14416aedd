"""Batches leave each other their turns, and each ends whatever becomes of the others."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from antechamber.operations.answering.services import Services
from antechamber.operations.batches.endings import (
    cancel_batch,
    clear_batches,
    end_canceled,
    end_overdue,
)
from antechamber.operations.batches.handover import hand_out, handed_out, take_back
from antechamber.operations.batches.room import Room
from antechamber.operations.batches.runner import BatchRunner, Chunk
from antechamber.settings import BatchesSettings, ScriptedEngineSettings, Settings
from antechamber.store.batches import BatchRow
from tests.batch_services import MovedClock, built, call_of, created, found

_ENGINE = "play"
_DAY_S = 24 * 3600.0


@dataclass(frozen=True)
class Scene:
    """What works on batches, over a script and a database."""

    services: Services
    runner: BatchRunner
    clock: MovedClock

    async def created(self, count: int = 3, text: str = "Hi") -> BatchRow:
        return await created(self.services, count, text=text)

    async def handed_out(self) -> BatchRow:
        """Create a batch whose chunks somebody has."""
        batch = await self.created()

        async def enqueue(_: Collection[Chunk]) -> None:
            pass

        await hand_out(self.services, enqueue)
        return batch

    def found(self, batch: BatchRow) -> BatchRow:
        return found(self.services, batch)

    def break_ends_of(self, batch: BatchRow) -> None:
        """Have no more be written of a batch."""
        trigger = (
            "CREATE TRIGGER broken BEFORE UPDATE ON batches "
            f"WHEN old.id = '{batch.id}' BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
        self.services.database.write_now(lambda it: it.exec_driver_sql(trigger))


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Scene, None]:
    script = tmp_path / "replies.toml"
    script.write_text(
        '[[replies]]\nwhen = "hangs"\ntext = "Hello"\nhang_after = 1\n\n'
        '[[replies]]\nwhen = "busy"\nerror = { status = 529 }\n\n'
        '[[replies]]\ntext = "Hello"\n'
    )
    settings = Settings(
        data_dir=tmp_path,
        engines=(ScriptedEngineSettings(name=_ENGINE, script=script),),
        batches=BatchesSettings(concurrency=1),
    )
    clock = MovedClock()
    async with built(settings, clock) as made:
        yield Scene(made.services, made.runner(), clock)


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            await asyncio.sleep(0)
            if is_so():
                return


async def _steps() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


def _all(batch: BatchRow) -> Chunk:
    return Chunk(batch.id, 0, batch.item_count)


async def test_workspaces_take_turns_at_an_engine(scene: Scene) -> None:
    room, entered = Room(scene.services, concurrency=1), list[str]()
    await room.enter(_ENGINE, "a")

    async def enter(workspace_id: str) -> None:
        await room.enter(_ENGINE, workspace_id)
        entered.append(workspace_id)
        room.leave(_ENGINE)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for workspace_id in "aaaabb":
            group.create_task(enter(workspace_id))
        await asyncio.sleep(0)
        room.leave(_ENGINE)

    assert "".join(entered) == "aababa"


async def test_who_goes_while_he_waits_for_room_lets_the_next_one_look(scene: Scene) -> None:
    room = Room(scene.services, concurrency=1)
    await room.enter(_ENGINE, "a")
    first = asyncio.create_task(room.enter(_ENGINE, "a"))
    second = asyncio.create_task(room.enter(_ENGINE, "b"))
    await asyncio.sleep(0)

    first.cancel()
    room.leave(_ENGINE)

    async with asyncio.timeout(20):
        await second
    assert first.cancelled()


async def test_a_chunk_makes_way_after_its_turn_and_lets_finish_what_runs(scene: Scene) -> None:
    waits = await scene.created(text="busy")
    running = asyncio.create_task(scene.runner.run(_all(waits)))
    await _until(lambda: max(scene.clock.slept, default=0) >= 0.5)
    scene.runner.make_way()
    await _steps()
    before = running.done()
    scene.clock.at += 31

    scene.runner.make_way()
    async with asyncio.timeout(20):
        turnout = await running

    assert (before, turnout) == (False, "passed on")
    assert scene.found(waits).finished == 0


async def test_what_runs_keeps_its_chunk_when_that_makes_way(scene: Scene) -> None:
    batch = await scene.created(text="hangs")
    running = asyncio.create_task(scene.runner.run(_all(batch)))
    await _until(lambda: scene.services.health[_ENGINE].running == 1)
    scene.clock.at += 31

    scene.runner.make_way()
    await _steps()

    assert not running.done()
    assert scene.services.health[_ENGINE].running == 1
    running.cancel()


async def test_a_chunk_of_a_canceled_batch_asks_nobody(scene: Scene) -> None:
    batch = await scene.created(text="hangs")
    await cancel_batch(scene.services, batch.id, call_of())

    async with asyncio.timeout(20):
        turnout = await scene.runner.run(_all(batch))

    assert turnout == "done"
    assert (scene.found(batch).status, scene.found(batch).canceled) == ("ended", 3)
    assert scene.services.health[_ENGINE].begun == 0


async def test_a_canceled_batch_ends_at_once_unless_somebody_works_on_it(scene: Scene) -> None:
    runs, waits, other = [await scene.created() for _ in range(3)]
    for batch in (runs, waits):
        await cancel_batch(scene.services, batch.id, call_of())

    async def begun() -> set[str]:
        return {runs.id}

    ended = await end_canceled(scene.services, begun)

    assert ended == 1
    assert [scene.found(batch).status for batch in (runs, waits, other)] == [
        "canceling",
        "ended",
        "in_progress",
    ]
    assert scene.found(waits).canceled == 3


async def test_a_batch_that_cannot_be_ended_keeps_no_other_from_its_end(scene: Scene) -> None:
    first, broken, last = [await scene.created() for _ in range(3)]
    scene.break_ends_of(broken)
    scene.clock.at += _DAY_S + 31

    with capture_logs() as logged:
        ended = await end_overdue(scene.services)

    assert ended == 2
    assert [scene.found(batch).status for batch in (first, broken, last)] == [
        "ended",
        "in_progress",
        "ended",
    ]
    assert [it["batch_id"] for it in logged if it["event"] == "batch_not_ended"] == [broken.id]


async def test_a_batch_that_cannot_be_archived_keeps_no_other_from_it(scene: Scene) -> None:
    first, broken, last = [await scene.created() for _ in range(3)]
    for batch in (first, broken, last):
        await scene.runner.run(_all(batch))
    scene.break_ends_of(broken)
    scene.clock.at += 30 * _DAY_S

    cleared = await clear_batches(scene.services)

    assert cleared.batches_archived == 2
    assert scene.found(last).archived_at is not None


async def test_a_batch_whose_chunks_are_lost_is_handed_out_again(scene: Scene) -> None:
    kept, lost = await scene.handed_out(), await scene.handed_out()
    assert set(await handed_out(scene.services)) == {kept.id, lost.id}

    async def drop_lost(batch_ids: Collection[str]) -> list[str]:
        return [batch_id for batch_id in batch_ids if batch_id == lost.id]

    taken_back = await take_back(scene.services, drop_lost)

    assert taken_back == [lost.id]
    assert await handed_out(scene.services) == [kept.id]


async def test_a_batch_that_ends_meanwhile_is_not_taken_for_lost(scene: Scene) -> None:
    batch = await scene.handed_out()

    async def drop_lost(batch_ids: Collection[str]) -> list[str]:
        await scene.runner.run(_all(batch))
        return [*batch_ids]

    assert await take_back(scene.services, drop_lost) == []
