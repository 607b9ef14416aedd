"""One look at a host for all who wait, and when it is looked at again."""

import asyncio

import pytest

from antechamber.engines.openai_chat.engine import Reach
from antechamber.wire.errors import EngineTimedOut, Overloaded
from tests.engines.openai_chat.playing import MODELS, Reply, jsoned, order, playing, streamed, take
from tests.unit.dialects.openai_chat.scenes import chunk, request

HELLO = streamed(chunk(content="Hello"), chunk("stop"))
MANY = 5


async def test_requests_at_once_wait_for_one_look_at_a_host_that_is_silent() -> None:
    silent = {"/v1/models": Reply(b" ", then="hang")}
    reach = Reach(look_timeout_s=0.3)
    now = asyncio.get_running_loop().time
    async with playing(others=silent, reach=reach) as (engine, host):
        begun = now()
        outcomes = await asyncio.gather(
            *(engine.prepare(order(request("Hi"))) for _ in range(MANY)), return_exceptions=True
        )
        waited_s = now() - begun

    assert [type(outcome) for outcome in outcomes] == [EngineTimedOut] * MANY
    assert len(host.bodies("/v1/models")) == 1
    assert waited_s < 2 * reach.look_timeout_s


async def test_who_leaves_does_not_end_the_look_of_the_others() -> None:
    async with playing(HELLO) as (engine, host):
        leaves = asyncio.create_task(engine.prepare(order(request("Hi"))))
        stays = asyncio.create_task(engine.prepare(order(request("Hi"))))
        await asyncio.sleep(0)
        leaves.cancel()
        await stays

    assert leaves.cancelled()
    assert len(host.bodies("/v1/models")) == 1


async def test_after_a_look_that_failed_the_next_request_looks_again() -> None:
    async with playing(HELLO) as (engine, host):
        host.replies["/v1/models"] = [Reply(b"{}", status=503), jsoned(MODELS)]
        with pytest.raises(Overloaded):
            await take(engine, order(request("Hi")))
        await take(engine, order(request("Hi")))

    assert len(host.bodies("/v1/models")) == 2


@pytest.mark.parametrize(
    "busy",
    [
        Reply(b'{"error": {"message": "Overloaded"}}', status=503),
        streamed({"error": {"message": "Overloaded", "code": 529}}),
    ],
    ids=["refused", "in the stream"],
)
async def test_a_host_that_is_busy_is_not_looked_at_again(busy: Reply) -> None:
    async with playing([busy, HELLO]) as (engine, host):
        with pytest.raises(Overloaded):
            await take(engine, order(request("Hi")))
        await take(engine, order(request("Hi")))

    assert len(host.bodies("/v1/models")) == 1


async def test_a_host_that_ended_the_connection_is_looked_at_again() -> None:
    async with playing([Reply(b"", then="break"), HELLO]) as (engine, host):
        with pytest.raises(Overloaded, match="broke off"):
            await take(engine, order(request("Hi")))
        await take(engine, order(request("Hi")))

    assert len(host.bodies("/v1/models")) == 2
