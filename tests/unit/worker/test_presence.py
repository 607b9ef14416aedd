"""When a process may take others for dead."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from antechamber.wire.errors import Overloaded
from antechamber.worker.presence import Presence
from tests.unit.operations.stage import StillClock


@dataclass
class _Book:
    """Where signs of life are written."""

    faults: list[Exception] = field(default_factory=list)
    """What comes of the next ones."""
    signs: int = 0

    async def sign_in(self) -> None:
        if self.faults:
            raise self.faults.pop()
        self.signs += 1


async def _shown(presence: Presence, clock: StillClock, *pauses: float) -> None:
    await presence.show()
    for pause_s in pauses:
        await clock.sleep(pause_s)
        await presence.show()


@pytest.mark.parametrize(
    ("pauses", "may_judge"),
    [
        ([], False),
        ([2.0] * 9, False),
        ([2.0] * 10, True),
        # The database was away for half a minute, perhaps for all.
        ([2.0] * 10 + [30.0], False),
        ([2.0] * 10 + [30.0] + [2.0] * 9, False),
        ([2.0] * 10 + [30.0] + [2.0] * 10, True),
    ],
)
async def test_who_has_lived_for_long_without_a_gap_may_judge(
    pauses: list[float], may_judge: bool
) -> None:
    clock = StillClock()
    presence = Presence(clock, _Book().sign_in)

    await _shown(presence, clock, *pauses)

    assert presence.may_judge is may_judge


async def test_who_gives_no_sign_of_life_himself_may_not_judge() -> None:
    clock = StillClock()
    presence = Presence(clock, _Book().sign_in)
    await _shown(presence, clock, *[2.0] * 20)

    await clock.sleep(7.0)

    assert not presence.may_judge


@dataclass
class _EndingClock(StillClock):
    """Ends who sleeps after a while."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if len(self.slept) == 5:
            raise asyncio.CancelledError


async def test_signs_of_life_go_on_after_one_that_failed() -> None:
    book = _Book([ZeroDivisionError(), Overloaded("Overloaded")])

    with suppress(asyncio.CancelledError):
        await Presence(_EndingClock(), book.sign_in).keep_going()

    assert book.signs == 3
