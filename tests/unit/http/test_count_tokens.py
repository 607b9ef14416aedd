import asyncio
from pathlib import Path
from typing import Never

import pytest

from antechamber.engines.base import EngineLimits, TurnOrder
from antechamber.files_state import open_files
from antechamber.http.asgi import Message, Scope
from antechamber.http.bodies import ClientLeft
from antechamber.http.messages import CountTokensEndpoint
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.routing import EngineEntry, Replica
from antechamber.operations.callers.caller import Caller
from antechamber.parts import build_services, engine_health
from antechamber.runtime.clock import SystemClock
from antechamber.settings import ScriptedEngineSettings, Settings
from antechamber.state import open_state
from tests.unit.http.exchange import Client, scope

_BODY = b'{"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hi"}]}'


class _Counting:
    """An engine that never has its count, and knows whether it has been stopped."""

    name = "slow"
    limits = EngineLimits()

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.stopped = False

    async def ready(self) -> None:
        pass

    async def prepare(self, order: TurnOrder) -> Never:
        self.began.set()
        try:
            while True:
                await asyncio.Event().wait()
        finally:
            self.stopped = True

    async def aclose(self) -> None:
        pass


class _Leaving(Client):
    """Leaves as soon as the count has begun."""

    def __init__(self, began: asyncio.Event) -> None:
        super().__init__(_BODY)
        self._began = began
        self._asked = False

    async def receive(self) -> Message:
        if self._asked:
            await self._began.wait()
            return {"type": "http.disconnect"}
        self._asked = True
        return await super().receive()


def _scope() -> Scope:
    caller = Caller(organization_id="org")
    call = Call(
        request_id="req_1", caller=caller, version="2023-06-01", betas=frozenset(), started_at=0
    )
    return {**scope("/v1/messages/count_tokens"), "state": {"call": call}}


async def test_a_client_that_leaves_stops_the_count(tmp_path: Path) -> None:
    engine = _Counting()
    settings = Settings(
        data_dir=tmp_path, engines=(ScriptedEngineSettings(name="slow", script=tmp_path / "none"),)
    )
    entry = EngineEntry(replicas=(Replica(engine=engine),))
    entries, clock = {"slow": entry}, SystemClock()
    state = open_state(settings, clock)
    health = engine_health(settings, entries, clock)
    files = open_files(settings, state.database, clock, lambda prefix: prefix)
    endpoint = CountTokensEndpoint(build_services(state, files.shelf, entries, health))
    client = _Leaving(engine.began)

    with pytest.raises(ClientLeft):
        async with asyncio.timeout(20):
            await endpoint(_scope(), client.receive, client.send)

    await state.aclose()
    assert engine.stopped
    assert client.got == []
