"""A host of models on loopback that answers "Fine." in both formats, and remembers what it got."""

import json
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.engines.messages_api.upstream import message

_CHUNKS = (
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Fine."}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}},
)


class ModelHost:
    """What it was asked, and where it is."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.fetched = 0
        """Files that were asked for; there are none."""
        self.delay_s = 0.0
        """Before each answer."""
        self.url = ""

    @property
    def told(self) -> str:
        """All texts of the last request, as the model reads them."""
        return "\n".join(_texts(self.asked[-1]["messages"]))

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The parts of the last message of the last request."""
        return self.asked[-1]["messages"][-1]["content"]


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            yield from _texts(value.get("text") or value.get("content") or [])
        case _:
            pass


@contextmanager
def model_host() -> Generator[ModelHost]:
    host = ModelHost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/v1/"):
                self._answer("application/json", json.dumps({"data": [{"id": "model"}]}))
                return
            host.fetched += 1
            self.send_error(404)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            host.asked.append(body)
            time.sleep(host.delay_s)
            if self.path == "/v1/messages":
                self._answer("application/json", json.dumps(message("Fine.")))
                return
            lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in _CHUNKS]
            self._answer("text/event-stream", "".join([*lines, "data: [DONE]\n\n"]))

        def _answer(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield host
        server.shutdown()
