"""A cloud on loopback that answers what a test lays down, and keeps what it was asked."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from antechamber.catalogue.reader import load_catalogue
from antechamber.engines.base import RelayOrder
from antechamber.engines.messages_api import Host, MessagesApiEngine
from antechamber.outbound.client import Timeouts, UpstreamClient
from antechamber.wire.encoding import encode_json

CATALOGUE = load_catalogue()
HELLO: Mapping[str, Any] = {"max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    path: str
    """With nothing decoded."""
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A whole answer as it comes from the engine."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass(slots=True)
class Cloud:
    """What it answers; each field may be changed by a test."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    pieces: Sequence[bytes] = (b"{}",)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.read()
        self.asked.append(
            Asked(method=request.method, path=request.raw_path, headers=headers, body=body)
        )
        response = web.StreamResponse(status=self.status, headers=dict(self.headers))
        await response.prepare(request)
        for piece in self.pieces:
            await response.write(piece)
        return response

    async def relay(self, host: Host, order: RelayOrder) -> Told:
        """Pass ``order`` on to this cloud as the server does, and read the answer."""
        timeouts = Timeouts(connect_s=5, idle_s=5)
        client = UpstreamClient("The upstream", self.url, headers={}, timeouts=timeouts)
        engine = MessagesApiEngine("cloud", client, host)
        try:
            async with aclosing(await engine.relay(order)) as answer:
                body = b"".join([chunk async for chunk in answer.chunks()])
                return Told(status=answer.status, headers=answer.headers, body=body)
        finally:
            await engine.aclose()


@asynccontextmanager
async def running_cloud() -> AsyncGenerator[Cloud, None]:
    """Give one that answers ``{}`` to everything."""
    made = Cloud()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        made.url = f"http://{host}:{port}"
        yield made
    finally:
        await runner.cleanup()


def ordered(
    body: Mapping[str, Any] | None = None,
    *,
    model: str = "claude-opus-4-7",
    counts: bool = False,
    betas: Sequence[str] = (),
    version: str = "2023-06-01",
    headers: Mapping[str, str] | None = None,
) -> RelayOrder:
    """Return what the server passes on for a client's ``body``, by default a greeting."""
    asked = dict(HELLO if body is None else body)
    if counts:
        asked.pop("max_tokens", None)
    facts = CATALOGUE.find("claude-opus-4-7")
    assert facts is not None
    return RelayOrder(
        path="/v1/messages/count_tokens" if counts else "/v1/messages",
        body=encode_json({"model": model, **asked}),
        facts=facts,
        upstream_model=model,
        streams=bool(asked.get("stream")),
        version=version,
        betas=tuple(betas),
        headers=headers or {},
        request_id="req_test",
    )
