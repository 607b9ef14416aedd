"""``messages.stream`` and ``stream=True``: the events, and the message that they add up to."""

import json
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.conformance.bodies import OPUS, WEATHER, assistant, body, tool_result, tool_use, user
from tests.conformance.exchanges import Watch, events_of
from tests.conformance.manifest import requirement

THINKING = {"type": "adaptive", "display": "summarized"}
TURNS: dict[str, dict[str, Any]] = {
    "text": body(),
    "unicode": body("many languages"),
    "thinking": body("prime numbers", thinking=THINKING),
    "omitted": body("prime numbers", thinking={"type": "adaptive", "display": "omitted"}),
    "redacted": body("opaque thought", thinking=THINKING),
    "tool": body("weather", tools=[WEATHER], thinking=THINKING),
    "parallel": body("weather in both", tools=[WEATHER]),
    "no-arguments": body("no arguments"),
    "cut-call": body("cut call"),
    "max_tokens": body("count to ten", max_tokens=4),
    "max_tokens-in-thinking": body("think long", max_tokens=5, thinking=THINKING),
    "stop_sequence": body("count to ten", stop_sequences=[" five"]),
    "refusal": body("declined"),
    "pause": body("paused"),
    "cache": body("read from cache"),
    "context_management": body(context_management={"edits": [{"type": "clear_thinking_20251015"}]}),
    "loop": body(
        messages=[
            user("weather"),
            assistant([tool_use(location="Paris")]),
            user([tool_result("72°F")]),
        ]
    ),
}


@requirement("streaming:helper:text")
def test_the_stream_helper_yields_text_and_adds_it_up(client: Anthropic) -> None:
    with client.messages.stream(
        model=OPUS, max_tokens=100, messages=[{"role": "user", "content": "Hello"}]
    ) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()

    assert text == 'You said: "Hello"'
    assert message.content[0].text == text  # pyright: ignore[reportAttributeAccessIssue]
    assert message.stop_reason == "end_turn"
    assert stream.request_id is not None
    assert stream.request_id.startswith("req_")


@requirement("streaming:helper:async")
async def test_the_asynchronous_stream_helper_does_the_same(async_client: AsyncAnthropic) -> None:
    async with async_client.messages.stream(**body()) as stream:
        text = "".join([piece async for piece in stream.text_stream])
        message = await stream.get_final_message()

    assert text == 'You said: "Hello"'
    assert message.usage.output_tokens > 0


@requirement("streaming:helper:events")
def test_the_stream_helper_derives_thinking_and_tool_input(client: Anthropic) -> None:
    with client.messages.stream(**TURNS["tool"]) as stream:
        events = list(stream)

    kinds = [event.type for event in events]
    thoughts = [event.thinking for event in events if event.type == "thinking"]
    inputs = [event.snapshot for event in events if event.type == "input_json"]
    assert "".join(thoughts).startswith("The user wants the weather")
    assert kinds.count("signature") == 1
    assert inputs[-1] == {"location": "Paris"}
    assert kinds.count("content_block_stop") == 2
    assert kinds[-1] == "message_stop"


@requirement("streaming:helper:until-done")
def test_a_stream_can_be_read_to_its_end_without_looking(client: Anthropic) -> None:
    with client.messages.stream(**body("count to ten")) as stream:
        stream.until_done()

    assert stream.current_message_snapshot.stop_reason == "end_turn"


@requirement("streaming:raw", "streaming:start-usage", "streaming:end-usage")
def test_a_raw_stream_begins_and_ends_as_documented(client: Anthropic) -> None:
    counted = client.messages.count_tokens(
        model=OPUS, messages=[{"role": "user", "content": "Hello"}]
    )

    stream = client.messages.create(**body(), stream=True)
    events = list(stream)

    first, last_delta = events[0], events[-2]
    assert first.type == "message_start"
    assert (first.message.content, first.message.stop_reason) == ([], None)
    assert first.message.usage.input_tokens == counted.input_tokens
    assert first.message.usage.output_tokens > 0
    assert last_delta.type == "message_delta"
    assert last_delta.delta.stop_reason == "end_turn"
    assert last_delta.usage.input_tokens == counted.input_tokens
    assert events[-1].type == "message_stop"


@requirement("streaming:raw:async")
async def test_a_raw_stream_can_be_read_asynchronously(async_client: AsyncAnthropic) -> None:
    stream = await async_client.messages.create(**body(), stream=True)

    kinds = [event.type async for event in stream]

    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")


@requirement("streaming:headers")
def test_a_stream_says_that_it_is_one_and_is_not_to_be_kept(http: httpx2.Client) -> None:
    answer = http.post("/v1/messages", json=body(stream=True))

    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert "content-length" not in answer.headers


@requirement("streaming:accept-ignored")
def test_the_body_alone_decides_whether_the_answer_is_streamed(http: httpx2.Client) -> None:
    as_json = {"accept": "application/json"}

    streamed = http.post("/v1/messages", json=body(stream=True), headers=as_json)
    whole = http.post("/v1/messages", json=body(), headers={"accept": "text/event-stream"})

    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert whole.headers["content-type"].startswith("application/json")


@requirement("streaming:fold", "streaming:grammar", "streaming:shapes")
@pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS.keys())
def test_a_stream_adds_up_to_the_message_that_is_not_streamed(
    http: httpx2.Client, turn: dict[str, Any]
) -> None:
    whole = http.post("/v1/messages", json=turn).json()
    stream = http.post("/v1/messages", json={**turn, "stream": True})

    assert comparable(folded(stream.content)) == comparable(whole)


@requirement("streaming:helper:same-message")
@pytest.mark.parametrize("name", ["text", "unicode", "tool", "parallel", "redacted", "refusal"])
def test_the_sdk_adds_a_stream_up_to_the_same_message(
    client: Anthropic, watch: Watch, name: str
) -> None:
    whole = client.messages.create(**TURNS[name])
    with client.messages.stream(**TURNS[name]) as stream:
        streamed = stream.get_final_message()

    assert comparable(streamed.to_dict()) == comparable(whole.to_dict())
    assert len(watch.exchanges) == 2


def folded(body: bytes) -> dict[str, Any]:
    """Add a stream up, by the rules of the documentation and nothing of the server's own."""
    events: list[Any] = events_of(body)
    message, pieces = events[0]["message"], list[str]()
    for event in events[1:]:
        match event:
            case {"type": "content_block_start", "content_block": block}:
                message["content"].append(block)
                pieces = []
            case {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}:
                message["content"][-1]["text"] += text
            case {"delta": {"type": "thinking_delta", "thinking": text}}:
                message["content"][-1]["thinking"] += text
            case {"delta": {"type": "signature_delta", "signature": signature}}:
                message["content"][-1]["signature"] = signature
            case {"delta": {"type": "input_json_delta", "partial_json": text}}:
                pieces.append(text)
            case {"type": "content_block_stop"} if message["content"][-1]["type"] == "tool_use":
                message["content"][-1]["input"] = _parsed("".join(pieces))
            case {"type": "message_delta", "delta": delta, "usage": usage, **rest}:
                message.update(delta)
                message["usage"].update(usage)
                message.update(rest)
                message["type"] = "message"
            case _:
                pass
    return message


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return f"cut: {text}"


def comparable(message: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is new with each answer: ids, signatures, and what a cut call came to."""
    blocks: list[dict[str, Any]] = [dict(block) for block in message["content"]]
    for block in blocks:
        block.pop("id", None)
        block.pop("caller", None) if block.get("caller") is None else None
        for signed in ("signature", "data"):
            if signed in block:
                block[signed] = bool(block[signed])
        if message["stop_reason"] == "max_tokens" and block["type"] == "tool_use":
            block["input"] = "cut"
    return {**message, "id": None, "content": blocks}
