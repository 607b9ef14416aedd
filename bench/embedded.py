"""The embedded model through this server, beside the same model on llama.cpp's own endpoint."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from rich.progress import track

from antechamber.engines.local.model_files import embedded_model
from bench.processes import KEY, Running, antechamber, llama_server
from bench.report import Section

_OUTPUT_TOKENS = 96
_CACHED_WORDS = 600
"""Some 3,000 tokens."""
_SLOTS = 4
_TOPICS = ("rivers", "bridges", "clocks", "gardens", "trains", "maps", "bread", "glass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One streamed answer."""

    first_s: float
    """From sending the request to the first text."""
    tokens_per_s: float
    """After the first text."""


def measure(*, pairs: int) -> list[Section]:
    """Run every measurement of the embedded model."""
    model = embedded_model()
    if model is None:
        message = "the embedded model is not installed"
        raise FileNotFoundError(message)
    with (
        tempfile.TemporaryDirectory() as folder,
        antechamber(Path(folder), completer="llamacpp") as ours,
        llama_server(model) as theirs,
    ):
        sections = [asyncio.run(_pairs(ours, theirs, pairs)), _start(ours, theirs)]
    with tempfile.TemporaryDirectory() as folder, antechamber(Path(folder)) as ours:
        sections.append(asyncio.run(_default(ours, pairs)))
        sections.append(asyncio.run(_cached(ours, pairs, "auto")))
    with (
        tempfile.TemporaryDirectory() as folder,
        antechamber(Path(folder), completer="llamacpp") as ours,
    ):
        sections.append(asyncio.run(_cached(ours, pairs, "llamacpp")))
    for completer in ("llamacpp", "auto"):
        with (
            tempfile.TemporaryDirectory() as folder,
            antechamber(Path(folder), slots=1, completer=completer) as ours,
        ):
            sections.append(asyncio.run(_aborts(ours, completer)))
    return sections


async def _default(ours: Running, pairs: int) -> Section:
    """Ask the server as it comes, with what it chooses to run the model on this machine."""
    rows: list[list[str]] = []
    async with _client() as client:
        for words in (20, 400, 650):
            asked = [_question(turn, words) for turn in range(pairs)]
            samples = [await _ask_ours(client, ours.url, question) for question in asked]
            tokens = await _count(client, ours.url, asked[0])
            first_ms = statistics.median(sample.first_s for sample in samples) * 1000
            rate = statistics.median(sample.tokens_per_s for sample in samples)
            rows.append([f"{words} words", f"{tokens:,}", f"{first_ms:.0f} ms", f"{rate:.1f}"])
    own_mb, child_mb = ours.memory_mb()
    return Section(
        title="The default on this machine",
        note=(
            f'`completer = "auto"`: medians of {pairs} answers of {_OUTPUT_TOKENS} tokens, every '
            f"prompt new. `/readyz` after {ours.ready_s:.2f} s; the server {own_mb:.0f} MB, the "
            f"model's process {child_mb:.0f} MB."
        ),
        columns=("prompt", "tokens", "first token", "tokens/s"),
        rows=rows,
    )


async def _cached(ours: Running, pairs: int, completer: str) -> Section:
    """Ask thrice with the same marked system prompt, the last time after others had the slots."""
    questions = {
        "written": "Name one of them.",
        "read": "Which comes last?",
        "read after others": "Which is the longest?",
    }
    first_s: dict[str, list[float]] = {name: [] for name in questions}
    read = 0
    async with _client() as client:
        for turn in track(range(pairs), description=f"cached prefixes, {completer}"):
            system = _question(1_000 + turn, _CACHED_WORDS)
            for name, question in questions.items():
                if name == "read after others":
                    await _others(client, ours.url, turn)
                taken_s, read = await _ask_cached(client, ours.url, system, question)
                first_s[name].append(taken_s)
    medians = {name: statistics.median(each) for name, each in first_s.items()}
    return Section(
        title=f"First token behind a cached prefix: `{completer}`",
        note=(
            f"Medians of {pairs} system prompts with `cache_control`, each asked about three "
            f"times, the last time after {_SLOTS} others at once, twice, have had the {_SLOTS} "
            f"slots; {read:,} tokens are read from the cache then."
        ),
        columns=("", "first token", "of the first"),
        rows=[
            [name, f"{median * 1000:.0f} ms", f"{median / medians['written']:.1%}"]
            for name, median in medians.items()
        ],
    )


async def _others(client: aiohttp.ClientSession, url: str, turn: int) -> None:
    """Ask something else in every slot at once, and again."""
    for again in (0, 1):
        numbers = [2_000 + 100 * turn + 10 * again + slot for slot in range(_SLOTS)]
        asked = (_ask_cached(client, url, _question(number, 40), "Why?") for number in numbers)
        await asyncio.gather(*asked)


async def _ask_cached(
    client: aiohttp.ClientSession, url: str, system: str, question: str
) -> tuple[float, int]:
    """Return the seconds to the first token, and the tokens that were read from the cache."""
    body: dict[str, object] = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 8,
        "stream": True,
        "system": [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}],
        "messages": [{"role": "user", "content": question}],
    }
    headers = {"anthropic-version": "2023-06-01"}
    started, first, read = time.monotonic(), None, 0
    async with client.post(f"{url}/v1/messages", json=body, headers=headers) as response:
        async for line in response.content:
            if b"text_delta" in line and first is None:
                first = time.monotonic() - started
            if line.startswith(b'data: {"type":"message_delta"'):
                read = json.loads(line[6:])["usage"]["cache_read_input_tokens"]
    if first is None:
        message = f"no text from {url}"
        raise RuntimeError(message)
    return first, read


async def _count(client: aiohttp.ClientSession, url: str, question: str) -> int:
    body: dict[str, object] = {
        "model": "claude-sonnet-4-5",
        "messages": [{"role": "user", "content": question}],
    }
    headers = {"anthropic-version": "2023-06-01"}
    counting = f"{url}/v1/messages/count_tokens"
    async with client.post(counting, json=body, headers=headers) as response:
        return json.loads(await response.read())["input_tokens"]


async def _pairs(ours: Running, theirs: Running, pairs: int) -> Section:
    """Ask both sides the same questions in turn, so that both meet the machine's noise alike."""
    rows: list[list[str]] = []
    async with _client() as client:
        for words in (20, 400):
            samples: dict[str, list[Sample]] = {"ours": [], "theirs": []}
            for turn in track(range(pairs), description=f"{words} words of prompt"):
                question = _question(turn, words)
                for side in ("ours", "theirs") if turn % 2 else ("theirs", "ours"):
                    ask = _ask_ours if side == "ours" else _ask_theirs
                    where = ours if side == "ours" else theirs
                    samples[side].append(await ask(client, where.url, question))
            rows.append(_row(f"first token, {words} words", samples, lambda s: s.first_s * 1000))
            rows.append(_row(f"tokens/s, {words} words", samples, lambda s: s.tokens_per_s))
    return Section(
        title="Embedded model beside llama.cpp's own endpoint",
        note=(
            f"Medians of {pairs} streamed answers of {_OUTPUT_TOKENS} tokens on each side, asked "
            "in turn, never at the same time, both on llama.cpp with the settings that this server "
            "gives it (prompts read 16 tokens at a time); every prompt is new to both. First token "
            "in milliseconds."
        ),
        columns=("", "antechamber", "llama.cpp endpoint", "ratio"),
        rows=rows,
    )


def _row(name: str, samples: dict[str, list[Sample]], of: Callable[[Sample], float]) -> list[str]:
    ours = statistics.median(map(of, samples["ours"]))
    theirs = statistics.median(map(of, samples["theirs"]))
    return [name, f"{ours:.1f}", f"{theirs:.1f}", f"{ours / theirs:.3f}"]


def _question(turn: int, words: int) -> str:
    topic = _TOPICS[turn % len(_TOPICS)]
    filler = " ".join(f"{topic}{(turn * 7919 + at * 104729) % 9973}" for at in range(words))
    # The number of words comes first, or a longer question would find the shorter one's cache.
    return f"{words}.{turn}: {filler}\nWrite a long story about {topic}."


async def _ask_ours(client: aiohttp.ClientSession, url: str, question: str) -> Sample:
    body: dict[str, object] = {
        "model": "claude-sonnet-4-5",
        "max_tokens": _OUTPUT_TOKENS,
        "stream": True,
        "temperature": 0,
        "messages": [{"role": "user", "content": question}],
    }
    headers = {"anthropic-version": "2023-06-01"}
    return await _timed(client, f"{url}/v1/messages", body, headers, b"text_delta")


async def _ask_theirs(client: aiohttp.ClientSession, url: str, question: str) -> Sample:
    body: dict[str, object] = {
        "max_tokens": _OUTPUT_TOKENS,
        "stream": True,
        "temperature": 0,
        "messages": [{"role": "user", "content": question}],
    }
    headers = {"authorization": f"Bearer {KEY}"}
    return await _timed(client, f"{url}/v1/chat/completions", body, headers, b'"content":"')


async def _timed(
    client: aiohttp.ClientSession,
    url: str,
    body: dict[str, object],
    headers: dict[str, str],
    mark: bytes,
) -> Sample:
    started = time.monotonic()
    first = last = None
    count = 0
    async with client.post(url, json=body, headers=headers) as response:
        if response.status != 200:
            raise RuntimeError(await response.text())
        async for line in response.content:
            if mark in line:
                last = time.monotonic()
                first = first or last
                count += 1
    if first is None or last is None or count < 2:
        message = f"no text from {url}"
        raise RuntimeError(message)
    return Sample(first_s=first - started, tokens_per_s=(count - 1) / (last - first))


def _start(ours: Running, theirs: Running) -> Section:
    own_mb, child_mb = ours.memory_mb()
    their_mb, _ = theirs.memory_mb()
    return Section(
        title="Start and memory",
        note="Seconds from the start of the process; resident megabytes after the run above.",
        columns=("", "antechamber", "llama.cpp endpoint"),
        rows=[
            ["answers `/healthz`", f"{ours.healthy_s:.2f} s", f"{theirs.healthy_s:.2f} s"],
            ["model loaded, `/readyz`", f"{ours.ready_s:.2f} s", f"{theirs.ready_s:.2f} s"],
            ["memory of the server", f"{own_mb:.0f} MB", ""],
            ["memory of the model's process", f"{child_mb:.0f} MB", f"{their_mb:.0f} MB"],
        ],
    )


async def _aborts(ours: Running, completer: str) -> Section:
    """Leave a request in each phase; time a small one right after it against the same one alone."""
    rows: list[list[str]] = []
    async with _client() as client:
        alone = statistics.median([await _small(client, ours.url, turn) for turn in range(10)])
        for phase, words, wait_s in (("reading", 700, 0.5), ("writing", 5, 0.5)):
            extra: list[float] = []
            for turn in range(10):
                await _leave(client, ours.url, _question(turn + 100, words), wait_s)
                extra.append(await _small(client, ours.url, turn) - alone)
            rows.append(
                [phase, f"{statistics.median(extra) * 1000:.0f} ms", f"{max(extra) * 1000:.0f} ms"]
            )
    return Section(
        title=f"Slot freed after the client has left: `{completer}`",
        note=(
            "One slot. A request is left in the named phase and a request for one token follows "
            f"at once; shown is how much longer it takes than alone ({alone * 1000:.0f} ms)."
        ),
        columns=("left while the model was", "median", "worst of 10"),
        rows=rows,
    )


async def _small(client: aiohttp.ClientSession, url: str, turn: int) -> float:
    body: dict[str, object] = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 1,
        "messages": [{"role": "user", "content": f"Hi {turn}"}],
    }
    started = time.monotonic()
    headers = {"anthropic-version": "2023-06-01"}
    async with client.post(f"{url}/v1/messages", json=body, headers=headers) as response:
        json.loads(await response.read())
    return time.monotonic() - started


async def _leave(client: aiohttp.ClientSession, url: str, question: str, after_s: float) -> None:
    body: dict[str, object] = {
        "model": "claude-sonnet-4-5",
        "max_tokens": 2000,
        "messages": [{"role": "user", "content": question}],
    }
    try:
        async with asyncio.timeout(after_s):
            headers = {"anthropic-version": "2023-06-01"}
            async with client.post(f"{url}/v1/messages", json=body, headers=headers) as response:
                await response.read()
    except TimeoutError:
        return


def _client() -> aiohttp.ClientSession:
    # A new connection for each request: llama.cpp closes idle ones after five seconds.
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
