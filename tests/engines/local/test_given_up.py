"""A model that llama.cpp cannot load: its child is given up, and every worker learns of it."""

import asyncio
import struct
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from antechamber.engines.local.completer import ModelAway, Sampling
from antechamber.engines.local.engine import LocalEngine
from antechamber.engines.local.host import ModelHost, ModelOrder, Restarts
from antechamber.engines.local.llamacpp import LlamaCppCompleter
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.runtime.clock import SystemClock
from antechamber.wire.errors import EngineFailed
from tests.engines.local.test_engine_with_a_played_completer import order

LONG_S = 600
"""Longer than the test may take: whoever waits for it is not released."""
REASON = r"^The local model could not be loaded\.$"


def completer_of(host: ModelHost) -> LlamaCppCompleter:
    client = UpstreamClient(
        "The local model tiny",
        host.address.url,
        headers={"authorization": f"Bearer {host.address.key}"},
        timeouts=Timeouts(),
        keep_alive=False,
    )
    return LlamaCppCompleter(client, SystemClock(), start_timeout_s=LONG_S)


@asynccontextmanager
async def unloadable(path: Path) -> AsyncGenerator[ModelHost]:
    """Give a host whose only child dies of its model file."""
    await asyncio.to_thread(path.write_bytes, struct.pack("<4sIQQ", b"GGUF", 3, 1, 0) + b"no more")
    model = ModelOrder(
        model=path, slots=1, context_tokens=64, threads=1, prompt_cache_mib=0, workers=2
    )
    host = ModelHost(model, SystemClock(), Restarts(most=0))
    host.start()
    try:
        yield host
    finally:
        await asyncio.to_thread(host.close)


async def test_who_waits_is_released_and_who_comes_later_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    with capture_logs() as logged:
        async with asyncio.timeout(60), unloadable(path) as host:
            workers = [LocalEngine("tiny", completer_of(host), queue=4) for _ in range(2)]

            waiting = (worker.prepare(order()) for worker in workers)
            released = await asyncio.gather(*waiting, return_exceptions=True)
            for worker in workers:
                with pytest.raises(EngineFailed, match=REASON):
                    await worker.prepare(order())
                with pytest.raises(EngineFailed, match=REASON):
                    await worker.ready()
                await worker.aclose()

    assert [type(outcome) for outcome in released] == [EngineFailed] * 2
    errors = [line for line in logged if line["log_level"] == "error"]
    assert [line["event"] for line in errors] == ["local_model_died", "local_model_given_up"]
    assert {line["model"] for line in errors} == {str(path)}


async def test_a_model_that_was_given_up_after_it_answered_is_away_and_then_lost(
    tmp_path: Path,
) -> None:
    async with asyncio.timeout(60), unloadable(tmp_path / "x.gguf") as host:
        completer = completer_of(host)
        with pytest.raises(EngineFailed, match=REASON):
            await completer.card()

        # A prompt is read to its end, or the answer would get lost.
        with pytest.raises(ModelAway):
            await completer.tokenize(["x" * 900_000])
        stream = completer.complete([1] * 100_000, Sampling(max_tokens=5), None)
        async with aclosing(stream):
            with pytest.raises(ModelAway):
                await anext(stream)
        await completer.aclose()
