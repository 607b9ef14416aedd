"""A reply in time: delays, usage as it grows, faults, and leaving in the middle."""

import asyncio
from contextlib import aclosing

import pytest

from antechamber.engines.scripted.play import EVENTS_AT_ONCE
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    ConnectionCut,
    EngineEvent,
    TextOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.errors import ApiError, Overloaded
from tests.engines.scripted.stage import (
    StillClock,
    engine,
    order,
    played,
    shown,
    usage,
)

FOUR_WORDS = '[[replies]]\ntext = "one two three four"\n'


async def test_a_reply_is_a_block_of_pieces_between_its_input_and_its_end() -> None:
    events = await played(engine('[[replies]]\ntext = "Hi you"'), order("Hello there"))

    assert events == [
        UsageReported(input_tokens=6),
        TextOpened(),
        UsageReported(output_tokens=1, thinking_tokens=0),
        BlockDelta(text="Hi"),
        UsageReported(output_tokens=2, thinking_tokens=0),
        BlockDelta(text=" you"),
        BlockClosed(),
        UsageReported(output_tokens=2, thinking_tokens=0),
        TurnEnded(stop_reason="end_turn"),
    ]


@pytest.mark.parametrize(
    ("head", "own", "slept"),
    [
        ("", "", []),
        ("", "delay_s = 0.5\ntoken_delay_s = 0.02", [0.5, 0.02, 0.02, 0.02, 0.02]),
        ("delay_s = 2", "", [2.0]),
        ("delay_s = 2\ntoken_delay_s = 1", "delay_s = 0", [1.0] * 4),
    ],
)
async def test_delays_come_before_the_first_event_and_before_each_token(
    head: str, own: str, slept: list[float]
) -> None:
    clock = StillClock()

    await played(engine(f"{head}\n{FOUR_WORDS}{own}", clock), order())

    assert clock.slept == slept


async def test_a_piece_set_by_hand_waits_for_all_its_tokens() -> None:
    clock = StillClock()
    chunks = (
        '[[replies]]\ntoken_delay_s = 0.5\ncontent = [{ type = "text", chunks = ["a b c", "d"] }]'
    )

    await played(engine(chunks, clock), order())

    assert clock.slept == [1.5, 0.5]


async def test_nothing_comes_before_the_delay() -> None:
    released = asyncio.Event()

    class Waiting(StillClock):
        async def sleep(self, seconds: float) -> None:
            await released.wait()

    prepared = await engine(f"delay_s = 5\n{FOUR_WORDS}", Waiting()).prepare(order())
    async with aclosing(prepared.events()) as events, asyncio.timeout(30):
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert not first.done()

        released.set()

        assert isinstance(await first, UsageReported)


async def test_counts_only_grow_and_end_with_what_was_sent() -> None:
    scripted = engine(
        '[[replies]]\n[[replies.content]]\ntype = "thinking"\n'
        'thinking = "let me see"\nalways = true\n'
        '[[replies.content]]\ntype = "text"\ntext = "one two"\n'
    )

    events = await played(scripted, order())

    counts = [e.output_tokens for e in events if isinstance(e, UsageReported) and e.output_tokens]
    assert counts == sorted(counts)
    assert usage(events).output_tokens == 5
    assert usage(events).thinking_tokens == 3


@pytest.mark.parametrize("output_tokens", [1, 4, 400])
async def test_scripted_usage_is_reported_as_it_stands(output_tokens: int) -> None:
    scripted = engine(
        f"{FOUR_WORDS}usage = {{ input_tokens = 25, output_tokens = {output_tokens}, "
        "thinking_tokens = 7, cache_read_input_tokens = 2048, cache_creation_input_tokens = 5 }"
    )

    events = await played(scripted, order())

    assert usage(events) == UsageReported(
        input_tokens=25,
        output_tokens=output_tokens,
        thinking_tokens=7,
        cache_read_input_tokens=2048,
        cache_creation_input_tokens=5,
    )
    counts = [e.output_tokens for e in events if isinstance(e, UsageReported) and e.output_tokens]
    assert counts == sorted(counts)


async def test_an_error_comes_after_the_delay_and_instead_of_everything() -> None:
    clock = StillClock()
    scripted = engine('[[replies]]\ndelay_s = 3\nerror = { status = 529, message = "Full" }', clock)
    prepared = await scripted.prepare(order())

    with pytest.raises(Overloaded, match="Full"):
        await anext(prepared.events())

    assert clock.slept == [3]


async def _until_it_breaks(fault: str) -> tuple[list[EngineEvent], ApiError | ConnectionCut]:
    prepared = await engine(f"{FOUR_WORDS}{fault}").prepare(order())
    events: list[EngineEvent] = []
    try:
        async for event in prepared.events():
            events.append(event)  # noqa: PERF401, what came before the error is wanted
    except (ApiError, ConnectionCut) as error:
        return events, error
    pytest.fail("it did not break")


@pytest.mark.parametrize(
    ("after", "text"),
    [(0, None), (1, ""), (2, "one"), (3, "one two"), (6, "one two three four"), (99, None)],
)
async def test_a_fault_comes_after_that_many_events_and_before_the_end(
    after: int, text: str | None
) -> None:
    failed, error = await _until_it_breaks(
        f'fail_after = {{ events = {after}, type = "overloaded_error" }}'
    )
    cut, no_word = await _until_it_breaks(f"cut_after = {after}")

    assert isinstance(error, Overloaded)
    assert isinstance(no_word, ConnectionCut)
    assert failed == cut
    blocks = [event for event in cut if not isinstance(event, UsageReported)]
    assert len(blocks) == min(after, 6)
    assert not any(isinstance(event, TurnEnded) for event in cut)
    assert isinstance(cut[0], UsageReported)
    if text is not None:
        assert shown(cut) == [("text", text)]


async def test_who_leaves_has_been_told_of_every_token_that_they_saw() -> None:
    events, _ = await _until_it_breaks("cut_after = 3")

    assert usage(events).output_tokens == 2


async def test_a_reply_that_hangs_is_silent_until_it_is_cancelled() -> None:
    clock = StillClock()
    prepared = await engine(f"{FOUR_WORDS}hang_after = 2", clock).prepare(order())
    seen: list[EngineEvent] = []

    async def listen() -> None:
        async with aclosing(prepared.events()) as events:
            async for event in events:
                seen.append(event)  # noqa: PERF401, the task is cancelled in the middle

    task = asyncio.ensure_future(listen())
    for _ in range(50):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert shown(seen) == [("text", "one")]


@pytest.mark.parametrize("taken", [0, 1, 3, 6])
async def test_leaving_at_any_point_closes_cleanly(taken: int) -> None:
    prepared = await engine(FOUR_WORDS).prepare(order())
    events = prepared.events()
    for _ in range(taken):
        await anext(events)

    await events.aclose()

    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_a_long_reply_without_delays_lets_others_run() -> None:
    prepared = await engine(f'[[replies]]\ntext = "{"word " * EVENTS_AT_ONCE}"').prepare(order())
    ran = asyncio.Event()
    asyncio.get_running_loop().call_soon(ran.set)

    async for _ in prepared.events():
        pass

    assert ran.is_set()
