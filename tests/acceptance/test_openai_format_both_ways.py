"""A host of OpenAI's format behind the server, and clients of either format before it."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.engines.openai_chat.playing import PlayedHost, Reply, jsoned, playing, streamed
from tests.servers import running_server
from tests.unit.dialects.openai_chat.scenes import calls, chunk, counts, piece

MODEL = "claude-opus-5-5"
CONFIG = """
[[engines]]
name = "gpu"
type = "openai_chat"
base_url = "{url}/v1"
host = "generic"
retries = 0
[[models]]
id = "claude-opus-5-5"
engines = ["gpu"]
upstream_model = "the-model"
"""
CALL_ID = "functions.look:0"
LOOK = {"type": "object", "properties": {}}
HEADERS = {"x-api-key": "x", "anthropic-version": "2023-06-01"}


@asynccontextmanager
async def serving(
    folder: Path, *replies: Reply
) -> AsyncGenerator[tuple[httpx2.AsyncClient, PlayedHost]]:
    """Give a client of a server whose engine is a host that plays."""
    async with playing(list(replies)) as (_, host):
        server = running_server(folder, config=CONFIG.format(url=host.url))
        running = await asyncio.to_thread(server.__enter__)
        try:
            async with httpx2.AsyncClient(base_url=running.url, timeout=30) as client:
                yield client, host
        finally:
            await asyncio.to_thread(server.__exit__, None, None, None)


def whole(finish: str, **message: object) -> Reply:
    """An answer that is not streamed."""
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return jsoned({"choices": [choice], "usage": counts(9, 2)})


async def asked(client: httpx2.AsyncClient, path: str, **body: Any) -> Any:
    """The answer, whole or as the data of each event."""
    body = {"model": MODEL, "max_tokens": 100, **body}
    answer = await client.post(path, json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text
    if not body.get("stream"):
        return answer.json()
    told = [line.removeprefix("data: ") for line in answer.text.splitlines() if "data: {" in line]
    return [json.loads(one) for one in told]


async def test_a_refusal_is_told_once_and_apart_from_what_was_said(tmp_path: Path) -> None:
    hello = [{"role": "user", "content": "Hello"}]
    refusing = streamed(chunk(content="I can"), chunk(refusal="Not allowed."), chunk("stop"))
    async with serving(
        tmp_path, *[whole("stop", content="I can", refusal="Not allowed.")] * 2, refusing
    ) as (client, _):
        message = await asked(client, "/v1/messages", messages=hello)
        completion = await asked(client, "/v1/chat/completions", messages=hello)
        chunks = await asked(client, "/v1/chat/completions", messages=hello, stream=True)

    assert [block["text"] for block in message["content"]] == ["I can"]
    assert message["stop_reason"] == "refusal"
    assert message["stop_details"]["explanation"] == "Not allowed."
    said = completion["choices"][0]["message"]
    assert (said["content"], said["refusal"]) == ("I can", "Not allowed.")
    deltas = [one["choices"][0]["delta"] for one in chunks if one.get("choices")]
    assert "".join(delta.get("content") or "" for delta in deltas) == "I can"
    assert "".join(delta.get("refusal") or "" for delta in deltas) == "Not allowed."


@pytest.mark.parametrize("stream", [False, True])
async def test_t24_t25_the_hosts_id_comes_back_to_it_through_the_messages_api(
    tmp_path: Path, stream: bool
) -> None:
    made = piece(0, id=CALL_ID, name="look", arguments="{}")
    calling = streamed(calls(made), chunk("tool_calls"))
    tools = [{"name": "look", "description": "Looks.", "input_schema": LOOK}]
    said: list[Any] = [{"role": "user", "content": "Look."}]
    async with serving(tmp_path, calling, whole("stop", content="A cat.")) as (client, host):
        first = await asked(client, "/v1/messages", messages=said, tools=tools, stream=stream)
        (block,) = (
            [one["content_block"] for one in first if "content_block" in one]
            if stream
            else first["content"]
        )
        result = {"type": "tool_result", "tool_use_id": block["id"], "content": "A cat."}
        said += [{"role": "assistant", "content": [block]}, {"role": "user", "content": [result]}]
        await asked(client, "/v1/messages", messages=said, tools=tools)

    assert re.fullmatch(r"toolu_[A-Za-z0-9]+", block["id"])
    _comes_back(host)


async def test_t24_t25_the_hosts_id_comes_back_to_it_through_openais_format(
    tmp_path: Path,
) -> None:
    made = piece(0, id=CALL_ID, name="look", arguments="{}")
    calling = streamed(calls(made), chunk("tool_calls"))
    tools = [{"type": "function", "function": {"name": "look", "parameters": LOOK}}]
    said: list[Any] = [{"role": "user", "content": "Look."}]
    async with serving(tmp_path, calling, whole("stop", content="A cat.")) as (client, host):
        first = await asked(client, "/v1/chat/completions", messages=said, tools=tools)
        message = first["choices"][0]["message"]
        (call,) = message["tool_calls"]
        said += [message, {"role": "tool", "tool_call_id": call["id"], "content": "A cat."}]
        await asked(client, "/v1/chat/completions", messages=said, tools=tools)

    assert re.fullmatch(r"toolu_[A-Za-z0-9]+", call["id"])
    _comes_back(host)


def _comes_back(host: PlayedHost) -> None:
    messages = host.bodies()[-1]["messages"]
    assert [call["id"] for each in messages for call in each.get("tool_calls", ())] == [CALL_ID]
    assert [each["tool_call_id"] for each in messages if each["role"] == "tool"] == [CALL_ID]
