"""What a host's refusals teach, and what no caller can make the engine learn from them."""

from typing import Any

import pytest

from antechamber.dialects.openai_chat.adapting import Change
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.engines.openai_chat.hosts import HOSTS
from antechamber.engines.openai_chat.remembering import ByModel, Lessons
from antechamber.wire.errors import ApiError, InvalidRequest
from tests.engines.openai_chat.playing import Reply, jsoned, order, playing, refused, streamed, take
from tests.unit.dialects.openai_chat.scenes import ON, calls, chunk, piece, request
from tests.unit.dialects.raw_prompt.scenes import assistant, call, result, tool, user

HELLO = streamed(chunk(content="Hello"), chunk("stop"))
CALL = streamed(calls(piece(0, id="c", name="look", arguments="{}")), chunk("tool_calls"))
WRONG = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=x)"}}}
CLOSED = {"type": "object", "additionalProperties": False}
FORMAT = {"type": "json_schema", "schema": CLOSED}


def quoting(body: dict[str, Any]) -> Reply:
    """Refuse as OpenAI does, with the tool's name."""
    for one in body.get("tools", ()):
        function = one["function"]
        if function["parameters"] == WRONG:
            return refused(
                f"Invalid schema for function '{function['name']}': 'pattern' is not supported.",
                param="tools[0].function.parameters",
                code="invalid_function_parameters",
            )
    return CALL if "tools" in body else HELLO


@pytest.mark.parametrize(
    "name", ["stream_options", "tool_choice", "response_format", "service_tier", "reasoning_effort"]
)
async def test_a_tool_that_is_called_like_a_field_changes_nothing_for_others(name: str) -> None:
    named = {"tool_choice": {"type": "tool", "name": "look"}}
    victims = [
        order(request("Hi", stream=True)),
        order(request("Hi", stream=True, tools=[tool()], **named)),
    ]
    attack = request(
        "Hi",
        stream=True,
        tools=[tool(name, input_schema=WRONG)],
        tool_choice={"type": "any"},
        output_config={"format": FORMAT},
        service_tier="standard_only",
    )
    async with playing(quoting, quirks=HOSTS["openai"]) as (engine, host):
        for victim in victims:
            await take(engine, victim)
        before = host.bodies()
        with pytest.raises(InvalidRequest, match="Invalid schema for function"):
            await take(engine, order(attack))
        attacks = len(host.bodies()) - len(before)
        for victim in victims:
            await take(engine, victim)

    assert host.bodies()[-2:] == before
    assert attacks == 1


async def test_what_did_not_help_is_no_lesson() -> None:
    refusing = True

    def answer(body: dict[str, Any]) -> Reply:
        return refused("stream_options: Extra inputs are not permitted") if refusing else HELLO

    asked = order(request("Hi", stream=True))
    async with playing(answer) as (engine, host):
        with pytest.raises(InvalidRequest):
            await take(engine, asked)
        refusing = False
        await take(engine, asked)

    assert ["stream_options" in body for body in host.bodies()] == [True, False, True]


async def test_an_answer_that_is_an_error_after_all_is_no_lesson() -> None:
    broken = streamed({"error": {"message": "No.", "code": 500}})

    def answer(body: dict[str, Any]) -> Reply:
        if "stream_options" not in body:
            return broken
        return refused("stream_options: Extra inputs are not permitted")

    asked = order(request("Hi", stream=True))
    async with playing(answer) as (engine, host):
        for _ in range(2):
            with pytest.raises(ApiError):
                await take(engine, asked)

    assert ["stream_options" in body for body in host.bodies()] == [True, False, True, False]


@pytest.mark.parametrize(
    "refusal",
    [
        refused("Unrecognized request argument supplied: reasoning_effort"),
        refused("No such field.", param="reasoning_effort", code="unknown_parameter"),
        refused("`reasoning_effort` is not supported with this model"),
        refused('"tiny" does not support thinking'),
        refused("Reasoning effort is not supported for this model"),
        jsoned({"error": "Model m does not support parameter reasoningEffort."}, 400),
        jsoned({"message": "Unsupported parameter(s): `reasoning_effort`", "code": 400}, 400),
        refused("Bad Request", 422),
        Reply(b"", status=400),
        Reply(b"<html>Bad Request</html>", status=422),
    ],
    ids=lambda refusal: refusal.body.decode(),
)
async def test_a_host_of_which_nothing_is_known_is_asked_to_think_until_it_refuses(
    refusal: Reply,
) -> None:
    def answer(body: dict[str, Any]) -> Reply:
        return refusal if "reasoning_effort" in body else HELLO

    asked = order(request("Hi", output_config={"effort": "low"}), ON)
    async with playing(answer) as (engine, host):
        for _ in range(2):
            await take(engine, asked)

    assert [body.get("reasoning_effort") for body in host.bodies()] == ["low", None, None]


@pytest.mark.parametrize(
    ("refusal", "levels"),
    [
        ("'reasoning_effort' does not support '{}'", ["high", "medium", "low", None, None, None]),
        ("reasoning_effort must be one of 'minimal' or 'low'", ["high", "low", "low", "low"]),
    ],
)
async def test_the_levels_that_a_model_does_not_have_end_in_a_lesson(
    refusal: str, levels: list[str | None]
) -> None:
    def answer(body: dict[str, Any]) -> Reply:
        level = body.get("reasoning_effort")
        return HELLO if level == levels[-1] else refused(refusal.format(level))

    async with playing(answer) as (engine, host):
        for _ in range(3):
            await take(engine, order(request("Hi"), ON))

    assert [body.get("reasoning_effort") for body in host.bodies()] == levels


async def test_what_is_refused_without_an_effort_as_well_is_tried_once_and_no_lesson() -> None:
    asked = order(request("Hi"), ON)
    async with playing(refused("Bad Request")) as (engine, host):
        for _ in range(2):
            with pytest.raises(InvalidRequest, match="Bad Request"):
                await take(engine, asked)

    efforts = [body.get("reasoning_effort") for body in host.bodies()]
    assert efforts == ["high", None, "high", None]


async def test_who_has_thought_once_is_not_kept_from_it_by_a_request_that_is_refused() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        bad = "reasoning_effort" in body and body["messages"][0]["content"] == "Bad"
        return refused("Bad Request") if bad else HELLO

    async with playing(answer) as (engine, host):
        for words in ("Good", "Bad", "Good"):
            await take(engine, order(request(words), ON))

    efforts = [body.get("reasoning_effort") for body in host.bodies()]
    assert efforts == ["high", "high", None, "high"]


async def test_t25_ids_of_calls_and_results_agree_also_when_a_host_wants_them_otherwise() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        (call_id,) = (one["id"] for said in body["messages"] for one in said.get("tool_calls", ()))
        if len(call_id) != 9:
            return refused(f"Tool call id was {call_id} but must be a-z, A-Z, 0-9, length of 9.")
        return HELLO

    asked = request("a", assistant(call("toolu_01AbC")), user(result("toolu_01AbC", "b")))
    async with playing(answer) as (engine, host):
        for _ in range(2):
            await take(engine, order(asked))

    ids = [
        (body["messages"][1]["tool_calls"][0]["id"], body["messages"][2]["tool_call_id"])
        for body in host.bodies()
    ]
    assert ids[0] == ("toolu_01AbC", "toolu_01AbC")
    assert ids[1] == ids[2]
    assert ids[1][0] == ids[1][1]


async def test_several_lessons_are_learned_one_by_one() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        for name in ("stream_options", "parallel_tool_calls"):
            if name in body:
                return refused(f"{name}: Extra inputs are not permitted")
        return CALL

    choice = {"type": "auto", "disable_parallel_tool_use": True}
    asked = order(request("Hi", stream=True, tools=[tool()], tool_choice=choice))
    async with playing(answer) as (engine, host):
        asked_so_far = [0]
        for _ in range(3):
            await take(engine, asked)
            asked_so_far.append(len(host.bodies()))

    assert asked_so_far == [0, 3, 5, 6]


async def test_fields_that_a_host_refuses_by_a_code_are_learned_all_at_once() -> None:
    strange = ("stream_options", "parallel_tool_calls", "reasoning_effort", "user", "tool_choice")

    def answer(body: dict[str, Any]) -> Reply:
        for name in (*strange, "max_tokens"):
            if name in body:
                return refused("No such field.", param=name, code="unknown_parameter")
        return HELLO

    asked = request(
        "Hi",
        stream=True,
        tools=[tool()],
        tool_choice={"type": "auto", "disable_parallel_tool_use": True},
        metadata={"user_id": "me"},
    )
    async with playing(answer) as (engine, host):
        await take(engine, order(asked, ON))
        first = len(host.bodies())
        await take(engine, order(asked, ON))

    assert (first, len(host.bodies())) == (6, 7)
    assert "max_completion_tokens" in host.bodies()[-1]


async def test_an_output_limit_that_the_client_says_is_none_of_the_models() -> None:
    limit = "max_tokens must be less than or equal to 5"

    def answer(body: dict[str, Any]) -> Reply:
        said = body["messages"][0]["content"]
        return refused(f"Cannot read {said}") if limit in said and body["max_tokens"] > 5 else HELLO

    async with playing(answer) as (engine, host):
        for words in (limit, "Hi"):
            await take(engine, order(request(words)))

    assert [body["max_tokens"] for body in host.bodies()] == [100, 5, 100]


async def test_a_schema_that_is_refused_is_told_in_words_for_that_request_alone() -> None:
    def answer(body: dict[str, Any]) -> Reply:
        if "oneOf" in str(body.get("response_format")):
            return refused("Invalid schema for response_format 'answer'", param="response_format")
        return streamed(chunk(content="{}"), chunk("stop"))

    bad = {"format": {"type": "json_schema", "schema": {**CLOSED, "oneOf": [CLOSED]}}}
    good = {"format": FORMAT}
    async with playing(answer, quirks=HOSTS["openai"]) as (engine, host):
        await take(engine, order(request("Hi", output_config=bad)))
        await take(engine, order(request("Hi", output_config=good)))

    assert ["response_format" in body for body in host.bodies()] == [True, False, True]


def test_t61_of_many_models_the_one_not_asked_for_longest_is_forgotten() -> None:
    known = ByModel[int]()
    for number in range(5_000):
        known.put(f"gpt-{number}", number)
        assert known.get("gpt-0") == 0

    assert len(known) == 1_024
    assert known.get("gpt-4999") == 4_999
    assert known.get("gpt-1") is None


def test_lessons_of_a_model_add_up_and_are_its_own() -> None:
    lessons, usual = Lessons(), Quirks()

    lessons.learn("a", usual, Change(fields={"user": False}))
    lessons.learn("a", usual, Change(fields={"stream_usage": False}))
    lessons.learn_output_limit("a", 16)

    assert lessons.quirks("a", usual) == Quirks(user=False, stream_usage=False)
    assert lessons.quirks("b", usual) is usual
    assert (lessons.output_limit("a"), lessons.output_limit("b")) == (16, None)
