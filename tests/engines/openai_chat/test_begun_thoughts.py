"""Whether an answer of llama-server begins inside a thought, told by real ones and played ones."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from antechamber.engines.local.model_files import embedded_model
from antechamber.engines.openai_chat.engine import OpenAIChatEngine
from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.runtime.clock import SystemClock
from antechamber.wire.errors import Overloaded
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.parse import parse_count_tokens_request
from tests.engines.openai_chat.llama_server import llama_server_with
from tests.engines.openai_chat.playing import CHAT, Reply, jsoned, order, playing, take
from tests.unit.dialects.openai_chat.scenes import OFF, ON, request, said
from tests.unit.dialects.raw_prompt.scenes import CHATML, OPENS_THOUGHT

SWITCHED = CHATML + "{% if add_generation_prompt and enable_thinking %}<think>\n{% endif %}"
READ_BY_THE_SERVER = OPENS_THOUGHT.replace(
    "\n{{ message['content'] }}",
    "\n{% if message.reasoning_content %}<think>\n{{ message.reasoning_content }}\n</think>\n\n"
    "{% endif %}{{ message['content'] }}",
)
"""Of a template that says where the thoughts of earlier answers stand it finds out the marks."""


@asynccontextmanager
async def engine_on(
    template: str, thoughts: Literal["NONE", "AUTO"]
) -> AsyncGenerator[OpenAIChatEngine]:
    model = embedded_model()
    assert model is not None
    with llama_server_with(Path(model), template, thoughts=thoughts) as llama:
        headers = {"authorization": f"Bearer {llama.key}"}
        client = UpstreamClient("gpu", llama.url, headers=headers, timeouts=Timeouts())
        engine = OpenAIChatEngine("gpu", client, SystemClock())
        yield engine
        await engine.aclose()


@pytest.mark.skipif(embedded_model() is None, reason="the embedded model is not installed")
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.xdist_group("embedded")
@pytest.mark.parametrize(
    ("template", "thoughts", "begins"),
    [
        (CHATML, "AUTO", (False, False)),
        (OPENS_THOUGHT, "AUTO", (True, True)),
        (SWITCHED, "AUTO", (True, False)),
        (READ_BY_THE_SERVER, "AUTO", (False, False)),
        (READ_BY_THE_SERVER, "NONE", (False, False)),
    ],
    ids=["no thought", "always", "where it is asked for", "in a field", "with its mark"],
)
async def test_t31_it_is_found_out_what_a_real_server_makes_of_a_begun_thought(
    template: str, thoughts: Literal["NONE", "AUTO"], begins: tuple[bool, bool]
) -> None:
    async with engine_on(template, thoughts) as engine:
        plans = [
            (await engine.prepare(order(request("Hi"), plan))).asked.plan for plan in (ON, OFF)
        ]

    assert (plans[0].begins_in_thought, plans[1].begins_in_thought) == begins


def dictated(body: dict[str, Any]) -> Reply:
    text = "a</think>b" if "grammar" in body else "Hm.</think>\n\nSeven."
    return jsoned({"choices": [{"message": {"content": text}, "finish_reason": "stop"}]})


OPENED = jsoned({"prompt": "<s>Hi<think>\n"})


async def test_t31_a_model_is_tried_once_and_its_thoughts_are_none_of_the_text() -> None:
    others = {"/apply-template": OPENED}
    async with playing(dictated, quirks=HOSTS["llamacpp"], others=others) as (engine, host):
        shown = [said(await take(engine, order(request("Hi"), plan))) for plan in (ON, ON, OFF)]

    thinking = [("thinking", "Hm."), ("text", "Seven.")]
    assert shown == [thinking, thinking, [("text", "Seven.")]]
    assert ["grammar" in body for body in host.bodies()] == [True, False, False, False]


@pytest.mark.parametrize(
    "template",
    [Reply(b"{}", status=404), Reply(b"[]"), jsoned({"prompt": "<think>"}), Reply(b"?")],
    ids=["missing", "nothing", "refused", "no JSON"],
)
async def test_where_it_cannot_be_found_out_the_text_is_taken_as_it_is(template: Reply) -> None:
    def answer(body: dict[str, Any]) -> Reply:
        return Reply(b"{}", status=400) if "grammar" in body else dictated(body)

    others = {"/apply-template": template}
    async with playing(answer, quirks=HOSTS["llamacpp"], others=others) as (engine, _):
        events = await take(engine, order(request("Hi"), ON))

    assert said(events) == [("text", "Hm.</think>\n\nSeven.")]


async def test_t31_many_first_requests_wait_for_one_trial() -> None:
    asked = order(request("Hi"), ON)
    async with playing(dictated, quirks=HOSTS["llamacpp"], others={"/apply-template": OPENED}) as (
        engine,
        host,
    ):
        turns = await asyncio.gather(*(engine.prepare(asked) for _ in range(50)))

    assert all(turn.asked.plan.begins_in_thought for turn in turns)
    assert len(host.bodies()) == 1


@pytest.mark.parametrize("status", [503, 500, 429, 401])
async def test_t31_what_a_host_refuses_for_the_moment_is_asked_again(status: int) -> None:
    others = {"/apply-template": OPENED}
    async with playing(dictated, quirks=HOSTS["llamacpp"], others=others) as (engine, host):
        loading = Reply(b'{"error": {"message": "Loading model"}}', status=status)
        host.replies["/apply-template"] = [loading, OPENED]
        asked = order(request("Hi"), ON)
        begins = [(await engine.prepare(asked)).asked.plan.begins_in_thought for _ in range(2)]

    assert begins == [False, True]


async def test_t31_what_a_host_refuses_for_good_is_asked_once() -> None:
    others = {"/apply-template": Reply(b"{}", status=404)}
    async with playing(dictated, quirks=HOSTS["llamacpp"], others=others) as (engine, host):
        for _ in range(2):
            await take(engine, order(request("Hi"), ON))

    # Counting has found out for itself that the endpoint is missing.
    assert len(host.bodies("/apply-template")) == 2


async def test_t31_a_host_that_comes_back_with_another_model_is_tried_again() -> None:
    plain = jsoned({"choices": [{"message": {"content": "Seven."}, "finish_reason": "stop"}]})
    asked = order(request("Hi"), ON)
    others = {"/apply-template": OPENED}
    async with playing(dictated, quirks=HOSTS["llamacpp"], others=others) as (engine, host):
        before = said(await take(engine, asked))
        host.replies[CHAT] = Reply(b"", then="break")
        with pytest.raises(Overloaded):
            await take(engine, asked)
        host.replies |= {CHAT: plain, "/apply-template": jsoned({"prompt": "<s>Hi"})}
        after = said(await take(engine, asked))

    assert before == [("thinking", "Hm."), ("text", "Seven.")]
    assert after == [("text", "Seven.")]


@pytest.mark.parametrize(
    ("asked", "most"),
    [
        (
            parse_count_tokens_request(
                b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}'
            ),
            100,
        ),
        (request("Hi", "I would"), 100),
        (request("Hi"), 0),
    ],
    ids=["counted", "begun by the caller", "warmed up"],
)
async def test_t31_where_nobody_sees_how_an_answer_begins_nothing_is_generated(
    asked: MessageRequest | CountTokensRequest, most: int
) -> None:
    async with playing(dictated, quirks=HOSTS["llamacpp"], others={"/apply-template": OPENED}) as (
        engine,
        host,
    ):
        await engine.prepare(order(asked, max_tokens=most))

    assert host.bodies() == []
