"""The other format at the front, through its official SDK."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel, Field

from tests.conformance.bodies import OPUS, SONNET
from tests.conformance.conftest import SCRIPTED, StartServer
from tests.conformance.manifest import requirement
from tests.servers import RunningServer, running_server

openai: Any = pytest.importorskip("openai")

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGA"
    "WjR9awAAAABJRU5ErkJggg=="
)
NO_IMAGE: dict[str, Any] = {
    "type": "image_url",
    "image_url": {"url": "data:image/png;base64,A\nA"},
}
IMAGE: dict[str, Any] = {
    "type": "image_url",
    "image_url": {"url": "data:image/png;base64,AAAA"},
}
"""Bytes that are none."""
LOOK_UP: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather.",
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}


def user(content: object = "Hello") -> Any:
    return {"role": "user", "content": content}


@pytest.fixture
def sdk(scripted: RunningServer) -> Iterator[Any]:
    with openai.OpenAI(base_url=f"{scripted.url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
async def async_sdk(scripted: RunningServer) -> AsyncIterator[Any]:
    url = f"{scripted.url}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def plain(scripted: RunningServer) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=scripted.url) as client:
        yield client


def ask(sdk: Any, content: object = "Hello", **fields: Any) -> Any:
    return sdk.chat.completions.create(model=OPUS, messages=[user(content)], **fields)


@requirement("openai:create", "examples:interface:chat-completions")
def test_a_completion_has_one_choice_and_its_counts(sdk: Any) -> None:
    completion = sdk.chat.completions.create(
        model="claude-opus-4-5",
        messages=[{"role": "system", "content": "Be brief."}, user()],
        max_completion_tokens=100,
        temperature=1.5,
        stop=["END"],
        user="u1",
    )

    (choice,) = completion.choices
    assert completion.object == "chat.completion"
    assert completion.id.startswith("chatcmpl-")
    assert completion.model == "claude-opus-4-5-20251101"
    assert completion.created > 1_700_000_000
    assert choice.message.content == 'You said: "Hello"'
    assert choice.message.refusal is None
    assert choice.message.tool_calls is None
    assert choice.finish_reason == "stop"
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > 0


@requirement("openai:create:async", "openai:stream")
async def test_the_asynchronous_client_gets_the_same(async_sdk: Any) -> None:
    create = async_sdk.chat.completions.create

    whole = await create(model=OPUS, messages=[user()])
    pieces = [chunk async for chunk in await create(model=OPUS, messages=[user()], stream=True)]

    said = "".join(chunk.choices[0].delta.content or "" for chunk in pieces)
    assert said == whole.choices[0].message.content


@requirement("openai:defaults")
def test_a_limit_may_be_left_out_under_either_fidelity(sdk: Any, hosted: RunningServer) -> None:
    with openai.OpenAI(base_url=f"{hosted.url}/v1", api_key="any", max_retries=0) as client:
        assert ask(client).choices[0].finish_reason == "stop"
    assert ask(sdk).choices[0].finish_reason == "stop"
    assert ask(sdk, "count to ten", max_tokens=3).choices[0].finish_reason == "length"


@requirement("openai:stream")
@pytest.mark.parametrize("content", ["many languages", "count to ten"])
def test_chunks_say_what_the_whole_answer_says(sdk: Any, content: str) -> None:
    chunks = list(ask(sdk, content, stream=True))

    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks[-2:]] == [None, "stop"]
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert said == ask(sdk, content).choices[0].message.content


@requirement("openai:stream")
def test_a_stream_is_data_alone_and_ends_with_done(plain: httpx2.Client) -> None:
    asked = {"model": OPUS, "messages": [user()], "stream": True}

    answer = plain.post("/v1/chat/completions", json=asked)

    frames = answer.text.split("\n\n")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert frames[-2:] == ["data: [DONE]", ""]
    assert all(frame.startswith("data: {") for frame in frames[:-2])


@requirement("openai:stream:helper", "openai:tools:stream")
def test_the_stream_helper_puts_text_and_calls_together(sdk: Any) -> None:
    with sdk.chat.completions.stream(
        model=OPUS, messages=[user("weather in both")], tools=[LOOK_UP]
    ) as stream:
        kinds = [event.type for event in stream]
        completion = stream.get_final_completion()

    message = completion.choices[0].message
    assert "tool_calls.function.arguments.delta" in kinds
    assert message.content == "I will ask twice."
    assert [call.function.parsed_arguments["location"] for call in message.tool_calls] == [
        "Paris",
        "Oslo",
    ]
    assert len({call.id for call in message.tool_calls}) == 2
    assert completion.choices[0].finish_reason == "tool_calls"


@requirement("openai:stream:usage")
def test_the_last_chunk_has_the_counts_when_they_are_asked_for(sdk: Any) -> None:
    with_counts = list(ask(sdk, stream=True, stream_options={"include_usage": True}))
    without = list(ask(sdk, stream=True))

    usage = ask(sdk).usage
    assert with_counts[-1].choices == []
    assert with_counts[-1].usage == usage
    assert all(chunk.usage is None for chunk in with_counts[:-1] + without)
    assert len(with_counts) == len(without) + 1


@requirement("openai:stream:pings")
def test_signs_of_life_are_comments(start_server: StartServer) -> None:
    slow = '[[replies]]\ntoken_delay_s = 0.4\ntext = "one two three"'
    server = start_server(slow, "[server]\nping_s = 0.1\n")
    asked = {"model": OPUS, "messages": [user()], "stream": True}

    answer = httpx2.post(f"{server.url}/v1/chat/completions", json=asked)

    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        chunks = list(ask(client, stream=True))
    assert "\n: ping\n\n" in answer.text
    assert "event:" not in answer.text
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "one two three"


@requirement("openai:stream:error")
def test_an_error_inside_a_stream_raises(sdk: Any) -> None:
    said = ""
    with pytest.raises(openai.APIError) as broken:
        for chunk in ask(sdk, "break off", stream=True):
            said += chunk.choices[0].delta.content or ""

    assert said
    assert broken.value.message == "Overloaded"
    assert broken.value.code == "overloaded"


@requirement("openai:tools")
@pytest.mark.parametrize("question", ["What is the weather?", "weather in both"])
def test_the_loop_of_call_and_result_works(sdk: Any, question: str) -> None:
    messages: list[Any] = [user(question)]
    asked = {"model": OPUS, "messages": messages, "tools": [LOOK_UP], "reasoning_effort": "low"}

    first = sdk.chat.completions.create(**asked).choices[0]
    messages.append(first.message)
    for call in first.message.tool_calls:
        where = json.loads(call.function.arguments)["location"]
        messages.append({"role": "tool", "tool_call_id": call.id, "content": f"Rain in {where}."})
    second = sdk.chat.completions.create(**asked).choices[0]

    assert first.finish_reason == "tool_calls"
    assert second.finish_reason == "stop"
    assert "Rain in Paris." in second.message.content
    assert ("Rain in Oslo." in second.message.content) == ("both" in question)


@requirement("openai:tools:foreign-ids")
@pytest.mark.parametrize("call_id", ["call_abc-1", "functions.get_weather:0", ""])
def test_ids_of_other_servers_are_taken(sdk: Any, call_id: str) -> None:
    call = {"name": "get_weather", "arguments": '{"location": "Paris"}'}
    said = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": call_id, "type": "function", "function": call}],
    }
    given = {"role": "tool", "tool_call_id": call_id, "content": "Rain."}

    # The same id in two turns, as servers give it that count in every answer from 0.
    completion = sdk.chat.completions.create(
        model=OPUS, messages=[user("weather"), said, given, said, given], tools=[LOOK_UP]
    )

    assert completion.choices[0].message.content == "This is what I found: Rain."


@requirement("openai:tools:first-form")
def test_functions_of_the_first_form_are_called_in_that_form(sdk: Any) -> None:
    functions = [LOOK_UP["function"]]
    messages: list[Any] = [user("What is the weather?")]

    choice = sdk.chat.completions.create(
        model=OPUS, messages=messages, functions=functions
    ).choices[0]
    messages += [choice.message, {"role": "function", "name": "get_weather", "content": "Rain."}]
    answer = sdk.chat.completions.create(model=OPUS, messages=messages, functions=functions)

    assert choice.finish_reason == "function_call"
    assert choice.message.function_call.name == "get_weather"
    assert json.loads(choice.message.function_call.arguments) == {"location": "Paris"}
    assert answer.choices[0].message.content == "This is what I found: Rain."


@requirement("openai:tools:choice")
def test_a_function_that_is_not_declared_cannot_be_chosen(sdk: Any) -> None:
    choice = {"type": "function", "function": {"name": "other"}}

    with pytest.raises(openai.BadRequestError, match="Tool 'other' not found in provided tools"):
        ask(sdk, tools=[LOOK_UP], tool_choice=choice)


class Person(BaseModel):
    name: str
    age: int = Field(ge=0, le=150)


class GetWeather(BaseModel):
    location: str


@requirement("openai:parse")
def test_a_typed_answer_is_parsed(sdk: Any) -> None:
    completion = sdk.chat.completions.parse(
        model=OPUS, messages=[user("structured answer")], response_format=Person
    )

    assert completion.choices[0].message.parsed == Person(name="Ada", age=36)


@requirement("openai:parse")
def test_arguments_are_parsed(sdk: Any) -> None:
    tool = openai.pydantic_function_tool(GetWeather, name="get_weather")

    completion = sdk.chat.completions.parse(model=OPUS, messages=[user("weather")], tools=[tool])

    (call,) = completion.choices[0].message.tool_calls
    assert call.function.parsed_arguments == GetWeather(location="Paris")


@requirement("openai:json-object")
def test_a_json_object_can_be_asked_for(sdk: Any, hosted: RunningServer) -> None:
    asked: Any = {"response_format": {"type": "json_object"}}

    with openai.OpenAI(base_url=f"{hosted.url}/v1", api_key="any", max_retries=0) as client:
        strict = ask(client, "structured answer", **asked)
    free = ask(sdk, "structured answer", **asked)

    for completion in (strict, free):
        assert json.loads(completion.choices[0].message.content) == {"name": "Ada", "age": 36}


@requirement("openai:vision")
@pytest.mark.parametrize("url", [PNG, PNG.replace("image/png", "image/jpeg")])
def test_an_image_is_taken(sdk: Any, url: str) -> None:
    image = {"type": "image_url", "image_url": {"url": url}}

    completion = ask(sdk, [{"type": "text", "text": "Look."}, image])

    assert completion.choices[0].message.content == 'You said: "Look."'


@requirement("openai:reasoning")
def test_an_effort_makes_the_model_think(sdk: Any) -> None:
    thought = "Suppose there were finitely many. Multiply them by four and take away one."

    whole = ask(sdk, "prime numbers", reasoning_effort="low")
    chunks = list(ask(sdk, "prime numbers", reasoning_effort="low", stream=True))
    without = ask(sdk, "prime numbers", reasoning_effort="none")
    extra = ask(sdk, "prime numbers", extra_body={"thinking": {"type": "adaptive"}})

    streamed = [getattr(chunk.choices[0].delta, "reasoning_content", "") for chunk in chunks]
    assert whole.choices[0].message.reasoning_content == "".join(streamed) == thought
    assert extra.choices[0].message.reasoning_content == thought
    assert whole.usage.completion_tokens_details.reasoning_tokens > 0
    assert not hasattr(without.choices[0].message, "reasoning_content")


@requirement("openai:system")
@pytest.mark.parametrize("fixture", ["scripted", "hosted"])
def test_instructions_may_stand_anywhere(fixture: str, request: pytest.FixtureRequest) -> None:
    server: RunningServer = request.getfixturevalue(fixture)
    roles = ["system", "developer", "user", "assistant", "system", "user", "developer"]
    messages = [{"role": role, "content": f"{role} {at}"} for at, role in enumerate(roles)]

    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        completion = client.chat.completions.create(model=SONNET, messages=messages)

    assert completion.choices[0].message.content == 'You said: "user 5"'


@requirement("openai:neutral")
def test_values_that_ask_for_nothing_are_taken_without_a_word(sdk: Any) -> None:
    answer = sdk.chat.completions.with_raw_response.create(
        model=OPUS,
        messages=[user()],
        n=1,
        presence_penalty=0,
        frequency_penalty=0,
        logprobs=False,
        store=False,
        seed=None,
        modalities=["text"],
        service_tier="auto",
        response_format={"type": "text"},
        parallel_tool_calls=True,
    )

    assert "antechamber-ignored" not in answer.headers


@requirement("openai:ignored")
@pytest.mark.parametrize("stream", [False, True])
def test_what_has_no_effect_is_named_in_a_header(sdk: Any, stream: bool) -> None:
    answer = sdk.chat.completions.with_raw_response.create(
        model=OPUS, messages=[user()], seed=1, logprobs=True, top_logprobs=2, stream=stream
    )

    assert answer.headers["antechamber-ignored"] == "logprobs, seed, top_logprobs"


@requirement("openai:n")
def test_more_than_one_choice_is_refused(sdk: Any) -> None:
    with pytest.raises(openai.BadRequestError, match="Only 1 is supported") as refused:
        ask(sdk, n=2)

    assert refused.value.param == "n"


@requirement("openai:audio")
def test_audio_is_refused(sdk: Any) -> None:
    part = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}

    with pytest.raises(openai.BadRequestError, match="Audio input is not supported"):
        ask(sdk, [part])
    with pytest.raises(openai.BadRequestError, match="Audio output is not supported"):
        ask(sdk, modalities=["audio"], audio={"voice": "alloy", "format": "wav"})


@requirement("openai:finish")
@pytest.mark.parametrize(
    ("content", "finish"),
    [("paused", "stop"), ("declined", "content_filter"), ("cut call", "length")],
)
def test_every_reason_to_stop_has_its_word(sdk: Any, content: str, finish: str) -> None:
    tools = [{"type": "function", "function": {"name": "write_file"}}]

    choice = ask(sdk, content, tools=tools).choices[0]

    assert choice.finish_reason == finish
    assert choice.message.refusal == ("This is not allowed." if content == "declined" else None)


@requirement("openai:cache")
def test_tokens_from_the_cache_are_counted_as_such(sdk: Any) -> None:
    usage = ask(sdk, "read from cache").usage

    assert usage.prompt_tokens == 2060
    assert usage.prompt_tokens_details.cached_tokens == 2048


@requirement("openai:errors")
@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, "BadRequestError", None),
        (401, "AuthenticationError", "invalid_api_key"),
        (403, "PermissionDeniedError", None),
        (404, "NotFoundError", None),
        (409, "ConflictError", None),
        (429, "RateLimitError", "rate_limit_exceeded"),
        (500, "InternalServerError", None),
        (504, "InternalServerError", "timeout"),
        (529, "InternalServerError", "overloaded"),
    ],
)
def test_each_error_raises_its_class(sdk: Any, status: int, error: str, code: str | None) -> None:
    with pytest.raises(getattr(openai, error)) as raised:
        ask(sdk, f"fail with {status}")

    assert raised.value.status_code == (503 if status == 529 else status)
    assert raised.value.code == code
    assert raised.value.body.keys() == {"message", "type", "param", "code"}
    assert raised.value.request_id.startswith("req_")


@requirement("openai:errors")
def test_a_model_that_is_not_served_is_not_found(sdk: Any) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        sdk.chat.completions.create(model="gpt-9", messages=[user()])

    assert (raised.value.param, raised.value.code) == ("model", "model_not_found")


@requirement("openai:errors:paths")
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"max_completion_tokens": 10_000_000}, "max_completion_tokens"),
        ({"messages": [{"role": "system", "content": "A"}, user("")]}, "messages.1"),
        ({"user": "u" * 600}, "user"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools.0.function.name"),
        ({"top_p": 2}, "top_p"),
        ({"messages": [user([IMAGE | {"image_url": {}}])]}, "messages.0.content.0.image_url.url"),
        (
            {"messages": [user([{"type": "text", "text": " "}, NO_IMAGE])]},
            "messages.0.content.1.image_url.url",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {}}},
            "response_format.json_schema.name",
        ),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
    ],
)
def test_an_error_names_the_field_as_the_client_wrote_it(
    sdk: Any, fields: dict[str, Any], param: str
) -> None:
    asked = {"model": OPUS, "messages": [user()], **fields}

    with pytest.raises(openai.BadRequestError) as whole:
        sdk.chat.completions.create(**asked)
    with pytest.raises(openai.BadRequestError) as streamed:
        sdk.chat.completions.create(**asked, stream=True)

    assert whole.value.param == streamed.value.param == param


@requirement("openai:errors:transport")
@pytest.mark.parametrize(
    ("method", "content", "status"),
    [("GET", b"", 405), ("POST", b"{", 400), ("POST", b" " * (33 << 20), 413)],
)
def test_what_is_wrong_before_the_request_is_read_is_told_in_the_format(
    plain: httpx2.Client, method: str, content: bytes, status: int
) -> None:
    answer = plain.request(method, "/v1/chat/completions", content=content)

    assert answer.status_code == status
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["openai-version"] == "2020-10-01"
    assert ("allow" in answer.headers) == (status == 405)


@requirement("openai:errors:retry")
def test_the_sdk_repeats_what_was_too_much(start_server: StartServer) -> None:
    busy = """
[[replies]]
times = 1
error = { status = 429, retry_after_s = 0 }
[[replies]]
times = 1
error = { status = 529, retry_after_s = 0 }
[[replies]]
text = "Now."
"""
    server = start_server(busy)

    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=2) as client:
        completion = ask(client)

    assert completion.choices[0].message.content == "Now."


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    config = f'[server]\napi_keys = ["sk-first-key"]\n{SCRIPTED}'
    replies = {"replies.toml": '[[replies]]\ntext = "You may."'}
    folder = tmp_path_factory.mktemp("locked-openai")
    with running_server(folder, config=config, files=replies) as server:
        yield server


@requirement("openai:keys")
def test_either_header_carries_the_key(locked: RunningServer) -> None:
    url = f"{locked.url}/v1"

    with openai.OpenAI(base_url=url, api_key="sk-first-key", max_retries=0) as client:
        assert ask(client).choices[0].message.content == "You may."
        assert client.models.list().data
    with openai.OpenAI(base_url=url, api_key="wrong", max_retries=0) as client:
        headers = {"x-api-key": "sk-first-key"}
        assert ask(client, extra_headers=headers).choices[0].message.content == "You may."
        with pytest.raises(openai.AuthenticationError) as refused:
            ask(client)
        with pytest.raises(openai.AuthenticationError):
            client.models.list()
    assert refused.value.code == "invalid_api_key"


@requirement("openai:headers")
def test_answers_say_the_version_and_the_request(sdk: Any) -> None:
    answer = sdk.chat.completions.with_raw_response.create(model=OPUS, messages=[user()])

    assert answer.headers["openai-version"] == "2020-10-01"
    assert answer.headers["request-id"] == answer.parse()._request_id != ""


@requirement("openai:models")
def test_models_are_listed_in_the_shape_of_the_format(sdk: Any) -> None:
    models = list(sdk.models.list())
    one = sdk.models.retrieve("claude-opus-4-5")

    assert {OPUS, SONNET} <= {model.id for model in models}
    assert all(model.object == "model" and model.owned_by == "anthropic" for model in models)
    assert one.id == "claude-opus-4-5-20251101"
    assert one.created > 1_700_000_000
    with pytest.raises(openai.NotFoundError) as unknown:
        sdk.models.retrieve("gpt-9")
    assert unknown.value.code == "model_not_found"


@requirement("openai:models:messages-api")
def test_with_a_version_models_are_those_of_the_models_api(
    plain: httpx2.Client, http: httpx2.Client
) -> None:
    listed = plain.get("/v1/models").json()
    versioned = http.get("/v1/models", params={"limit": 1000}).json()

    assert [model["id"] for model in listed["data"]] == [m["id"] for m in versioned["data"]]
    assert listed.keys() == {"object", "data"}
    assert "has_more" in versioned


@requirement("openai:embedded")
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("embedded")
def test_the_embedded_model_does_it_all(embedded: RunningServer) -> None:
    url = f"{embedded.url}/v1"
    asked: Any = {"max_tokens": 300, "temperature": 0}

    with openai.OpenAI(base_url=url, api_key="any", max_retries=0, timeout=540) as client:
        said = ask(client, "Say hello.", max_tokens=20)
        chunks = list(ask(client, "Say hello.", max_tokens=20, stream=True))
        called = ask(
            client,
            "Weather in Paris?",
            tools=[LOOK_UP],
            tool_choice="required",
            parallel_tool_calls=False,
            **asked,
        )
        typed = client.chat.completions.parse(
            model=OPUS, messages=[user("Ada is 36.")], response_format=Person, **asked
        )
        free = ask(client, 'Write {"a": 1}.', response_format={"type": "json_object"}, **asked)

    assert said.choices[0].message.content
    assert any(chunk.choices[0].delta.content for chunk in chunks)
    (call,) = called.choices[0].message.tool_calls
    assert json.loads(call.function.arguments).keys() == {"location"}
    assert isinstance(typed.choices[0].message.parsed, Person)
    assert isinstance(json.loads(free.choices[0].message.content), dict)
