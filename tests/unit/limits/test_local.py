"""Buckets in this process, on a clock that the test moves."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.limits.base import Bucket, Outcome, Take
from antechamber.limits.local import LocalKeeper
from tests.unit.limits.asked import take
from tests.unit.operations.stage import StillClock


def taken(keeper: LocalKeeper, *takes: Take) -> Outcome:
    return asyncio.run(keeper.take(takes))


def is_let_in(keeper: LocalKeeper, *takes: Take) -> bool:
    return taken(keeper, *takes).refusal is None


def remaining(keeper: LocalKeeper, key: str, per_minute: int) -> float:
    return per_minute - taken(keeper, take(key, per_minute, 0)).used[0]


def test_it_never_waits() -> None:
    work = LocalKeeper(StillClock()).take([take("a", 1, 1)])

    with pytest.raises(StopIteration):
        work.send(None)


def test_as_many_are_let_in_as_a_minute_allows_and_then_as_the_bucket_fills() -> None:
    clock = StillClock()
    keeper = LocalKeeper(clock)
    request = take("a", 60, 1)

    assert [is_let_in(keeper, request) for _ in range(61)] == [True] * 60 + [False]
    clock.at += 0.5
    assert not is_let_in(keeper, request)
    clock.at += 0.5
    assert is_let_in(keeper, request)
    assert not is_let_in(keeper, request)


def test_all_buckets_are_taken_from_or_none() -> None:
    keeper = LocalKeeper(StillClock())

    outcome = taken(keeper, take("requests", 10, 1), take("tokens", 100, 101))

    assert outcome.refusal is not None
    assert outcome.refusal.index == 1
    assert remaining(keeper, "requests", 10) == 10
    assert remaining(keeper, "tokens", 100) == 100


def test_what_is_only_looked_at_stays() -> None:
    keeper = LocalKeeper(StillClock())
    output = take("output", 10, 0, least=1)

    assert [is_let_in(keeper, output) for _ in range(20)] == [True] * 20
    keeper.settle(Bucket("output", 10), 10)
    assert not is_let_in(keeper, output)


def test_where_less_may_do_what_is_there_is_taken() -> None:
    keeper = LocalKeeper(StillClock())
    modest = take("a", 60, 100, least=1)

    outcomes = [taken(keeper, take("a", 60, 20)), taken(keeper, modest), taken(keeper, modest)]

    assert [outcome.taken[0] for outcome in outcomes] == [20, 40, 0]
    assert outcomes[1].used[0] == 60
    refusal = outcomes[2].refusal
    assert refusal is not None
    assert (refusal.wait_s, refusal.is_final) == (1, False)


def test_a_difference_may_bring_the_level_below_zero_and_never_above_full() -> None:
    clock = StillClock()
    keeper = LocalKeeper(clock)

    keeper.settle(Bucket("a", 60), 90)
    assert remaining(keeper, "a", 60) == -30
    refusal = taken(keeper, take("a", 60, 1)).refusal
    assert refusal is not None
    assert refusal.wait_s == 31
    clock.at += 31
    assert is_let_in(keeper, take("a", 60, 1))
    keeper.settle(Bucket("a", 60), -1000)
    assert remaining(keeper, "a", 60) == 60


def test_buckets_that_are_full_again_are_forgotten_and_the_others_are_not() -> None:
    clock = StillClock()
    keeper = LocalKeeper(clock)
    for number in range(1024):
        taken(keeper, take(f"old{number}", 60, 1))
    taken(keeper, take("owing", 60, 60))

    clock.at += 30
    for number in range(1100):
        taken(keeper, take(f"new{number}", 60, 1))

    assert len(keeper._kept) < 1200
    assert remaining(keeper, "owing", 60) == 30


REQUESTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.integers(0, 70),  # some are more than the bucket ever holds
        st.floats(0, 30),
    ),
    max_size=60,
)


@given(requests=REQUESTS, other=st.integers(0, 3))
def test_never_more_is_let_through_than_the_bucket_holds_and_what_flows_into_it(
    requests: Sequence[tuple[str, int, float]], other: int
) -> None:
    """In every span of time; requests of two buckets are mixed, and some take from both."""
    clock = StillClock()
    keeper = LocalKeeper(clock)
    passed: dict[str, list[tuple[float, int]]] = {"a": [], "b": []}

    for number, (key, amount, pause_s) in enumerate(requests):
        clock.at += pause_s
        keys = ["a", "b"] if other and number % 4 == other else [key]
        if is_let_in(keeper, *(take(each, 60, amount) for each in keys)):
            for each in keys:
                passed[each].append((clock.at, amount))

    for through in passed.values():
        for first in range(len(through)):
            for last in range(first, len(through)):
                amount = sum(size for _, size in through[first : last + 1])
                assert amount <= 60 + (through[last][0] - through[first][0]) + 1e-6
