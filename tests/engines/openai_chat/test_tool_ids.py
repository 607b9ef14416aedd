"""Ids of calls on their way: a host's to the client, back to it, and on to others."""

import re
from typing import Any

import pytest

from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.engines.openai_chat.engine import OpenAIChatEngine
from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.turn.machine import TurnMachine
from antechamber.wire.ids import new_id
from antechamber.wire.messages import MessageRequest
from tests.engines.openai_chat.playing import PlayedHost, order, playing, streamed, take
from tests.unit.dialects.openai_chat.scenes import calls, chunk, piece, request
from tests.unit.dialects.raw_prompt.scenes import tool
from tests.unit.turn.engine_turns import OPENING, shown

HELLO = streamed(chunk(content="Hello"), chunk("stop"))
LONG = "chatcmpl-tool-" + "a1" * 16
GIVEN = [
    *("functions.look:0", "call_DdmO9pD3xa9XTPNJ32zg2hcA", "D681PevKs", "365174485", "call-0_x"),
    *("functions." + "x" * 25 + ":0", "toolu_01A09LqZ4kk3mBH0z5sGv1xB"),
]
STRICT = {"openai": r"[A-Za-z0-9_-]{1,40}", "mistral": r"[A-Za-z0-9]{9}"}


def calling(call_id: str) -> Any:
    made = piece(0, id=call_id, name="look", arguments='{"n":1}')
    return streamed(calls(made), chunk("tool_calls"))


async def called(engine: OpenAIChatEngine) -> dict[str, Any]:
    """The call that the client is shown."""
    events = await take(engine, order(request("a", tools=[tool()])))
    machine = TurnMachine(OPENING, new_id=new_id, sign=lambda kind, content, cargo=b"": "signed")
    (start,) = [
        data
        for name, data in shown([wire for event in events for wire in machine.feed(event)])
        if name == "content_block_start"
    ]
    return start["content_block"]


def answered(*call_ids: str) -> MessageRequest:
    """What the client asks next: a turn for each call, and its result."""
    said: list[object] = ["a"]
    for call_id in call_ids:
        use = {"type": "tool_use", "id": call_id, "name": "look", "input": {"n": 1}}
        result = {"type": "tool_result", "tool_use_id": call_id, "content": "ok"}
        said += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return request(*said, tools=[tool()])


def ids_in(host: PlayedHost) -> list[str]:
    """The ids of the calls in the last request; each stands in its result as well."""
    messages = host.bodies()[-1]["messages"]
    used = [each["tool_calls"][0]["id"] for each in messages if "tool_calls" in each]
    assert [each["tool_call_id"] for each in messages if each["role"] == "tool"] == used
    return used


async def ids_for(quirks: Quirks, *call_ids: str) -> list[str]:
    """What a host is told the ids of a history are."""
    async with playing(HELLO, quirks=quirks) as (engine, host):
        await take(engine, order(answered(*call_ids)))
        return ids_in(host)


@pytest.mark.parametrize("given", GIVEN)
async def test_t24_t25_a_host_gets_its_own_id_back_and_the_client_one_of_the_api(
    given: str,
) -> None:
    async with playing([calling(given), HELLO]) as (engine, host):
        block = await called(engine)
        await take(engine, order(answered(block["id"])))

        assert re.fullmatch(r"toolu_[A-Za-z0-9]{1,58}", block["id"])
        assert ids_in(host) == [given]


async def test_t25_of_an_id_that_makes_ours_too_long_the_host_gets_ours() -> None:
    async with playing([calling(LONG), HELLO]) as (engine, host):
        block = await called(engine)
        await take(engine, order(answered(block["id"])))

        assert re.fullmatch(r"toolu_[A-Za-z0-9]{24}", block["id"])
        assert ids_in(host) == [block["id"]]


@pytest.mark.parametrize("given", [*GIVEN, LONG])
@pytest.mark.parametrize("strict", STRICT)
async def test_t25_after_a_fallback_an_id_is_one_that_a_strict_host_takes_and_stays_it(
    given: str, strict: str
) -> None:
    async with playing(calling(given)) as (engine, _):
        block = await called(engine)

    (told,) = await ids_for(HOSTS[strict], block["id"])

    assert re.fullmatch(STRICT[strict], told)
    assert await ids_for(HOSTS[strict], block["id"]) == [told]
    if re.fullmatch(STRICT[strict], given):
        assert told == given


@pytest.mark.parametrize("given", ["call_0", "D681PevKs"])
async def test_t25_calls_of_two_turns_that_a_host_calls_alike_stay_apart(given: str) -> None:
    async with playing(calling(given)) as (engine, _):
        own = [(await called(engine))["id"] for _ in range(2)]
    async with playing(calling("call_1")) as (engine, _):
        other = (await called(engine))["id"]

    assert len(set(own)) == 2
    assert await ids_for(HOSTS["generic"], *own, other) == [*own, "call_1"]
    assert await ids_for(HOSTS["generic"], own[0], other) == [given, "call_1"]
    for host, form in STRICT.items():
        told = await ids_for(HOSTS[host], *own)
        assert len(set(told)) == 2
        assert all(re.fullmatch(form, each) for each in told)


async def test_t25_an_id_that_the_client_made_itself_is_nobodys_but_its_own() -> None:
    async with playing(calling("call_0")) as (engine, _):
        ours = (await called(engine))["id"]

    told = await ids_for(HOSTS["generic"], "call_0", ours)

    assert told == ["call_0", ours]


@pytest.mark.parametrize("length", [41, 205])
async def test_t25_an_id_that_is_too_long_for_openai_is_shortened_always_the_same(
    length: int,
) -> None:
    long, other = "call_".ljust(length, "x"), "call_".ljust(length, "y")

    told = await ids_for(HOSTS["openai"], long, other)

    assert [len(each) for each in told] == [29, 29]
    assert len(set(told)) == 2
    assert await ids_for(HOSTS["openai"], long, other) == told
    assert await ids_for(HOSTS["generic"], long, other) == [long, other]


async def test_t25_an_id_of_another_server_like_this_is_not_wrapped_again() -> None:
    async with playing(calling("functions.look:0")) as (behind, _):
        theirs = await called(behind)
    async with playing([calling(theirs["id"]), HELLO]) as (front, between):
        ours = await called(front)
        await take(front, order(answered(ours["id"])))

        assert ours["id"] == theirs["id"]
        assert ids_in(between) == ["functions.look:0"]
