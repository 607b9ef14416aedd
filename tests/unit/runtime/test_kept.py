"""Values that are made once however many ask, and kept while there is room."""

import asyncio

import pytest

from antechamber.runtime.kept import Kept


class Makes:
    """Counts what it makes; ``go_on`` lets it."""

    def __init__(self, value: bytes = b"x" * 10, *, fails: bool = False) -> None:
        self.value = value
        self.made = 0
        self.ended = 0
        self.fails = fails
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self) -> bytes:
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.ended += 1
            raise
        self.made += 1
        if self.fails:
            raise LookupError("nothing there")
        return self.value


def kept(most_bytes: int = 100) -> Kept[bytes]:
    return Kept("make", most_bytes, len)


async def test_a_value_is_made_once() -> None:
    values, make = kept(), Makes()

    found = [await values.get("a", make) for _ in range(3)]

    assert found == [b"x" * 10] * 3
    assert make.made == 1


async def test_all_who_ask_at_a_time_share_one_making() -> None:
    values, make = kept(), Makes()
    make.go_on.clear()
    asking = [asyncio.create_task(values.get("a", make)) for _ in range(100)]
    await asyncio.sleep(0)

    make.go_on.set()
    found = await asyncio.gather(*asking)

    assert len(found) == 100
    assert make.made == 1


async def test_who_leaves_does_not_take_it_from_the_others() -> None:
    values, make = kept(), Makes()
    make.go_on.clear()
    first = asyncio.create_task(values.get("a", make))
    second = asyncio.create_task(values.get("a", make))
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.wait([first])
    make.go_on.set()

    assert await second == b"x" * 10


async def test_a_making_ends_with_the_last_who_waits_for_it() -> None:
    values, make = kept(), Makes()
    make.go_on.clear()
    asking = [asyncio.create_task(values.get("a", make)) for _ in range(2)]
    await asyncio.sleep(0)

    for each in asking:
        each.cancel()
        await asyncio.wait([each])
    make.go_on.set()
    await values.get("a", make)

    assert (make.ended, make.made) == (1, 1)


async def test_who_comes_while_a_making_is_ended_has_one_of_its_own() -> None:
    values, make = kept(), Makes()
    make.go_on.clear()
    first = asyncio.create_task(values.get("a", make))
    await asyncio.sleep(0)

    first.cancel()
    second = asyncio.create_task(values.get("a", make))
    third = asyncio.create_task(values.get("a", make))
    await asyncio.wait([first])
    make.go_on.set()

    assert await asyncio.gather(second, third) == [b"x" * 10] * 2
    assert (make.ended, make.made) == (1, 1)


async def test_a_failure_is_told_to_all_and_not_kept() -> None:
    values, make = kept(), Makes(fails=True)

    told = await asyncio.gather(
        values.get("a", make), values.get("a", make), return_exceptions=True
    )
    make.fails = False

    assert [type(each) for each in told] == [LookupError, LookupError]
    assert await values.get("a", make)
    assert make.made == 2


async def test_those_that_were_not_used_for_longest_go_first() -> None:
    values, make = kept(most_bytes=25), Makes()
    await values.get("a", make)
    await values.get("b", make)
    await values.get("a", make)

    await values.get("c", make)
    made = make.made
    await values.get("a", make)
    after_a = make.made
    await values.get("b", make)

    assert (made, after_a, make.made) == (3, 3, 4)


async def test_a_value_without_room_is_given_out_and_drives_none_out() -> None:
    values, make = kept(most_bytes=15), Makes()

    async def large() -> bytes:
        return b"y" * 16

    await values.get("a", make)

    assert await values.get("b", large)
    await values.get("a", make)

    assert make.made == 1


async def test_a_forgotten_value_is_made_again() -> None:
    values, make = kept(), Makes()
    await values.get("a", make)

    values.forget("a")
    await values.get("a", make)

    assert make.made == 2


async def test_what_is_forgotten_while_it_is_made_goes_to_those_who_wait_alone() -> None:
    values, old, new = kept(), Makes(b"old"), Makes(b"new")
    old.go_on.clear()
    new.go_on.clear()
    before = asyncio.create_task(values.get("a", old))
    await asyncio.sleep(0)

    values.forget("a")
    after = [asyncio.create_task(values.get("a", new))]
    await asyncio.sleep(0)
    old.go_on.set()
    assert await before == b"old"
    after.append(asyncio.create_task(values.get("a", new)))
    await asyncio.sleep(0)
    new.go_on.set()

    assert await asyncio.gather(*after, values.get("a", new)) == [b"new"] * 3
    assert await values.get("a", new) == b"new"
    assert (old.made, new.made) == (1, 1)


async def test_what_is_being_made_ends_with_the_keeper() -> None:
    values, make = kept(), Makes()
    make.go_on.clear()
    asking = asyncio.create_task(values.get("a", make))
    await asyncio.sleep(0)

    await values.aclose()

    with pytest.raises(asyncio.CancelledError):
        await asking
