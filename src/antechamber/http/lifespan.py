"""What happens when the process begins to serve, and when it has served its last request."""

import asyncio
from collections.abc import Awaitable, Callable

from antechamber.http.asgi import App, Receive, Scope, Send

Hook = Callable[[], Awaitable[None]]


class Lifespan:
    """Answers the server's lifespan messages and lets everything else through."""

    def __init__(self, app: App, *, on_start: Hook, on_stop: Hook) -> None:
        self._app = app
        self._on_start = on_start
        self._on_stop = on_stop

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one scope."""
        # Not by a coroutine of its own: every request comes through here.
        serve = self._serve if scope["type"] == "lifespan" else self._app
        return serve(scope, receive, send)

    async def _serve(self, _scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            try:
                message = await receive()
            except asyncio.CancelledError:
                # A web server that is made to end at once says nothing, it only cancels.
                await self._on_stop()
                return
            if message["type"] == "lifespan.startup":
                await self._on_start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._on_stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
