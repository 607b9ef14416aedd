"""Large bodies and long runs through a relay: what they cost in memory."""

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import psutil
import pytest
from PIL import Image

from tests.servers import RunningServer, running_server

_HEAD = {"anthropic-version": "2023-06-01", "content-type": "application/json"}
_UPSTREAM = '[[engines]]\nname = "up"\ntype = "scripted"\nscript = "replies.toml"\n'
_REPLIES = '[[replies]]\ntext = "Seen."\nusage = { input_tokens = 7 }\n'
_MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("upstream")
    with running_server(folder, config=_UPSTREAM, files={"replies.toml": _REPLIES}) as upstream:
        config = f'[[engines]]\nname = "up"\ntype = "messages_api"\nbase_url = "{upstream.url}"\n'
        with running_server(tmp_path_factory.mktemp("relay"), config=config) as server:
            yield server


def _with_images(size_bytes: int) -> bytes:
    written = io.BytesIO()
    Image.new("L", (100, 100)).save(written, "PNG")
    # What stands behind the end of a PNG nobody looks at.
    image = written.getvalue() + bytes(size_bytes * 3 // 4)
    source = {
        "type": "base64",
        "media_type": "image/png",
        "data": base64.b64encode(image).decode(),
    }
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is it?"}]
    message = {"role": "user", "content": content}
    return json.dumps(
        {"model": "claude-opus-4-6", "max_tokens": 10, "messages": [message]}
    ).encode()


def _resident(server: RunningServer) -> int:
    return psutil.Process(server.pid).memory_info().rss


async def _post(client: httpx.AsyncClient, server: RunningServer, body: bytes) -> None:
    answer = await client.post(f"{server.url}/v1/messages", content=body, headers=_HEAD)
    assert answer.status_code == 200, answer.text
    assert answer.json()["content"][0]["text"] == "Seen."


async def test_t62_large_bodies_side_by_side_are_held_a_few_times_each(
    relay: RunningServer,
) -> None:
    body, at_once = _with_images(9 * _MEGABYTE), 8
    async with httpx.AsyncClient(timeout=60) as client:
        await _post(client, relay, body)
        before = _resident(relay)

        await asyncio.gather(*(_post(client, relay, body) for _ in range(at_once)))

    # As received, as read, and on its way out: three times what came in, and no more.
    assert _resident(relay) - before < 3 * at_once * len(body)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_t61_a_long_run_does_not_grow(relay: RunningServer) -> None:
    bodies = [_with_images(size) for size in (0, 30_000)]
    streamed = [body[:-1] + b', "stream": true}' for body in bodies]

    async def run(requests: int) -> int:
        limit = httpx.Limits(max_connections=8)
        async with httpx.AsyncClient(timeout=60, limits=limit) as client:
            for start in range(0, requests, 8):
                four = [*bodies, *streamed]
                await asyncio.gather(
                    *(_send(client, relay, four[(start + n) % 4]) for n in range(8))
                )
        return _resident(relay)

    await run(800)
    first = await run(1_600)
    second = await run(1_600)

    assert second - first < 4 * _MEGABYTE


async def _send(client: httpx.AsyncClient, server: RunningServer, body: bytes) -> None:
    answer = await client.post(f"{server.url}/v1/messages", content=body, headers=_HEAD)
    assert answer.status_code == 200, answer.text
    assert b"Seen" in answer.content


def test_nothing_of_a_body_is_kept(relay: RunningServer) -> None:
    assert sum(path.stat().st_size for path in Path(relay.folder).rglob("*")) < _MEGABYTE
    assert "What is it?" not in relay.log
