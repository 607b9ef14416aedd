"""The child process that holds OpenVINO: started by ``host``, ends when its parent does.

Reads one line of JSON from standard input, loads the model, and answers the calls of llama-server
that ``LlamaCppCompleter`` makes, on loopback, until standard input ends.
"""

import asyncio
import hmac
import json
import os
import signal
import sys
import threading
from contextlib import aclosing
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from antechamber.engines.local.openvino_pipeline import Asked, Pipeline, Reused
from antechamber.engines.local.runners import CANNOT_LOAD
from antechamber.engines.local.vocabulary import AnswerText
from antechamber.wire.encoding import encode_json

_MOST_BODY_BYTES = 1 << 30
"""The server in front has limits of its own; here is only it."""


class Api:
    """The calls, over a loaded model."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def health(self, _: web.Request) -> web.StreamResponse:
        """Tell that the model is loaded: nothing listens before."""
        return _json({"status": "ok"})

    async def props(self, _: web.Request) -> web.StreamResponse:
        """Describe the model."""
        model = self._pipeline.vocabulary
        return _json(
            {
                "default_generation_settings": {"n_ctx": self._pipeline.window_tokens},
                "total_slots": self._pipeline.slots,
                "chat_template": model.template,
                "bos_token": model.text(model.bos),
                "eos_token": model.text(model.eos),
            }
        )

    async def tokenize(self, request: web.Request) -> web.StreamResponse:
        """Return the tokens of a list of texts."""
        body = await request.json()
        return _json({"tokens": self._pipeline.tokenize(body["content"])})

    async def completion(self, request: web.Request) -> web.StreamResponse:
        """Stream one completion as server-sent events."""
        body = await request.json()
        answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await answer.prepare(request)
        try:
            await self._stream(body, answer)
        except (RuntimeError, ValueError) as error:
            await _event(answer, {"error": {"message": str(error)}})
        return answer

    async def _stream(self, body: dict[str, Any], answer: web.StreamResponse) -> None:
        asked = _asked(body)
        text = AnswerText(
            self._pipeline.vocabulary, body.get("stop", ()), literal=asked.grammar is not None
        )
        count, last, reused = 0, None, 0
        async with aclosing(self._pipeline.complete(body["prompt"], asked)) as stream:
            async for tokens in stream:
                if isinstance(tokens, Reused):
                    reused = tokens.tokens
                    continue
                for last in tokens[: asked.max_tokens - count]:
                    count += 1
                    if piece := text.feed(last):
                        await _event(answer, {"content": piece, "stop": False})
                    if text.stop is not None:
                        break
                if text.stop is not None:
                    break
        if text.stop is None and (piece := text.end()):
            await _event(answer, {"content": piece, "stop": False})
        ended = last in self._pipeline.vocabulary.ends
        kind = "word" if text.stop is not None else "eos" if ended else "limit"
        end = {"content": "", "stop": True, "stop_type": kind, "tokens_predicted": count}
        end |= {"stopping_word": text.stop or "", "timings": {"cache_n": reused}}
        await _event(answer, end)


def _asked(body: dict[str, Any]) -> Asked:
    return Asked(
        max_tokens=body["n_predict"],
        temperature=body["temperature"],
        top_p=body["top_p"],
        top_k=body["top_k"],
        min_p=body["min_p"],
        grammar=body.get("grammar"),
    )


def _json(value: object) -> web.Response:
    return web.Response(body=encode_json(value), content_type="application/json")


async def _event(answer: web.StreamResponse, data: dict[str, Any]) -> None:
    await answer.write(b"data: " + encode_json(data) + b"\n\n")


def _only_with(key: str) -> Middleware:
    expected = f"Bearer {key}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            return web.Response(status=401)
        return await handler(request)

    return check


async def _serve(order: dict[str, Any]) -> None:
    pipeline = Pipeline(order)
    api = Api(pipeline)
    app = web.Application(middlewares=[_only_with(order["key"])], client_max_size=_MOST_BODY_BYTES)
    app.router.add_get("/health", api.health)
    app.router.add_get("/props", api.props)
    app.router.add_post("/tokenize", api.tokenize)
    app.router.add_post("/completion", api.completion)
    # A request whose client has left is cancelled, and the model stops.
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", order["port"]).start()
    await pipeline.run()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    """Serve the model that the first line of standard input names."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        asyncio.run(_serve(order))
    except (RuntimeError, ValueError, OSError) as error:
        sys.stderr.write(f"{str(error).strip().splitlines()[-1]}\n")
        sys.stderr.flush()
        os._exit(CANNOT_LOAD)


if __name__ == "__main__":
    main()
