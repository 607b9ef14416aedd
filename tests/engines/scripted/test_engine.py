"""The engine as the rest of the server sees it: counting, the window, its contract."""

from typing import Any

import pytest

from antechamber.engines.base import Engine, EngineLimits
from antechamber.engines.scripted.estimate import MEDIA_TOKENS, MESSAGE_TOKENS
from antechamber.engines.scripted.tokens import count_tokens
from antechamber.wire.errors import InvalidRequest
from tests.engines.scripted.stage import (
    answered,
    counting,
    ending,
    engine,
    order,
    played,
    shown,
    usage,
)
from tests.unit.media.images import in_base64, png

WEATHER_TOOL = {
    "name": "get_weather",
    "description": "Tells the weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
IMAGE = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo=" * 1_000},
}

SIZED = {
    "type": "image",
    "source": {"type": "base64", "media_type": "image/png", "data": in_base64(png(1_000, 1_000))},
}


async def test_it_is_an_engine() -> None:
    scripted: Engine = engine("window_tokens = 4096")

    await scripted.ready()

    assert scripted.name == "replies"
    assert scripted.limits == EngineLimits(
        window_tokens=4096, image_input=True, pdf_input=True, url_input=True
    )
    await scripted.aclose()
    await scripted.aclose()


@pytest.mark.parametrize(
    ("messages", "fields", "tokens"),
    [
        (("Hello",), {}, MESSAGE_TOKENS + 1),
        (("Hello", {"role": "assistant", "content": "Hi"}), {}, 2 * MESSAGE_TOKENS + 2),
        (("Hello",), {"system": "Be brief."}, MESSAGE_TOKENS + 1 + 3),
        (
            ("Hello",),
            {"system": [{"type": "text", "text": "Be.", "cache_control": {"type": "ephemeral"}}]},
            MESSAGE_TOKENS + 1 + 2,
        ),
        (({"role": "user", "content": [IMAGE]},), {}, MESSAGE_TOKENS + MEDIA_TOKENS),
        (({"role": "user", "content": [SIZED]},), {}, MESSAGE_TOKENS + 1_296),
    ],
)
async def test_input_is_counted_by_its_text(
    messages: tuple[object, ...], fields: dict[str, Any], tokens: int
) -> None:
    prepared = await engine("").prepare(order(*messages, **fields))

    assert prepared.input_tokens == tokens


async def test_tools_count_with_their_schemas() -> None:
    with_tool = await engine("").prepare(order("Hello", tools=[WEATHER_TOOL]))
    without = await engine("").prepare(order("Hello"))

    schema = '{"type":"object","properties":{"city":{"type":"string"}}}'
    words = sum(map(count_tokens, ("get_weather", "Tells the weather.", schema)))
    assert with_tool.input_tokens - without.input_tokens == words


async def test_what_was_cited_is_not_counted_again_when_it_is_sent_back() -> None:
    cited = {
        "type": "char_location",
        "cited_text": "The rent is 940 euros a month. " * 50,
        "document_index": 0,
        "document_title": "Lease",
        "start_char_index": 0,
        "end_char_index": 1_550,
    }
    counts = [
        (await engine("").prepare(order("Hello", answer(citations), "Go on"))).input_tokens
        for citations in ([cited], None)
    ]

    assert counts[0] == counts[1]


def answer(citations: object) -> dict[str, Any]:
    text = {"type": "text", "text": "940 euros.", "citations": citations}
    return {"role": "assistant", "content": [text]}


async def test_open_objects_may_hold_anything() -> None:
    fallback = {
        "type": "fallback",
        "from": {"model": "a"},
        "to": {"model": "b"},
        "trigger": {"type": ["odd"], "signature": None, "n": 10**30},
    }

    prepared = await engine("").prepare(
        order("Hello", {"role": "assistant", "content": [fallback]}, "Go on")
    )

    assert prepared.input_tokens > 3 * MESSAGE_TOKENS


@pytest.mark.parametrize("replies", ["", "[[replies]]\nusage = { input_tokens = 25 }"])
async def test_counting_gives_what_the_request_then_reports(replies: str) -> None:
    """T38: tools, system and thinking included."""
    thought = {"type": "thinking", "thinking": "Hm, well.", "signature": "c2ln"}
    said = {"role": "assistant", "content": [thought, {"type": "text", "text": "Yes?"}]}
    asked = ("Hello", said, {"role": "user", "content": [IMAGE]})
    fields: dict[str, Any] = {"system": "Be brief.", "tools": [WEATHER_TOOL]}
    scripted = engine(replies)

    counted = await scripted.prepare(counting(*asked, **fields))
    prepared = await scripted.prepare(order(*asked, **fields))
    events = [event async for event in prepared.events()]

    assert counted.input_tokens == prepared.input_tokens == usage(events).input_tokens


async def test_what_exceeds_the_window_is_refused_in_the_hosted_words_and_uses_up_nothing() -> None:
    scripted = engine('window_tokens = 10\n[[replies]]\ntimes = 1\ntext = "a"')

    with pytest.raises(InvalidRequest) as caught:
        await scripted.prepare(order("one two three four five six seven"))

    assert caught.value.message == "prompt is too long: 11 tokens > 10 maximum"
    assert await answered(scripted, order("one")) == "a"


async def test_what_exceeds_the_window_can_still_be_counted() -> None:
    prepared = await engine("window_tokens = 5").prepare(counting("one two three"))

    assert prepared.input_tokens == 7


@pytest.mark.parametrize(
    ("max_tokens", "text", "reason"),
    [
        (2, "one two", "max_tokens"),
        (3, "one two three", "max_tokens"),
        (4, "one two three", "model_context_window_exceeded"),
    ],
)
async def test_a_reply_ends_where_the_window_is_full(
    max_tokens: int, text: str, reason: str
) -> None:
    scripted = engine('window_tokens = 8\n[[replies]]\ntext = "one two three four five"')

    events = await played(scripted, order("Hello", max_tokens=max_tokens))

    assert shown(events) == [("text", text)]
    assert ending(events).stop_reason == reason


async def test_warming_up_generates_nothing() -> None:
    events = await played(engine('[[replies]]\ntext = "a"'), order(max_tokens=0))

    assert shown(events) == []
    assert ending(events).stop_reason == "max_tokens"
    assert usage(events).output_tokens == 0
