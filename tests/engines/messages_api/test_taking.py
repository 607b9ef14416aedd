"""A turn taken through an upstream of the same API: what is asked, how the answer is read."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from antechamber.catalogue.facts import ModelFacts
from antechamber.engines.base import AdjustedTurn, TurnOrder
from antechamber.engines.messages_api import HostedApi, MessagesApiEngine
from antechamber.engines.messages_api.taking import RelayedTurn, counted_turn, relayed_turn
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.rules.thinking import thinking_plan
from antechamber.turn.events import (
    BlockClosed,
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
    EngineRateLimited,
    EngineRefusesUs,
    InvalidRequest,
    Overloaded,
)
from antechamber.wire.messages import MessageRequest
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request
from antechamber.wire.splice import Edits
from tests.engines.messages_api.upstream import (
    PlayedUpstream,
    error,
    events,
    message,
    played_upstream,
    sse,
    streamed,
    whole,
)
from tests.unit.rules.requests import facts_of

FACTS = ModelFacts.unlisted("our-model")
SHORT = Timeouts(connect_s=0.4, first_s=0.4, idle_s=0.4)
CACHED = {"type": "ephemeral", "ttl": "1h"}
ENABLED = {"type": "enabled", "budget_tokens": 1_024}
LOOK = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}
THOUGHT = {"type": "thinking", "thinking": "Hm.\u2028", "signature": "EqQB"}
OPAQUE = {"type": "redacted_thinking", "data": "opaque"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": [1, 2.5, "it"]}}
PICTURE = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
USER = {"role": "user", "content": [{"type": "text", "text": "Hi"}]}


@pytest.fixture(scope="module")
def upstream() -> Iterator[PlayedUpstream]:
    with played_upstream() as it:
        yield it


@pytest.fixture
async def engine(upstream: PlayedUpstream) -> AsyncIterator[MessagesApiEngine]:
    client = UpstreamClient("The upstream", upstream.url, headers={}, timeouts=SHORT)
    made = MessagesApiEngine("up", client, HostedApi(upstream.url, api_key="sk-ours"))
    yield made
    await made.aclose()


def order_for(
    asked: dict[str, Any],
    *,
    facts: ModelFacts = FACTS,
    edits: Edits | None = None,
    headers: dict[str, str] | None = None,
    counts: bool = False,
) -> TurnOrder:
    body = encode_json(asked)
    request = parse_count_tokens_request(body) if counts else parse_message_request(body)
    return TurnOrder(
        request=request,
        facts=facts,
        upstream_model="their-model",
        thinking=thinking_plan(request, facts, "lenient", frozenset()),
        max_tokens=request.max_tokens if isinstance(request, MessageRequest) else 0,
        request_id="req_1",
        betas=("b-2025-01-01",),
        edits=edits or {},
        headers=headers or {},
    )


def body_of(**fields: Any) -> dict[str, Any]:
    return {"model": "our-model", "max_tokens": 2_000, "messages": [USER], **fields}


def loop_of(*blocks: object) -> list[object]:
    """Return a conversation that waits for what the model makes of a tool's result."""
    content = [{"type": "text", "text": "There."}]
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
    return [
        USER,
        {"role": "assistant", "content": [*blocks]},
        {"role": "user", "content": [result]},
    ]


async def taken(engine: MessagesApiEngine, order: TurnOrder) -> list[EngineEvent]:
    prepared = await engine.prepare(order)
    return [event async for event in prepared.events()]


# ---- what is asked -------------------------------------------------------------------------------


async def test_a_turn_is_taken_through_a_stream_of_its_own(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(streamed(events("Hel|lo")))

    found = await taken(engine, order_for(body_of(system="Be brief.")))

    assert [event.text for event in found if isinstance(event, BlockDelta)] == ["Hel", "lo"]
    assert isinstance(found[-1], TurnEnded)
    assert UsageReported(output_tokens=15) in found
    sent = upstream.last.json()
    assert sent["model"] == "their-model"
    assert sent["stream"] is True
    assert upstream.last.header("x-api-key") == "sk-ours"


SURVIVES: list[tuple[str, object]] = [
    ("cache_control", {"type": "ephemeral"}),
    ("container", "container_1"),
    ("context_management", {"edits": [{"type": "clear_tool_uses_20250919"}]}),
    ("diagnostics", {"previous_message_id": "msg_1"}),
    ("inference_geo", "us"),
    ("mcp_servers", [{"type": "url", "url": "https://mcp.example.com/", "name": "m"}]),
    ("metadata", {"user_id": "u"}),
    ("output_config", {"effort": "low", "task_budget": {"type": "tokens", "total": 20_000}}),
    (
        "output_config",
        {"format": {"type": "json_schema", "schema": {"type": "object", "title": "é\u2028"}}},
    ),
    ("output_format", {"type": "json_schema", "schema": {"type": "object"}}),
    ("service_tier", "standard_only"),
    ("speed", "fast"),
    ("stop_sequences", ["###"]),
    ("system", [{"type": "text", "text": "Be brief.", "cache_control": CACHED}]),
    ("temperature", 0.5),
    ("thinking", {"type": "adaptive", "display": "summarized"}),
    ("thinking", ENABLED),
    ("tool_choice", {"type": "tool", "name": "look", "disable_parallel_tool_use": True}),
    ("tools", [{**LOOK, "cache_control": CACHED, "strict": True}]),
    ("tools", [{"type": "web_search_20250305", "name": "web_search", "max_uses": 2}]),
    ("top_k", 5),
    ("top_p", 0.9),
    ("fallbacks", [{"model": "claude-haiku-4-5"}]),
    ("fallback_credit_token", "fct_1"),
    ("thread", {"type": "create"}),
    ("user_profile_id", "uprof_1"),
    ("billing_policy", {"type": "billing_policy", "bill_to": "self"}),
    ("compaction", {"type": "summarize"}),
    (
        "messages",
        [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": CACHED}]}],
    ),
    (
        "messages",
        [USER, {"role": "system", "content": [{"type": "text", "text": "Now brief."}]}, USER],
    ),
    ("messages", [USER, {"role": "system", "output_config": {"effort": "low"}}]),
    ("messages", [USER, {"role": "assistant", "content": [{"type": "text", "text": "It is"}]}]),
]


@pytest.mark.parametrize(("name", "value"), SURVIVES, ids=[name for name, _ in SURVIVES])
async def test_t32_every_field_arrives(
    upstream: PlayedUpstream, engine: MessagesApiEngine, name: str, value: object
) -> None:
    """Breakpoints too, in all four places."""
    upstream.plays(streamed())
    asked = body_of(**{name: value})

    await taken(engine, order_for(asked))

    assert upstream.last.json() == {**asked, "model": "their-model", "stream": True}


def test_t32_the_table_has_every_field() -> None:
    fields = {field.alias or name for name, field in MessageRequest.model_fields.items()}

    assert fields - {"model", "max_tokens", "stream"} == {name for name, _ in SURVIVES}


async def test_t21_earlier_answers_arrive_as_they_are(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    """Thoughts between texts and calls too: what is left of them is the upstream's own."""
    upstream.plays(streamed())
    blocks = [THOUGHT, {"type": "text", "text": "So"}, OPAQUE, THOUGHT, CALL]
    asked = body_of(messages=loop_of(*blocks), thinking=ENABLED, tools=[LOOK])

    await taken(engine, order_for(asked))

    assert upstream.last.json()["messages"] == asked["messages"]
    assert upstream.last.json()["thinking"] == ENABLED


async def test_t29_an_image_in_a_tool_result_arrives(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(streamed())
    seen = {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": [{"type": "image", "source": PICTURE}, {"type": "text", "text": "There."}],
        "is_error": False,
    }
    messages = [*loop_of(CALL)[:2], {"role": "user", "content": [seen]}]

    await taken(engine, order_for(body_of(messages=messages, tools=[LOOK])))

    assert upstream.last.json()["messages"] == messages


async def test_what_the_model_refuses_is_rewritten_and_what_else_is_told_goes_along(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(streamed())
    edits: Edits = {"temperature": None, "output_config": b'{"effort":"low"}'}

    await taken(
        engine,
        order_for(
            body_of(temperature=0.5, top_k=5),
            edits=edits,
            headers={"x-claude-code-session-id": "s"},
        ),
    )

    sent = upstream.last.json()
    assert "temperature" not in sent
    assert (sent["output_config"], sent["top_k"]) == ({"effort": "low"}, 5)
    assert upstream.last.header("x-claude-code-session-id") == "s"
    assert upstream.last.header("anthropic-beta") == "b-2025-01-01"


@pytest.mark.parametrize(
    ("model", "thinking"),
    [("claude-sonnet-4-5", None), ("claude-sonnet-4-6", {"type": "adaptive"})],
)
async def test_t22_a_loop_that_lost_its_thoughts_goes_on_without_a_budget(
    upstream: PlayedUpstream, engine: MessagesApiEngine, model: str, thinking: object
) -> None:
    upstream.plays(streamed())
    asked = body_of(messages=loop_of(CALL), thinking=ENABLED, tools=[LOOK])

    prepared = await engine.prepare(order_for(asked, facts=facts_of(model)))
    async for _ in prepared.events():
        pass

    assert upstream.last.json().get("thinking") == thinking
    assert isinstance(prepared, AdjustedTurn)
    assert "thinking" in prepared.adjusted


@pytest.mark.parametrize("blocks", [[THOUGHT, CALL], [OPAQUE, CALL]])
def test_t22_a_loop_that_has_its_thoughts_keeps_its_budget(
    engine: MessagesApiEngine, blocks: list[object]
) -> None:
    asked = body_of(messages=loop_of(*blocks), thinking=ENABLED, tools=[LOOK])

    turn = relayed_turn(engine, order_for(asked))

    assert turn.adjusted == ()
    assert json.loads(turn.order.body)["thinking"] == ENABLED


# ---- how it is answered --------------------------------------------------------------------------


async def test_without_output_there_is_no_stream(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    """The hosted API takes ``max_tokens: 0`` only so: what it reads goes to the cache."""
    upstream.plays(whole(200, message(content=[], stop_reason="max_tokens")))

    found = await taken(engine, order_for(body_of(max_tokens=0)))

    assert not upstream.last.json()["stream"]
    assert found == [
        UsageReported(
            input_tokens=25,
            output_tokens=15,
            cache_read_input_tokens=2_048,
            cache_creation_input_tokens=0,
        ),
        TurnEnded(stop_reason="max_tokens"),
    ]


async def test_a_stream_without_its_last_blank_line_is_whole(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(streamed([*events()[:-1], events()[-1].rstrip(b"\n")]))

    found = await taken(engine, order_for(body_of()))

    assert found[-1] == TurnEnded(stop_reason="end_turn")


async def test_a_stream_that_is_cut_inside_an_event_has_no_end(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(streamed([*events()[:-1], events()[-1][:-5]]))

    found = await taken(engine, order_for(body_of()))

    assert found[1:4] == [TextOpened(), BlockDelta(text="Hello"), BlockClosed()]
    assert not any(isinstance(event, TurnEnded) for event in found)


REFUSALS: list[tuple[int, str, type[ApiError]]] = [
    (400, "invalid_request_error", InvalidRequest),
    (401, "authentication_error", EngineRefusesUs),
    (429, "rate_limit_error", EngineRateLimited),
    (529, "overloaded_error", Overloaded),
    (500, "api_error", EngineFailed),
]


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize(("status", "kind", "expected"), REFUSALS)
async def test_a_refused_turn_is_whose_fault_it_is(
    upstream: PlayedUpstream,
    engine: MessagesApiEngine,
    status: int,
    kind: str,
    expected: type[ApiError],
    counts: bool,
) -> None:
    upstream.plays(whole(status, error(kind), {"retry-after": "7"}))

    with pytest.raises(expected) as caught:
        await (counted(engine) if counts else taken(engine, order_for(body_of())))

    assert type(caught.value) is expected
    assert caught.value.retry_after_s == 7


async def test_an_error_in_the_stream_of_a_turn_is_raised(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    told = sse("error", error={"type": "overloaded_error", "message": "Overloaded"})
    upstream.plays(streamed([*events()[:3], told]))

    with pytest.raises(Overloaded):
        await taken(engine, order_for(body_of()))


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize("status", [200, 502])
@pytest.mark.parametrize("page", [b"<html></html>", b"", json.dumps(message()).encode()[:-9]])
async def test_t59_garbage_names_the_engine(
    upstream: PlayedUpstream, engine: MessagesApiEngine, page: bytes, status: int, counts: bool
) -> None:
    upstream.plays(whole(status, page, {"content-type": "text/html"}))

    with pytest.raises(EngineFailed, match="up"):
        await (counted(engine) if counts else taken(engine, order_for(body_of(max_tokens=0))))


# ---- counting ------------------------------------------------------------------------------------


def asked_count(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in body_of(**fields).items() if key != "max_tokens"}


async def counted(engine: MessagesApiEngine, **fields: Any) -> RelayedTurn:
    return await counted_turn(engine, order_for(asked_count(**fields), counts=True))


async def test_t37_the_upstream_counts(upstream: PlayedUpstream, engine: MessagesApiEngine) -> None:
    upstream.plays(whole(200, {"input_tokens": 2_095}))

    turn = await counted(engine, system="Be brief.", tools=[LOOK])

    assert (turn.input_tokens, turn.is_exact) == (2_095, True)
    assert upstream.last.path == "/v1/messages/count_tokens"
    asked = asked_count(tools=[LOOK], system=[{"type": "text", "text": "Be brief."}])
    assert upstream.last.json() == {**asked, "model": "their-model"}


async def test_t39_an_upstream_that_cannot_count_leaves_an_estimate(
    upstream: PlayedUpstream, engine: MessagesApiEngine
) -> None:
    upstream.plays(whole(404, error("not_found_error", "Not found")))

    turn = await counted(engine, system="敏捷的棕色狐狸跳过懒狗。" * 100)

    assert not turn.is_exact
    assert 2_100 <= turn.input_tokens <= 4_000
