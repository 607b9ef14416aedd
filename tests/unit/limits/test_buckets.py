"""The arithmetic of one bucket."""

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx

from antechamber.limits.buckets import full_in_s, refund, refused, used_after, wait_s
from tests.unit.limits.asked import take

LIMITS = st.integers(1, 10_000_000)


def test_use_fades_within_a_minute() -> None:
    assert used_after(60, 0, 60) == 60
    assert used_after(60, 20, 60) == 40
    assert used_after(60, 60, 60) == 0
    assert used_after(60, 3600, 60) == 0
    assert full_in_s(40, 60) == 40


def test_debt_takes_longer_than_a_minute() -> None:
    assert used_after(120, 60, 60) == 60
    assert full_in_s(120, 60) == 120


def test_the_wait_is_for_what_is_missing() -> None:
    assert wait_s(10, 0, 60) == 0
    assert wait_s(10, 50, 60) == 0
    assert wait_s(10, 55, 60) == 5
    assert wait_s(0, 75, 60) == 15


def test_what_is_never_there_is_waited_for_until_the_bucket_is_full() -> None:
    assert wait_s(100, 30, 60) == 30
    assert wait_s(100, 0, 60) == 0


@given(limit=LIMITS, used=st.floats(0, 1e8), amount=st.integers(0, 10_000_000))
def test_after_the_wait_there_is_enough(limit: int, used: float, amount: int) -> None:
    wait = wait_s(amount, used, limit)

    left = used_after(used, wait, limit)

    assert left + min(amount, limit) <= limit + 1e-6 * max(limit, used)


@given(limit=LIMITS, used=st.floats(0, 1e7), first=st.floats(0, 100), second=st.floats(0, 100))
def test_two_waits_are_one_wait(limit: int, used: float, first: float, second: float) -> None:
    assert used_after(used_after(used, first, limit), second, limit) == approx(
        used_after(used, first + second, limit), abs=1e-6 * max(limit, used)
    )


def test_of_several_that_are_short_the_one_is_named_that_takes_longest() -> None:
    takes = [take("a", 60, 1), take("b", 60, 10), take("c", 60, 1)]

    refusal = refused(takes, [60.0, 57.0, 0.0])

    assert (refusal.index, refusal.wait_s) == (1, 7.0)


def test_of_several_that_are_short_the_one_is_named_that_never_has_enough() -> None:
    refusal = refused([take("a", 60, 61), take("b", 60, 1)], [0.0, 60.0])

    assert (refusal.index, refusal.is_final) == (0, True)


def test_what_was_used_first_refills_first_and_only_the_rest_goes_back() -> None:
    """Sixty hold a minute; forty were used when a request had taken twenty of them."""
    back = [refund(40, 20, elapsed_s, 60) for elapsed_s in (0, 20, 30, 40, 60)]

    assert back == [20, 20, 10, 0, 0]
    assert refund(40, 5, 30, 60) == 5
