"""The child process that holds OpenVINO, driven by the completer, on the embedded model."""

import asyncio
import json
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from structlog.testing import capture_logs

from antechamber.dialects.raw_prompt.constraint import Choices, JsonSchema
from antechamber.engines.local.host import HostAddress, ModelHost, ModelOrder, Restarts
from antechamber.engines.local.llamacpp import LlamaCppCompleter
from antechamber.engines.local.model_files import embedded_model
from antechamber.engines.local.openvino import why_not
from antechamber.engines.local.runners import LLAMACPP, OPENVINO, Runner
from antechamber.outbound.client import UpstreamRefused
from antechamber.runtime.clock import SystemClock
from antechamber.wire.errors import EngineFailed
from tests.engines.local.hosted_models import completer_at, noise, written
from tests.engines.local.hosted_models import hosted as hosted_model
from tests.unit.dialects.grammar.corpus import EXACT, WITH_GAPS

MODEL = embedded_model() or Path("embedded.gguf")
REASON = why_not(MODEL) if MODEL.is_file() else "the embedded model is not installed"

pytestmark = [
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.xdist_group("embedded"),
]

SLOTS = 2
QUESTION = "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
DRAFT = "https://json-schema.org/draft/2020-12/schema"
SPELLED = Choices(texts=['größer 😀1 é9 "x" \\x41'])
"""With characters that xgrammar would read as others."""
TEXTS = [
    "Plain words, and some 12345 numbers: 3.14.",
    "Grüße, 世界 🌍 👩‍👩‍👧 e\u0301 \u00a0\u2003x\u200b",
    "  \t\n\r\n x\n\n\n   y  ",
    "don't I'LL we've",
    "<|im_start|>user\nhi<|im_end|>\n",
    "\x00\x01ab\x04\x13c",
    "word " * 20_000,
]


def hosted(*runners: Runner) -> AbstractAsyncContextManager[LlamaCppCompleter]:
    return hosted_model(
        ModelOrder(
            model=MODEL,
            slots=SLOTS,
            context_tokens=4096,
            threads=1,
            prompt_cache_mib=0,
            workers=1,
            runners=runners,
        )
    )


async def test_it_continues_prompts_as_it_is_told() -> None:
    async with hosted(OPENVINO) as completer:
        await completer.card()
        prompt = await completer.tokenize([QUESTION])

        first = await written(completer, prompt, max_tokens=40, temperature=0)
        again = await written(completer, prompt, max_tokens=40, temperature=0)
        assert first == again
        assert first[1].reason == "end"

        text, finished = await written(completer, prompt, max_tokens=3, temperature=0)
        assert (finished.reason, finished.tokens) == ("limit", 3)
        assert first[0].startswith(text)

        stop = first[0][5:9]
        text, finished = await written(
            completer, prompt, max_tokens=40, temperature=0, stop=("\x00", stop)
        )
        assert (finished.reason, finished.stop) == ("stop", stop)
        assert text == first[0][: first[0].index(stop)]

        text, finished = await written(completer, prompt, max_tokens=0)
        assert (text, finished.reason, finished.tokens) == ("", "limit", 0)

        hot = {await one_way(completer, prompt, max_tokens=12, temperature=2.0) for _ in range(4)}
        assert len(hot) > 1
        assert await one_way(completer, prompt, max_tokens=5, top_k=1) == await one_way(
            completer, prompt, max_tokens=5, temperature=0
        )

        chosen = await one_way(completer, prompt, SPELLED, max_tokens=30)
        assert chosen == SPELLED.texts[0]
        assert await one_way(completer, prompt, Choices(texts=[""]), max_tokens=30) == ""


async def one_way(completer: LlamaCppCompleter, *what: Any, **sampling: Any) -> str:
    return (await written(completer, *what, **sampling))[0]


async def test_a_key_is_asked_for() -> None:
    order = ModelOrder(
        model=MODEL,
        slots=1,
        context_tokens=256,
        threads=1,
        prompt_cache_mib=0,
        workers=1,
        runners=(OPENVINO,),
    )
    host = ModelHost(order, SystemClock())
    host.start()
    try:
        knowing = completer_at(host.address)
        await knowing.card()
        stranger = completer_at(HostAddress(url=host.address.url, key="guessed"))
        with pytest.raises(UpstreamRefused):
            await stranger.card()
        await knowing.aclose()
        await stranger.aclose()
    finally:
        await asyncio.to_thread(host.close)


async def test_an_abandoned_request_does_not_keep_its_slot() -> None:
    async with hosted(OPENVINO) as completer:
        await completer.card()
        small = noise(8, seed=0)
        await written(completer, small, max_tokens=1)
        # As many as there are slots, each of several seconds.
        for turn in range(2):
            prompts = [noise(4000, seed=10 * turn + slot + 1) for slot in range(SLOTS)]
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3), asyncio.TaskGroup() as group:
                    for prompt in prompts:
                        group.create_task(written(completer, prompt, max_tokens=90))
            began = time.monotonic()
            await written(completer, small, max_tokens=1)
            assert time.monotonic() - began < 2.0


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_tokens_and_the_card_are_the_same_on_both() -> None:
    seen: list[object] = []
    for runner in (OPENVINO, LLAMACPP):
        async with hosted(runner) as completer:
            card = await completer.card()
            seen.append((card, [await completer.tokenize([text]) for text in TEXTS]))

    assert seen[0] == seen[1]


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_openvino_takes_every_grammar_and_its_samples_are_valid() -> None:
    schemas = EXACT | {name: schema for name, (schema, _) in WITH_GAPS.items()}
    wrong: dict[str, str] = {}
    ended = 0
    async with hosted(OPENVINO) as completer:
        await completer.card()
        prompt = await completer.tokenize(["A JSON example:\n"])
        for name, schema in schemas.items():
            if isinstance(schema, bool):
                continue
            constraint = JsonSchema(schema=schema)
            text, finished = await written(
                completer, prompt, constraint, max_tokens=100, temperature=1.5
            )
            if finished.reason == "end":
                ended += 1
                if completer.is_exact(constraint) and not valid(schema, text):
                    wrong[name] = text

    assert not wrong
    assert ended > len(schemas) / 2


def valid(schema: Any, text: str) -> bool:
    keywords = {**schema, "$schema": DRAFT}
    validator = jsonschema_rs.Draft202012Validator(keywords, validate_formats=True, offline=True)
    try:
        return validator.is_valid(json.loads(text))
    except ValueError:
        return False


async def test_where_the_first_runner_cannot_the_next_one_runs_the_model() -> None:
    absent = Runner(name="nothing", module="antechamber.engines.local.no_such_child")
    with capture_logs() as logged:
        async with hosted(absent, OPENVINO) as completer:
            card = await completer.card()

    assert card.slots == SLOTS
    falls = [line for line in logged if line["event"] == "local_model_falls_back"]
    assert [(line["failed"], line["now"]) for line in falls] == [("nothing", "OpenVINO")]


async def test_a_model_that_neither_can_load_is_given_up_by_both(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(MODEL.read_bytes()[:2_000_000])
    order = ModelOrder(
        model=path,
        slots=1,
        context_tokens=64,
        threads=1,
        prompt_cache_mib=0,
        workers=1,
        runners=(OPENVINO, LLAMACPP),
    )
    with capture_logs() as logged:
        host = ModelHost(order, SystemClock(), Restarts(most=1))
        host.start()
        try:
            with pytest.raises(EngineFailed):
                await completer_at(host.address).card()
        finally:
            await asyncio.to_thread(host.close)

    events = [line["event"] for line in logged if line["log_level"] != "debug"]
    assert [name for name in events if name != "local_model_died"] == [
        "local_model_falls_back",
        "local_model_given_up",
    ]
