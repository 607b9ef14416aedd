"""A server of two workers that count what they are asked, for the test of their metrics.

Its arguments are a directory and the metrics' own port. ``POST /count`` is answered with the id of
the process that counted it; the server's own ``/metrics`` has the id of the process that answered
in a header, ``x-process``.
"""

import os
import socket
import sys
from pathlib import Path

from antechamber.http.asgi import App, Message, Receive, Scope, Send, respond
from antechamber.http.lifespan import Lifespan
from antechamber.http.metrics import MetricsEndpoint, listen_for_metrics, serve_metrics
from antechamber.http.server import listen, serve
from antechamber.operations.bookkeeping.telemetry import INSTRUMENTS, Telemetry
from antechamber.runtime.background import Background
from antechamber.runtime.clock import SystemClock
from antechamber.runtime.metrics import Meter, watch_loop
from antechamber.runtime.shared_metrics import SharedMetrics, shared_directory
from antechamber.settings import MetricsSettings, ServerSettings
from tests.records import turn_record

TURN = turn_record(
    request_id="req_1",
    started_at=1_700_000_000.0,
    first_event_s=0.5,
    total_s=2.5,
    workspace_id="default",
    key_id=None,
    model="model",
    engine="engine",
    upstream_model="large",
    ending="ended",
    streams=True,
    service_tier="standard",
)


class Factory:
    """Builds one worker."""

    def __init__(self, directory: Path, own_port: socket.socket) -> None:
        self._directory = directory
        self._own_port = own_port

    def __call__(self) -> App:
        clock, background, meter = SystemClock(), Background(), Meter()
        telemetry = Telemetry(meter, health={}, waiting=dict)
        shared = SharedMetrics(meter, INSTRUMENTS, self._directory)
        endpoint = MetricsEndpoint(shared)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"] == "/count":
                telemetry.observe([TURN])
                await respond(send, 200, str(os.getpid()).encode())
            else:
                await endpoint(scope, receive, _naming_this_process(send))

        async def start() -> None:
            background.spawn("watch-loop", watch_loop(meter, clock))
            background.spawn("share-metrics", shared.keep_leaving(clock))
            background.spawn("metrics-server", serve_metrics(endpoint, self._own_port))

        async def stop() -> None:
            await background.aclose()
            shared.leave()

        return Lifespan(app, on_start=start, on_stop=stop)


def _naming_this_process(send: Send) -> Send:
    async def naming(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"x-process", str(os.getpid()).encode())]
        await send(message)

    return naming


def main() -> None:
    """Serve until told to stop."""
    server = ServerSettings(port=0, workers=2)
    own_port = listen_for_metrics(MetricsSettings(port=int(sys.argv[2])))
    assert own_port is not None
    with listen(server) as listening, shared_directory(Path(sys.argv[1])) as directory:
        sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
        sys.stdout.flush()
        serve(Factory(directory, own_port), server, listening)


if __name__ == "__main__":
    main()
