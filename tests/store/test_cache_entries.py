"""What the account of prompt caching keeps, in the process and on a server."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from antechamber.operations.answering.call import Call
from antechamber.operations.answering.prompt_cache import PromptCache
from antechamber.operations.callers.caller import Caller
from antechamber.rules.cache_plan import CachePlan, PlannedBreakpoint
from antechamber.runtime.clock import Clock
from antechamber.settings import CacheSettings
from antechamber.store.cache_entries import CacheEntries, CacheEntry, OwnCacheEntries
from antechamber.store.cache_entries_shared import SharedCacheEntries
from tests.unit.operations.stage import StillClock
from tests.valkey import RunningValkey, needs_valkey, running_valkey


@pytest.fixture(scope="module")
def valkey() -> Generator[RunningValkey, None, None]:
    with running_valkey() as server:
        yield server


@pytest.fixture
async def client(valkey: RunningValkey) -> AsyncGenerator[Redis, None]:
    async with Redis.from_url(valkey.url) as connected:
        await connected.flushdb()
        yield connected


@asynccontextmanager
async def shared(
    server: RunningValkey, clock: Clock | None = None
) -> AsyncGenerator[SharedCacheEntries, None]:
    entries = SharedCacheEntries(server.url, clock or StillClock())
    yield entries
    await entries.aclose()


@pytest.fixture(params=["own", pytest.param("shared", marks=needs_valkey)])
async def entries(request: pytest.FixtureRequest) -> AsyncGenerator[CacheEntries, None]:
    if request.param == "own":
        yield OwnCacheEntries(StillClock(), most=100)
        return
    server: RunningValkey = request.getfixturevalue("valkey")
    async with Redis.from_url(server.url) as client:
        await client.flushdb()
    async with shared(server) as kept:
        yield kept


async def test_what_was_written_is_read_and_nothing_else(entries: CacheEntries) -> None:
    await entries.write([CacheEntry(b"a\0\xff", b"1", 300), CacheEntry(b"b", b"2", 300)])

    assert await entries.read([b"b", b"c", b"a\0\xff"]) == [b"2", None, b"1"]


async def test_what_is_written_again_takes_the_place_of_the_old(entries: CacheEntries) -> None:
    await entries.write([CacheEntry(b"a", b"1", 300)])
    await entries.write([CacheEntry(b"a", b"2", 300)])

    assert await entries.read([b"a"]) == [b"2"]


async def test_nothing_to_write_is_nothing_written(entries: CacheEntries) -> None:
    await entries.write([])

    assert await entries.read([b"a"]) == [None]


async def test_an_entry_is_gone_when_its_time_is_over() -> None:
    clock = StillClock()
    entries = OwnCacheEntries(clock, most=100)
    await entries.write([CacheEntry(b"a", b"1", 300), CacheEntry(b"b", b"2", 301)])

    clock.at += 300

    assert await entries.read([b"a", b"b"]) == [None, b"2"]


async def test_where_there_is_no_room_those_least_used_go() -> None:
    entries = OwnCacheEntries(StillClock(), most=2)
    await entries.write([CacheEntry(b"a", b"1", 300), CacheEntry(b"b", b"2", 300)])

    await entries.read([b"a"])
    await entries.write([CacheEntry(b"c", b"3", 300)])

    assert await entries.read([b"a", b"b", b"c"]) == [b"1", None, b"3"]


@needs_valkey
async def test_the_server_is_told_how_long_an_entry_lives(
    valkey: RunningValkey, client: Redis
) -> None:
    async with shared(valkey) as entries:
        await entries.write([CacheEntry(b"a", b"1", 299.5), CacheEntry(b"b", b"2", 3_600)])

    left_ms = [await client.pttl(b"antechamber:cache:1:" + key) for key in (b"a", b"b")]

    assert 0 < left_ms[0] <= 299_500 < left_ms[1] <= 3_600_000


@needs_valkey
async def test_servers_read_what_another_one_wrote(valkey: RunningValkey, client: Redis) -> None:
    plan = CachePlan(
        model="m",
        minimum_tokens=0,
        digests=[b"1", b"2"],
        weights=[10, 20],
        whole_weight=30,
        breakpoints=[PlannedBreakpoint(1, 300)],
    )
    clock = StillClock()
    call = Call(
        request_id="req_1",
        caller=Caller(organization_id="o"),
        version="2023-06-01",
        betas=frozenset(),
        started_at=clock.at,
    )

    async with shared(valkey) as one, shared(valkey) as other:
        writing, reading = (
            PromptCache(entries, CacheSettings(), clock) for entries in (one, other)
        )
        first = await writing.look_up(plan, call, engine="e", input_tokens=30)
        assert first is not None
        await writing.commit(first)
        second = await reading.look_up(plan, call, engine="e", input_tokens=30)

    assert second is not None
    assert (first.use.read, second.use.read) == (0, 20)


@needs_valkey
async def test_a_server_that_is_gone_means_that_nothing_is_held() -> None:
    with running_valkey() as server:
        async with shared(server) as entries:
            await entries.write([CacheEntry(b"a", b"1", 300)])

            server.stop()

            assert await entries.read([b"a"]) is None
            await entries.write([CacheEntry(b"b", b"2", 300)])


@needs_valkey
async def test_a_server_that_is_back_is_asked_again_after_a_rest() -> None:
    clock = StillClock()
    with running_valkey() as server:
        async with shared(server, clock) as entries:
            server.stop()
            await entries.read([b"a"])

            with running_valkey(server.port):
                resting = await entries.read([b"a"])
                clock.at += 2
                rested = await entries.read([b"a"])

    assert resting is None
    assert rested == [None]


@needs_valkey
async def test_a_server_that_hangs_is_not_waited_for() -> None:
    with running_valkey() as server:
        async with shared(server) as entries:
            server.hang()

            assert await entries.read([b"a"]) is None
            server.go_on()
