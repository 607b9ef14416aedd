"""What a probe is told of engines that answer, load, or have failed."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from antechamber.engines.base import EngineLimits, PreparedTurn, TurnOrder
from antechamber.files_state import open_files
from antechamber.http.health import ReadyEndpoint
from antechamber.operations.answering.health import BreakerSettings, EngineHealth
from antechamber.operations.answering.routing import EngineEntry, Replica
from antechamber.parts import build_services
from antechamber.runtime.clock import Clock, SystemClock
from antechamber.settings import Settings
from antechamber.state import open_state
from antechamber.wire.errors import EngineFailed, EngineFault, EngineRateLimited, Overloaded
from tests.unit.http.exchange import Client, scope
from tests.unit.operations.stage import StillClock

Ready = Callable[[], Awaitable[None]]


class Waiting:
    """An engine that does nothing but become ready, or not."""

    def __init__(self, name: str, ready: Ready) -> None:
        self.name = name
        self.limits = EngineLimits()
        self._ready = ready

    async def ready(self) -> None:
        await self._ready()

    async def prepare(self, order: TurnOrder) -> PreparedTurn:
        raise EngineFailed("It takes no turns.")

    async def aclose(self) -> None:
        pass


async def _well() -> None:
    pass


async def _loads() -> None:
    await asyncio.Event().wait()


def _fails(fault: EngineFault) -> Ready:
    async def ready() -> None:
        raise fault

    return ready


LOST = _fails(EngineFailed("The local model could not be loaded."))
AWAY = _fails(Overloaded("It cannot be reached."))


def health_of(name: str, clock: Clock | None = None) -> EngineHealth:
    return EngineHealth(name, BreakerSettings(failures=2, open_s=30.0), clock or SystemClock())


async def probe(
    engines: Mapping[str, Ready], health: Mapping[str, EngineHealth] | None = None
) -> tuple[int | None, dict[str, object]]:
    made = {
        name: EngineEntry(replicas=(Replica(engine=Waiting(name, ready)),))
        for name, ready in engines.items()
    }
    with TemporaryDirectory() as folder:
        settings, clock = Settings(data_dir=Path(folder)), SystemClock()
        known = {name: health_of(name) for name in engines} | dict(health or {})
        state = open_state(settings, clock)
        files = open_files(settings, state.database, clock, lambda prefix: prefix)
        services = build_services(state, files.shelf, made, known)
    client = Client()
    await ReadyEndpoint(services)(scope("/readyz"), client.receive, client.send)
    return client.status, json.loads(client.body)


@pytest.mark.parametrize(
    ("ready", "state"),
    [
        (_loads, "loading"),
        (LOST, "failed: The local model could not be loaded."),
        (AWAY, "failed: It cannot be reached."),
    ],
)
async def test_while_no_engine_can_answer_the_probe_says_why(ready: Ready, state: str) -> None:
    assert await probe({"one": ready}) == (
        503,
        {"status": "not_ready", "engines": {"one": state}},
    )


async def test_one_engine_that_answers_is_enough() -> None:
    status, body = await probe({"one": LOST, "two": _well})

    assert status == 200
    assert body["engines"] == {
        "one": "failed: The local model could not be loaded.",
        "two": "ready",
    }


async def test_an_engine_is_not_ready_while_it_is_left_alone_for_its_failures() -> None:
    clock = StillClock()
    dead = health_of("one", clock)
    dead.enter("model").failed(EngineFailed("Broken."))
    assert (await probe({"one": _well}, {"one": dead}))[0] == 200

    dead.enter("other").failed(EngineFailed("Broken."))
    assert await probe({"one": _well}, {"one": dead}) == (
        503,
        {"status": "not_ready", "engines": {"one": "left alone"}},
    )
    status, body = await probe({"one": _well, "two": _well}, {"one": dead})
    assert status == 200
    assert body["engines"] == {"one": "left alone", "two": "ready"}

    clock.at += 31
    assert (await probe({"one": _well}, {"one": dead}))[0] == 200


async def test_an_engine_is_ready_while_one_of_its_models_is_left_alone() -> None:
    limited = health_of("one")
    limited.enter("model").failed(EngineRateLimited("Later.", retry_after_s=60))

    assert (await probe({"one": _well}, {"one": limited}))[0] == 200


async def test_an_engine_that_has_failed_says_why_even_where_it_is_left_alone() -> None:
    dead = health_of("one")
    for _ in range(2):
        dead.enter("model").failed(Overloaded("It cannot be reached."))

    _, body = await probe({"one": AWAY}, {"one": dead})

    assert body["engines"] == {"one": "failed: It cannot be reached."}
