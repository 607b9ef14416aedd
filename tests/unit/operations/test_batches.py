"""How batches are worked on in one process: room, ends, housekeeping."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import DataError

from antechamber.files_state import FilesState
from antechamber.operations.answering.services import Services
from antechamber.operations.batches import results as results_module
from antechamber.operations.batches.answer import Answer
from antechamber.operations.batches.endings import clear_batches, end_overdue
from antechamber.operations.batches.handover import chunks_of
from antechamber.operations.batches.results import Results
from antechamber.operations.batches.room import Room
from antechamber.operations.batches.runner import BatchRunner, Chunk
from antechamber.operations.files import NewFile
from antechamber.runtime.background import Background
from antechamber.settings import (
    BatchesSettings,
    RoutingSettings,
    ScriptedEngineSettings,
    Settings,
)
from antechamber.store.batches import (
    BatchRow,
    change_batch,
    finish_items,
    results_after,
)
from antechamber.store.tables import turns
from antechamber.wire.errors import EngineTimedOut, RateLimited
from tests.batch_services import MovedClock, built, created, found
from tests.records import turn_record

_MODEL = "claude-sonnet-5-5"
_ENGINE = "play"
_DAY_S = 24 * 3600
_STEPS = 200
_MOST_FAILURES = 100
"""So many in a row, and the engine is left alone."""


@dataclass(frozen=True)
class Scene:
    """What works on batches, over a script and a database."""

    services: Services
    runner: BatchRunner
    clock: MovedClock
    background: Background
    files: FilesState
    folder: Path

    async def created(
        self, count: int = 3, text: str | list[object] = "Hi", key_id: str | None = None
    ) -> BatchRow:
        return await created(self.services, count, text=text, key_id=key_id)

    def found(self, batch: BatchRow) -> BatchRow:
        return found(self.services, batch)

    def rows(self) -> Sequence[Any]:
        """Return the rows of the ledger."""
        return self.services.database.read_now(lambda it: it.execute(select(turns)).all())

    def results(self, batch: BatchRow) -> list[bytes]:
        work = partial(results_after, batch_id=batch.id, position=-1, limit=100, most_bytes=10**6)
        return [row.result for row in self.services.database.read_now(work)]


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Scene, None]:
    script = tmp_path / "replies.toml"
    script.write_text(
        '[[replies]]\nwhen = "fails"\nerror = { status = 500 }\n\n'
        '[[replies]]\nwhen = "busy"\nerror = { status = 529 }\n\n'
        '[[replies]]\nwhen = "late"\nerror = { status = 504 }\n\n'
        '[[replies]]\nwhen = "breaks"\ntext = "A few words of it"\n'
        'fail_after = { events = 4, type = "api_error" }\n\n'
        '[[replies]]\nwhen = "hangs"\ntext = "Hello"\nhang_after = 1\n\n'
        '[[replies]]\ntext = "Hello"\n'
    )
    settings = Settings(
        data_dir=tmp_path,
        engines=(ScriptedEngineSettings(name=_ENGINE, script=script),),
        batches=BatchesSettings(concurrency=4, max_queued=10),
        routing=RoutingSettings(breaker_failures=_MOST_FAILURES),
    )
    clock = MovedClock()
    async with built(settings, clock) as made:
        background = made.state.background
        yield Scene(made.services, made.runner(), clock, background, made.files, tmp_path)


def _all(batch: BatchRow) -> Chunk:
    return Chunk(batch.id, 0, batch.item_count)


async def test_a_chunk_is_done_once(scene: Scene) -> None:
    batch = await scene.created()

    first = await scene.runner.run(_all(batch))
    results = scene.results(batch)
    again = await scene.runner.run(_all(batch))

    assert (first, again) == ("done", "done")
    assert scene.found(batch).status == "ended"
    assert scene.results(batch) == results


async def test_a_chunk_that_is_told_twice_is_done_once(scene: Scene) -> None:
    batch = await scene.created()

    turnouts = await asyncio.gather(*[scene.runner.run(_all(batch)) for _ in range(3)])

    assert turnouts == ["done"] * 3
    assert (scene.found(batch).status, scene.found(batch).succeeded) == ("ended", 3)
    assert len(scene.rows()) == 3


async def test_what_was_not_begun_when_a_batch_expires_is_expired(scene: Scene) -> None:
    batch = await scene.created(text="busy")
    scene.clock.at += _DAY_S

    await scene.runner.run(_all(batch))

    assert scene.results(batch) == [b'{"type":"expired"}'] * 3
    assert scene.found(batch).expired == 3


async def test_who_waits_for_an_overloaded_engine_hears_of_the_end(scene: Scene) -> None:
    batch = await scene.created(text="busy")
    running = asyncio.create_task(scene.runner.run(_all(batch)))
    async with asyncio.timeout(20):
        await scene.clock.long.wait()

        scene.clock.at += _DAY_S
        await running

    assert scene.found(batch).expired == 3
    assert max(scene.clock.slept) <= 60


async def test_what_still_runs_long_after_a_batch_expired_is_ended(scene: Scene) -> None:
    batch = await scene.created(6, text="hangs")
    running = asyncio.create_task(scene.runner.run(_all(batch)))
    await _until(lambda: scene.services.health[_ENGINE].running == 4)
    scene.clock.at += _DAY_S
    await _until(lambda: scene.found(batch).expired == 2)
    within_grace = await end_overdue(scene.services)
    scene.clock.at += 31

    ended = await end_overdue(scene.services)
    async with asyncio.timeout(20):
        await running

    assert (within_grace, ended) == (0, 1)
    assert (scene.found(batch).status, scene.found(batch).expired) == ("ended", 6)
    assert scene.services.health[_ENGINE].running == 0


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            await asyncio.sleep(0)
            if is_so():
                return


@pytest.mark.parametrize("is_whole_store", [False, True])
async def test_a_file_that_cannot_be_read_for_a_moment_is_read_later(
    scene: Scene, *, is_whole_store: bool
) -> None:
    batch, blob = await _with_file(scene)
    missing = blob.parent if is_whole_store else blob
    away = missing.rename(scene.folder / "away")
    if is_whole_store:
        missing.touch()
    running = asyncio.create_task(scene.runner.run(_all(batch)))
    await _until(lambda: any(0.7 < slept < 1 for slept in scene.clock.slept))

    missing.unlink(missing_ok=True)
    away.rename(missing)
    async with asyncio.timeout(20):
        await running

    assert scene.found(batch).succeeded == 1


async def test_a_file_that_is_nowhere_is_the_result_at_last(scene: Scene) -> None:
    batch, blob = await _with_file(scene)
    blob.unlink()

    await scene.runner.run(_all(batch))

    assert b'"api_error","message":"Internal server error"' in scene.results(batch)[0]


async def _with_file(scene: Scene) -> tuple[BatchRow, Path]:
    """Return a batch that names a file, and where its bytes are."""
    wanted = NewFile(
        workspace_id="default", filename="a.txt", mime_type="text/plain", expires_in_s=None
    )
    async with scene.files.files.receive() as incoming:
        await incoming.write(b"Hello")
        file = await scene.files.files.keep(incoming, wanted)
    named = {"type": "document", "source": {"type": "file", "file_id": file.id}}
    batch = await scene.created(1, text=[named])
    (blob,) = (path for path in (scene.folder / "files").rglob("*") if path.is_file())
    return batch, blob


@pytest.mark.parametrize(
    ("count", "chunks", "items"), [(1, 1, 1), (60, 6, 10), (800, 16, 50), (100_000, 1000, 100)]
)
async def test_a_batch_is_cut_so_that_many_can_work_on_it(
    scene: Scene, count: int, chunks: int, items: int
) -> None:
    batch = replace(await scene.created(), item_count=count)

    cut = chunks_of(batch)

    assert (len(cut), cut[0].stop) == (chunks, items)
    assert [at for chunk in cut for at in range(chunk.start, chunk.stop)] == list(range(count))


async def test_an_engine_that_fails_again_and_again_is_the_result(scene: Scene) -> None:
    batch = await scene.created(text="fails")

    await scene.runner.run(_all(batch))

    assert scene.found(batch).errored == 3
    assert b'"api_error"' in scene.results(batch)[0]


async def test_an_engine_that_is_never_in_time_is_the_result(scene: Scene) -> None:
    batch = await scene.created(1, text="late")

    await scene.runner.run(_all(batch))

    await scene.services.ledger.aclose()
    assert b'"timeout_error"' in scene.results(batch)[0]
    assert len(scene.rows()) == 10


async def test_tries_without_a_result_cost_nothing(scene: Scene) -> None:
    batch = await scene.created(1, text="breaks")

    await scene.runner.run(_all(batch))
    await scene.services.ledger.aclose()

    assert scene.found(batch).errored == 1
    assert [(row.cost_nano_usd, row.service_tier) for row in scene.rows()] == [(0, "batch")] * 5


async def test_a_bug_in_the_prices_costs_the_row_and_not_the_answer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(records: object) -> list[Any]:
        raise KeyError(records)

    monkeypatch.setattr(scene.services.ledger, "rows_of", broken)
    batch = await scene.created()

    await scene.runner.run(_all(batch))

    assert scene.found(batch).succeeded == 3
    assert scene.rows() == []


async def test_an_answer_that_cannot_be_written_does_not_hold_up_the_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = await scene.created()

    def odd(connection: Connection, batch_id: str, finished: Any, *, now: datetime) -> set[int]:
        if any(each.position == 1 and each.outcome == "succeeded" for each in finished):
            raise DataError("INSERT", {}, ValueError())
        return finish_items(connection, batch_id, finished, now=now)

    monkeypatch.setattr(results_module, "finish_items", odd)
    await scene.runner.run(_all(batch))

    assert (scene.found(batch).succeeded, scene.found(batch).errored) == (2, 1)
    assert b"Internal server error" in scene.results(batch)[1]


async def test_what_a_key_asked_for_that_opens_nothing_now_is_refused(scene: Scene) -> None:
    batch = await scene.created(1, key_id="apikey_gone")

    await scene.runner.run(_all(batch))

    assert b'"authentication_error","message":"invalid x-api-key"' in scene.results(batch)[0]


async def test_an_answer_is_kept_though_its_row_is_none_that_a_database_takes(
    scene: Scene,
) -> None:
    batch = await scene.created(2)
    results = Results(scene.services, scene.background)
    odd = turn_record(speed="\ud800")

    async with asyncio.TaskGroup() as group:
        group.create_task(results.add(batch.id, 0, Answer("succeeded", b"{}", turn_record())))
        group.create_task(results.add(batch.id, 1, Answer("succeeded", b"{}", odd)))

    rows = scene.services.database.read_now(lambda it: it.execute(select(turns.c.speed)).all())
    assert scene.found(batch).succeeded == 2
    assert [tuple(row) for row in rows] == [(None,)]


async def test_a_stopped_runner_gives_a_chunk_back(scene: Scene) -> None:
    batch = await scene.created(text="busy")
    running = asyncio.create_task(scene.runner.run(_all(batch)))
    async with asyncio.timeout(20):
        await scene.clock.long.wait()

        scene.runner.stop()
        turnout = await running

    assert turnout == "given back"
    assert scene.results(batch) == []
    assert await scene.runner.run(_all(batch)) == "given back"


async def test_a_chunk_that_does_not_get_on_makes_room_for_others(scene: Scene) -> None:
    batch = await scene.created(text="busy")
    running = asyncio.create_task(scene.runner.run(_all(batch)))
    async with asyncio.timeout(20):
        await scene.clock.long.wait()

        scene.clock.at += 61
        turnout = await running

    assert turnout == "put off"
    assert scene.results(batch) == []


async def test_a_batch_that_nobody_works_on_expires_all_the_same(scene: Scene) -> None:
    left, canceled = await scene.created(), await scene.created()
    changes = {"status": "canceling"}
    scene.services.database.write_now(partial(change_batch, batch_id=canceled.id, changes=changes))
    scene.clock.at += _DAY_S + 60

    cleared = await clear_batches(scene.services)

    assert (cleared.batches_expired, cleared.batches_archived) == (2, 0)
    assert (scene.found(left).status, scene.found(left).expired) == ("ended", 3)
    assert scene.found(canceled).canceled == 3


async def test_results_are_kept_for_their_time(scene: Scene) -> None:
    batch = await scene.created()
    await scene.runner.run(_all(batch))
    scene.clock.at += timedelta(days=28).total_seconds()
    kept = await clear_batches(scene.services)
    scene.clock.at += timedelta(days=2).total_seconds()

    cleared = await clear_batches(scene.services)

    assert (kept.batches_archived, cleared.batches_archived) == (0, 1)
    assert scene.found(batch).archived_at == scene.clock.now()
    assert scene.found(batch).succeeded == 3
    assert scene.results(batch) == []


async def test_more_requests_than_may_wait_are_refused_together(scene: Scene) -> None:
    await scene.created(8)

    with pytest.raises(RateLimited, match="10 batch requests in the processing queue") as refused:
        await scene.created(3)
    await scene.created(2)

    assert refused.value.is_final
    assert refused.value.retry_after_s == 60


async def _entered(scene: Scene, room: Room, count: int) -> int:
    """Return how many of so many get in, and to the engine, while nothing else happens."""

    async def enter() -> None:
        await room.enter(_ENGINE, "default")
        scene.services.health[_ENGINE].enter(_MODEL)

    tasks = [asyncio.create_task(enter()) for _ in range(count)]
    for _ in range(_STEPS):
        await asyncio.sleep(0)
    done = sum(task.done() for task in tasks)
    for task in tasks:
        task.cancel()
    return done


@pytest.mark.parametrize(("others", "room"), [(0, 4), (1, 1), (9, 1)])
async def test_a_batch_has_the_room_that_others_leave(scene: Scene, others: int, room: int) -> None:
    for _ in range(others):
        scene.services.health[_ENGINE].enter(_MODEL)

    entered = await _entered(scene, Room(scene.services, concurrency=4), 8)

    assert entered == room


async def test_an_engine_that_wants_to_be_left_alone_gets_nothing(scene: Scene) -> None:
    health = scene.services.health[_ENGINE]
    for _ in range(_MOST_FAILURES):
        health.enter(_MODEL).failed(EngineTimedOut("too late"))
    room = Room(scene.services, concurrency=4)

    resting = await _entered(scene, room, 2)
    scene.clock.at += 60
    back = await _entered(scene, room, 2)

    assert (resting, back) == (0, 2)


async def test_requests_on_their_way_to_an_engine_are_not_taken_for_others(scene: Scene) -> None:
    room = Room(scene.services, concurrency=8)
    async with asyncio.timeout(20):
        await room.enter(_ENGINE, "default")
        await room.enter(_ENGINE, "default")
    for _ in range(2):
        scene.services.health[_ENGINE].enter(_MODEL)

    entered = await _entered(scene, room, 8)

    assert entered == 6


async def test_an_engine_that_is_slow_keeps_nobody_from_another(scene: Scene) -> None:
    room = Room(scene.services, concurrency=1)
    await room.enter("slow", "default")

    assert await _entered(scene, room, 2) == 1


async def test_room_that_is_left_is_for_the_next(scene: Scene) -> None:
    room = Room(scene.services, concurrency=1)
    await room.enter(_ENGINE, "default")
    full = await _entered(scene, room, 1)

    room.leave(_ENGINE)

    assert (full, await _entered(scene, room, 1)) == (0, 1)
