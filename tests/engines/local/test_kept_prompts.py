"""What was read once is not read again, also when other prompts had every slot in between."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from antechamber.engines.local.host import ModelOrder
from antechamber.engines.local.llamacpp import LlamaCppCompleter
from antechamber.engines.local.model_files import embedded_model
from antechamber.engines.local.openvino import why_not
from antechamber.engines.local.openvino_memory import token_bytes
from antechamber.engines.local.runners import LLAMACPP, OPENVINO, Runner
from tests.engines.local.hosted_models import hosted, noise, written

MODEL = embedded_model()

pytestmark = [
    pytest.mark.skipif(MODEL is None, reason="the embedded model is not installed"),
    pytest.mark.xdist_group("embedded"),
    pytest.mark.slow,
    pytest.mark.timeout(300),
]

SLOTS = 2
WINDOW = 512
PREFIX = noise(384, seed=1)
EACH_RUNNER = pytest.mark.parametrize("runner", [LLAMACPP, OPENVINO], ids=lambda each: each.name)


@asynccontextmanager
async def keeping(mib: int, runner: Runner) -> AsyncGenerator[LlamaCppCompleter]:
    if MODEL is None or (runner is OPENVINO and why_not(MODEL)):
        pytest.skip("this runner does not run it here")
    order = ModelOrder(
        model=MODEL,
        slots=SLOTS,
        context_tokens=WINDOW,
        threads=1,
        workers=1,
        prompt_cache_mib=mib,
        runners=(runner,),
    )
    async with hosted(order) as completer:
        await completer.card()
        yield completer


async def reused(completer: LlamaCppCompleter, prompt: list[int]) -> int:
    _, finished = await written(completer, prompt, max_tokens=1)
    return finished.cached_tokens


async def others(completer: LlamaCppCompleter, *, seeds: range) -> None:
    """Let prompts through that fill all slots, and more than once."""
    for seed in seeds:
        assert await reused(completer, noise(WINDOW - 32, seed=seed)) == 0


@EACH_RUNNER
async def test_a_prefix_outlives_others_in_every_slot(runner: Runner) -> None:
    async with keeping(64, runner) as completer:
        cold = await reused(completer, PREFIX + noise(20, seed=2))
        await others(completer, seeds=range(10, 10 + 3 * SLOTS))

        warm = await reused(completer, PREFIX + noise(20, seed=3))

    assert cold == 0
    assert warm >= len(PREFIX) - 32


@EACH_RUNNER
async def test_what_is_used_least_goes_when_the_memory_is_full(runner: Runner) -> None:
    # Room for one of them, and not for two: each is some 11 MiB in llama.cpp, 6 in OpenVINO.
    async with keeping(16 if runner is LLAMACPP else 8, runner) as completer:
        await reused(completer, PREFIX + noise(20, seed=2))
        await others(completer, seeds=range(10, 10 + 3 * SLOTS))

        assert await reused(completer, PREFIX + noise(20, seed=3)) == 0
        # It is in a slot again, and the last of the others are where there is room.
        assert await reused(completer, noise(WINDOW - 32, seed=9 + 3 * SLOTS)) > 0


@EACH_RUNNER
async def test_no_memory_keeps_only_what_the_slots_hold(runner: Runner) -> None:
    async with keeping(0, runner) as completer:
        await reused(completer, PREFIX + noise(20, seed=2))
        assert await reused(completer, PREFIX + noise(20, seed=3)) >= len(PREFIX) - 32
        await others(completer, seeds=range(10, 10 + 2 * SLOTS))

        assert await reused(completer, PREFIX + noise(20, seed=4)) == 0


def test_the_size_of_a_token_is_read_from_the_file() -> None:
    # 30 layers, keys and values, 3 heads of 64 numbers.
    assert token_bytes(MODEL) == 30 * 2 * 3 * (64 + 12)  # pyright: ignore[reportArgumentType]
