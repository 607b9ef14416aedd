"""Which engine a request asks next, after which pause, and when it gives up."""

import pytest

from antechamber.operations.answering.attempts import Attempts
from antechamber.wire.errors import (
    EngineFailed,
    EngineFault,
    EngineRateLimited,
    EngineRefusesUs,
    InvalidRequest,
    Overloaded,
)
from tests.unit.operations.stage import FACTS, Stage, candidate

FAULT = EngineFailed("broken")


async def tried(attempts: Attempts, *faults: EngineFault) -> list[str]:
    """Return who is asked while ``faults`` come one after the other; ends when nobody is left."""
    asked = [(await attempts.first()).engine.name]
    for fault in faults:
        try:
            asked.append((await attempts.after(fault, request_id="req_1")).engine.name)
        except EngineFault as raised:
            assert raised is fault
            asked.append("-")
            break
    return asked


def limited(seconds: float | None) -> EngineRateLimited:
    return EngineRateLimited("slow down", retry_after_s=seconds)


async def test_engines_are_asked_in_order_and_without_pause() -> None:
    stage = Stage([candidate("a"), candidate("b"), candidate("c")])

    assert await tried(stage.attempts(), FAULT, FAULT, FAULT) == ["a", "b", "c", "-"]
    assert stage.clock.slept == []


async def test_a_round_over_all_engines_comes_before_the_first_repetition() -> None:
    stage = Stage([candidate("a", retries=2), candidate("b", retries=1)])

    found = await tried(stage.attempts(), *[FAULT] * 6)

    assert found == ["a", "b", "a", "b", "a", "-"]
    assert stage.clock.slept == [0.5, 1.0]


async def test_pauses_double_up_to_the_longest() -> None:
    """anthropics/anthropic-sdk-python: 0.5 s, doubled each time, 8 s at most."""
    stage = Stage([candidate("a", retries=10)], failures=99)

    found = await tried(stage.attempts(), *[FAULT] * 11)

    assert found == [*["a"] * 11, "-"]
    assert stage.clock.slept == [0.5, 1.0, 2.0, 4.0, *[8.0] * 6]


async def test_up_to_a_quarter_of_a_pause_is_left_to_chance() -> None:
    stage = Stage([candidate("a", retries=1)], random=1.0)

    await tried(stage.attempts(), FAULT)

    assert stage.clock.slept == [0.375]


async def test_an_engine_that_says_when_is_asked_then() -> None:
    stage = Stage([candidate("a", retries=2)])

    assert await tried(stage.attempts(), limited(3.0), FAULT) == ["a", "a", "a"]
    assert stage.clock.slept == [3.0, 1.0]


async def test_a_pause_of_nothing_is_the_usual_one() -> None:
    """As the SDKs read ``retry-after: 0``."""
    stage = Stage([candidate("a", retries=1)])

    await tried(stage.attempts(), limited(0.0))

    assert stage.clock.slept == [0.5]


async def test_of_several_pauses_the_longest_counts() -> None:
    stage = Stage([candidate("a", retries=1), candidate("b", retries=1)])

    await tried(stage.attempts(), limited(2.0), limited(5.0))

    assert stage.clock.slept == [5.0]


async def test_who_asks_for_too_long_a_pause_is_not_waited_for() -> None:
    stage = Stage([candidate("a", retries=2)])

    assert await tried(stage.attempts(), limited(8.5)) == ["a", "-"]
    assert stage.clock.slept == []


async def test_one_long_pause_does_not_keep_the_others_from_another_try() -> None:
    stage = Stage([candidate("a", retries=1), candidate("b", retries=1)])

    assert await tried(stage.attempts(), limited(60.0), FAULT, FAULT) == ["a", "b", "b", "-"]
    assert stage.clock.slept == [0.5]


async def test_who_refuses_us_is_not_asked_again() -> None:
    stage = Stage([candidate("a", retries=2), candidate("b", retries=1)])
    refusal = EngineRefusesUs("no such key")

    assert await tried(stage.attempts(), refusal, FAULT, FAULT) == ["a", "b", "b", "-"]


@pytest.mark.parametrize("fault", [FAULT, EngineRefusesUs("no such key")], ids=["fault", "refusal"])
@pytest.mark.parametrize("says", [True, False])
async def test_what_an_upstream_says_of_a_repetition_goes_before_the_kind_of_fault(
    fault: EngineFault, says: bool
) -> None:
    """Pitfall T64. ``False`` is about the same request there: another engine may be asked."""
    attempts = Stage([candidate("a", retries=1), candidate("b", retries=1)]).attempts()
    assert (await attempts.first()).engine.name == "a"
    asked: list[str] = []

    with pytest.raises(EngineFault):
        while True:
            following = await attempts.after(fault, request_id="req_1", may_repeat=says)
            asked.append(following.engine.name)

    assert asked == (["b", "a", "b"] if says else ["b"])


async def test_what_an_engine_lacks_leads_to_the_next_and_says_nothing_of_its_health() -> None:
    stage = Stage([candidate("a", retries=2), candidate("b", retries=1)], failures=1)
    attempts = stage.attempts()
    await attempts.first()

    following = await attempts.after(InvalidRequest("Not available on a"), request_id="req_1")

    assert following.engine.name == "b"
    assert not stage.health["a"].is_open(FACTS.id)
    again = await attempts.after(FAULT, request_id="req_1")
    assert again.engine.name == "b", "a would lack it again"


async def test_what_all_engines_lack_is_told() -> None:
    attempts = Stage([candidate("a", retries=2), candidate("b")]).attempts()
    await attempts.first()
    lacks = InvalidRequest("Not available on a")

    await attempts.after(lacks, request_id="req_1")
    with pytest.raises(InvalidRequest) as caught:
        await attempts.after(InvalidRequest("Not available on b"), request_id="req_1")

    assert caught.value is lacks


async def test_what_the_preferred_engine_says_of_a_request_is_told_whoever_fails_then() -> None:
    attempts = Stage([candidate("a"), candidate("b")]).attempts()
    await attempts.first()
    too_long = InvalidRequest("prompt is too long: 9000 tokens > 4096 maximum")

    await attempts.after(too_long, request_id="req_1")
    with pytest.raises(InvalidRequest) as caught:
        await attempts.after(FAULT, request_id="req_1")

    assert caught.value is too_long


async def test_what_an_engine_says_of_a_request_goes_before_its_own_earlier_fault() -> None:
    attempts = Stage([candidate("a", retries=2), candidate("b")]).attempts()
    await attempts.first()
    too_long = InvalidRequest("prompt is too long: 9000 tokens > 4096 maximum")

    await attempts.after(FAULT, request_id="req_1")
    await attempts.after(InvalidRequest("Not available on b"), request_id="req_1")
    with pytest.raises(InvalidRequest) as caught:
        await attempts.after(too_long, request_id="req_1")

    assert caught.value is too_long


async def test_the_fault_of_an_engine_is_told_and_not_what_its_stand_in_lacks() -> None:
    attempts = Stage([candidate("a"), candidate("b")]).attempts()
    await attempts.first()

    await attempts.after(FAULT, request_id="req_1")
    with pytest.raises(EngineFailed) as caught:
        await attempts.after(InvalidRequest("Not available on b"), request_id="req_1")

    assert caught.value is FAULT


async def test_a_limit_of_one_model_leaves_the_engine_to_the_others() -> None:
    stage = Stage([candidate("a"), candidate("b")])
    stage.health["a"].enter("small").failed(limited(5.0))

    assert (await stage.attempts().first()).engine.name == "a"
    stage.health["a"].enter(FACTS.id).failed(limited(5.0))
    assert (await stage.attempts().first()).engine.name == "b"


async def test_a_full_engine_is_passed_over() -> None:
    stage = Stage([candidate("a"), candidate("b")], max_concurrency=1)
    running = stage.attempts()
    await running.first()

    second = stage.attempts()
    assert (await second.first()).engine.name == "b"
    with pytest.raises(Overloaded):
        await stage.attempts().first()
    running.close()
    assert (await stage.attempts().first()).engine.name == "a"


async def test_with_everybody_full_it_waits_as_often_as_it_may_repeat() -> None:
    stage = Stage([candidate("a", retries=2)], max_concurrency=1)
    await stage.attempts().first()

    with pytest.raises(Overloaded):
        await stage.attempts().first()

    assert stage.clock.slept == [0.5, 1.0]


async def test_who_is_left_alone_is_asked_last_and_not_never() -> None:
    stage = Stage([candidate("a"), candidate("b")])
    for _ in range(5):
        stage.health["a"].enter(FACTS.id).failed(FAULT)

    assert await tried(stage.attempts(), FAULT, FAULT) == ["b", "a", "-"]


async def test_one_request_tries_again_when_the_rest_is_over() -> None:
    stage = Stage([candidate("a"), candidate("b")])
    for _ in range(5):
        stage.health["a"].enter(FACTS.id).failed(FAULT)
    stage.clock.at += 30.0

    probe = stage.attempts()
    assert (await probe.first()).engine.name == "a"
    assert (await stage.attempts().first()).engine.name == "b"
    probe.succeeded()
    assert (await stage.attempts().first()).engine.name == "a"


async def test_a_request_that_is_over_holds_no_place() -> None:
    stage = Stage([candidate("a", retries=1)], max_concurrency=1)
    for ending in ("succeeded", "close", "after"):
        attempts = stage.attempts()
        await attempts.first()
        if ending == "after":
            await attempts.after(FAULT, request_id="req_1")
            attempts.failed(FAULT)
        else:
            getattr(attempts, ending)()
        attempts.close()
        assert not stage.health["a"].is_full
