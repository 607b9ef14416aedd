"""The web server around the application: one process, or several behind one socket."""

import math
import socket
from collections.abc import Callable

import uvicorn
from uvicorn.supervisors import Multiprocess

from antechamber.http.asgi import App
from antechamber.settings import ServerSettings

AppFactory = Callable[[], App]
"""Called once in every worker process; must be picklable when there are several."""

_KEEP_ALIVE_S = 75
"""Longer than the 60 s after which clients and balancers close idle connections themselves, so
that no request meets a connection which is just being closed."""


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
        uvicorn.Server(config).run(sockets=[listening])
    else:
        Multiprocess(config, sockets=[listening]).run()
