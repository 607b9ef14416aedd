"""The circuits of an engine: closed, open, half open; and how many requests it takes."""

import pytest

from antechamber.operations.answering.health import BreakerSettings, EngineHealth
from antechamber.wire.errors import (
    EngineFailed,
    EngineFault,
    EngineLacksModel,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    Overloaded,
)
from tests.unit.operations.stage import StillClock

MODEL, OTHER = "large", "small"


def fresh(clock: StillClock, *, max_concurrency: int | None = None) -> EngineHealth:
    settings = BreakerSettings(failures=3, open_s=30.0)
    return EngineHealth("a", settings, clock, max_concurrency=max_concurrency)


def fail(
    health: EngineHealth,
    times: int,
    *,
    pause_s: float | None = None,
    model: str = MODEL,
    kind: type[EngineFault] = EngineFailed,
) -> None:
    for _ in range(times):
        health.enter(model).failed(kind("broken", retry_after_s=pause_s))


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    health = fresh(StillClock())

    fail(health, 2)
    health.enter(MODEL).succeeded()
    fail(health, 2)
    assert not health.is_open(MODEL)
    fail(health, 1)
    assert health.is_open(MODEL)


def test_it_is_half_open_when_the_time_is_over_and_closed_after_a_success() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3)

    clock.at += 29.9
    assert health.is_open(MODEL)
    clock.at += 0.1
    assert not health.is_open(MODEL)
    probe = health.enter(MODEL)
    assert health.is_open(MODEL), "one request tries, the others go elsewhere"
    probe.succeeded()
    assert not health.is_open(MODEL)
    fail(health, 2)
    assert not health.is_open(MODEL)


def test_a_try_that_fails_opens_it_again_at_once() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3)
    clock.at += 30.0

    fail(health, 1)

    assert health.is_open(MODEL)
    clock.at += 29.9
    assert health.is_open(MODEL)


def test_a_try_that_tells_nothing_leaves_it_half_open() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3)
    clock.at += 30.0

    health.enter(MODEL).leave()

    assert not health.is_open(MODEL)


def test_while_one_request_tries_the_end_of_an_older_one_lets_no_second_one_try() -> None:
    clock = StillClock()
    health = fresh(clock)
    older = health.enter(MODEL)
    fail(health, 3)
    forced = health.enter(MODEL)
    clock.at += 30.0

    probe = health.enter(MODEL)
    older.leave()
    forced.leave()

    assert health.is_open(MODEL)
    probe.leave()
    assert not health.is_open(MODEL)


def test_what_began_before_it_opened_does_not_close_it() -> None:
    """A long stream ends well, and no new request does."""
    clock = StillClock()
    health = fresh(clock)
    older = health.enter(MODEL)
    fail(health, 3)

    older.succeeded()

    assert health.is_open(MODEL)
    health.enter(MODEL).succeeded()
    assert not health.is_open(MODEL)


def test_one_that_was_sent_all_the_same_closes_it() -> None:
    """With nobody else there somebody has to try, before the time is over too."""
    health = fresh(StillClock())
    fail(health, 3)

    health.enter(MODEL).succeeded()

    assert not health.is_open(MODEL)


def test_a_success_closes_it_while_another_request_still_tries() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3)
    clock.at += 30.0
    probe = health.enter(MODEL)

    health.enter(MODEL).succeeded()

    assert not health.is_open(MODEL)
    probe.leave()
    assert not health.is_open(MODEL)


def test_it_is_left_alone_for_as_long_as_it_asks() -> None:
    clock = StillClock()
    health = fresh(clock)

    fail(health, 1, pause_s=2.0)

    assert health.is_open(MODEL)
    clock.at += 2.0
    assert not health.is_open(MODEL)
    health.enter(MODEL)
    assert not health.is_open(MODEL), "it said when to come: nobody has to try first"


@pytest.mark.parametrize("seconds", [86_400.0, 1e300])
def test_nobody_is_left_alone_for_longer_than_limits_take_to_be_refilled(seconds: float) -> None:
    clock = StillClock()
    health = fresh(clock)

    fail(health, 1, pause_s=seconds)

    clock.at += 59.0
    assert health.is_open(MODEL)
    clock.at += 1.0
    assert not health.is_open(MODEL)


def test_pauses_that_it_asks_for_are_no_rest_for_failures_in_a_row() -> None:
    """Ten requests that were under way get the same ``retry-after``: it holds, and no more."""
    clock = StillClock()
    health = fresh(clock)

    fail(health, 2, pause_s=1.0)

    clock.at += 1.0
    assert not health.is_open(MODEL)


def test_a_late_failure_does_not_shorten_a_rest() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 1, pause_s=20.0)

    fail(health, 1, pause_s=1.0)

    clock.at += 19.0
    assert health.is_open(MODEL)


def test_the_longer_of_rest_and_pause_counts() -> None:
    clock = StillClock()
    health = fresh(clock)

    fail(health, 3, pause_s=50.0)

    clock.at += 40.0
    assert health.is_open(MODEL)


@pytest.mark.parametrize("kind", [EngineRateLimited, EngineLacksModel])
def test_limits_and_refusals_are_those_of_one_model(kind: type[EngineFault]) -> None:
    """Limits are counted by model, and what is not there or not allowed is one model too."""
    health = fresh(StillClock())

    fail(health, 3, kind=kind)

    assert health.is_open(MODEL)
    assert not health.is_open(OTHER)


@pytest.mark.parametrize("kind", [EngineFailed, EngineTimedOut, Overloaded])
def test_failures_are_those_of_the_whole_engine(kind: type[EngineFault]) -> None:
    health = fresh(StillClock())

    fail(health, 2, kind=kind)
    fail(health, 1, kind=kind, model=OTHER)

    assert health.is_open(MODEL)
    assert health.is_open("another")


@pytest.mark.parametrize("kind", [EngineRateLimited, Overloaded])
def test_a_pause_is_that_of_one_model(kind: type[EngineFault]) -> None:
    health = fresh(StillClock())

    fail(health, 1, kind=kind, pause_s=10.0)

    assert health.is_open(MODEL)
    assert not health.is_open(OTHER)


def test_names_that_somebody_makes_up_are_not_kept_for_ever() -> None:
    """Pitfall T61: the oldest of them are forgotten."""
    health = fresh(StillClock())
    fail(health, 3, kind=EngineLacksModel)

    for number in range(255):
        fail(health, 3, kind=EngineLacksModel, model=f"invented-{number}")
    assert health.is_open(MODEL)
    fail(health, 3, kind=EngineLacksModel, model="invented-255")

    assert not health.is_open(MODEL)
    assert health.is_open("invented-255")


def test_names_that_somebody_makes_up_do_not_make_it_forget_a_rest() -> None:
    health = fresh(StillClock())
    fail(health, 3, kind=EngineLacksModel)

    for number in range(1_000):
        fail(health, 1, kind=EngineLacksModel, model=f"invented-{number}")

    assert health.is_open(MODEL)


def test_a_key_that_is_refused_is_the_whole_engines() -> None:
    health = fresh(StillClock())

    fail(health, 3, kind=EngineRefusesUs)

    assert health.is_open(OTHER)


def test_it_rests_until_its_pause_is_over_and_not_while_one_request_tries() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3, kind=EngineFailed)
    assert health.is_resting

    clock.at += 1_000.0
    probe = health.enter(MODEL)

    assert health.is_open(MODEL)
    assert not health.is_resting
    probe.leave()


def test_a_success_from_before_a_failed_probe_does_not_close_the_circuit() -> None:
    clock = StillClock()
    health = fresh(clock)
    fail(health, 3, kind=EngineFailed)
    old = health.enter(MODEL)
    clock.at += 1_000.0
    fail(health, 1, kind=EngineFailed)

    old.succeeded()

    assert health.is_open(MODEL)


def test_it_is_full_with_as_many_requests_as_may_run() -> None:
    health = fresh(StillClock(), max_concurrency=2)

    first = health.enter(MODEL)
    assert not health.is_full
    health.enter(OTHER)
    assert health.is_full
    first.leave()
    assert not health.is_full
    assert not fresh(StillClock()).is_full


def test_a_full_engine_takes_nobody_who_does_not_wait() -> None:
    health = fresh(StillClock(), max_concurrency=1)
    health.enter(MODEL)

    with pytest.raises(Overloaded):
        health.enter(MODEL)
