"""A Gemini on loopback that answers what a test lays down, and keeps what it was asked."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from antechamber.engines.gemini import GeminiEngine, gemini_headers
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.runtime.clock import SystemClock
from antechamber.wire.encoding import encode_json
from tests.unit.dialects.gemini.scenes import MODEL

KEY = "AIzaSyTest-0123456789"
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Upstream:
    """What it answers; each may be changed by a test."""

    generate: Answering
    count: Answering
    card: Answering
    asked: list[tuple[str, Any]] = field(default_factory=list)
    """Path with query, and body."""
    keys: set[str | None] = field(default_factory=set)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client has left before the end of its answer."""
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.path_qs, body))
        self.keys.add(request.headers.get("x-goog-api-key"))
        try:
            if request.path.endswith(":countTokens"):
                return await self.count(request)
            if request.path.endswith(":streamGenerateContent"):
                return await self.generate(request)
            return await self.card(request)
        except asyncio.CancelledError:
            self.left.set()
            raise

    def engine(self, *, model: str | None = MODEL, **options: Any) -> GeminiEngine:
        timeouts = Timeouts(connect_s=5, idle_s=options.pop("idle_s", 5))
        client = UpstreamClient(
            "gemini", f"{self.url}/v1beta", headers=gemini_headers(KEY), timeouts=timeouts
        )
        clock = options.pop("clock", SystemClock())
        return GeminiEngine("google", client, clock, model=model, **options)


def said(status: int, body: bytes, kind: str = "application/json") -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=body, content_type=kind)

    return answer


def json_said(body: object, status: int = 200) -> Answering:
    return said(status, encode_json(body))


def refusal(status: int, message: str, **fields: object) -> Answering:
    return json_said({"error": {"code": status, "message": message, **fields}}, status)


def streamed(*pieces: bytes, then: Answering | None = None) -> Answering:
    """Write the pieces one by one; ``then`` what becomes of the connection."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)
        if then is not None:
            await then(request)
        return response

    return answer


async def resets(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def hangs(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


@asynccontextmanager
async def upstream(
    pieces: Iterable[bytes] = (), tokens: int = 12
) -> AsyncGenerator[Upstream, None]:
    """Give one that counts and answers well."""
    card = {"name": f"models/{MODEL}", "inputTokenLimit": 1_000, "outputTokenLimit": 500}
    made = Upstream(
        generate=streamed(*pieces),
        count=json_said({"totalTokens": tokens}),
        card=json_said(card),
    )
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.answer)
    # A client that leaves cancels the handler, which is what ``left`` tells of.
    runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        made.url = f"http://{host}:{port}"
        yield made
    finally:
        await runner.cleanup()
