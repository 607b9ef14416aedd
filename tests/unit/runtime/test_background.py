import asyncio
from collections.abc import Awaitable

import structlog

from antechamber.runtime.background import Background


async def fail() -> None:
    raise RuntimeError("no luck")


async def finish(done: list[str], first: Awaitable[object]) -> None:
    await first
    done.append("finished")


async def wait_for_ever(done: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        done.append("cleaned up")


async def test_work_runs_under_its_name() -> None:
    background, done = Background(), list[str]()

    task = background.spawn("tidy", finish(done, asyncio.sleep(0)))
    await task

    assert (task.get_name(), done) == ("tidy", ["finished"])
    await background.aclose()


async def test_closing_ends_what_still_runs_and_waits_for_it() -> None:
    background, done = Background(), list[str]()
    background.spawn("first", wait_for_ever(done))
    background.spawn("second", wait_for_ever(done))
    await asyncio.sleep(0)

    await background.aclose()

    assert done == ["cleaned up", "cleaned up"]


async def test_closing_ends_what_has_not_begun() -> None:
    background, done = Background(), list[str]()
    task = background.spawn("late", wait_for_ever(done))

    await background.aclose()

    assert task.cancelled()
    assert done == []


async def test_closing_twice_or_with_nothing_to_do_does_nothing() -> None:
    background = Background()

    await background.aclose()
    await background.aclose()


async def test_a_failure_that_nobody_awaits_is_logged_under_its_name() -> None:
    background = Background()

    with structlog.testing.capture_logs() as logs:
        background.spawn("ready-local", fail())
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    (entry,) = logs
    assert (entry["event"], entry["task"]) == ("task_failed", "ready-local")
    assert isinstance(entry["exc_info"], RuntimeError)
    await background.aclose()


async def test_what_was_cancelled_is_no_failure() -> None:
    background = Background()

    with structlog.testing.capture_logs() as logs:
        background.spawn("forever", wait_for_ever([])).cancel()
        await background.aclose()

    assert logs == []
