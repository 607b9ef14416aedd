"""What stands before endpoints whose requests are limited by their number alone."""

from antechamber.http.asgi import App, Receive, Scope, Send
from antechamber.operations.allowance.rate_limits import Pool, RateLimits
from antechamber.operations.answering.call import Call


class Limited:
    """Wraps one endpoint, behind its door: a request takes one of its caller's, or is refused."""

    def __init__(self, endpoint: App, limits: RateLimits, pool: Pool) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._pool: Pool = pool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call: Call = scope["state"]["call"]
        call.stamps.append(await self._limits.admit_to(self._pool, call.caller))
        await self._endpoint(scope, receive, send)
