"""What a program written for an older official SDK does; run by that SDK's own interpreter.

    python old_sdk_suite.py ADDRESS     prints one line of JSON for each step

Uses nothing but the SDK, and of it only what all majors have or what is asked for first.
"""

import asyncio
import base64
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

import anthropic
import pydantic

MODEL = "claude-opus-4-6"
WEATHER: Any = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    },
}
STATUSES = (400, 401, 402, 403, 404, 409, 413, 429, 500, 503, 504, 529)

Facts = dict[str, Any]
Step = Callable[[Any], Facts]


class Person(pydantic.BaseModel):
    name: str
    age: int


class Sent:
    """The requests that a client sent, as the server got them."""

    def __init__(self) -> None:
        self.requests: list[Any] = []

    def client(self, address: str) -> Any:
        http = anthropic.DefaultHttpxClient(event_hooks={"request": [self.requests.append]})
        return anthropic.Anthropic(
            base_url=address, api_key="sk-ant-test", max_retries=0, http_client=http
        )

    def heads(self) -> list[Facts]:
        return [
            {"url": str(each.url), "headers": {k.lower(): v for k, v in each.headers.items()}}
            for each in self.requests
        ]


def ask(text: str, **fields: Any) -> dict[str, Any]:
    return {
        "model": MODEL,
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": text}],
        **fields,
    }


def create(client: Any) -> Facts:
    message = client.messages.create(**ask("Hello"))
    return {
        "id": message.id,
        "request_id": message._request_id,
        "text": message.content[0].text,
        "stop_reason": message.stop_reason,
        "usage": [message.usage.input_tokens, message.usage.output_tokens],
        "role": message.role,
    }


def create_async(client: Any) -> Facts:
    async def run() -> str:
        async with anthropic.AsyncAnthropic(
            base_url=str(client.base_url), api_key="x", max_retries=0
        ) as other:
            message: Any = await other.messages.create(**ask("Hello"))
            return message.content[0].text

    return {"text": asyncio.run(run())}


def stream_helper(client: Any) -> Facts:
    with client.messages.stream(**ask("many languages")) as stream:
        text = "".join(stream.text_stream)
        message = stream.get_final_message()
    return {"text": text, "same": message.content[0].text == text, "reason": message.stop_reason}


def stream_helper_tools(client: Any) -> Facts:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    asked = ask("weather", tools=[WEATHER], thinking=thinking, max_tokens=4000)
    with client.messages.stream(**asked) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_message()
    return {
        "kinds": sorted(set(kinds)),
        "blocks": [block.type for block in message.content],
        "input": message.content[-1].input,
        "signed": bool(message.content[0].signature),
    }


def raw_stream(client: Any) -> Facts:
    events = client.messages.create(**ask("Hello"), stream=True)
    return {"kinds": [event.type for event in events]}


def raw_bytes(client: Any) -> Facts:
    asked = ask("weather", tools=[WEATHER], stream=True)
    with client.messages.with_streaming_response.create(**asked) as response:
        return {"bytes": base64.b64encode(b"".join(response.iter_bytes())).decode()}


def tool_loop(client: Any) -> Facts:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    asked = ask("weather", tools=[WEATHER], thinking=thinking, max_tokens=4000)
    first = client.messages.create(**asked)
    call = first.content[-1]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "15 degrees"}
    asked["messages"] = [
        *asked["messages"],
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    second = client.messages.create(**asked)
    return {"reason": first.stop_reason, "text": second.content[-1].text}


def tool_runner(client: Any) -> Facts:
    tool: Any = anthropic.beta_tool

    @tool
    def get_weather(location: str) -> str:
        """Get the weather of a place."""
        return f"sunny in {location}"

    runner = client.beta.messages.tool_runner(**ask("weather", tools=[get_weather]))
    return {"text": runner.until_done().content[-1].text}


def parse(client: Any) -> Facts:
    message = client.messages.parse(**ask("structured answer"), output_format=Person)
    return message.parsed_output.model_dump()


def parse_beta(client: Any) -> Facts:
    message = client.beta.messages.parse(**ask("structured answer"), output_format=Person)
    return message.parsed_output.model_dump()


def count_tokens(client: Any) -> Facts:
    asked = ask("Hello", system="Be brief.", tools=[WEATHER])
    message = client.messages.create(**asked)
    del asked["max_tokens"]
    counted = client.messages.count_tokens(**asked)
    return {"counted": counted.input_tokens, "used": message.usage.input_tokens}


def models(client: Any) -> Facts:
    return {
        "count": len([model.id for model in client.models.list(limit=10)]),
        "alias": client.models.retrieve("claude-sonnet-4-5").id,
        "created_at": client.models.retrieve("claude-sonnet-4-5").created_at.isoformat(),
    }


def errors(client: Any) -> Facts:
    return {str(status): raised(client, f"fail with {status}") for status in STATUSES}


def raised(client: Any, text: str) -> list[str]:
    """Return the classes of the exception, from its own to the base, and its status."""
    try:
        client.messages.create(**ask(text))
    except anthropic.APIStatusError as error:
        names = [each.__name__ for each in type(error).__mro__]
        return [*names[: names.index("APIStatusError") + 1], str(error.status_code)]
    return ["nothing was raised"]


def error_in_stream(client: Any) -> Facts:
    received = ""
    try:
        with client.messages.stream(**ask("break off")) as stream:
            for text in stream.text_stream:
                received += text
    except anthropic.APIStatusError as error:
        return {
            "text": received,
            "class": type(error).__name__,
            "status": error.status_code,
            "body": error.body,
        }
    return {"class": "nothing was raised"}


def refused(client: Any) -> Facts:
    try:
        client.messages.create(**ask("Hello") | {"messages": []})
    except anthropic.BadRequestError as error:
        return {"message": error.message, "body": error.body}
    return {"message": "nothing was raised"}


def sampling(client: Any) -> Facts:
    options = {"temperature": 0.7, "top_p": 0.9, "top_k": 40}
    try:
        by = "argument"
        message = client.messages.create(**ask("Hello"), **options)
    except TypeError:
        by = "extra_body"
        message = client.messages.create(**ask("Hello"), extra_body=options)
    return {"by": by, "reason": message.stop_reason}


def beta(client: Any) -> Facts:
    message = client.beta.messages.create(
        **ask("Hello"),
        betas=["interleaved-thinking-2025-05-14", "context-management-2025-06-27"],
        context_management={"edits": [{"type": "clear_tool_uses_20250919"}]},
    )
    return {"edits": message.context_management.applied_edits}


def files(client: Any) -> Facts:
    found = []
    for resource in (client.beta.files, client.files):
        made = [resource.upload(file=(f"{name}.txt", b"text", "text/plain")) for name in "ab"]
        listed = [each.id for each in resource.list(limit=1)]
        looked_up = resource.retrieve_metadata(made[0].id)
        deleted = [resource.delete(each.id) for each in made]
        found.append(
            {
                "listed": [each.id in listed for each in made],
                "looked_up": [looked_up.filename, looked_up.size_bytes],
                "deleted": [each.type for each in deleted],
            }
        )
    return {"found": found}


def echo_unknown(client: Any) -> Facts:
    """Send back what came, with every field that the server put in."""
    first = client.messages.create(**ask("opaque thought", thinking={"type": "adaptive"}))
    asked = ask("opaque thought")
    asked["messages"] += [
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "Go on."},
    ]
    return {"reason": client.messages.create(**asked).stop_reason}


STEPS: tuple[Step, ...] = (
    create,
    create_async,
    stream_helper,
    stream_helper_tools,
    raw_stream,
    raw_bytes,
    tool_loop,
    tool_runner,
    parse,
    parse_beta,
    count_tokens,
    models,
    errors,
    error_in_stream,
    refused,
    sampling,
    beta,
    files,
    echo_unknown,
)


def main(address: str) -> None:
    write({"step": "version", "facts": {"version": anthropic.__version__}})
    for step in STEPS:
        sent = Sent()
        with sent.client(address) as client:
            try:
                write({"step": step.__name__, "facts": step(client), "sent": sent.heads()})
            except Exception:  # noqa: BLE001 - told to whoever runs this
                write({"step": step.__name__, "failed": traceback.format_exc()})


def write(line: Facts) -> None:
    sys.stdout.write(f"{json.dumps(line)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
