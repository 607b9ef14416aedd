import asyncio

import pytest

from antechamber.engines.shared_attempt import SharedAttempt
from antechamber.wire.errors import EngineFailed, Overloaded


class Attempted:
    """Fails as often as it is told to, then counts."""

    def __init__(self, failures: int = 0) -> None:
        self.begun = 0
        self._failures = failures

    async def __call__(self) -> int:
        self.begun += 1
        await asyncio.sleep(0)
        if self.begun <= self._failures:
            raise Overloaded("not yet")
        return self.begun


async def test_all_who_wait_share_one_attempt() -> None:
    attempt = Attempted()
    shared = SharedAttempt("count", attempt, abandoned="Gone.")

    assert await asyncio.gather(*(shared.outcome() for _ in range(5))) == [1] * 5
    assert shared.known == 1


async def test_a_failure_is_everybodys_and_the_next_one_tries_again() -> None:
    shared = SharedAttempt("count", Attempted(failures=1), abandoned="Gone.")
    outcomes = await asyncio.gather(*(shared.outcome() for _ in range(3)), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes] == [Overloaded] * 3
    assert shared.known is None
    assert await shared.outcome() == 2


async def test_each_who_waits_gets_an_error_of_their_own_that_says_the_same() -> None:
    async def refused() -> int:
        await asyncio.sleep(0)
        raise Overloaded("not yet", retry_after_s=3.0) from OSError("no route")

    shared = SharedAttempt("count", refused, abandoned="Gone.")
    outcomes = await asyncio.gather(*(shared.outcome() for _ in range(3)), return_exceptions=True)

    errors = [outcome for outcome in outcomes if isinstance(outcome, Overloaded)]
    assert len({id(error) for error in errors}) == 3
    assert {(error.message, error.retry_after_s) for error in errors} == {("not yet", 3.0)}
    assert {str(error.__cause__) for error in errors} == {"no route"}


async def test_what_was_lost_is_looked_up_again() -> None:
    shared = SharedAttempt("count", Attempted(), abandoned="Gone.")
    await shared.outcome()

    shared.lost()

    assert shared.known is None
    assert await shared.outcome() == 2


@pytest.mark.parametrize("turns", [0, 1], ids=["before it begins", "in its middle"])
async def test_who_waits_for_an_attempt_that_is_ended_is_told(turns: int) -> None:
    shared = SharedAttempt("count", asyncio.Event().wait, abandoned="Gone.")
    waiting = asyncio.create_task(shared.outcome())
    await asyncio.sleep(0)
    for _ in range(turns):
        await asyncio.sleep(0)
    await shared.aclose()

    with pytest.raises(EngineFailed, match=r"^Gone\.$"):
        await waiting
    assert shared.known is None
