"""The foreman of one process, with a queue on SQLite."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from antechamber.batch_work import BatchWork, build_batch_work
from antechamber.files_state import open_files
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.endings import cancel_batch
from antechamber.operations.batches.submission import create_batch
from antechamber.operations.callers.caller import Caller
from antechamber.parts import build_entry, build_services, engine_health
from antechamber.runtime.clock import SystemClock
from antechamber.settings import (
    BatchesSettings,
    ModelSettings,
    ScriptedEngineSettings,
    Settings,
)
from antechamber.state import open_state
from antechamber.store.batches import BatchRow, change_batch, find_batch
from antechamber.store.upgrading import upgrade
from antechamber.wire.encoding import encode_json
from antechamber.wire.ids import new_id

_SLOW, _QUICK = "claude-sonnet-5-5", "claude-haiku-4-5"
_CALL = Call(
    request_id="req_1",
    caller=Caller(organization_id="org", key_id=None),
    version="2023-06-01",
    betas=frozenset(),
    started_at=0,
)


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
        message = {"role": "user", "content": "Hi"}
        params = {"model": model, "max_tokens": 9, "messages": [message]}
        requests = [{"custom_id": f"task-{at}", "params": params} for at in range(count)]
        return await create_batch(self.services, encode_json({"requests": requests}), _CALL)

    def status(self, batch: BatchRow) -> str:
        found = self.services.database.read_now(partial(find_batch, batch_id=batch.id))
        assert found is not None
        return found.status

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
    state = open_state(settings, clock)
    upgrade(state.database)
    entries = {each.name: build_entry(each, None, clock) for each in settings.engines}
    files = open_files(settings, state.database, clock, new_id)
    health = engine_health(settings, entries, clock)
    services = build_services(state, files.shelf, entries, health)
    work = build_batch_work(state, services, files.files, works=True)
    try:
        yield Scene(services, work, clock)
    finally:
        await work.aclose(within_s=0.1)
        await files.aclose()
        await state.aclose()


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
        await cancel_batch(scene.services, waits.id, _CALL)

        await scene.until(lambda: scene.status(waits) == "ended")
