"""One small suite before every kind of upstream, through the official SDKs."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import anthropic
import jsonschema_rs
import pytest
from anthropic import Anthropic
from pydantic import BaseModel, ConfigDict

from tests.conformance.bodies import (
    WEATHER,
    assistant,
    tool_result,
    tool_use,
    user,
    without,
)
from tests.conformance.exchanges import Watch, sdk_client
from tests.live.asking import MODEL, NAME, ask, body, changed, read
from tests.live.upstreams import Upstream
from tests.servers import RunningServer

STREAMS = 8
SAYING: Any = {
    "type": "object",
    "properties": {"saying": {"const": "more haste less speed"}},
    "required": ["saying"],
    "additionalProperties": False,
}
IN_FORM: Any = {"format": {"type": "json_schema", "schema": SAYING}}
BOTH_WAYS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
FUNCTION: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": WEATHER["description"],
        "parameters": WEATHER["input_schema"],
    },
}


class Saying(BaseModel):
    model_config = ConfigDict(extra="forbid")
    saying: Literal["more haste less speed"]


@BOTH_WAYS
def test_it_answers(client: Anthropic, stream: bool) -> None:
    message = ask(client, body("Say hello.", max_tokens=16), stream=stream)

    assert message.content[0].type == "text"
    assert message.content[0].text
    assert message.stop_reason in ("end_turn", "max_tokens")
    assert message.model == NAME
    assert 0 < message.usage.output_tokens <= 16


def test_a_stream_comes_in_pieces(client: Anthropic) -> None:
    asked = body("Count from one to twenty.", max_tokens=24)
    with client.messages.stream(**asked) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()

    assert len(pieces) > 1
    assert message.content[0].type == "text"
    assert "".join(pieces) == message.content[0].text


def test_the_system_prompt_and_every_turn_are_read(client: Anthropic) -> None:
    system = "You are a translator. " * 20
    turns = [user("Hello"), assistant("Hi."), user("How are you?")]

    short = client.messages.create(**body(max_tokens=1))
    told = client.messages.create(**body(max_tokens=1, system=system))
    longer = client.messages.create(**body(max_tokens=1, system=system, messages=turns))

    assert read(short) < read(told) < read(longer)


@BOTH_WAYS
def test_max_tokens_ends_the_answer_at_that_token(client: Anthropic, stream: bool) -> None:
    message = ask(client, body("Count from one to twenty.", max_tokens=5), stream=stream)

    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 5)


@BOTH_WAYS
def test_a_stop_sequence_ends_the_answer_and_is_named(client: Anthropic, stream: bool) -> None:
    # The form makes the sequence come for sure.
    fields = body("A saying, please.", output_config=IN_FORM, stop_sequences=["never", "less"])

    message = ask(client, fields, stream=stream)

    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", "less")
    assert message.content[0].text.endswith("more haste ")


@BOTH_WAYS
@pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "get_weather"}])
def test_a_forced_call_comes_and_is_valid(client: Anthropic, choice: Any, stream: bool) -> None:
    fields = body("The weather in Paris?", max_tokens=400, tools=[WEATHER], tool_choice=choice)

    message = ask(client, fields, stream=stream)

    assert message.stop_reason == "tool_use"
    assert message.content
    for call in message.content:
        assert (call.type, call.name) == ("tool_use", "get_weather")
        assert call.id.removeprefix("toolu_").isalnum()
        jsonschema_rs.validate(WEATHER["input_schema"], call.input)


@BOTH_WAYS
def test_the_model_may_call_or_talk(client: Anthropic, stream: bool) -> None:
    fields = body("The weather in Paris?", max_tokens=40, tools=[WEATHER])

    message = ask(client, fields, stream=stream)

    calls = [block for block in message.content if block.type == "tool_use"]
    assert {block.type for block in message.content} <= {"text", "tool_use"}
    assert (message.stop_reason == "tool_use") <= bool(calls)
    assert all(call.name == "get_weather" for call in calls)


def test_a_call_and_its_result_are_read(client: Anthropic) -> None:
    turns = [user("The weather?"), assistant([tool_use(location="Paris")]), user([tool_result()])]
    fields = body(max_tokens=12, tools=[WEATHER])

    asked = client.messages.create(**changed(fields, messages=turns[:1]))
    answered = client.messages.create(**changed(fields, messages=turns))

    assert answered.stop_reason in ("end_turn", "max_tokens", "tool_use")
    assert read(answered) > read(asked)


@BOTH_WAYS
def test_structured_output_is_of_its_schema(client: Anthropic, stream: bool) -> None:
    fields = body("A saying, please.", max_tokens=300, output_config=IN_FORM)

    message = ask(client, fields, stream=stream)

    assert message.stop_reason == "end_turn"
    assert json.loads(message.content[0].text) == {"saying": "more haste less speed"}


def test_the_sdk_parses_structured_output(client: Anthropic) -> None:
    fields = body("A saying, please.", max_tokens=300)

    message = client.messages.parse(**fields, output_format=Saying)

    assert message.parsed_output == Saying(saying="more haste less speed")


def test_a_begun_answer_is_continued_or_refused(client: Anthropic, upstream: Upstream) -> None:
    begun = "The capital of France is"
    fields = body(messages=[user("The capital of France?"), assistant(begun)], max_tokens=8)

    if upstream.continues:
        message = client.messages.create(**fields)
        assert message.content[0].type == "text"
        assert not message.content[0].text.startswith("The capital")
    else:
        with pytest.raises(anthropic.BadRequestError, match=r"does not support .* prefill"):
            client.messages.create(**fields)


def test_nothing_but_the_prompt_is_read_for_no_tokens(client: Anthropic) -> None:
    message = client.messages.create(**body(max_tokens=0))

    assert (message.content, message.stop_reason) == ([], "max_tokens")


@pytest.mark.parametrize(
    "fields",
    [
        body(),
        body(system="You are a translator."),
        body(messages=[user("Hello"), assistant("Hi."), user("How are you?")]),
        body("Grüße, 世界 🌍"),
        body(tools=[WEATHER]),
        body(tools=[WEATHER], tool_choice={"type": "any"}),
        body("A saying, please.", output_config=IN_FORM),
    ],
    ids=["text", "system", "turns", "unicode", "tools", "forced", "structured"],
)
def test_the_count_is_what_is_read(
    client: Anthropic, upstream: Upstream, fields: dict[str, Any]
) -> None:
    message = client.messages.create(**changed(fields, max_tokens=1))

    asked = without(fields, "max_tokens", "extra_body")
    counted = client.messages.count_tokens(**asked).input_tokens

    if upstream.is_exact:
        assert counted == read(message) > 0
    else:
        assert counted >= read(message) > 0


@BOTH_WAYS
def test_a_prompt_that_is_too_long_is_refused(
    server: RunningServer, upstream: Upstream, stream: bool
) -> None:
    fields = body(upstream.prompt_too_long, max_tokens=8)
    words = r"prompt is too long: \d+ tokens > \d+ maximum"

    # Not watched: the body of a relayed error carries the request id of the upstream.
    with (
        Anthropic(base_url=server.url, api_key="any", max_retries=0) as client,
        pytest.raises(anthropic.BadRequestError, match=words),
    ):
        ask(client, fields, stream=stream)


def test_many_streams_at_a_time_all_end(server: RunningServer) -> None:
    together = threading.Barrier(STREAMS)

    def one(number: int) -> Any:
        with sdk_client(server.url, Watch(), timeout=300.0) as client:
            together.wait(30)
            return ask(client, body(f"Count to {number}.", max_tokens=12), stream=True)

    with ThreadPoolExecutor(STREAMS) as pool:
        messages = list(pool.map(one, range(STREAMS)))

    assert all(message.stop_reason in ("end_turn", "max_tokens") for message in messages)
    assert len({message.id for message in messages}) == STREAMS


def test_a_client_that_leaves_frees_the_upstream(client: Anthropic) -> None:
    for _ in range(3):
        with client.messages.stream(**body("Tell a story.", max_tokens=600)) as stream:
            next(iter(stream))

    # Where one is served at a time it would have to wait for the stories.
    assert client.messages.create(**body("Hello", max_tokens=1)).usage.output_tokens == 1


# ---- the other format --------------------------------------------------------------------------


def test_the_other_format_answers(openai_client: Any) -> None:
    answer = openai_client.chat.completions.create(
        model=MODEL, temperature=0, max_tokens=16, messages=[user("Say hello.")]
    )

    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert 0 < answer.usage.completion_tokens <= 16


def test_the_other_format_streams_and_counts(openai_client: Any) -> None:
    stream = openai_client.chat.completions.create(
        model=MODEL,
        temperature=0,
        max_tokens=16,
        messages=[{"role": "system", "content": "Be brief."}, user("Count from one to twenty.")],
        stream=True,
        stream_options={"include_usage": True},
    )

    chunks = list(stream)

    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert len([text for text in texts if text]) > 1
    assert 0 < chunks[-1].usage.completion_tokens <= 16


def test_the_other_format_forces_a_call(openai_client: Any) -> None:
    answer = openai_client.chat.completions.create(
        model=MODEL,
        temperature=0,
        max_tokens=400,
        messages=[user("The weather in Paris?")],
        tools=[FUNCTION],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    )

    (call,) = answer.choices[0].message.tool_calls
    assert call.function.name == "get_weather"
    jsonschema_rs.validate(WEATHER["input_schema"], json.loads(call.function.arguments))


def test_the_other_format_keeps_to_a_schema(openai_client: Any) -> None:
    form = {"name": "saying", "schema": SAYING, "strict": True}
    answer = openai_client.chat.completions.create(
        model=MODEL,
        temperature=0,
        max_tokens=300,
        messages=[user("A saying, please.")],
        response_format={"type": "json_schema", "json_schema": form},
    )

    assert json.loads(answer.choices[0].message.content) == {"saying": "more haste less speed"}
