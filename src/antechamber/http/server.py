"""The web server around the application: one process, or several behind one socket."""

import asyncio
import math
import signal
import socket
from collections.abc import Callable
from types import FrameType

import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from antechamber.http.asgi import App
from antechamber.http.one_write import OneWriteProtocol
from antechamber.settings import ServerSettings

_log = structlog.get_logger("antechamber.http")

AppFactory = Callable[[], App]
"""Called once in every worker process; must be picklable when there are several."""

_KEEP_ALIVE_S = 75
"""Longer than the 60 s after which clients and balancers close idle connections themselves, so
that no request meets a connection which is just being closed."""
_LAST_WORDS_S = 1.0
"""For what answers that are broken off still have to say, to clients that read it."""


def listen(server: ServerSettings) -> socket.socket:
    """Bind and return the listening socket; raises ``OSError`` when the address is taken."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    return socket.create_server(
        (server.host, server.port), family=family, backlog=2048, reuse_port=False
    )


def serve(factory: AppFactory, server: ServerSettings, listening: socket.socket) -> None:
    """Serve until a signal says otherwise; running answers get ``drain_s`` to finish."""
    config = uvicorn.Config(
        factory,
        factory=True,
        http=OneWriteProtocol,
        # Not to be found out from the application: its outermost layer is no coroutine.
        interface="asgi3",
        lifespan="on",
        # An upgrade to what nobody serves is then a request like any other.
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        # Whole seconds are all it takes.
        timeout_graceful_shutdown=max(1, math.ceil(server.drain_s)),
        workers=server.workers,
    )
    if server.workers == 1:
        _Server(config).run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[listening]).run()


class _Server(uvicorn.Server):
    """Says what it waits for, and ends in order also when it is not to wait any longer.

    The web server's own forced end leaves out what closes the engines, and logs a traceback.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal says otherwise."""
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Finish the running answers at the first signal, break them off at a second Ctrl-C."""
        # In the loop, because the signal may have come in the middle of a write to the log.
        if not self.should_exit:
            super().handle_exit(sig, frame)
            self._soon(self._say_what_runs)
        elif sig == signal.SIGINT:
            self._soon(self._break_off)

    def _soon(self, step: Callable[[], None]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(step)

    def _say_what_runs(self) -> None:
        running = len(self.server_state.tasks)
        if running:
            answers = "1 answer" if running == 1 else f"{running} answers"
            most = self.config.timeout_graceful_shutdown
            _log.warning(f"finishing {answers}, at most {most} s; Ctrl-C again to stop now")

    def _break_off(self) -> None:
        for task in self.server_state.tasks:
            task.cancel()
        # A client that reads nothing would hold its connection open, and us with it.
        asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._hang_up)

    def _hang_up(self) -> None:
        for connection in self.server_state.connections:
            connection.transport.abort()
