"""The examples and tables of the interface description in Chinese, in its order."""

import shutil
import subprocess
from typing import Any

import httpx2
import pytest
from anthropic import Anthropic

from tests.conformance.bodies import body
from tests.conformance.exchanges import events_of, plain_client
from tests.conformance.manifest import requirement
from tests.servers import RunningServer

CURL = shutil.which("curl")
HELLO = """
curl -sS -X POST ADDRESS/v1/messages \
-H "Content-Type: application/json" \
-H "anthropic-version: 2023-06-01" \
-H "x-api-key: YOUR_API_TOKEN" \
-d '{
"model": "claude-3-opus-20240229",
"max_tokens": 1024,
"messages": [
{"role": "user", "content": "Hello, Claude!"}
]
}'
"""
WITH_SYSTEM = """
curl -sS -X POST ADDRESS/v1/messages \
-H "Content-Type: application/json" \
-H "anthropic-version: 2023-06-01" \
-H "x-api-key: YOUR_API_TOKEN" \
-d '{
"model": "claude-3-opus-20240229",
"max_tokens": 1024,
"system": "You are a professional translator. Translate all user input to Chinese.",
"messages": [
{"role": "user", "content": "Hello, how are you today?"}
]
}'
"""
WITH_TOOL = """
curl -sS -X POST ADDRESS/v1/messages \
-H "Content-Type: application/json" \
-H "anthropic-version: 2023-06-01" \
-H "x-api-key: YOUR_API_TOKEN" \
-d '{
"model": "claude-3-opus-20240229",
"max_tokens": 1024,
"tools": [
{
"name": "get_weather",
"description": "获取指定城市的天气信息",
"input_schema": {
"type": "object",
"properties": {
"city": {
"type": "string",
"description": "城市名称"
}
},
"required": ["city"]
}
}
],
"messages": [
{"role": "user", "content": "北京今天天气怎么样?"}
]
}'
"""
TOOL: Any = {
    "name": "get_weather",
    "description": "获取指定城市的天气信息",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "城市名称"}},
        "required": ["city"],
    },
}


def typed_in(command: str, server: RunningServer) -> dict[str, Any]:
    """Run a command as a person would who copies it into a terminal."""
    if CURL is None:
        pytest.skip("there is no curl on this machine")
    done = subprocess.run(
        ["sh", "-c", command.replace("ADDRESS", server.url)],
        capture_output=True,
        check=True,
        timeout=300,
    )
    return httpx2.Response(200, content=done.stdout).json()


@requirement("examples:interface:curl:basic")
def test_basic_conversation_with_curl(example_server: RunningServer, is_scripted: bool) -> None:
    answer = typed_in(HELLO, example_server)

    shown = {"id", "type", "role", "content", "model", "stop_reason", "usage"}
    assert shown <= answer.keys()
    assert answer["content"][0].keys() >= {"type", "text"}
    assert answer["model"] == "claude-3-opus-20240229"
    assert answer["usage"]["cache_creation_input_tokens"] == 0
    assert answer["usage"]["cache_read_input_tokens"] == 0
    if is_scripted:
        assert answer["content"][0]["text"] == 'You said: "Hello, Claude!"'


@requirement("examples:interface:curl:system")
def test_a_system_prompt_with_curl(example_server: RunningServer) -> None:
    assert typed_in(WITH_SYSTEM, example_server)["type"] == "message"


@requirement("examples:interface:curl:tool")
def test_a_tool_with_curl(example_server: RunningServer, is_scripted: bool) -> None:
    answer = typed_in(WITH_TOOL, example_server)

    assert answer["type"] == "message"
    if is_scripted:
        assert answer["stop_reason"] == "tool_use"
        assert answer["content"][-1].keys() >= {"type", "id", "name", "input"}


@requirement("examples:interface:headers")
@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer YOUR_API_TOKEN1"}, {"x-api-key": "YOUR_API_TOKEN1"}],
    ids=["bearer", "x-api-key"],
)
def test_either_header_authenticates(scripted: RunningServer, headers: dict[str, str]) -> None:
    with plain_client(scripted.url) as http:
        del http.headers["x-api-key"]
        answer = http.post("/v1/messages", json=body(), headers=headers)

    assert answer.status_code == 200


@requirement("examples:interface:python")
def test_the_python_sdk(example_client: Anthropic) -> None:
    message = example_client.messages.create(
        model="claude-3-opus-20240229",
        max_tokens=1024,
        messages=[{"role": "user", "content": "Hello, Claude!"}],
    )

    assert message.content[0].type == "text"
    assert message.content[0].text


@requirement("examples:interface:python:streaming")
def test_the_python_sdk_streaming_a_story(example_client: Anthropic) -> None:
    story = ""

    with example_client.messages.stream(
        model="claude-3-opus-20240229",
        max_tokens=1024,
        messages=[{"role": "user", "content": "讲一个故事"}],
    ) as stream:
        for text in stream.text_stream:
            story += text

    assert story


@requirement("examples:interface:parameters")
@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0.7},
        {"top_p": 0.9},
        {"top_k": 40},
        {"temperature": 0.7, "top_p": 0.9, "top_k": 40},
        {"stream": True},
        {"stop_sequences": ["STOP"]},
        {"system": "Be kind."},
        {"system": [{"type": "text", "text": "Be kind."}]},
        {"tools": [TOOL], "tool_choice": {"type": "auto"}},
        {"metadata": {}},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "enabled"}},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 1500},
    ],
    ids="-".join,
)
def test_every_parameter_of_the_table(
    example_server: RunningServer, fields: dict[str, Any]
) -> None:
    asked = body(**{"model": "claude-3-opus-20240229", "max_tokens": 32, **fields})

    with plain_client(example_server.url) as http:
        answer = http.post("/v1/messages", json=asked, timeout=300)

    assert answer.status_code == 200, answer.text
    if fields.get("stream"):
        assert events_of(answer.content)[-1]["type"] == "message_stop"


@requirement("examples:interface:parameters:required")
@pytest.mark.parametrize("name", ["model", "messages", "max_tokens"])
def test_the_required_parameters_are_required(http: httpx2.Client, name: str) -> None:
    asked = {key: value for key, value in body().items() if key != name}

    answer = http.post("/v1/messages", json=asked)

    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == f"{name}: Field required"


@requirement("examples:interface:models")
@pytest.mark.parametrize(
    "model",
    [
        "claude-3-opus-20240229",
        "claude-3-sonnet-20240229",
        "claude-3-haiku-20240307",
        "claude-3-5-sonnet-20241022",
    ],
)
def test_every_supported_model_has_a_window_of_200_000(client: Anthropic, model: str) -> None:
    shown = client.models.retrieve(model)
    message = client.messages.create(
        model=model, max_tokens=64, messages=[{"role": "user", "content": "Hello"}]
    )

    assert shown.max_input_tokens == 200_000
    assert message.model == model
