"""The beginning and the end of serving, as the web server tells of them or fails to."""

import asyncio

from antechamber.http.asgi import Message, Receive, Scope, Send
from antechamber.http.lifespan import Lifespan


async def _no_app(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError


async def test_a_server_that_is_cancelled_still_closes_what_it_opened() -> None:
    steps: list[str] = []
    started = asyncio.Event()
    messages: asyncio.Queue[Message] = asyncio.Queue()
    messages.put_nowait({"type": "lifespan.startup"})

    async def on_start() -> None:
        steps.append("opened")

    async def on_stop() -> None:
        steps.append("closed")

    async def send(message: Message) -> None:
        steps.append(message["type"])
        started.set()

    lifespan = Lifespan(_no_app, on_start=on_start, on_stop=on_stop)
    serving = asyncio.ensure_future(lifespan({"type": "lifespan"}, messages.get, send))
    await started.wait()
    serving.cancel()
    await serving

    assert steps == ["opened", "lifespan.startup.complete", "closed"]
