"""Buckets on a real Valkey or Redis."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from antechamber.limits.base import Bucket, Outcome
from antechamber.limits.valkey import ValkeyKeeper, check_valkey
from antechamber.runtime.background import Background
from antechamber.runtime.clock import SystemClock
from antechamber.settings import ConfigurationError
from tests.unit.limits.asked import take
from tests.unit.operations.stage import StillClock
from tests.valkey import RunningValkey, needs_valkey, running_valkey

pytestmark = needs_valkey
# The server has a clock of its own: one flows in in a minute, and so none while a test runs.
SLOW = 1


@pytest.fixture(scope="module")
def valkey() -> Iterator[RunningValkey]:
    with running_valkey() as server:
        yield server


@pytest.fixture(autouse=True)
async def _empty(valkey: RunningValkey) -> None:
    async with Redis.from_url(valkey.url) as client:
        await client.flushall()


@asynccontextmanager
async def keeping(url: str, clock: StillClock | None = None) -> AsyncGenerator[ValkeyKeeper, None]:
    background = Background()
    keeper = ValkeyKeeper(url, clock or SystemClock(), background)
    try:
        yield keeper
    finally:
        await background.aclose()
        await keeper.aclose()


async def level(keeper: ValkeyKeeper, key: str, per_minute: int) -> float:
    outcome = await keeper.take([take(key, per_minute, 0, least=-(10**9))])
    return per_minute - outcome.used[0]


def passed(outcomes: list[Outcome]) -> int:
    return sum(outcome.refusal is None for outcome in outcomes)


async def test_two_servers_let_the_limit_through_once(valkey: RunningValkey) -> None:
    """T43: N replicas are not N times the limit."""
    request = [take("requests", 150, 1), take("tokens", 10**9, 10)]

    async with keeping(valkey.url) as one, keeping(valkey.url) as other:
        began = await server_time(valkey)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(keeper.take(request))
                for _ in range(400)
                for keeper in (one, other)
            ]
        outcomes = [task.result() for task in tasks]
        flowed_in = (await server_time(valkey) - began) * 150 / 60

        assert 150 <= passed(outcomes) <= 150 + flowed_in
        assert (
            await level(one, "requests", 150) < 1 + (await server_time(valkey) - began) * 150 / 60
        )
        # Who was refused took no tokens either.
        assert 10**9 - await level(one, "tokens", 10**9) <= passed(outcomes) * 10


async def server_time(valkey: RunningValkey) -> float:
    async with Redis.from_url(valkey.url) as client:
        seconds, micros = await client.time()
        return seconds + micros / 1e6


async def test_the_last_one_is_let_in_once_among_many(valkey: RunningValkey) -> None:
    """T43: exactly once; into this bucket flows one a minute."""
    async with keeping(valkey.url) as one, keeping(valkey.url) as other:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(keeper.take([take("a", SLOW, 1)]))
                for _ in range(100)
                for keeper in (one, other)
            ]

        assert passed([task.result() for task in tasks]) == 1


async def test_all_buckets_are_taken_from_or_none(valkey: RunningValkey) -> None:
    async with keeping(valkey.url) as keeper:
        outcome = await keeper.take([take("a", SLOW, 1), take("b", 60, 61)])

        assert outcome.refusal is not None
        assert outcome.refusal.index == 1
        assert await level(keeper, "a", SLOW) == 1
        assert await level(keeper, "b", 60) == 60


async def test_what_is_only_looked_at_stays_and_what_is_settled_is_gone(
    valkey: RunningValkey,
) -> None:
    output = [take("output", SLOW, 0, least=1)]
    async with keeping(valkey.url) as keeper, keeping(valkey.url) as other:
        assert (await keeper.take(output)).refusal is None
        assert (await keeper.take(output)).refusal is None

        keeper.settle(Bucket("output", SLOW), 30)
        keeper.settle(Bucket("output", SLOW), 11)
        # It goes with whatever is asked next.
        assert (await keeper.take(output)).refusal is not None
        assert await level(other, "output", SLOW) == pytest.approx(-40, abs=0.9)


async def test_what_was_too_much_is_given_back(valkey: RunningValkey) -> None:
    async with keeping(valkey.url) as keeper:
        await keeper.take([take("a", 60, 60)])

        keeper.settle(Bucket("a", 60), -1000)

        assert await level(keeper, "a", 60) == 60


async def test_it_is_told_how_buckets_stand_and_how_long_it_takes(valkey: RunningValkey) -> None:
    async with keeping(valkey.url) as keeper:
        outcome = await keeper.take([take("a", 60, 20), take("b", 6000, 60)])

        assert [round(used) for used in outcome.used] == [20, 60]


async def test_buckets_expire_when_they_are_full_again(valkey: RunningValkey) -> None:
    async with keeping(valkey.url) as keeper, Redis.from_url(valkey.url) as client:
        await keeper.take([take("a", 60, 20)])

        (key,) = await client.keys()

        assert 15_000 < await client.pttl(key) <= 20_000


async def test_what_is_settled_is_there_after_the_end(valkey: RunningValkey) -> None:
    async with keeping(valkey.url, StillClock()) as keeper:
        keeper.settle(Bucket("a", SLOW), 5)

    async with keeping(valkey.url) as other:
        assert await level(other, "a", SLOW) == pytest.approx(-4, abs=0.9)


async def test_what_is_settled_goes_by_itself_when_nothing_is_asked(valkey: RunningValkey) -> None:
    async with keeping(valkey.url) as keeper, keeping(valkey.url) as other:
        keeper.settle(Bucket("a", SLOW), 5)

        async with asyncio.timeout(10):
            while await level(other, "a", SLOW) == 1:
                pass


async def test_without_a_server_each_process_counts_for_itself_and_says_so_once() -> None:
    clock = StillClock()
    with capture_logs() as log:
        # Nothing listens there.
        async with keeping("redis://:hush@127.0.0.1:1/0", clock) as keeper:
            outcomes = [await keeper.take([take("a", 3, 1)]) for _ in range(5)]
            keeper.settle(Bucket("b", 3), 3)
            outcomes.append(await keeper.take([take("b", 3, 0, least=1)]))
            clock.at += 10
            await keeper.take([take("c", 3, 1)])

    assert [outcome.refusal is None for outcome in outcomes] == [True] * 3 + [False] * 3
    assert [line["event"] for line in log] == ["limits_not_shared"]
    assert "hush" not in str(log)


async def test_a_server_that_comes_back_is_counted_on_again() -> None:
    clock = StillClock()
    with running_valkey() as first:
        async with keeping(first.url, clock) as keeper:
            await keeper.take([take("a", SLOW, 1)])
            first.stop()

            # Its count is gone with it, and this process has not seen the bucket yet.
            assert (await keeper.take([take("a", SLOW, 1)])).refusal is None
            assert (await keeper.take([take("a", SLOW, 1)])).refusal is not None
            with running_valkey(first.port), capture_logs() as log:
                clock.at += 2.0
                assert (await keeper.take([take("a", SLOW, 1)])).refusal is None
                async with Redis.from_url(first.url) as client:
                    assert len(await client.keys()) == 1

    assert [line["event"] for line in log] == ["limits_shared_again"]


async def test_a_server_that_hangs_is_not_waited_for_and_its_late_answer_reaches_nobody() -> None:
    clock = StillClock()
    with running_valkey() as server:
        async with keeping(server.url, clock) as keeper:
            await keeper.take([take("a", 60, 20)])

            server.hang()
            alone = await keeper.take([take("a", 60, 1)])
            server.go_on()
            clock.at += 2.0
            shared = await keeper.take([take("b", 6, 1)])

    assert alone.used == [1]
    assert shared.used == [1]


async def test_what_was_taken_while_the_server_was_away_does_not_go_back_to_it() -> None:
    clock = StillClock()
    with running_valkey() as server:
        async with keeping(server.url, clock) as keeper, keeping(server.url) as other:
            server.hang()
            alone = await keeper.take([take("a", SLOW, 1)])
            server.go_on()
            clock.at += 2.0
            await other.take([take("a", SLOW, 1)])
            await keeper.take([take("b", 60, 1)])
            alone.keeper.settle(Bucket("a", SLOW), -1)
            # What is settled goes with it.
            await keeper.take([take("b", 60, 1)])

            assert (await other.take([take("a", SLOW, 1)])).refusal is not None


async def test_what_was_taken_on_the_server_does_not_go_back_to_who_counts_alone() -> None:
    with running_valkey() as server:
        async with keeping(server.url, StillClock()) as keeper:
            shared = await keeper.take([take("a", 60, 50)])
            shared.keeper.settle(Bucket("a", 60), -10)
            server.stop()
            await keeper.take([take("a", 60, 60)])
            shared.keeper.settle(Bucket("a", 60), -40)

            assert await level(keeper, "a", 60) == 0


async def test_who_leaves_while_it_is_asked_harms_nobody(valkey: RunningValkey) -> None:
    async with keeping(valkey.url) as keeper:
        leaving = asyncio.create_task(keeper.take([take("a", 60, 1)]))
        staying = asyncio.create_task(keeper.take([take("b", 60, 1)]))
        await asyncio.sleep(0)
        leaving.cancel()

        assert (await staying).refusal is None


@pytest.mark.parametrize("turns", range(8))
async def test_who_leaves_while_it_is_asked_has_taken_nothing(
    turns: int, valkey: RunningValkey
) -> None:
    """At whatever step it leaves: before the question, during it, when the answer is there."""
    async with keeping(valkey.url) as keeper, keeping(valkey.url) as other:
        # Connected, so that the steps are those of the question.
        await level(keeper, "a", SLOW)
        leaving = asyncio.create_task(keeper.take([take("a", SLOW, 1), take("b", 60, 61, 0)]))
        for _ in range(turns):
            await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.wait([leaving])

        # Asks after it, and what is settled goes with this or by itself.
        await level(keeper, "a", SLOW)
        async with asyncio.timeout(10):
            while leaving.cancelled() and await level(other, "a", SLOW) < 1:
                pass
        assert leaving.cancelled() or leaving.result().refusal is None


async def test_who_leaves_when_its_answer_has_just_come_has_taken_nothing(
    valkey: RunningValkey,
) -> None:
    async with keeping(valkey.url) as keeper:

        async def first() -> None:
            # Both are answered at once, and who asked first goes on first.
            await keeper.take([take("b", 60, 1)])
            leaving.cancel()

        going_on = asyncio.create_task(first())
        leaving = asyncio.create_task(keeper.take([take("a", SLOW, 1)]))
        await asyncio.wait([going_on, leaving])

        assert leaving.cancelled()
        assert await level(keeper, "a", SLOW) == 1


async def test_a_bucket_that_is_short_by_a_hair_is_named(valkey: RunningValkey) -> None:
    async with keeping(valkey.url) as keeper, Redis.from_url(valkey.url) as client:
        # Since a moment that is still to come, so that nothing flows in.
        later = await server_time(valkey) + 1000
        await client.set("antechamber:limits:a", f"49.00000000000001 {later}")

        outcome = await keeper.take([take("b", 60, 1), take("a", 50, 1)])

    assert outcome.refusal is not None
    assert outcome.refusal.index == 1
    assert outcome.used == [0, 49.00000000000001]


async def test_where_less_may_do_what_is_there_is_taken(valkey: RunningValkey) -> None:
    modest = [take("a", 60, 100, least=1)]
    async with keeping(valkey.url) as keeper:
        outcomes = [await keeper.take(each) for each in ([take("a", 60, 20)], modest, modest)]

        assert [each.taken[0] for each in outcomes] == [
            20,
            pytest.approx(40, abs=0.9),
            0,
        ]
        assert outcomes[1].used[0] == pytest.approx(60, abs=0.1)
        assert outcomes[2].refusal is not None


async def test_it_says_whether_others_count_in_the_same_buckets() -> None:
    clock = StillClock()
    with running_valkey() as server:
        async with keeping(server.url, clock) as keeper:
            await keeper.take([take("a", 60, 1)])
            before = keeper.is_shared
            server.stop()
            await keeper.take([take("a", 60, 1)])

            assert (before, keeper.is_shared) == (True, False)


def test_a_server_that_can_keep_buckets_passes_the_check(valkey: RunningValkey) -> None:
    check_valkey(valkey.url)
    check_valkey(valkey.url.replace("redis", "valkey", 1))


def test_a_server_that_is_not_there_or_wrong_is_a_fault_of_the_configuration(
    valkey: RunningValkey,
) -> None:
    with pytest.raises(ConfigurationError, match=r"redis_url: .*: correct it, or start") as refused:
        check_valkey("redis://:hush@127.0.0.1:1/0")
    with pytest.raises(ConfigurationError, match="invalid username-password"):
        check_valkey(f"redis://nobody:hush@127.0.0.1:{valkey.port}/0")
    with pytest.raises(ConfigurationError, match="DB index"):
        check_valkey(f"redis://127.0.0.1:{valkey.port}/99")

    assert "hush" not in str(refused.value)


def test_a_server_that_hangs_fails_the_check() -> None:
    with running_valkey() as server:
        server.hang()

        with pytest.raises(ConfigurationError, match="redis_url"):
            check_valkey(server.url)
        server.go_on()


async def test_an_end_in_the_middle_leaves_nobody_waiting(valkey: RunningValkey) -> None:
    background = Background()
    keeper = ValkeyKeeper(valkey.url, SystemClock(), background)
    asking = asyncio.create_task(keeper.take([take("a", 60, 1)]))
    await asyncio.sleep(0)

    await background.aclose()

    async with asyncio.timeout(10):
        assert (await asking).refusal is None
        await keeper.aclose()
