"""Values that are remembered for seconds: how old one may be, and what happens when none comes."""

import asyncio

import pytest
import structlog

from antechamber.runtime.background import Background
from antechamber.runtime.refreshed import Refreshed, Unreadable
from tests.unit.operations.stage import StillClock


class _Place:
    """Where the values are: a number that each reading makes larger."""

    def __init__(self, *, patience_s: float = 60.0) -> None:
        self.clock = StillClock()
        self.background = Background()
        self.reads = self.tries = 0
        self.is_away = self.hangs = False
        self._patience_s = patience_s
        self.known = Refreshed(self._read, self.clock, self.background, patience_s=patience_s)

    async def _read(self, name: str) -> str:
        self.tries += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self._patience_s:
            await asyncio.sleep(0)
        if self.is_away:
            raise Unreadable
        self.reads += 1
        return f"{name} {self.reads}"

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_value_is_read_once_and_then_remembered() -> None:
    place = _Place()

    before = place.known.remembered("a")
    values = [await place.known.get("a") for _ in range(3)]

    assert before is None
    assert values == ["a 1"] * 3
    assert place.known.remembered("a") == "a 1"


async def test_an_older_value_is_given_and_read_again_beside_it_once() -> None:
    place = _Place()
    await place.known.get("a")
    place.clock.at += 2.5

    given = [place.known.remembered("a") for _ in range(3)]
    await place.settle()

    assert given == ["a 1"] * 3
    assert place.known.remembered("a") == "a 2"
    assert place.reads == 2


async def test_no_value_is_given_after_five_seconds_without_reading_it() -> None:
    place = _Place()
    await place.known.get("a")
    place.clock.at += 4.5

    assert place.known.remembered("a") is None
    assert await place.known.get("a") == "a 2"


async def test_what_cannot_be_read_goes_on_as_it_was_for_a_while() -> None:
    place = _Place()
    await place.known.get("a")
    place.is_away = True
    place.clock.at += 60

    assert await place.known.get("a") == "a 1"
    place.clock.at += 300
    with pytest.raises(Unreadable):
        await place.known.get("a")
    with pytest.raises(Unreadable):
        await place.known.get("never read")


async def test_a_failure_beside_the_requests_is_tried_again() -> None:
    place = _Place()
    await place.known.get("a")
    place.is_away = True
    place.clock.at += 2.5
    place.known.remembered("a")
    await place.settle()

    place.is_away = False
    place.clock.at += 2.5
    place.known.remembered("a")
    await place.settle()

    assert place.known.remembered("a") == "a 2"


async def test_after_a_failure_nobody_waits_and_little_is_tried() -> None:
    place = _Place()
    await place.known.get("a")
    place.is_away = True
    place.clock.at += 60
    await place.known.get("a")
    tries = place.tries

    given: list[str | None] = []
    for _ in range(10):
        given += [await place.known.get("a"), place.known.remembered("a")]
        with pytest.raises(Unreadable):
            await place.known.get("never read")
        await place.settle()
    at_once = place.tries
    place.clock.at += 2.5
    given += [place.known.remembered("a"), place.known.remembered("a")]
    await place.settle()

    assert given == ["a 1"] * 22
    assert (at_once, place.tries) == (tries, tries + 1)


async def test_what_answers_again_is_asked_before_an_old_value_is_given() -> None:
    place = _Place()
    await place.known.get("a")
    place.is_away = True
    place.clock.at += 60
    await place.known.get("a")

    place.is_away = False
    place.clock.at += 6

    assert place.known.remembered("a") is None
    assert await place.known.get("a") == "a 2"


async def test_what_takes_too_long_counts_as_away() -> None:
    place = _Place(patience_s=0.0)
    await place.known.get("a")
    place.hangs = True
    place.clock.at += 60

    with structlog.testing.capture_logs() as lines:
        assert await place.known.get("a") == "a 1"
        with pytest.raises(Unreadable):
            await place.known.get("never read")

    assert place.tries == 2
    assert [line["reason"] for line in lines] == ["TimeoutError"]


async def test_those_who_need_one_value_wait_for_one_reading() -> None:
    place = _Place()
    leaving = asyncio.create_task(place.known.get("a"))
    others = [asyncio.create_task(place.known.get("a")) for _ in range(3)]
    await asyncio.sleep(0)

    leaving.cancel()

    assert await asyncio.gather(*others) == ["a 1"] * 3
    assert place.tries == 1


async def test_the_log_tells_once_a_minute_that_nothing_can_be_read() -> None:
    place = _Place()
    place.is_away = True

    with structlog.testing.capture_logs() as lines:
        for _ in range(30):
            with pytest.raises(Unreadable):
                await place.known.get("a")
            place.clock.at += 3

    assert [line["event"] for line in lines] == ["not_readable"] * 2
