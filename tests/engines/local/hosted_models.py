"""Models in child processes of their own, asked through the completer."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from antechamber.dialects.raw_prompt.constraint import Constraint
from antechamber.engines.local.completer import Finished, Sampling
from antechamber.engines.local.host import HostAddress, ModelHost, ModelOrder, Restarts
from antechamber.engines.local.llamacpp import LlamaCppCompleter
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.runtime.clock import SystemClock


def completer_at(address: HostAddress) -> LlamaCppCompleter:
    client = UpstreamClient(
        "The local model",
        address.url,
        headers={"authorization": f"Bearer {address.key}"},
        timeouts=Timeouts(),
        keep_alive=False,
    )
    return LlamaCppCompleter(client, SystemClock(), start_timeout_s=60)


@asynccontextmanager
async def hosted(
    order: ModelOrder, restarts: Restarts | None = None
) -> AsyncGenerator[LlamaCppCompleter]:
    host = ModelHost(order, SystemClock(), restarts)
    host.start()
    completer = completer_at(host.address)
    try:
        yield completer
    finally:
        await completer.aclose()
        await asyncio.to_thread(host.close)


async def written(
    completer: LlamaCppCompleter,
    prompt: list[int],
    constraint: Constraint | None = None,
    **sampling: Any,
) -> tuple[str, Finished]:
    texts: list[str] = []
    async with aclosing(completer.complete(prompt, Sampling(**sampling), constraint)) as stream:
        async for piece in stream:
            if isinstance(piece, Finished):
                return "".join(texts), piece
            texts.append(piece.text)
    raise AssertionError("it broke off")


def noise(tokens: int, seed: int) -> list[int]:
    return [1000 + (seed * 7919 + at * 104_729) % 39_000 for at in range(tokens)]
