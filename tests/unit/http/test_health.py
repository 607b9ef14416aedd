"""What a probe is told of engines that answer, load, or have failed."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from antechamber.catalogue.reader import load_catalogue
from antechamber.engines.base import EngineLimits, PreparedTurn, TurnOrder
from antechamber.http.health import ReadyEndpoint
from antechamber.operations.messages import Services
from antechamber.operations.routing import EngineEntry, Replica, Routing
from antechamber.runtime.clock import SystemClock
from antechamber.settings import Settings
from antechamber.wire.errors import EngineFailed, EngineFault, Overloaded
from antechamber.wire.ids import new_id
from antechamber.wire.signatures import Signer, SigningKey
from tests.unit.http.exchange import Client, scope

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


async def probe(engines: Mapping[str, Ready]) -> tuple[int | None, dict[str, object]]:
    made = {
        name: EngineEntry(replicas=(Replica(engine=Waiting(name, ready)),))
        for name, ready in engines.items()
    }
    settings = Settings(data_dir=Path("unused"))
    services = Services(
        settings=settings,
        routing=Routing(settings, load_catalogue(), made),
        health={},
        random=lambda: 0.5,
        signer=Signer([SigningKey(id="0" * 8, secret=bytes(32))], bytes),
        clock=SystemClock(),
        new_id=new_id,
    )
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
