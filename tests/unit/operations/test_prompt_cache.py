"""The account of prompt caching: what is written, what is read, how tokens are counted.

Source: platform.claude.com/docs/en/build-with-claude/prompt-caching.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from antechamber.operations.answering.call import Call
from antechamber.operations.answering.prompt_cache import CacheVisit, PromptCache
from antechamber.operations.callers.caller import Caller
from antechamber.rules.cache_plan import CachePlan, PlannedBreakpoint, cache_plan
from antechamber.rules.thinking import ThinkingPlan
from antechamber.settings import CacheSettings
from antechamber.store.cache_entries import CacheEntries, OwnCacheEntries
from antechamber.turn.cache_use import CacheUse
from tests.unit.operations.stage import FACTS, StillClock
from tests.unit.rules.requests import Fields, parse, text, user

BREAK: Fields = {"cache_control": {"type": "ephemeral"}}
FIVE, HOUR = 300, 3600


def plan(size: int, *breakpoints: tuple[int, int], minimum: int = 0, begins: int = 0) -> CachePlan:
    """A prompt of ``size`` blocks of 10 tokens each, the first ``begins`` of another content."""
    return CachePlan(
        model="model-a",
        minimum_tokens=minimum,
        digests=[b"%d.%d" % (begins, position) for position in range(size)],
        weights=[10 * position + 10 for position in range(size)],
        whole_weight=10 * size,
        breakpoints=[PlannedBreakpoint(*each) for each in breakpoints],
    )


@dataclass
class Account:
    """A prompt cache whose clock the test moves."""

    settings: CacheSettings = field(default_factory=CacheSettings)
    clock: StillClock = field(default_factory=StillClock)
    entries: CacheEntries | None = None

    def __post_init__(self) -> None:
        entries = self.entries or OwnCacheEntries(self.clock, most=1_000)
        self.cache = PromptCache(entries, self.settings, self.clock)

    async def visit(
        self, wanted: CachePlan, *, workspace: str = "default", engine: str = "e", tokens: int = 0
    ) -> CacheVisit | None:
        call = Call(
            request_id="req_1",
            caller=Caller(organization_id="o", workspace_id=workspace),
            version="2023-06-01",
            betas=frozenset(),
            started_at=self.clock.at,
        )
        total = tokens or wanted.whole_weight
        return await self.cache.look_up(wanted, call, engine=engine, input_tokens=total)

    async def ask(
        self, wanted: CachePlan, *, workspace: str = "default", engine: str = "e"
    ) -> tuple[int, int, int, int]:
        """Have a request answered; return what it read, wrote for 5 minutes, an hour, and rest."""
        visit = await self.visit(wanted, workspace=workspace, engine=engine)
        assert visit is not None
        await self.cache.commit(visit)
        use = visit.use
        return use.read, use.write_5m, use.write_1h, use.input_tokens


async def test_the_first_request_writes_and_the_second_reads() -> None:
    account = Account()

    first, second = [await account.ask(plan(5, (3, FIVE))) for _ in range(2)]

    assert first == (0, 40, 0, 10)
    assert second == (40, 0, 0, 10)


async def test_what_lies_between_the_hit_and_the_breakpoint_is_written() -> None:
    account = Account()
    await account.ask(plan(5, (3, FIVE)))

    assert await account.ask(plan(9, (7, FIVE))) == (40, 40, 0, 10)
    assert await account.ask(plan(9, (7, FIVE))) == (80, 0, 0, 10)


async def test_a_breakpoint_writes_its_own_prefix_and_no_shorter_one() -> None:
    account = Account()
    await account.ask(plan(9, (7, FIVE)))

    assert await account.ask(plan(9, (6, FIVE))) == (0, 70, 0, 20)


@pytest.mark.parametrize(("written", "read"), [(15, 0), (16, 170)])
async def test_an_entry_is_found_twenty_positions_back_and_no_further(
    written: int, read: int
) -> None:
    account = Account()
    await account.ask(plan(40, (written, FIVE)))

    assert (await account.ask(plan(40, (35, FIVE))))[0] == read


async def test_an_earlier_breakpoint_finds_what_the_last_one_does_not_see() -> None:
    account = Account()
    await account.ask(plan(40, (3, FIVE)))

    assert await account.ask(plan(40, (4, FIVE), (35, FIVE))) == (40, 320, 0, 40)


async def test_the_longest_prefix_is_read() -> None:
    account = Account()
    await account.ask(plan(9, (1, FIVE), (5, FIVE)))

    assert await account.ask(plan(9, (1, FIVE), (7, FIVE))) == (60, 20, 0, 10)


@pytest.mark.parametrize(
    ("hit", "breakpoints", "expected"),
    [
        (None, [(1, HOUR), (4, FIVE)], (0, 30, 20, 10)),
        (0, [(1, HOUR), (4, FIVE)], (10, 30, 10, 10)),
        (2, [(1, HOUR), (4, FIVE)], (30, 20, 0, 10)),
        (None, [(0, HOUR), (2, HOUR), (3, FIVE), (4, FIVE)], (0, 20, 30, 10)),
        (None, [(4, HOUR)], (0, 0, 50, 10)),
    ],
)
async def test_mixed_lifetimes_are_split_at_the_last_breakpoint_of_an_hour(
    hit: int | None, breakpoints: list[tuple[int, int]], expected: tuple[int, ...]
) -> None:
    account = Account()
    if hit is not None:
        await account.ask(plan(6, (hit, FIVE)))

    assert await account.ask(plan(6, *breakpoints)) == expected


@pytest.mark.parametrize("lives_s", [FIVE, HOUR])
async def test_an_entry_lives_as_long_as_it_was_marked_for(lives_s: int) -> None:
    account = Account()
    await account.ask(plan(5, (3, lives_s)))

    account.clock.at += lives_s - 1
    in_time = await account.visit(plan(5, (3, lives_s)))
    account.clock.at += 1
    too_late = await account.visit(plan(5, (3, lives_s)))

    assert in_time is not None and in_time.use.read == 40
    assert too_late is not None and too_late.use.read == 0


async def test_a_read_gives_an_entry_its_lifetime_again() -> None:
    account = Account()
    await account.ask(plan(5, (3, FIVE)))

    for _ in range(3):
        account.clock.at += 299
        assert (await account.ask(plan(9, (3, FIVE), (7, FIVE))))[0] >= 40


async def test_an_entry_of_an_hour_that_is_read_for_five_minutes_lives_on_for_an_hour() -> None:
    account = Account()
    await account.ask(plan(5, (3, HOUR)))
    await account.ask(plan(5, (3, FIVE)))

    account.clock.at += HOUR - 1

    assert (await account.ask(plan(5, (3, FIVE))))[0] == 40


async def test_the_time_of_a_long_answer_counts() -> None:
    account = Account()
    visit = await account.visit(plan(5, (3, FIVE)))
    assert visit is not None

    account.clock.at += 200
    await account.cache.commit(visit)
    account.clock.at += 100

    assert (await account.ask(plan(5, (3, FIVE))))[0] == 0


async def test_nothing_can_be_read_before_the_first_answer_has_begun() -> None:
    account = Account()

    visits = [await account.visit(plan(5, (3, FIVE))) for _ in range(2)]

    assert [visit and visit.use.read for visit in visits] == [0, 0]


@pytest.mark.parametrize("other", [{"workspace": "w2"}, {"engine": "e2"}])
async def test_others_read_nothing_of_it(other: dict[str, str]) -> None:
    account = Account()
    await account.ask(plan(5, (3, FIVE)))

    assert (await account.ask(plan(5, (3, FIVE)), **other))[0] == 0
    assert (await account.ask(plan(5, (3, FIVE))))[0] == 40


async def test_another_model_reads_nothing_of_it() -> None:
    account = Account()
    await account.ask(plan(5, (3, FIVE)))

    assert (await account.ask(replace(plan(5, (3, FIVE)), model="model-b")))[0] == 0


@pytest.mark.parametrize(
    ("setting", "of_model", "cached"),
    [(None, 40, 40), (None, 41, 0), (40, 9_999, 40), (41, 0, 0), (0, 9_999, 40)],
)
async def test_a_prefix_below_the_minimum_is_not_cached(
    setting: int | None, of_model: int, cached: int
) -> None:
    account = Account(settings=CacheSettings(minimum_tokens=setting))
    wanted = plan(5, (3, FIVE), minimum=of_model)

    visit = await account.visit(wanted)

    assert (visit.use.write_5m if visit is not None else 0) == cached


async def test_a_breakpoint_below_the_minimum_writes_nothing_beside_one_above() -> None:
    account = Account(settings=CacheSettings(minimum_tokens=30))
    await account.ask(plan(6, (1, FIVE), (4, FIVE)))

    other = CachePlan(
        model="model-a",
        minimum_tokens=0,
        digests=[*plan(2).digests, b"x", b"y", b"z"],
        weights=plan(5).weights,
        whole_weight=60,
        breakpoints=[PlannedBreakpoint(1, FIVE), PlannedBreakpoint(4, FIVE)],
    )
    assert (await account.ask(other))[0] == 0


async def test_an_account_that_is_off_caches_nothing() -> None:
    account = Account(settings=CacheSettings(enabled=False))

    assert await account.visit(plan(5, (3, FIVE))) is None


async def test_as_much_is_read_as_was_written_however_the_tokens_are_shared_out() -> None:
    account = Account()
    short, long = plan(5, (4, FIVE)), plan(20, (4, FIVE))
    first = await account.visit(short, tokens=47)
    assert first is not None
    await account.cache.commit(first)

    second = await account.visit(long, tokens=211)

    assert second is not None
    assert second.use == CacheUse(input_tokens=164, read=47)


async def test_exact_counts_are_taken_as_they_are() -> None:
    account = Account()
    exact = plan(3, (0, HOUR), (1, FIVE)).counted([17, 23, 41], total=44)

    assert await account.ask(exact) == (0, 6, 17, 21)


async def test_parts_without_a_token_of_their_own_are_no_fault() -> None:
    account = Account()
    exact = plan(3, (1, FIVE)).counted([0, 0, 41], total=44)

    assert [await account.ask(exact) for _ in range(2)] == [(0, 0, 0, 44)] * 2


async def test_a_keeper_that_cannot_be_asked_means_no_hit() -> None:
    class Broken:
        async def read(self, keys: Sequence[bytes]) -> None:
            return None

        async def write(self, entries: Sequence[object]) -> None:
            return None

        async def aclose(self) -> None:
            return None

    account = Account(entries=Broken())

    assert [await account.ask(plan(5, (3, FIVE))) for _ in range(2)] == [(0, 40, 0, 10)] * 2


async def test_a_conversation_reads_what_the_turn_before_wrote() -> None:
    account = Account(settings=CacheSettings(minimum_tokens=0))
    turns = [user("One " * 200), user("Two " * 100), user("Three " * 50)]

    uses: list[CacheUse] = []
    for count in (1, 2, 3):
        wanted = cache_plan(parse(messages=turns[:count], **BREAK), FACTS, ThinkingPlan(on=False))
        assert wanted is not None
        visit = await account.visit(wanted, tokens=1_000 * count)
        assert visit is not None
        await account.cache.commit(visit)
        uses.append(visit.use)

    assert uses[0].read == 0
    for before, after in pairwise(uses):
        assert after.read == before.read + before.write_5m


# T33
async def test_two_requests_that_differ_in_the_attribution_block_alone_share_all() -> None:
    account = Account(settings=CacheSettings(minimum_tokens=0))

    uses: list[CacheUse] = []
    for version in ("1.a", "1.b"):
        header = text(f"x-anthropic-billing-header: cc_version={version};")
        request = parse(system=[header, text("Be brief.", **BREAK)], messages=[user("Hi")])
        wanted = cache_plan(request, FACTS, ThinkingPlan(on=False))
        assert wanted is not None
        visit = await account.visit(wanted, tokens=500)
        assert visit is not None
        await account.cache.commit(visit)
        uses.append(visit.use)

    assert uses[1].read == uses[0].write_5m > 0
    assert uses[1].write_5m == 0


_breakpoints = st.lists(
    st.tuples(st.integers(0, 39), st.sampled_from([FIVE, HOUR])),
    min_size=1,
    max_size=4,
    unique_by=lambda each: each[0],
).map(sorted)
_requests = st.tuples(
    _breakpoints,
    st.integers(0, 2),  # which content the prompt has
    st.integers(1, 900),  # tokens of the whole input
    st.sampled_from(["w1", "w2"]),
    st.integers(0, 400),  # seconds that pass before
    st.booleans(),  # whether its answer begins
)


@given(st.lists(_requests, max_size=12), st.sampled_from([0, 100]))
async def test_every_token_is_counted_once_and_nothing_is_read_that_was_not_written(
    requests: list[tuple[list[tuple[int, int]], int, int, str, int, bool]], minimum: int
) -> None:
    account = Account(settings=CacheSettings(minimum_tokens=minimum))
    written: dict[tuple[str, int, int], float] = {}

    for breakpoints, content, tokens, workspace, passed_s, begins in requests:
        account.clock.at += passed_s
        wanted = plan(40, *breakpoints, begins=content)
        visit = await account.visit(wanted, workspace=workspace, tokens=tokens)
        if visit is None:
            continue
        use = visit.use
        assert use.total == tokens
        assert min(use.input_tokens, use.read, use.write_5m, use.write_1h) >= 0
        if use.read:
            assert any(
                written.get((workspace, content, position), 0) > account.clock.at
                for position in wanted.looked_at()
            )
        if begins:
            await account.cache.commit(visit)
            for position, _ in breakpoints:
                written[workspace, content, position] = account.clock.at + HOUR
