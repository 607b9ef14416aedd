"""The engine against a host that plays: what it asks, reads and learns, and its faults."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from antechamber.dialects.openai_chat.quirks import BeginsInThought, Quirks
from antechamber.engines.base import EngineLimits, PreparedTurn
from antechamber.engines.openai_chat.engine import Reach
from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.outbound.client import Timeouts
from antechamber.rules.thinking import ThinkingPlan
from antechamber.turn.events import EngineEvent, TurnEnded
from antechamber.wire.errors import (
    EngineFailed,
    EngineRateLimited,
    EngineRefusesUs,
    EngineTimedOut,
    InvalidRequest,
    Overloaded,
)
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request
from tests.engines.openai_chat.playing import (
    Answering,
    PlayedHost,
    Reply,
    jsoned,
    order,
    playing,
    refused,
    streamed,
    take,
)
from tests.unit.dialects.openai_chat.scenes import (
    OFF,
    ON,
    calls,
    chunk,
    client_sees,
    counts,
    ending,
    piece,
    request,
    said,
    usage,
    usage_chunk,
)
from tests.unit.dialects.raw_prompt.scenes import tool

HELLO = streamed(chunk(content="Hello"), chunk("stop"), usage_chunk(9, 2))
CALL = streamed(calls(piece(0, id="c", name="look", arguments='{"n":1}')), chunk("tool_calls"))
WORDS = streamed(chunk(content="I would rather not."), chunk("stop"))
FORCED: dict[str, Any] = {"tools": [tool()], "tool_choice": {"type": "any"}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
IN_JSON = {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}


HELLO_OR_CALL = streamed(
    chunk(content='{"name": "look", "arguments": {}}'), chunk("stop"), usage_chunk(9, 2)
)


def turns(host: PlayedHost) -> list[dict[str, Any]]:
    """What was asked for turns, and not to try what the host takes."""
    return [body for body in host.bodies() if "stream" in body]


def by_purpose(*replies: Reply) -> Answering:
    """Answer turns with ``replies``, one after the other, and trials with a yes."""
    left = list(replies)
    return lambda body: left.pop(0) if "stream" in body else jsoned({"choices": []})


async def collected(prepared: PreparedTurn) -> list[EngineEvent]:
    return [event async for event in prepared.events()]


async def test_a_turn_is_asked_for_and_read() -> None:
    asked = request("Hi", stream=True)
    async with playing(HELLO) as (engine, host):
        events = await take(engine, order(asked))

    assert said(events) == [("text", "Hello")]
    assert usage(events).input_tokens == 9
    (body,) = host.bodies()
    assert (body["model"], body["max_tokens"], body["stream"]) == ("the-model", 100, True)
    client_sees(events)


async def test_an_answer_that_is_not_streamed_is_read_all_the_same() -> None:
    message = {"role": "assistant", "content": "Hello"}
    whole = {
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": counts(9, 2),
    }
    async with playing(jsoned(whole)) as (engine, host):
        events = await take(engine, order(request("Hi")))

    assert host.bodies()[0]["stream"] is False

    assert said(events) == [("text", "Hello")]
    assert usage(events).output_tokens == 2


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b""),
        Reply(b"   \n"),
        Reply(b"<html>Sign in</html>", headers={"content-type": "text/html"}),
        Reply(b'{"choices": ['),
        Reply(b'{"detail": "?"}'),
        Reply(b"data: {nonsense}\n\n"),
        Reply(b"data: " + json.dumps(chunk(content="Hel")).encode() + b"\n\n"),
    ],
    ids=["empty", "blank", "html", "truncated", "other", "nonsense", "unfinished"],
)
async def test_t59_what_is_no_answer_is_a_fault_that_names_the_host(reply: Reply) -> None:
    async with playing(reply) as (engine, _):
        with pytest.raises(EngineFailed, match=r"^gpu "):
            await take(engine, order(request("Hi")))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, EngineRefusesUs),
        (404, EngineRefusesUs),
        (429, EngineRateLimited),
        (500, EngineFailed),
        (503, Overloaded),
        (504, EngineTimedOut),
    ],
)
async def test_t63_a_refusal_is_a_fault_of_its_kind(status: int, kind: type[Exception]) -> None:
    reply = Reply(b'{"error": {"message": "No."}}', status=status, headers={"retry-after": "7"})
    async with playing(reply) as (engine, _):
        with pytest.raises(kind, match=r"No\.") as fault:
            await take(engine, order(request("Hi")))

    assert getattr(fault.value, "retry_after_s", None) == 7.0


async def test_t63_a_silent_host_is_a_timeout() -> None:
    # Comments are signs of life, not of an answer.
    silent = Reply(b": wait\n\n", then="hang")
    async with playing(silent, timeouts=Timeouts(idle_s=5.0, first_s=0.05)) as (engine, _):
        with pytest.raises(EngineTimedOut):
            await take(engine, order(request("Hi")))


async def test_hidden_thoughts_are_an_answer_that_has_begun() -> None:
    body = f"data: {json.dumps(chunk(reasoning='Hm'))}\n\n".encode()
    slow = Timeouts(idle_s=5.0, first_s=0.05)
    async with playing(Reply(body, then="hang"), timeouts=slow) as (engine, host):
        prepared = await engine.prepare(order(request("Hi")))

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), aclosing(prepared.events()) as events:
                async for _ in events:
                    pass
        async with asyncio.timeout(5):
            await host.left.wait()


async def test_t58_a_connection_that_breaks_is_a_fault() -> None:
    body = f"data: {json.dumps(chunk(content='Hel'))}\n\n".encode()
    async with playing(Reply(body, then="break")) as (engine, _):
        with pytest.raises(EngineFailed, match="broke off"):
            await take(engine, order(request("Hi")))


async def test_t58_a_connection_that_breaks_after_the_end_is_none() -> None:
    body = f"data: {json.dumps(chunk('stop', content='Hello'))}\n\n".encode()
    async with playing(Reply(body, then="break")) as (engine, _):
        events = await take(engine, order(request("Hi")))

    assert said(events) == [("text", "Hello")]


async def test_t58_a_fault_after_the_end_is_none_and_logged() -> None:
    answer = streamed(chunk("stop", content="Hello"), {"error": {"message": "boom"}})
    async with playing(answer) as (engine, _):
        with capture_logs() as logged:
            events = await take(engine, order(request("Hi")))

    assert said(events) == [("text", "Hello")]
    assert [(line["event"], line["engine"]) for line in logged] == [("fault_after_answer", "gpu")]


async def test_t15_a_call_that_no_limit_cut_is_a_fault_before_anything_is_shown() -> None:
    begun = piece(0, id="c", name="look", arguments='{"n":')
    choice = {"message": {"tool_calls": [begun]}, "finish_reason": "tool_calls"}
    async with playing(jsoned({"choices": [choice], "usage": counts(9, 40)})) as (engine, _):
        prepared = await engine.prepare(order(request("a", tools=[tool()]), max_tokens=100))

        with pytest.raises(EngineFailed, match="called look with an input that is not JSON"):
            await anext(aiter(prepared.events()))


@pytest.mark.parametrize("strict", [False, True], ids=["any", "strict"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_t15_a_call_that_the_limit_cut_is_asked_for_once_and_told_as_cut(
    strict: bool, stream: bool
) -> None:
    begun = piece(0, id="c", name="look", arguments='{"n":')
    answer = streamed(calls(begun), chunk("tool_calls"), usage_chunk(9, 100))
    if not stream:
        choice = {"message": {"tool_calls": [begun]}, "finish_reason": "tool_calls"}
        answer = jsoned({"choices": [choice], "usage": counts(9, 100)})
    async with playing(answer) as (engine, host):
        asked = request("a", tools=[tool(strict=strict)], stream=stream)
        events = await take(engine, order(asked, max_tokens=100))

    assert said(events) == [("look", '{"n":')]
    assert client_sees(events)[-2]["delta"]["stop_reason"] == "max_tokens"
    assert len(host.bodies()) == 1


async def test_t40_a_client_that_leaves_stops_the_host() -> None:
    body = f"data: {json.dumps(chunk(content='Hello'))}\n\n".encode()
    async with playing(Reply(body, then="hang")) as (engine, host):
        prepared = await engine.prepare(order(request("Hi")))
        async with aclosing(prepared.events()) as events:
            async for _ in events:
                break

        async with asyncio.timeout(5):
            await host.left.wait()


async def test_a_stop_sequence_that_is_met_here_stops_the_host() -> None:
    body = f"data: {json.dumps(chunk(content='one STOP two'))}\n\n".encode()
    async with playing(Reply(body, then="hang")) as (engine, host):
        events = await take(engine, order(request("Hi", stop_sequences=["STOP"])))

        async with asyncio.timeout(5):
            await host.left.wait()
    assert said(events) == [("text", "one ")]
    assert ending(events).stop_sequence == "STOP"


async def test_no_output_warms_the_host_up() -> None:
    async with playing(HELLO) as (engine, host):
        events = await take(engine, order(request("Hi"), max_tokens=0))

    assert host.bodies()[0]["max_tokens"] == 1
    assert said(events) == []
    assert (ending(events).stop_reason, usage(events).output_tokens) == ("max_tokens", 0)


# ---- calls and answers that have to come -----------------------------------------------------


async def test_a_call_that_does_not_come_is_asked_for_as_json() -> None:
    text = '{"name": "look", "arguments": {"n": 1}}'
    second = streamed(chunk(content=text), chunk("stop"), usage_chunk(9, 9))
    async with playing([WORDS, second]) as (engine, host):
        events = await take(engine, order(request("Hi", **FORCED)))

    ((name, given),) = said(events)
    assert (name, json.loads(given)) == ("look", {"n": 1})
    assert client_sees(events)[-2]["delta"]["stop_reason"] == "tool_use"
    first, again = host.bodies()
    assert first["tool_choice"] == "required"
    assert "response_format" in again
    assert "tools" not in again


async def test_a_call_that_never_comes_is_a_fault() -> None:
    async with playing([WORDS]) as (engine, host):
        with pytest.raises(EngineFailed, match="did not call a tool"):
            await take(engine, order(request("Hi", **FORCED)))

    assert len(host.bodies()) == 3


async def test_a_schema_that_vllm_cannot_bind_a_call_to_is_only_checked() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        if any(one["function"].get("strict") for one in body["tools"]):
            return refused("The provided JSON schema contains features not supported by xgrammar.")
        return CALL

    asked = order(request("Hi", stream=True, **FORCED))
    async with playing(answer, quirks=HOSTS["vllm"]) as (engine, host):
        assert said(await take(engine, asked)) == [("look", '{"n":1}')]
        await take(engine, asked)

    strict = ["strict" in body["tools"][0]["function"] for body in turns(host)]
    assert strict == [True, False, True, False]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_every_answer_of_a_turn_counts_as_its_output(stream: bool) -> None:
    def answer(words: str, prompt: int, output: int) -> Reply:
        if stream:
            return streamed(chunk(content=words), chunk("stop"), usage_chunk(prompt, output))
        message = {"role": "assistant", "content": words}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return jsoned({"choices": [choice], "usage": counts(prompt, output)})

    call = '{"name": "look", "arguments": {}}'
    replies = [answer("No.", 9, 5), answer("Never.", 30, 6), answer(call, 30, 7)]
    async with playing(replies) as (engine, _):
        events = await take(engine, order(request("Hi", stream=stream, **FORCED)))

    final = client_sees(events)[-2]["usage"]
    assert (final["input_tokens"], final["output_tokens"]) == (9, 18)


async def test_a_forced_call_that_breaks_its_schema_is_asked_for_again() -> None:
    def called(given: str) -> Reply:
        one = calls(piece(0, id="c", name="look", arguments=given))
        return streamed(one, chunk("tool_calls"), usage_chunk(9, 5))

    good = streamed(chunk(content='{"name": "look", "arguments": {"a": 1}}'), chunk("stop"))
    asked = {**FORCED, "tools": [tool(input_schema=SCHEMA)]}
    answers = by_purpose(called('{"a": "one"}'), good)
    async with playing(answers, quirks=HOSTS["vllm"]) as (engine, host):
        events = await take(engine, order(request("Hi", stream=True, **asked)))

    assert said(events) == [("look", '{"a":1}')]
    assert [body["tools"][0]["function"]["strict"] for body in turns(host) if "tools" in body] == [
        True
    ]


async def test_thoughts_before_a_useless_answer_stay_shown() -> None:
    text = '{"name": "look", "arguments": {}}'
    first = streamed(chunk(reasoning="Hm."), chunk(content="No."), chunk("stop"))
    second = streamed(chunk(content=text), chunk("stop"))
    async with playing([first, second]) as (engine, _):
        events = await take(engine, order(request("Hi", **FORCED), ON))

    assert said(events) == [("thinking", "Hm."), ("look", "{}")]
    client_sees(events)


async def test_t52_an_answer_that_does_not_validate_is_asked_for_again_or_refused() -> None:
    bad = streamed(chunk(content="not JSON"), chunk("stop"))
    good = streamed(chunk(content='{"a": 1}'), chunk("stop"))
    async with playing([bad, good]) as (engine, _):
        events = await take(engine, order(request("Hi", **IN_JSON)))
    assert said(events) == [("text", '{"a": 1}')]

    async with playing([bad]) as (engine, _):
        with pytest.raises(InvalidRequest, match="Schema is too complex"):
            await take(engine, order(request("Hi", **IN_JSON)))


@pytest.mark.parametrize(
    ("begins", "plan", "shown"),
    [
        ("never", ON, [("text", "Hm.</think>\n\nSeven.")]),
        ("asked", ON, [("thinking", "Hm."), ("text", "Seven.")]),
        ("asked", OFF, [("text", "Hm.</think>\n\nSeven.")]),
        ("always", ON, [("thinking", "Hm."), ("text", "Seven.")]),
        ("always", OFF, [("text", "Seven.")]),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_t31_a_thought_that_the_template_has_opened_ends_at_its_mark(
    begins: BeginsInThought, plan: ThinkingPlan, shown: list[tuple[str, str]], stream: bool
) -> None:
    pieces = ["Hm", ".</thi", "nk>\n", "\nSeven."]
    answer = streamed(*(chunk(content=text) for text in pieces), chunk("stop"))
    if not stream:
        message = {"role": "assistant", "content": "".join(pieces)}
        answer = jsoned({"choices": [{"message": message, "finish_reason": "stop"}]})
    async with playing(answer, reach=Reach(begins_in_thought=begins)) as (engine, _):
        events = await take(engine, order(request("Hi", stream=stream), plan))

    assert said(events) == shown


async def test_t31_an_answer_that_is_begun_or_bound_begins_with_no_thought() -> None:
    begins = Reach(begins_in_thought="always")
    in_json = streamed(chunk(content='{"a": 1}'), chunk("stop"))
    async with playing([WORDS, in_json], quirks=HOSTS["vllm"], reach=begins) as (engine, _):
        begun = await take(engine, order(request("Hi", "I would"), ON))
        bound = await take(engine, order(request("Hi", **IN_JSON), ON))

    assert said(begun) == [("text", "I would rather not.")]
    assert said(bound) == [("text", '{"a": 1}')]


# ---- what is learned -------------------------------------------------------------------------


async def test_a_field_that_is_refused_is_left_out_now_and_later() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        if "max_tokens" in body:
            return refused(
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead."
            )
        return HELLO

    async with playing(answer) as (engine, host):
        await take(engine, order(request("Hi")))
        await take(engine, order(request("Hi")))

    assert ["max_tokens" in body for body in host.bodies()] == [True, False, False]


AUTO_REFUSED = (
    '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
)


@pytest.mark.parametrize("choice", ["auto", "any"])
async def test_a_vllm_without_a_parser_is_counted_right_from_the_first(choice: str) -> None:
    def answer(body: dict[str, Any]) -> Reply:
        return refused(AUTO_REFUSED) if "tools" in body else HELLO_OR_CALL

    others = {"/tokenize": lambda body: jsoned({"count": len(json.dumps(body))})}
    asked = request("Hi", tools=[tool()], tool_choice={"type": choice}, stream=True)
    async with playing(answer, quirks=HOSTS["vllm"], others=others) as (engine, host):
        first = await engine.prepare(order(asked))
        await collected(first)
        second = await engine.prepare(order(asked))

    assert first.input_tokens == second.input_tokens
    assert first.is_exact
    assert ["tools" in body for body in host.bodies()] == [True, False]
    assert host.bodies()[0]["max_tokens"] == 1


async def test_tools_that_a_template_leaves_out_are_told_in_text() -> None:
    others = {"/tokenize": lambda body: jsoned({"count": len(json.dumps(body["messages"]))})}
    asked = request("Hi", tools=[tool()], stream=True)
    async with playing(HELLO, quirks=HOSTS["vllm"], others=others) as (engine, host):
        for _ in range(2):
            await take(engine, order(asked))
        tried = len(host.bodies("/tokenize"))

    assert all("tools" not in body for body in host.bodies())
    assert all("look" in json.dumps(body["messages"]) for body in host.bodies())
    assert tried == 4


async def test_what_a_host_takes_is_tried_once_for_many_requests_and_again_after_a_fault() -> None:
    others = {"/tokenize": lambda body: jsoned({"count": len(json.dumps(body))})}
    asked = order(request("Hi", tools=[tool()]))
    async with playing(quirks=HOSTS["vllm"], others=others) as (engine, host):
        host.replies["/v1/chat/completions"] = refused("Loading", status=503)
        await engine.prepare(asked)
        host.replies["/v1/chat/completions"] = jsoned({"choices": []})
        await asyncio.gather(*(engine.prepare(asked) for _ in range(3)))

    assert len(host.bodies()) == 2


async def test_a_count_that_is_refused_for_the_moment_says_nothing_of_tools() -> None:
    left_out = {"/tokenize": lambda body: jsoned({"count": len(json.dumps(body["messages"]))})}
    asked = order(request("Hi", tools=[tool()]))
    taken = jsoned({"choices": []})
    async with playing(taken, quirks=HOSTS["vllm"], others=left_out) as (engine, host):
        counts, host.replies["/tokenize"] = host.replies["/tokenize"], refused("Loading", 503)
        await engine.prepare(asked)
        host.replies["/tokenize"] = counts
        turn = await engine.prepare(asked)

    assert turn.quirks.tools_in_text


async def test_a_host_that_comes_back_is_asked_for_what_it_refused_before() -> None:
    def without_parser(body: dict[str, Any]) -> Reply:
        return refused(AUTO_REFUSED) if "tools" in body else HELLO_OR_CALL

    others = {"/tokenize": lambda body: jsoned({"count": len(json.dumps(body))})}
    asked = order(request("Hi", tools=[tool()], stream=True))
    async with playing(without_parser, quirks=HOSTS["vllm"], others=others) as (engine, host):
        await take(engine, asked)
        host.replies["/v1/chat/completions"] = Reply(b"", then="break")
        with pytest.raises(Overloaded):
            await take(engine, asked)
        host.replies["/v1/chat/completions"] = by_purpose(HELLO)
        await take(engine, asked)

    assert "tools" in turns(host)[-1]


async def test_an_output_that_does_not_fit_is_asked_for_as_far_as_it_does() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        if body["max_tokens"] > 4_000:
            return refused(
                "'max_tokens' is too large: 5000. This model's maximum context length is 4096 "
                "tokens and your request has 96 input tokens (5000 > 4096 - 96)."
            )
        return streamed(chunk(content="Hel"), chunk("length"))

    async with playing(answer) as (engine, host):
        events = await take(engine, order(request("Hi"), max_tokens=5_000))

    assert [body["max_tokens"] for body in host.bodies()] == [5_000, 4_000]
    assert ending(events).stop_reason == "model_context_window_exceeded"


async def test_a_models_output_limit_is_kept_in_mind() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        if body["max_tokens"] > 16:
            return refused(
                "max_tokens is too large. This model supports at most 16 completion tokens"
            )
        return streamed(chunk(content="Hel"), chunk("length"))

    async with playing(answer) as (engine, host):
        await take(engine, order(request("Hi")))
        events = await take(engine, order(request("Hi")))

    assert [body["max_tokens"] for body in host.bodies()] == [100, 16, 16]
    assert ending(events).stop_reason == "max_tokens"


async def test_a_host_that_went_away_is_looked_at_again() -> None:
    async with playing(HELLO) as (engine, host):
        await take(engine, order(request("Hi")))
        await host.stop()
        with pytest.raises(Overloaded):
            await take(engine, order(request("Hi")))

        assert engine._looking.known is None


async def test_the_host_is_told_our_name_for_the_request() -> None:
    async with playing(HELLO) as (engine, host):
        await take(engine, order(request("Hi")))

    assert host.headers[-1]["x-request-id"] == "req_1"
    assert host.headers[-1]["authorization"] == "Bearer k"


async def test_what_is_refused_for_good_is_asked_once() -> None:
    async with playing(refused("At most 0 image(s) may be provided.")) as (engine, host):
        with pytest.raises(InvalidRequest, match=r"^At most 0 image"):
            await take(engine, order(request("Hi")))

    assert len(host.bodies()) == 1


async def test_a_host_that_refuses_everything_is_not_asked_for_ever() -> None:
    said_no = refused("stream_options, user, tool_choice, parallel_tool_calls: not permitted")
    async with playing(said_no) as (engine, host):
        with pytest.raises(InvalidRequest):
            await take(engine, order(request("Hi", **FORCED)))

    assert len(host.bodies()) <= 5


# ---- counting and windows --------------------------------------------------------------------


async def test_t38_vllm_counts_with_its_own_tokenizer() -> None:
    others = {
        "/v1/models": jsoned({"data": [{"id": "the-model", "max_model_len": 64}]}),
        "/tokenize": lambda body: jsoned({"count": 42 if "tools" in body else 30}),
    }
    asked = request("Hi", tools=[tool()], system="s")
    async with playing(HELLO, quirks=HOSTS["vllm"], others=others) as (engine, host):
        prepared = await engine.prepare(order(asked))
        _ = [event async for event in prepared.events()]
        limits = engine.limits

    assert prepared.input_tokens == 42
    tokenized, (sent,) = host.bodies("/tokenize")[-1], turns(host)
    assert tokenized["messages"] == sent["messages"]
    assert tokenized["tools"] == sent["tools"]
    assert tokenized["add_generation_prompt"] is True
    assert sent["max_tokens"] == 22
    assert limits == EngineLimits(window_tokens=64, image_input=True)


@pytest.mark.parametrize("host", ["vllm", "generic"])
async def test_t7_a_request_counts_the_same_as_its_count(host: str) -> None:
    others = {"/tokenize": lambda body: jsoned({"count": len(json.dumps(body)), "tokens": []})}
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [tool()]}
    counted = parse_count_tokens_request(json.dumps(asked).encode())
    created = parse_message_request(json.dumps({**asked, "max_tokens": 9}).encode())
    async with playing(quirks=HOSTS[host], others=others) as (engine, _):
        first = await engine.prepare(order(counted, max_tokens=0))
        second = await engine.prepare(order(created))

    assert first.input_tokens == second.input_tokens > 0


async def test_t39_a_prompt_that_does_not_fit_is_told_with_its_numbers() -> None:
    others = {
        "/v1/models": jsoned({"data": [{"id": "the-model", "max_model_len": 40}]}),
        "/tokenize": jsoned({"count": 42, "tokens": []}),
    }
    async with playing(quirks=HOSTS["vllm"], others=others) as (engine, _):
        with pytest.raises(InvalidRequest, match=r"^prompt is too long: 42 tokens > 40 maximum$"):
            await engine.prepare(order(request("Hi")))


async def test_t37_counting_a_prompt_that_does_not_fit_is_an_answer() -> None:
    others = {
        "/v1/models": jsoned({"data": [{"id": "the-model", "max_model_len": 40}]}),
        "/tokenize": jsoned({"count": 42, "tokens": []}),
    }
    asked = parse_count_tokens_request(
        b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}'
    )
    async with playing(quirks=HOSTS["vllm"], others=others) as (engine, host):
        prepared = await engine.prepare(order(asked, max_tokens=0))

    assert prepared.input_tokens == 42
    assert host.bodies() == []


async def test_llama_server_counts_the_prompt_that_it_renders() -> None:
    others = {
        "/props": jsoned({"default_generation_settings": {"n_ctx": 50}}),
        "/apply-template": jsoned({"prompt": "<s>Hi"}),
        "/tokenize": jsoned({"tokens": [1, 2, 3]}),
    }
    async with playing(HELLO, quirks=HOSTS["llamacpp"], others=others) as (engine, host):
        prepared = await engine.prepare(order(request("Hi")))

    assert prepared.input_tokens == 3
    assert host.bodies("/tokenize")[0]["content"] == "<s>Hi"
    assert engine.limits.window_tokens == 50


async def test_sglang_counts_texts_where_it_cannot_count_messages() -> None:
    def tokenize(body: dict[str, Any]) -> Reply:
        if "prompt" not in body:
            return jsoned({"detail": "prompt: Field required"}, status=422)
        return jsoned({"count": 10, "tokens": [1] * 10})

    others = {"/tokenize": tokenize}
    async with playing(HELLO, quirks=HOSTS["sglang"], others=others) as (engine, host):
        first = await engine.prepare(order(request("Hi")))
        await engine.prepare(order(request("Hi")))

    assert first.input_tokens > 10
    assert ["prompt" in body for body in host.bodies("/tokenize")] == [False, True, True]


async def test_t38_without_an_endpoint_the_count_is_an_estimate_and_asked_for_once() -> None:
    async with playing(HELLO, quirks=HOSTS["vllm"]) as (engine, host):
        first = await engine.prepare(order(request("Hi")))
        await engine.prepare(order(request("Hi")))

    assert first.input_tokens > 1
    assert len(host.bodies("/tokenize")) == 1


# ---- which host it is ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "host"),
    [
        ({"/v1/models": jsoned({"data": [{"id": "m", "owned_by": "vllm"}]})}, "vllm"),
        ({"/v1/models": jsoned({"data": [{"id": "m", "owned_by": "sglang"}]})}, "sglang"),
        ({"/v1/models": jsoned({"data": [{"id": "m", "owned_by": "library"}]})}, "ollama"),
        ({"/props": jsoned({"default_generation_settings": {"n_ctx": 5}})}, "llamacpp"),
        ({"/api/v0/models": jsoned({"data": [{"id": "m"}]})}, "lmstudio"),
        ({"/api/version": jsoned({"version": "0.33"})}, "ollama"),
        ({"/version": jsoned({"version": "0.33"})}, "vllm"),
        ({"/props": jsoned({"error": "Unexpected endpoint"})}, "generic"),
        ({"/v1/models": jsoned({"detail": "Not Found"}, status=404)}, "generic"),
    ],
)
async def test_a_host_is_known_by_what_it_says(others: dict[str, Reply], host: str) -> None:
    async with playing(quirks=None, others=others) as (engine, _):
        await engine.ready()

        assert engine._looking.known is not None
        assert engine._looking.known.quirks.host == host


@pytest.mark.parametrize(
    ("quirks", "others", "window"),
    [
        ("vllm", {"/v1/models": {"data": [{"id": "m", "max_model_len": 9}]}}, 9),
        ("generic", {"/v1/models": {"data": [{"id": "m", "context_length": 9}]}}, 9),
        ("generic", {"/v1/models": {"data": [{"id": "m", "meta": {"n_ctx": 9}}]}}, 9),
        ("generic", {"/v1/models": [{"id": "m", "context_length": 9}]}, 9),
        ("generic", {"/v1/models": {"data": [{"id": "m", "context_length": "9"}]}}, None),
        ("ollama", {"/api/ps": {"models": [{"name": "m", "context_length": 9}]}}, 9),
        ("lmstudio", {"/api/v0/models": {"data": [{"id": "m", "loaded_context_length": 9}]}}, 9),
        ("openai", {}, None),
    ],
)
async def test_the_window_is_read_where_the_host_tells_it(
    quirks: str, others: dict[str, Any], window: int | None
) -> None:
    replies = {path: jsoned(value) for path, value in others.items()}
    async with playing(quirks=HOSTS[quirks], others=replies) as (engine, _):
        await engine.ready()

        assert engine.limits.window_tokens == window


async def test_of_several_models_each_has_its_window_and_the_engine_none() -> None:
    listed = {"data": [{"id": "the-model", "context_length": 9}, {"id": "b", "context_length": 7}]}
    async with playing(others={"/v1/models": jsoned(listed)}) as (engine, _):
        await engine.ready()
        prepared = await engine.prepare(order(request("Hi")))

    assert engine.limits.window_tokens is None
    assert prepared.window_tokens == 9  # type: ignore[attr-defined]


async def test_a_configured_window_goes_before_the_hosts() -> None:
    listed = {"data": [{"id": "m", "max_model_len": 9}]}
    reach = Reach(window_tokens=5)
    async with playing(others={"/v1/models": jsoned(listed)}, reach=reach) as (engine, _):
        await engine.ready()

        assert engine.limits.window_tokens == 5


async def test_a_host_that_refuses_our_key_is_never_ready() -> None:
    denied = refused("Invalid API key", status=401)
    async with playing(others={"/v1/models": denied}) as (engine, _):
        with pytest.raises(EngineRefusesUs, match="Invalid API key"):
            await engine.ready()


async def test_a_host_that_is_not_there_yet_is_waited_for() -> None:
    async with playing() as (engine, host):
        host.replies["/v1/models"] = [
            refused("Loading model", status=503),
            jsoned({"data": [{"id": "m", "max_model_len": 9}]}),
        ]
        await engine.ready()

    assert engine.limits.window_tokens == 9


async def test_a_host_that_does_not_come_is_given_up() -> None:
    reach = Reach(start_timeout_s=0.0)
    loading = {"/v1/models": refused("Loading model", status=503)}
    async with playing(others=loading, reach=reach) as (engine, _):
        with pytest.raises(Overloaded, match="Loading model"):
            await engine.ready()


async def test_a_tool_id_in_nine_characters_is_an_engines_quirk() -> None:
    asked = request("a", tools=[tool()])
    async with playing(CALL, quirks=Quirks(tool_ids="nine")) as (engine, _):
        events = await take(engine, order(asked))

    assert isinstance(events[-1], TurnEnded)
    assert said(events) == [("look", '{"n":1}')]


# ---- who shares a host ---------------------------------------------------------------------------


async def test_vllm_is_told_the_rank_and_whose_cache_it_is() -> None:
    usual = order(request("Hi"))
    async with playing(HELLO, quirks=HOSTS["vllm"]) as (engine, host):
        await take(engine, usual)
        await take(engine, replace(usual, rank="priority", workspace="wrkspc_1"))
        await take(engine, replace(usual, rank="batch", workspace="wrkspc_2"))

    first, second, third = host.bodies()
    assert "priority" not in first
    assert "cache_salt" not in first
    assert (second["priority"], third["priority"]) == (-1, 1)
    assert second["cache_salt"] != third["cache_salt"]


async def test_a_vllm_that_refuses_priorities_is_asked_without_from_then_on() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        if "priority" in body:
            return refused("Got priority -1 but Priority scheduling is not enabled.")
        return HELLO

    asked = replace(order(request("What is a priority?")), rank="priority", workspace="wrkspc_1")
    async with playing(answer, quirks=HOSTS["vllm"]) as (engine, host):
        await take(engine, asked)
        await take(engine, asked)

    assert ["priority" in body for body in host.bodies()] == [True, False, False]
    assert all("cache_salt" in body for body in host.bodies())
