"""OpenVINO's pipeline as the child process uses it: one step after the other, for all requests.

A step holds Python's lock while it computes, so the steps run where the connections are served, and
these have their turn between two of them.
"""

import asyncio
import os
import re
import secrets
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# OpenVINO reports its import to its makers through this package; without it, it does not.
sys.modules["openvino_telemetry"] = None  # pyright: ignore[reportArgumentType]

import numpy as np  # noqa: E402
import openvino  # noqa: E402
import openvino_genai as genai  # noqa: E402

from antechamber.engines.local.openvino_memory import token_bytes  # noqa: E402
from antechamber.engines.local.vocabulary import Vocabulary, read_vocabulary  # noqa: E402
from antechamber.engines.local.xgrammar_text import for_xgrammar  # noqa: E402

_STEP_TOKENS = 64
"""Prompt tokens that one step reads. An abandoned request ends with the running step."""
_BLOCK_TOKENS = 32
"""Of the cache, on a processor."""
_TURNS = 6
"""Rounds of the loop between two steps; a new connection needs four until its request runs."""
_MOST_BYTES = 8192
"""OpenVINO cuts what has more tokens than this off, without a word; a token has a byte at least."""
_BETWEEN_WORDS = re.compile(r"[a-z](?= [a-z])")
"""Where every rule cuts, so that text in two parts has the tokens of the whole."""
_GREEDY_BELOW = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How tokens are to be chosen."""

    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    grammar: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """Tokens of the prompt that did not have to be read again."""

    tokens: int


@dataclass(slots=True, eq=False)
class _Job:
    handle: "genai.GenerationHandle"
    prompt_tokens: int
    steps: int = 0
    """Those that it took until the first token."""
    has_begun: bool = False
    tokens: "asyncio.Queue[list[int] | None]" = field(default_factory=asyncio.Queue)


class Pipeline:
    """A loaded model."""

    def __init__(self, order: dict[str, Any]) -> None:
        path = Path(order["model"])
        self.vocabulary: Vocabulary = read_vocabulary(path)
        self.slots = int(order["slots"])
        self.window_tokens = min(int(order["context_tokens"]), self.vocabulary.trained_tokens)
        scheduler = genai.SchedulerConfig()
        in_slots = self.slots * (self.window_tokens // _BLOCK_TOKENS + 2)
        scheduler.num_kv_blocks = in_slots + _kept_blocks(path, int(order["prompt_cache_mib"]))
        scheduler.enable_prefix_caching = True
        scheduler.dynamic_split_fuse = True
        self._step_tokens = _STEP_TOKENS + self.slots
        scheduler.max_num_batched_tokens = self._step_tokens
        scheduler.max_num_seqs = self.slots
        properties = {"INFERENCE_NUM_THREADS": int(order["threads"])}
        self._pipeline = genai.ContinuousBatchingPipeline(str(path), scheduler, "CPU", properties)
        self._tokenizer = self._pipeline.get_tokenizer()
        self._jobs: set[_Job] = set()
        self._wanted = asyncio.Event()
        self._last_id = 0

    def tokenize(self, parts: Sequence[str]) -> list[int]:
        """Return the tokens of all ``parts``, each read by itself."""
        texts = [text for part in parts for text in self.vocabulary.readable(part)]
        return [
            token
            for text in texts
            for short in _short_enough(text)
            for token in self._tokens(short)
        ]

    def _tokens(self, text: str) -> list[int]:
        ids = self._tokenizer.encode(text, add_special_tokens=False).input_ids
        return [int(token) for token in ids.data[0]]

    async def complete(
        self, prompt: list[int], asked: Asked
    ) -> AsyncGenerator[list[int] | Reused, None]:
        """Yield what was reused, then tokens as they come.

        Closing the generator stops the model after its step.

        Raises ``ValueError`` and ``RuntimeError`` for what the pipeline does not take.
        """
        self._last_id += 1
        ids = openvino.Tensor(np.array([prompt], dtype=np.int64))
        handle = self._pipeline.add_request(self._last_id, ids, self._generation(asked))
        job = _Job(handle, len(prompt))
        self._jobs.add(job)
        self._wanted.set()
        try:
            while (tokens := await job.tokens.get()) is not None:
                if not job.has_begun:
                    job.has_begun = True
                    yield Reused(tokens=_reused(job, self._step_tokens))
                yield tokens
        finally:
            job.handle.cancel()
            self._jobs.discard(job)

    async def run(self) -> None:
        """Compute whenever something is to be computed; never returns."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._pipeline.has_non_finished_requests():
                self._step()
                for _ in range(_TURNS):
                    await asyncio.sleep(0)

    def _step(self) -> None:
        try:
            self._pipeline.step()
        except RuntimeError as error:
            # No other step can be made after one that failed: the next process begins anew.
            sys.stderr.write(f"{str(error).splitlines()[-1]}\n")
            sys.stderr.flush()
            os._exit(1)
        for job in self._jobs:
            job.steps += job.tokens.empty() and not job.has_begun
            while job.handle.can_read():
                for output in job.handle.read().values():
                    job.tokens.put_nowait(list(output.generated_ids))
            if job.handle.get_status() != genai.GenerationStatus.RUNNING:
                job.tokens.put_nowait(None)

    def _generation(self, asked: Asked) -> "genai.GenerationConfig":
        config = genai.GenerationConfig()
        config.max_new_tokens = max(1, asked.max_tokens)
        config.do_sample = asked.temperature >= _GREEDY_BELOW and asked.top_k != 1
        if config.do_sample:
            config.temperature = asked.temperature
            config.top_p = max(asked.top_p, 1e-6)
            config.min_p = asked.min_p
            config.rng_seed = secrets.randbits(32)
            if asked.top_k:
                config.top_k = asked.top_k
        vocabulary = self.vocabulary
        config.set_eos_token_id(vocabulary.eos)
        if asked.grammar is None:
            config.stop_token_ids = set(vocabulary.ends)
        else:
            # A grammar ends with this one alone; to it the others are text like any.
            config.stop_token_ids = {vocabulary.eos}
            structure = genai.StructuredOutputConfig()
            structure.grammar = for_xgrammar(asked.grammar)
            config.structured_output_config = structure
        return config


def _kept_blocks(model: Path, kept_mib: int) -> int:
    """Return how many blocks fit that memory; they are written to, and are real, one by one."""
    return kept_mib * 2**20 // (token_bytes(model) * _BLOCK_TOKENS)


def _reused(job: _Job, step_tokens: int) -> int:
    """Return how much of the prompt was in the cache, from the steps that the rest took.

    Nothing where the whole prompt could have been read in them; else what the last but one of them
    left, which is true to a step. Where others are read at the same time the steps are more, and
    less is said than is so.
    """
    if job.prompt_tokens <= job.steps * step_tokens:
        return 0
    return job.prompt_tokens - 1 - (job.steps - 1) * step_tokens


def _short_enough(text: str) -> list[str]:
    """Return ``text`` in parts that are certainly not cut off."""
    if len(text.encode("utf-8", "surrogatepass")) <= _MOST_BYTES:
        return [text]
    parts: list[str] = []
    start, longest = 0, _MOST_BYTES // 4
    while len(text) - start > longest:
        end = start + longest
        cuts = [found.end() for found in _BETWEEN_WORDS.finditer(text, start, end)]
        parts.append(text[start : (end := cuts[-1] if cuts else end)])
        start = end
    parts.append(text[start:])
    return parts
