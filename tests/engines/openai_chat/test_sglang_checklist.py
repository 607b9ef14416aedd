"""T18: what one engine had to mend in its own Messages endpoint, item by item.

The list is the description of sgl-project/sglang PR 25876; each item is asked of our conversion,
from the client's request to the events that it reads, with that engine as the host.
"""

from typing import Any

import pytest

from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.wire.errors import (
    ApiError,
    EngineFailed,
    EngineRateLimited,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
)
from tests.engines.openai_chat.playing import PlayedHost, Reply, order, playing, streamed, take
from tests.engines.openai_chat.playing import refused as refusing
from tests.unit.dialects.openai_chat.scenes import (
    ON,
    calls,
    chunk,
    client_sees,
    counts,
    piece,
    request,
    usage_chunk,
)
from tests.unit.dialects.raw_prompt.scenes import tool

SGLANG = HOSTS["sglang"]
DONE = [chunk("stop"), usage_chunk(9, 2)]
DELTA_OF = {"text": "text_delta", "thinking": "thinking_delta", "tool_use": "input_json_delta"}
THOUGHT = {"type": "thinking", "thinking": "Look there.", "signature": "sig"}
USED = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "door"}}


async def seen(*chunks: object, **asked: Any) -> list[dict[str, Any]]:
    """What the client reads of an answer."""
    thinks = asked.pop("plan", ON)
    async with playing(streamed(*chunks), quirks=SGLANG) as (engine, _):
        return client_sees(await take(engine, order(request("Hi", **asked), thinks)))


async def told(*messages: object, **fields: Any) -> dict[str, Any]:
    """What the host is asked."""
    async with playing(streamed(chunk(content="Hi"), *DONE), quirks=SGLANG) as (engine, host):
        await take(engine, order(request(*messages, **fields), ON))
        return _last(host)


def _last(host: PlayedHost) -> dict[str, Any]:
    return host.bodies()[-1]


async def test_t18_a_delta_has_the_kind_of_the_block_that_its_index_was_opened_as() -> None:
    wire = await seen(
        *(chunk(reasoning_content="Hm"), chunk(content="Hello", reasoning_content=" so.")),
        chunk(content=" you", tool_calls=[piece(0, id="a", name="look", arguments='{"n":')]),
        *(chunk(content="\n"), calls(piece(0, arguments="1}")), chunk(reasoning_content="Then")),
        *(calls(piece(1, id="b", name="look", arguments="{}")), chunk(content="Bye")),
        *(chunk("tool_calls"), usage_chunk(9, 2)),
        tools=[tool()],
    )

    kinds = {
        event["index"]: event["content_block"]["type"]
        for event in wire
        if event["type"] == "content_block_start"
    }
    assert list(kinds) == list(range(len(kinds)))
    assert set(kinds.values()) == set(DELTA_OF)
    for event in wire:
        if event["type"] == "content_block_delta" and event["delta"]["type"] != "signature_delta":
            assert event["delta"]["type"] == DELTA_OF[kinds[event["index"]]]


async def test_t18_reasoning_content_is_a_thinking_block_with_a_signature() -> None:
    wire = await seen(chunk(reasoning_content="Hm."), chunk(content="Yes."), *DONE)

    first = [event for event in wire if event.get("index") == 0]
    assert first[0]["content_block"]["type"] == "thinking"
    assert [event["delta"]["type"] for event in first if "delta" in event] == [
        *("thinking_delta", "signature_delta"),
    ]


async def test_t18_prompt_tokens_are_told_from_the_start_and_output_tokens_of_every_chunk() -> None:
    wire = await seen(
        chunk(content="a", usage=counts(9, 1)), chunk("stop", usage=counts(9, 2)), plan=ON
    )

    assert wire[0]["message"]["usage"]["input_tokens"] > 0
    assert (wire[-2]["usage"]["input_tokens"], wire[-2]["usage"]["output_tokens"]) == (9, 2)


async def test_t18_cached_tokens_are_counted_once() -> None:
    cached = usage_chunk(100, 20, prompt_tokens_details={"cached_tokens": 64})

    counted = (await seen(chunk(content="Hi"), chunk("stop"), cached))[-2]["usage"]

    assert (counted["input_tokens"], counted["cache_read_input_tokens"]) == (36, 64)


async def test_t18_search_results_inside_a_tools_result_reach_the_host_as_text() -> None:
    found = {
        "type": "search_result",
        "source": "https://tea.example",
        "title": "Tea",
        "content": [{"type": "text", "text": "It is a drink."}],
    }
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [found]}

    asked = await told(
        "What is tea?",
        {"role": "assistant", "content": [USED]},
        {"role": "user", "content": [result]},
        tools=[tool()],
    )

    content = asked["messages"][-1]["content"]
    assert isinstance(content, str)
    for words in ("Tea", "https://tea.example", "It is a drink."):
        assert words in content


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((400, InvalidRequest), (422, InvalidRequest), (429, EngineRateLimited)),
        *((503, Overloaded), (504, EngineTimedOut), (500, EngineFailed)),
    ],
)
async def test_t18_an_error_of_the_host_keeps_its_kind_and_its_words(
    status: int, kind: type[ApiError], stream: bool
) -> None:
    reply: Reply = refusing("no such luck", status)
    async with playing(reply, quirks=SGLANG) as (engine, _):
        with pytest.raises(kind, match="no such luck") as caught:
            await take(engine, order(request("Hi", stream=stream)))

    assert caught.value.status == kind.status


async def test_t18_thinking_is_asked_for_and_thoughts_of_the_running_loop_go_back() -> None:
    asked = await told(
        "Look.",
        {"role": "assistant", "content": [THOUGHT, USED]},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "A cat."}],
        },
        tools=[tool()],
    )

    assert asked["chat_template_kwargs"]["enable_thinking"] is True
    assert asked["messages"][1]["reasoning_content"] == "Look there."
