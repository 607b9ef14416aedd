"""The circuit of an engine: closed, open, half open; and how many requests it takes."""

from antechamber.operations.health import BreakerSettings, EngineHealth
from tests.unit.operations.stage import StillClock


def fresh(clock: StillClock, *, max_concurrency: int | None = None) -> EngineHealth:
    settings = BreakerSettings(failures=3, open_s=30.0)
    return EngineHealth("a", settings, clock, max_concurrency=max_concurrency)


def fail(health: EngineHealth, times: int, *, pause_s: float | None = None) -> None:
    for _ in range(times):
        health.enter()
        health.leave()
        health.failed(pause_s=pause_s)


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    health = fresh(StillClock())

    fail(health, 2)
    health.succeeded()
    fail(health, 2)
    assert not health.is_open
    fail(health, 1)
    assert health.is_open


def test_it_is_half_open_when_the_time_is_over_and_closed_after_a_success() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3)

    clock.at += 29.9
    assert health.is_open
    clock.at += 0.1
    assert not health.is_open
    health.enter()
    assert health.is_open, "one request tries, the others go elsewhere"
    health.leave()
    health.succeeded()
    assert not health.is_open
    fail(health, 2)
    assert not health.is_open


def test_a_try_that_fails_opens_it_again_at_once() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3)
    clock.at += 30.0

    fail(health, 1)

    assert health.is_open
    clock.at += 29.9
    assert health.is_open


def test_a_try_that_tells_nothing_leaves_it_half_open() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3)
    clock.at += 30.0

    health.enter()
    health.leave()

    assert not health.is_open


def test_it_is_left_alone_for_as_long_as_it_asks() -> None:
    clock = StillClock()
    health = fresh(clock)

    fail(health, 1, pause_s=2.0)

    assert health.is_open
    clock.at += 2.0
    assert not health.is_open


def test_pauses_that_it_asks_for_are_no_rest_for_failures_in_a_row() -> None:
    """Ten requests that were under way get the same ``retry-after``: it holds, and no more."""
    clock = StillClock()
    health = fresh(clock)

    fail(health, 2, pause_s=1.0)

    clock.at += 1.0
    assert not health.is_open


def test_a_late_failure_does_not_shorten_a_rest() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 1, pause_s=20.0)

    fail(health, 1, pause_s=1.0)

    clock.at += 19.0
    assert health.is_open


def test_the_longer_of_rest_and_pause_counts() -> None:
    clock = StillClock()
    health = fresh(clock)

    fail(health, 3, pause_s=50.0)

    clock.at += 40.0
    assert health.is_open


def test_it_is_full_with_as_many_requests_as_may_run() -> None:
    health = fresh(StillClock(), max_concurrency=2)

    health.enter()
    assert not health.is_full
    health.enter()
    assert health.is_full
    health.leave()
    assert not health.is_full
    assert not fresh(StillClock()).is_full
