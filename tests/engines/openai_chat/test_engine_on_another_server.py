"""The engine on the chat completions of another antechamber, which plays a script."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest

from antechamber.engines.base import TurnOrder
from antechamber.engines.openai_chat.engine import OpenAIChatEngine
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.rules.thinking import ThinkingPlan
from antechamber.runtime.clock import SystemClock
from antechamber.wire.errors import EngineFault, InvalidRequest, Overloaded
from antechamber.wire.messages import MessageRequest
from tests.engines.openai_chat.playing import order, take
from tests.servers import RunningServer, running_server
from tests.unit.dialects.openai_chat.scenes import (
    OFF,
    ON,
    client_sees,
    ending,
    request,
    said,
    usage,
)
from tests.unit.dialects.raw_prompt.scenes import tool

CONFIG = '[[engines]]\nname = "replies"\ntype = "scripted"\nscript = "replies.toml"\n'
SCRIPT = """
window_tokens = 2000

[[replies]]
when = "both"
[[replies.content]]
type = "text"
text = "Twice."
[[replies.content]]
type = "tool_use"
name = "look"
input = { at = "door" }
[[replies.content]]
type = "tool_use"
name = "look"
input = { at = "wall" }

[[replies]]
when = "decline"
stop_reason = "refusal"
text = "No."

[[replies]]
when = "busy"
error = { status = 529 }

[[replies]]
when = "broken"
text = "Here it com"
fail_after = { events = 2, type = "overloaded_error" }

[[replies]]
when = "puzzle"
[[replies.content]]
type = "thinking"
thinking = "Hm."
[[replies.content]]
type = "text"
text = "Seven."

[[replies]]
text = "one, two, three STOP four"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("other")
    with running_server(folder, config=CONFIG, files={"replies.toml": SCRIPT}) as running:
        yield running


def asking(asked: MessageRequest, plan: ThinkingPlan = OFF) -> TurnOrder:
    return replace(order(asked, plan), upstream_model="claude-opus-4-5")


@pytest.fixture
async def engine(server: RunningServer) -> AsyncIterator[OpenAIChatEngine]:
    client = UpstreamClient("other", server.url, headers={}, timeouts=Timeouts())
    engine = OpenAIChatEngine("other", client, SystemClock())
    await engine.ready()
    yield engine
    await engine.aclose()


async def test_text_ends_where_it_was_told_to(engine: OpenAIChatEngine) -> None:
    events = await take(engine, asking(request("Hi", stop_sequences=["STOP"])))

    assert said(events) == [("text", "one, two, three ")]
    assert ending(events).stop_sequence == "STOP"
    client_sees(events)


async def test_calls_come_whole(engine: OpenAIChatEngine) -> None:
    events = await take(engine, asking(request("both", tools=[tool()])))

    assert [name for name, _ in said(events)] == ["text", "look", "look"]
    assert client_sees(events)[-2]["delta"]["stop_reason"] == "tool_use"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_thought_is_asked_for_and_comes(engine: OpenAIChatEngine, stream: bool) -> None:
    asked = request("puzzle", stream=stream)

    assert said(await take(engine, asking(asked, ON))) == [("thinking", "Hm."), ("text", "Seven.")]
    assert said(await take(engine, asking(asked))) == [("text", "Seven.")]


async def test_usage_is_the_others(engine: OpenAIChatEngine) -> None:
    counted = usage(await take(engine, asking(request("Hi"))))

    assert (counted.input_tokens or 0) > 0
    assert (counted.output_tokens or 0) > 3


async def test_a_refusal_is_one_here_too(engine: OpenAIChatEngine) -> None:
    events = await take(engine, asking(request("decline")))

    assert ending(events).stop_reason == "refusal"


@pytest.mark.parametrize(
    ("words", "kind"),
    [("busy", Overloaded), ("broken", EngineFault), ("word " * 9_000, InvalidRequest)],
)
async def test_a_fault_over_there_is_one_here(
    engine: OpenAIChatEngine, words: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await take(engine, asking(request(words)))
