import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from antechamber.catalogue.facts import ModelFacts
from antechamber.engines.base import TurnOrder
from antechamber.engines.gemini import GeminiEngine
from antechamber.turn.events import (
    BlockDelta,
    EngineEvent,
    TextOpened,
    TurnEnded,
    UsageReported,
)
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineLacksModel,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    InvalidRequest,
    NotFound,
    Overloaded,
)
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request
from tests.engines.gemini.upstream import (
    KEY,
    Upstream,
    hangs,
    json_said,
    refusal,
    resets,
    said,
    streamed,
    upstream,
)
from tests.stream_grammar import check_stream
from tests.unit.dialects.gemini.recordings import ALL, EVERY_COUNT, TEXT, chunk
from tests.unit.dialects.gemini.scenes import MODEL, OFF, ON, sse
from tests.unit.turn.engine_turns import played, shown

PATIENCE_S = 10
HALF = [sse([chunk({"text": "The capital"})])]


def order(**fields: Any) -> TurnOrder:
    body = {
        "model": "claude-test-1",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "What is the capital of France?"}],
    }
    request = parse_message_request(encode_json(body | fields))
    return TurnOrder(
        request=request,
        facts=ModelFacts.unlisted("claude-test-1"),
        upstream_model=MODEL,
        thinking=OFF,
        max_tokens=request.max_tokens,
        request_id="req_1",
    )


def count_order() -> TurnOrder:
    body = {"model": "claude-test-1", "messages": [{"role": "user", "content": "Hi"}]}
    return replace(order(), request=parse_count_tokens_request(encode_json(body)), max_tokens=0)


@pytest.fixture
async def gemini() -> AsyncGenerator[Upstream, None]:
    async with asyncio.timeout(PATIENCE_S), upstream([sse(TEXT)]) as made:
        yield made


async def taken(engine: GeminiEngine, asked: TurnOrder) -> list[EngineEvent]:
    async with asyncio.timeout(PATIENCE_S):
        try:
            turn = await engine.prepare(asked)
            async with aclosing(turn.events()) as events:
                return [event async for event in events]
        finally:
            await engine.aclose()


async def prepared_tokens(engine: GeminiEngine, asked: TurnOrder) -> int:
    async with asyncio.timeout(PATIENCE_S):
        try:
            return (await engine.prepare(asked)).input_tokens
        finally:
            await engine.aclose()


def asked_for(made: Upstream, verb: str) -> list[tuple[str, Any]]:
    return [(path, body) for path, body in made.asked if verb in path]


# T1 T2 T6
@pytest.mark.parametrize("name", ALL)
async def test_every_recording_comes_through_as_a_stream_that_passes_the_grammar(
    gemini: Upstream, name: str
) -> None:
    gemini.generate = streamed(sse(ALL[name]))
    events = await taken(gemini.engine(), replace(order(), thinking=ON))

    check_stream(shown(played(events)))


async def test_a_turn_is_streamed_with_the_key_in_a_header(gemini: Upstream) -> None:
    events = await taken(gemini.engine(), order())

    assert [event.text for event in events if isinstance(event, BlockDelta)] == [
        "The capital of France is **Paris**."
    ]
    ((path, body),) = asked_for(gemini, "streamGenerateContent")
    assert path == f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
    assert body["generationConfig"]["maxOutputTokens"] == 100
    assert gemini.keys == {KEY}
    assert KEY not in str(gemini.asked)


# T37 T38
async def test_both_endpoints_count_the_whole_request_with_the_models_own_count(
    gemini: Upstream,
) -> None:
    tools = [{"name": "a", "input_schema": {"type": "object"}}]

    assert await prepared_tokens(gemini.engine(), order(tools=tools, system="Be brief.")) == 12
    assert await prepared_tokens(gemini.engine(), count_order()) == 12
    (_, body), _ = asked_for(gemini, "countTokens")
    assert {"model", "contents", "systemInstruction", "tools"} <= set(
        body["generateContentRequest"]
    )
    assert not asked_for(gemini, "streamGenerateContent")


# T37 T39
@pytest.mark.parametrize(
    "count",
    [
        refusal(404, "Method not found."),
        refusal(400, "Unsupported."),
        refusal(500, "Internal."),
        refusal(429, "Slow down."),
        said(200, b"<html>", "text/html"),
        json_said({}),
        json_said([]),
        resets,
        hangs,
    ],
)
async def test_a_count_that_fails_is_estimated_and_the_turn_goes_on(
    gemini: Upstream, count: Any
) -> None:
    gemini.count = count

    assert await prepared_tokens(gemini.engine(count_within_s=0.3), order()) >= 7
    assert await prepared_tokens(gemini.engine(count_within_s=0.3), count_order()) >= 1


async def test_a_key_that_is_no_good_is_found_out_before_the_turn_begins(gemini: Upstream) -> None:
    gemini.count = refusal(400, "API key not valid.", details=[{"reason": "API_KEY_INVALID"}])

    with pytest.raises(EngineRefusesUs, match="gemini refuses us: API key not valid"):
        await prepared_tokens(gemini.engine(), order())


# T39 T60
async def test_a_prompt_beyond_the_window_is_refused_and_can_be_counted() -> None:
    async with upstream([sse(TEXT)], tokens=1_001) as gemini:
        with pytest.raises(InvalidRequest, match="prompt is too long: 1001 tokens > 1000 maximum"):
            await prepared_tokens(gemini.engine(), order())
        assert await prepared_tokens(gemini.engine(), count_order()) == 1_001


async def test_the_engine_knows_the_window_once_it_is_ready(gemini: Upstream) -> None:
    engine = gemini.engine()
    before = engine.limits.window_tokens
    await engine.ready()
    await engine.aclose()

    assert (before, engine.limits.window_tokens) == (None, 1_000)
    assert engine.limits.image_input
    assert gemini.asked == [(f"/v1beta/models/{MODEL}", None)]


async def test_an_engine_without_a_model_is_ready_when_its_key_is_good(gemini: Upstream) -> None:
    engine = gemini.engine(model=None)
    await engine.ready()
    gemini.card = refusal(403, "No.")
    with pytest.raises(EngineRefusesUs):
        await engine.ready()
    await engine.aclose()


async def test_more_output_than_the_model_has_is_not_asked_for(gemini: Upstream) -> None:
    await taken(gemini.engine(), order(max_tokens=64_000))

    ((_, body),) = asked_for(gemini, "streamGenerateContent")
    assert body["generationConfig"]["maxOutputTokens"] == 500


async def test_a_model_that_nothing_is_known_of_is_asked_all_the_same(gemini: Upstream) -> None:
    gemini.card = refusal(404, "No such model.")
    engine = gemini.engine(model=None)
    asked = replace(order(max_tokens=64_000), upstream_model="models/gemini-x")

    assert (await taken(engine, asked))[-1] == TurnEnded(stop_reason="end_turn")
    ((path, body),) = asked_for(gemini, "streamGenerateContent")
    assert path.startswith("/v1beta/models/gemini-x:")
    assert body["generationConfig"]["maxOutputTokens"] == 64_000


async def test_a_tuned_model_is_asked_and_counted_in_its_own_collection(gemini: Upstream) -> None:
    await taken(gemini.engine(), replace(order(), upstream_model="tunedModels/mine-7x"))

    paths = [path.removeprefix("/v1beta/tunedModels/mine-7x") for path, _ in gemini.asked]
    assert paths == ["", ":countTokens", ":streamGenerateContent?alt=sse"]
    ((_, body),) = asked_for(gemini, "countTokens")
    assert body["generateContentRequest"]["model"] == "tunedModels/mine-7x"


@pytest.mark.parametrize("model", ["gemini-a/../../../y?z=1", "gemini-a/b", "..", "files/x"])
async def test_a_name_that_would_lead_elsewhere_goes_nowhere(gemini: Upstream, model: str) -> None:
    with pytest.raises(NotFound) as refusal:
        await taken(gemini.engine(), replace(order(), upstream_model=model))

    assert refusal.value.message == f"model: {model}"
    assert gemini.asked == []


async def test_t61_what_is_kept_of_models_has_a_bound(
    gemini: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("antechamber.engines.gemini.engine._MOST_CARDS", 3)
    engine = gemini.engine()
    await engine.ready()
    for name in ("a", "b", "c", "b", "d"):
        await engine.prepare(replace(order(), upstream_model=name))
    window = engine.limits.window_tokens
    await engine.aclose()

    assert list(engine._cards) == [f"models/{name}" for name in (MODEL, "b", "d")]
    assert window == 1_000


STRUCTURED = {
    "type": "object",
    "properties": {"n": {"type": "integer", "enum": [1, 2]}},
    "required": ["n"],
    "additionalProperties": False,
}


async def test_t52_structured_output_that_does_not_follow_its_schema_is_an_error(
    gemini: Upstream,
) -> None:
    asked = order(output_config={"format": {"type": "json_schema", "schema": STRUCTURED}})
    gemini.generate = streamed(
        sse([chunk({"text": '{"n": 2'}), chunk({"text": "}"}, finish="STOP")])
    )
    good = await taken(gemini.engine(), asked)
    gemini.generate = streamed(sse([chunk({"text": '{"n": 7, "extra": true}'}, finish="STOP")]))

    with pytest.raises(InvalidRequest, match="Schema is too complex for compilation"):
        await taken(gemini.engine(), asked)
    assert [event.text for event in good if isinstance(event, BlockDelta)] == ['{"n": 2}']


async def test_no_tokens_at_all_reads_the_prompt_and_shows_nothing(gemini: Upstream) -> None:
    gemini.generate = streamed(sse(EVERY_COUNT))
    events = await taken(gemini.engine(), order(max_tokens=0))

    assert events == [
        UsageReported(
            input_tokens=79, output_tokens=0, thinking_tokens=0, cache_read_input_tokens=3
        ),
        TurnEnded(stop_reason="max_tokens"),
    ]


@pytest.mark.parametrize(
    ("generate", "expected"),
    [
        (refusal(400, "Bad tool."), InvalidRequest),
        (refusal(401, "No."), EngineRefusesUs),
        (refusal(404, "No such model."), EngineLacksModel),
        (refusal(429, "Slow down."), EngineRateLimited),
        (refusal(500, "Internal."), EngineFailed),
        (refusal(503, "The model is overloaded."), Overloaded),
        (refusal(504, "Deadline."), EngineTimedOut),
        (said(502, b"<html>Bad gateway</html>", "text/html"), EngineFailed),
    ],
)
async def test_errors_come_before_the_first_event(
    gemini: Upstream, generate: Any, expected: type[ApiError]
) -> None:
    gemini.generate = generate

    with pytest.raises(ApiError) as raised:
        await taken(gemini.engine(), order())
    assert type(raised.value) is expected
    assert KEY not in raised.value.message


async def test_a_used_up_limit_says_when_to_come_back(gemini: Upstream) -> None:
    gemini.generate = refusal(429, "Slow down.", details=[{"retryDelay": "34.4s"}])

    with pytest.raises(EngineRateLimited) as raised:
        await taken(gemini.engine(), order())
    assert raised.value.retry_after_s == 34.4


# T59
@pytest.mark.parametrize(
    "generate",
    [
        said(200, b"<html>Sign in</html>", "text/html"),
        said(200, b"", "text/event-stream"),
        json_said([chunk({"text": "Hi"}, finish="STOP")]),
        streamed(b"data: {\n\n"),
        streamed(HALF[0], b'data: {"candidates": ['),
        streamed(HALF[0]),
        streamed(HALF[0], then=resets),
    ],
)
async def test_an_answer_that_is_none_or_breaks_off_is_a_failure_that_names_gemini(
    gemini: Upstream, generate: Any
) -> None:
    gemini.generate = generate

    with pytest.raises(EngineFailed, match="gemini"):
        await taken(gemini.engine(), order())


async def test_a_connection_that_breaks_before_anything_was_said_is_worth_another_attempt(
    gemini: Upstream,
) -> None:
    gemini.generate = resets

    with pytest.raises(Overloaded, match="gemini"):
        await taken(gemini.engine(), order())


async def test_an_upstream_that_falls_silent_is_timed_out(gemini: Upstream) -> None:
    gemini.generate = streamed(HALF[0], then=hangs)

    with pytest.raises(EngineTimedOut, match="gemini did not answer in time"):
        await taken(gemini.engine(idle_s=0.2), order())


async def test_an_upstream_that_is_not_there_is_overload() -> None:
    async with upstream() as made:
        engine = made.engine()

    with pytest.raises(Overloaded, match="gemini cannot be reached"):
        await taken(engine, order())


# T17
async def test_the_end_mark_of_another_dialect_is_passed_over(gemini: Upstream) -> None:
    gemini.generate = streamed(sse(TEXT), b"data: [DONE]\n\n")

    assert (await taken(gemini.engine(), order()))[-1] == TurnEnded(stop_reason="end_turn")


# T9
async def test_events_come_while_the_upstream_is_still_writing(gemini: Upstream) -> None:
    gemini.generate = streamed(HALF[0], then=hangs)
    engine = gemini.engine()
    turn = await engine.prepare(order())
    async with aclosing(turn.events()) as events:
        first = [await anext(events), await anext(events)]
    await engine.aclose()

    assert first == [TextOpened(), BlockDelta(text="The capital")]


async def test_who_closes_the_turn_makes_the_upstream_stop(gemini: Upstream) -> None:
    gemini.generate = streamed(HALF[0], then=hangs)
    engine = gemini.engine()
    turn = await engine.prepare(order())
    async with aclosing(turn.events()) as events:
        await anext(events)

    await gemini.left.wait()
    await engine.aclose()


async def test_a_stop_sequence_makes_the_upstream_stop(gemini: Upstream) -> None:
    gemini.generate = streamed(sse([chunk({"text": "one END two"})]), then=hangs)
    engine = gemini.engine()
    events = await taken(engine, order(stop_sequences=["END"]))

    assert events[-1] == TurnEnded(stop_reason="stop_sequence", stop_sequence="END")
    await gemini.left.wait()
