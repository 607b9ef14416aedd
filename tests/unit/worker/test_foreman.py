"""The foreman of one process, with a queue on SQLite."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from antechamber.batch_work import BatchWork, build_batch_work
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.endings import cancel_batch
from antechamber.runtime.clock import SystemClock
from antechamber.settings import (
    BatchesSettings,
    ModelSettings,
    ScriptedEngineSettings,
    Settings,
)
from antechamber.store.batches import BatchRow, change_batch
from tests.batch_services import built, call_of, created, found

_SLOW, _QUICK = "claude-sonnet-5-5", "claude-haiku-4-5"


class SkippingClock(SystemClock):
    """The time of day goes on by itself, and other time as a test skips it, too."""

    def __init__(self) -> None:
        self.skipped_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.skipped_s


class Scene:
    """A process that works on batches."""

    def __init__(self, services: Services, work: BatchWork, clock: SkippingClock) -> None:
        self.services = services
        self.work = work
        self.clock = clock

    async def created(self, count: int, model: str = _QUICK) -> BatchRow:
        return await created(self.services, count, model=model)

    def status(self, batch: BatchRow) -> str:
        return found(self.services, batch).status

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something, for less than the half minute after which more would happen."""
        async with asyncio.timeout(20):
            while not is_so():
                self.work.nudge()
                await asyncio.sleep(0.1)


@asynccontextmanager
async def _opened(folder: Path) -> AsyncGenerator[Scene, None]:
    scripts = {"slow": "delay_s = 9999.0", "quick": ""}
    for name, rest in scripts.items():
        (folder / f"{name}.toml").write_text(f'[[replies]]\ntext = "Hello"\n{rest}\n')
    settings = Settings(
        data_dir=folder,
        engines=tuple(
            ScriptedEngineSettings(name=name, script=folder / f"{name}.toml") for name in scripts
        ),
        models=(
            ModelSettings(id=_SLOW, engines=("slow",)),
            ModelSettings(id=_QUICK, engines=("quick",)),
        ),
        batches=BatchesSettings(concurrency=1),
    )
    clock = SkippingClock()
    async with built(settings, clock) as made:
        work = build_batch_work(made.state, made.services, made.files.files, works=True)
        try:
            yield Scene(made.services, work, clock)
        finally:
            await work.aclose(within_s=0.1)


async def test_a_batch_that_the_queue_does_not_know_is_handed_out_again(tmp_path: Path) -> None:
    async with _opened(tmp_path) as scene:
        batch = await scene.created(3)
        changes = {"queued_at": scene.clock.now()}
        scene.services.database.write_now(partial(change_batch, batch_id=batch.id, changes=changes))

        scene.work.start()
        await scene.until(lambda: scene.status(batch) == "ended")


async def test_batches_on_a_slow_engine_keep_nobody_from_a_quick_one(tmp_path: Path) -> None:
    async with _opened(tmp_path) as scene:
        scene.work.start()
        for _ in range(8):
            await scene.created(60, _SLOW)
        await scene.until(lambda: scene.services.health["slow"].running == 1)
        # One of them alone would have a place only in the next turn, sometimes.
        quick = [await scene.created(1) for _ in range(8)]

        scene.clock.skipped_s += 31

        await scene.until(lambda: any(scene.status(batch) == "ended" for batch in quick))


async def test_a_canceled_batch_ends_while_others_have_all_places(tmp_path: Path) -> None:
    async with _opened(tmp_path) as scene:
        scene.work.start()
        for _ in range(8):
            await scene.created(60, _SLOW)
        await scene.until(lambda: scene.services.health["slow"].running == 1)
        waits = await scene.created(3, _SLOW)
        await cancel_batch(scene.services, waits.id, call_of())

        await scene.until(lambda: scene.status(waits) == "ended")
