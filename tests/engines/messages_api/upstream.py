"""An upstream on loopback that answers what a test lays down, down to the bytes of its sockets."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Write = Callable[[bytes], Awaitable[None]]
Answer = Callable[[Write, asyncio.StreamWriter], Awaitable[None]]
_STOP_S = 10.0


def sse(name: str, **fields: Any) -> bytes:
    data = json.dumps({"type": name, **fields}, ensure_ascii=False)
    return f"event: {name}\ndata: {data}\n\n".encode()


def message(text: str = "Hello", *, model: str = "upstream-model", **fields: Any) -> dict[str, Any]:
    return {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text, "citations": None}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": {
            "input_tokens": 25,
            "output_tokens": 15,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 2_048,
        },
        **fields,
    }


def events(text: str = "Hello", *, model: str = "upstream-model") -> list[bytes]:
    """Return the events of a whole stream."""
    start = message(model=model, content=[], stop_reason=None)
    return [
        sse("message_start", message=start),
        sse("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        sse("ping"),
        *(
            sse("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
            for piece in text.split("|")
        ),
        sse("content_block_stop", index=0),
        sse(
            "message_delta",
            delta={"stop_reason": "end_turn", "stop_sequence": None, "stop_details": None},
            usage={"output_tokens": 15},
        ),
        sse("message_stop"),
    ]


def error(kind: str, text: str = "Overloaded") -> bytes:
    told = {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_up"}
    return json.dumps(told).encode()


def head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(
    status: int = 200,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    missing: int = 0,
) -> Answer:
    """Answer at once; the last ``missing`` bytes are promised and do not come."""
    made = message() if body is None else body
    data = made if isinstance(made, bytes) else json.dumps(made).encode()

    async def answer(write: Write, writer: asyncio.StreamWriter) -> None:
        fields = {"content-type": "application/json", "content-length": str(len(data))}
        await write(head(status, {**fields, **(headers or {})}) + data[: len(data) - missing])
        if missing:
            writer.close()

    return answer


def streamed(
    pieces: list[bytes] | None = None,
    *,
    pause_s: float = 0.0,
    then: str = "end",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Answer piece by piece; ``then`` it ends well, or is "cut", "reset" or "hang"."""

    async def answer(write: Write, writer: asyncio.StreamWriter) -> None:
        fields = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        await write(head(200, {**fields, **(headers or {})}))
        for piece in events() if pieces is None else pieces:
            await write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await asyncio.sleep(pause_s)
        match then:
            case "end":
                await write(b"0\r\n\r\n")
            case "reset":
                writer.transport.abort()
            case "hang":
                await asyncio.Event().wait()
            case _:
                writer.close()

    return answer


def hangs() -> Answer:
    async def answer(write: Write, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return answer


def resets() -> Answer:
    async def answer(write: Write, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    return answer


def raw(data: bytes) -> Answer:
    """Answer with these bytes, whatever they are, and hang up."""

    async def answer(write: Write, writer: asyncio.StreamWriter) -> None:
        await write(data)
        writer.close()

    return answer


@dataclass
class Asked:
    """One request as it came in."""

    path: str
    headers: list[tuple[str, str]]
    body: bytes
    left: threading.Event = field(default_factory=threading.Event)
    """Set when the client has hung up before the answer was over."""

    def header(self, name: str) -> str | None:
        return dict(self.headers).get(name)

    def json(self) -> Any:
        return json.loads(self.body)


class PlayedUpstream:
    """Plays its answers one after the other, the last one again and again."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.open_connections = 0
        self.url = ""
        self._answers: list[Answer] = [whole()]
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._stopping = asyncio.Event()

    def plays(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.asked.clear()

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    async def _run(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self._started.set()
            await self._stopping.wait()

    async def _hang_up(self) -> None:
        """Close what is still open, and give its transports the steps that they close in."""
        for writer in list(self._writers):
            writer.transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open_connections += 1
        self._writers.add(writer)
        try:
            while await self._answer_one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open_connections -= 1
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = [
            (n.lower(), v.strip()) for n, _, v in (each.partition(":") for each in lines[1:-2])
        ]
        body = await reader.readexactly(int(dict(headers).get("content-length", "0")))
        asked = Asked(lines[0].split(" ")[1], headers, body)
        self.asked.append(asked)
        play = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        playing = asyncio.ensure_future(play(write, writer))
        watching = asyncio.ensure_future(reader.read(1))
        await asyncio.wait({playing, watching}, return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            asked.left.set()
        for task in (playing, watching):
            task.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await task
        return not asked.left.is_set() and not writer.is_closing()

    @contextmanager
    def running(self) -> Generator["PlayedUpstream", None, None]:
        def run() -> None:
            self._loop.run_until_complete(self._run())
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    self._loop.run_until_complete(task)
            self._loop.run_until_complete(self._hang_up())
            self._loop.close()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        assert self._started.wait(_STOP_S)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stopping.set)
            thread.join(_STOP_S)


@contextmanager
def played_upstream() -> Generator[PlayedUpstream, None, None]:
    with PlayedUpstream().running() as it:
        yield it
