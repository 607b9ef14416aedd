"""Whether the process answers, and whether a model does."""

import asyncio
from collections.abc import Awaitable, Callable

from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.operations.answering.health import EngineHealth
from antechamber.operations.answering.services import Services
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import ApiError

_PATIENCE_S = 0.2
"""A probe wants to know how it is, not to wait for how it will be."""


async def alive(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 200: the process runs its loop."""
    await respond(send, 200, encode_json({"status": "ok"}))


async def hello(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer the probe that Claude Code sends when it starts."""
    await respond(send, 200, encode_json({"message": "hello"}))


class ReadyEndpoint:
    """Answers 200 when an engine can take a turn, 503 with the reasons while none can.

    What an engine's requests have found out counts too: upstreams that cannot be asked how they are
    are known by nothing else.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        health = self._services.health
        states = {
            engine.name: await _state(engine.ready, health[engine.name])
            for engine in self._services.routing.engines
        }
        ready = "ready" in states.values()
        body = {"status": "ready" if ready else "not_ready", "engines": states}
        await respond(send, 200 if ready else 503, encode_json(body))


async def _state(ready: Callable[[], Awaitable[None]], health: EngineHealth) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await ready()
    except TimeoutError:
        return "loading"
    except ApiError as error:
        return f"failed: {error.message}"
    return "left alone" if health.is_resting else "ready"
