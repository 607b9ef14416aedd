"""A host of OpenAI's chat format that plays what a test gives it, on loopback."""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from antechamber.catalogue.facts import ModelFacts
from antechamber.dialects.openai_chat.quirks import Quirks
from antechamber.engines.base import TurnOrder
from antechamber.engines.openai_chat.engine import OpenAIChatEngine, Reach
from antechamber.engines.openai_chat.hosts import GENERIC
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.rules.thinking import ThinkingPlan
from antechamber.runtime.clock import SystemClock
from antechamber.turn.events import EngineEvent
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from tests.unit.dialects.openai_chat.scenes import OFF, as_bytes

CHAT = "/v1/chat/completions"
MODELS = {"object": "list", "data": [{"id": "the-model", "object": "model", "owned_by": "me"}]}


@dataclass(frozen=True)
class Reply:
    """What one request is answered with."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    then: str = "end"
    """``end``, ``break`` the connection, or ``hang`` until the client has left."""


def streamed(*chunks: object, then: str = "end") -> Reply:
    return Reply(as_bytes(*chunks), headers={"content-type": "text/event-stream"}, then=then)


def refused(message: str, status: int = 400, **fields: object) -> Reply:
    return Reply(json.dumps({"error": {"message": message, **fields}}).encode(), status=status)


def jsoned(value: object, status: int = 200) -> Reply:
    return Reply(json.dumps(value).encode(), status=status)


Answering = Callable[[dict[str, Any]], Reply]


@dataclass
class PlayedHost:
    """What it answers by path, and what it was asked."""

    replies: dict[str, Reply | Answering | list[Reply]]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    stop: Callable[[], Awaitable[None]] = field(init=False)
    """Listen no more."""
    url: str = field(init=False)
    """Without the path of the API."""
    left: asyncio.Event = field(default_factory=asyncio.Event)

    def bodies(self, path: str = CHAT) -> list[dict[str, Any]]:
        return [body for where, body in self.asked if where == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        body = json.loads(text) if text else {}
        self.asked.append((request.path, body))
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        reply = self.replies.get(request.path)
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        elif callable(reply):
            reply = reply(body)
        if reply is None:
            return web.Response(status=404, text='{"detail": "Not Found"}')
        return await self._play(request, reply)

    async def _play(self, request: web.Request, reply: Reply) -> web.StreamResponse:
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        await response.prepare(request)
        await response.write(reply.body)
        if reply.then == "break":
            assert request.transport is not None
            request.transport.abort()
        elif reply.then == "hang":
            try:
                while True:
                    await response.write(b": still here\n\n")
                    await asyncio.sleep(0.01)
            except (ConnectionError, asyncio.CancelledError):
                self.left.set()
                raise
        return response


@asynccontextmanager
async def playing(
    chat: Reply | Answering | Sequence[Reply] | None = None,
    *,
    quirks: Quirks | None = GENERIC,
    others: Mapping[str, Reply | Answering] | None = None,
    reach: Reach | None = None,
    timeouts: Timeouts | None = None,
) -> AsyncGenerator[tuple[OpenAIChatEngine, PlayedHost]]:
    """Give an engine and the host that it talks to."""
    host = PlayedHost({"/v1/models": jsoned(MODELS), **(others or {})})
    if chat is not None:
        host.replies[CHAT] = list(chat) if isinstance(chat, Sequence) else chat
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{any:.*}", host.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.stop = runner.cleanup
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = UpstreamClient(
        "gpu",
        host.url,
        headers={"authorization": "Bearer k"},
        timeouts=timeouts or Timeouts(),
    )
    engine = OpenAIChatEngine("gpu", client, SystemClock(), quirks=quirks, reach=reach)
    try:
        yield engine, host
    finally:
        await engine.aclose()
        await runner.cleanup()


def order(
    request: MessageRequest | CountTokensRequest,
    plan: ThinkingPlan = OFF,
    *,
    max_tokens: int = 100,
) -> TurnOrder:
    return TurnOrder(
        request=request,
        facts=ModelFacts.unlisted("claude-test-1"),
        upstream_model="the-model",
        thinking=plan,
        max_tokens=max_tokens,
        request_id="req_1",
    )


async def take(engine: OpenAIChatEngine, asked: TurnOrder) -> list[EngineEvent]:
    """Take a whole turn."""
    prepared = await engine.prepare(asked)
    return [event async for event in prepared.events()]
