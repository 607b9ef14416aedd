"""Values that are remembered for seconds: how old one may be, and what happens when none comes."""

import asyncio

import pytest

from antechamber.runtime.background import Background
from antechamber.runtime.refreshed import Refreshed, Unreadable
from tests.unit.operations.stage import StillClock


class _Place:
    """Where the values are: a number that each reading makes larger."""

    def __init__(self) -> None:
        self.clock = StillClock()
        self.background = Background()
        self.reads = 0
        self.is_away = False
        self.known = Refreshed(self._read, self.clock, self.background)

    async def _read(self, name: str) -> str:
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
    place.known.remembered("a")
    await place.settle()

    assert place.known.remembered("a") == "a 2"
