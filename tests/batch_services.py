"""Services over scripted engines and a database, and batches that are made through them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

from antechamber.files_state import FilesState, open_files
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.runner import BatchRunner
from antechamber.operations.batches.submission import create_batch
from antechamber.operations.batches.surroundings import Owners
from antechamber.operations.callers.caller import Caller, caller_directory
from antechamber.parts import build_entry, build_services, engine_health
from antechamber.runtime.clock import Clock
from antechamber.settings import Settings
from antechamber.state import State, open_state
from antechamber.store.batches import BatchRow, find_batch
from antechamber.store.upgrading import upgrade
from antechamber.wire.encoding import encode_json
from antechamber.wire.ids import new_id
from tests.unit.operations.stage import StillClock

_LONG_S = 30.0


class MovedClock(StillClock):
    """Time that a test moves; whoever sleeps lets the others go on."""

    def __init__(self) -> None:
        super().__init__(at=1_790_000_000.0)
        self.long = asyncio.Event()
        """Set when somebody has slept for half a minute or more."""

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds >= _LONG_S:
            self.long.set()
        await asyncio.sleep(0)


class Built(NamedTuple):
    """What works on requests in one process."""

    state: State
    files: FilesState
    services: Services

    @property
    def owners(self) -> Owners:
        """Who finds the callers of batches."""
        state = self.state
        directory = caller_directory(
            state.database, state.clock, state.background, organization_id="org"
        )
        return Owners(state.database, directory)

    def runner(self) -> BatchRunner:
        """Return one who works on batches."""
        return BatchRunner(self.services, self.owners, self.state.background)


@asynccontextmanager
async def built(settings: Settings, clock: Clock) -> AsyncGenerator[Built, None]:
    """Build everything on an empty database, and close it at the end."""
    state = open_state(settings, clock)
    upgrade(state.database)
    entries = {each.name: build_entry(each, None, clock) for each in settings.engines}
    files = open_files(settings, state.database, clock, new_id)
    health = engine_health(settings, entries, clock)
    try:
        yield Built(state, files, build_services(state, files.shelf, entries, health))
    finally:
        await files.aclose()
        await state.aclose()


def call_of(key_id: str | None = None) -> Call:
    """Return the surroundings of a request."""
    return Call(
        request_id="req_1",
        caller=Caller(organization_id="org", key_id=key_id),
        version="2023-06-01",
        betas=frozenset(),
        started_at=0,
    )


async def created(
    services: Services,
    count: int = 3,
    *,
    model: str = "claude-sonnet-5-5",
    text: str | list[object] = "Hi",
    key_id: str | None = None,
) -> BatchRow:
    """Create a batch of requests that say the same."""
    params = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": text}]}
    requests = [{"custom_id": f"task-{at}", "params": params} for at in range(count)]
    body = encode_json({"requests": requests})
    return await create_batch(services, body, call_of(key_id))


def found(services: Services, batch: BatchRow) -> BatchRow:
    """Return a batch as it is now."""
    row = services.database.read_now(partial(find_batch, batch_id=batch.id))
    assert row is not None
    return row
