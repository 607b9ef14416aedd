"""What a batch costs those who wait: first tokens beside a batch, and without one."""

import asyncio
import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import aiohttp
from rich.progress import track

from bench.processes import Running, antechamber, scripted
from bench.report import TIMES, Section

_FINISHED = "antechamber-finished-requests"
_MODEL = "claude-sonnet-4-5"
_BLOCK = 10
"""Interactive requests between two changes from a batch to none, or back."""
_BEGUN = 4
"""Requests of a batch that are answered before it counts as saturating."""
_LOOK_S = 0.02
_ITEM_TOKENS = 64
_ANSWER_TOKENS = 16
_LETTER = "The boat was due on Monday and has not come, and nobody at the quay could say why. " * 25
"""Some 500 tokens: a short page, as people paste it."""


class NotSaturated(RuntimeError):
    """A batch was over before the requests that were measured beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """What answers, and how many requests keep it busy for a while."""

    name: str
    items: int
    longest_thought_s: float
    """Between an answer and the next request. The pauses are evenly spread, so that every phase of
    the batch's work is met; it needs some of them to get anything done."""


@dataclass(slots=True, kw_only=True)
class Found:
    """First tokens in seconds, and what the batches did meanwhile."""

    without: list[float] = field(default_factory=list[float])
    beside: list[float] = field(default_factory=list[float])
    answered: int = 0
    """Requests of batches, while others were measured."""
    lasted_s: float = 0.0


_ENGINES = (
    Engine(name="scripted", items=20_000, longest_thought_s=0.3),
    Engine(name="embedded", items=2_000, longest_thought_s=2.0),
)


def measure(*, pairs: int) -> list[Section]:
    """Measure ``pairs`` requests of each kind on the scripted engine and on the embedded model."""
    found: dict[str, Found] = {}
    for engine in _ENGINES:
        with tempfile.TemporaryDirectory() as folder:
            start = scripted if engine.name == "scripted" else antechamber
            with start(Path(folder)) as server:
                found[engine.name] = asyncio.run(_blocks(server, engine, pairs))
    return [_section(found, pairs)]


async def _blocks(server: Running, engine: Engine, pairs: int) -> Found:
    """Ask in blocks, by turns without a batch and beside one, so that both see the same machine."""
    found, chance = Found(), random.Random(7)  # noqa: S311 - pauses, the same in every run
    async with aiohttp.ClientSession(headers={"anthropic-version": "2023-06-01"}) as client:
        asking = _Asking(client, server.url, lambda: chance.uniform(0, engine.longest_thought_s))
        await asking.block()
        for _ in track(range(-(-pairs // _BLOCK)), description=f"beside a batch, {engine.name}"):
            found.without += await asking.block()
            async with _saturating(client, server.url, engine.items) as answered:
                before, started = await answered(), time.monotonic()
                found.beside += await asking.block()
                found.answered += await answered() - before
                found.lasted_s += time.monotonic() - started
    return found


class _Asking:
    """One person who asks, reads, thinks and asks again."""

    def __init__(
        self, client: aiohttp.ClientSession, url: str, thought_s: Callable[[], float]
    ) -> None:
        self._client = client
        self._url = url
        self._thought_s = thought_s
        self._asked = 0

    async def block(self) -> list[float]:
        """Return the seconds to the first text of each answer of a block."""
        taken: list[float] = []
        for _ in range(_BLOCK):
            await asyncio.sleep(self._thought_s())
            taken.append(await self._ask())
        return taken

    async def _ask(self) -> float:
        self._asked += 1
        # Its beginning is its own, so that no cache spares the model the reading.
        content = f"Question {self._asked}. {_LETTER}\nWhat does the writer ask for?"
        body = {**_params(content, _ANSWER_TOKENS), "stream": True}
        started, first = time.monotonic(), None
        async with self._client.post(f"{self._url}/v1/messages", json=body) as response:
            async for line in response.content:
                if first is None and b"text_delta" in line:
                    first = time.monotonic() - started
        if first is None:
            message = f"no text from {self._url}"
            raise RuntimeError(message)
        return first


@contextlib.asynccontextmanager
async def _saturating(
    client: aiohttp.ClientSession, url: str, items: int
) -> AsyncGenerator["_Answered", None]:
    """Keep a batch at work; raises ``NotSaturated`` when it was over too soon."""
    requests = [
        {"custom_id": f"r{nth}", "params": _params(_item_text(nth), _ITEM_TOKENS)}
        for nth in range(items)
    ]
    every = f"{url}/v1/messages/batches"
    async with client.post(every, json={"requests": requests}) as response:
        batch = cast("dict[str, str]", await response.json())
    answered = _Answered(client, f"{every}/{batch['id']}")
    await answered.reach(_BEGUN)
    yield answered
    await answered()
    if answered.has_ended:
        message = f"all {items} requests of the batch were answered before the others"
        raise NotSaturated(message)
    async with client.post(f"{every}/{batch['id']}/cancel") as response:
        response.raise_for_status()
    await answered.reach(items)


class _Answered:
    """Says how many requests of a batch have a result."""

    def __init__(self, client: aiohttp.ClientSession, url: str) -> None:
        self._client = client
        self._url = url
        self.has_ended = False

    async def reach(self, count: int) -> None:
        """Wait until so many have one, or the batch has ended."""
        while True:
            if await self() >= count or self.has_ended:
                return
            await asyncio.sleep(_LOOK_S)

    async def __call__(self) -> int:
        async with self._client.get(self._url) as response:
            response.raise_for_status()
            self.has_ended = (await response.json())["processing_status"] == "ended"
            return int(response.headers[_FINISHED])


def _item_text(nth: int) -> str:
    return f"Text {nth}. " + "The harbour lies where the river meets the sea. " * 6 + "Summarise."


def _params(content: str, max_tokens: int) -> dict[str, object]:
    messages = [{"role": "user", "content": content}]
    return {"model": _MODEL, "max_tokens": max_tokens, "messages": messages}


def _section(found: dict[str, Found], pairs: int) -> Section:
    return Section(
        title="First token beside a batch",
        note=(
            f"{pairs} streamed requests of one client without a batch and {pairs} beside one, in "
            f"blocks of {_BLOCK} by turns in one run. The last column is what the batch got done "
            "meanwhile."
        ),
        columns=(
            *("", "median without", "beside", "p95 without", "beside"),
            *(f"{TIMES}median", f"{TIMES}p95", "batch's requests/s"),
        ),
        rows=[_row(name, each) for name, each in found.items()],
    )


def _row(name: str, found: Found) -> list[str]:
    medians = statistics.median(found.without), statistics.median(found.beside)
    p95s = _p95(found.without), _p95(found.beside)
    times = [f"{each * 1000:.1f} ms" for each in (*medians, *p95s)]
    ratios = [f"{beside / without:.2f}" for without, beside in (medians, p95s)]
    return [name, *times, *ratios, f"{found.answered / found.lasted_s:,.1f}"]


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
