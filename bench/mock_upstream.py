"""An upstream that answers at once: ``python -m bench.mock_upstream PORT``.

Speaks the Messages API and OpenAI chat completions, whole and streamed. A path prefix chooses how
a stream comes: none is every event in its own write, ``/coalesced`` is all in one, ``/paced`` is 50
a second. It does no more than the measurement needs, so as not to be the limit of it.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import uvloop

EVENTS = 100
"""Pieces of text in a stream."""
PACE_S = 0.02
TEXT = " token"

_MESSAGE_USAGE = {"input_tokens": 12, "output_tokens": EVENTS}
_CHAT_USAGE = {"prompt_tokens": 12, "completion_tokens": EVENTS, "total_tokens": 12 + EVENTS}
_ANSWER = "A bench is a long seat for several people, often of wood or stone. " * 8
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\n"
    b"transfer-encoding: chunked\r\n\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The two answers of one API, as bytes for the wire."""

    whole: bytes
    stream: Sequence[bytes]
    """Each piece is one chunk of the transfer encoding; the last ends the answer."""


def _compact(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _whole(value: object) -> bytes:
    body = _compact(value)
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _messages() -> Api:
    message: dict[str, object] = {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {**_MESSAGE_USAGE, "output_tokens": 1},
    }
    block = {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": ""},
    }
    delta: dict[str, object] = {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": TEXT},
    }
    end: dict[str, object] = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": _MESSAGE_USAGE,
    }
    start: dict[str, object] = {"type": "message_start", "message": message}
    events = [start, block]
    events += [delta] * EVENTS
    events.append({"type": "content_block_stop", "index": 0})
    events += [end, {"type": "message_stop"}]
    frames = [
        f"event: {event['type']}\ndata: ".encode() + _compact(event) + b"\n\n" for event in events
    ]
    whole = {
        **message,
        "content": [{"type": "text", "text": _ANSWER}],
        "stop_reason": "end_turn",
        "usage": _MESSAGE_USAGE,
    }
    return Api(whole=_whole(whole), stream=_stream(frames))


def _chat() -> Api:
    head = {"id": "chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG", "created": 1741570283, "model": "mock"}
    message = {"role": "assistant", "content": _ANSWER, "refusal": None}
    whole = {
        **head,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _CHAT_USAGE,
    }

    def chunk(delta: dict[str, object], finish: str | None = None) -> dict[str, object]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**head, "object": "chat.completion.chunk", "choices": [choice]}

    chunks: list[dict[str, object]] = [chunk({"role": "assistant", "content": ""})]
    chunks += [chunk({"content": TEXT})] * EVENTS
    chunks.append(chunk({}, "stop"))
    chunks.append({**chunk({}), "choices": [], "usage": _CHAT_USAGE})
    frames = [b"data: " + _compact(each) + b"\n\n" for each in chunks]
    return Api(whole=_whole(whole), stream=_stream([*frames, b"data: [DONE]\n\n"]))


def _stream(frames: Sequence[bytes]) -> Sequence[bytes]:
    chunks = [_chunk(frame) for frame in frames]
    return [_STREAM_HEAD + chunks[0], *chunks[1:-1], chunks[-1] + b"0\r\n\r\n"]


_APIS = {b"messages": _messages(), b"chat": _chat()}
_MODELS = _whole({"object": "list", "data": [{"id": "mock", "object": "model"}]})


class Connection(asyncio.Protocol):
    """One client; requests come one after the other."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.Handle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to answer."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop a stream whose reader has left."""
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer when a request is complete."""
        self._received += data
        head_end = self._received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = bytes(self._received[:head_end])
        length = _body_length(head)
        if length is None:  # chunked: complete when the last chunk is there
            if not self._received.endswith(b"0\r\n\r\n"):
                return
            body_end = len(self._received)
        else:
            body_end = head_end + 4 + length
            if len(self._received) < body_end:
                return
        self._answer(head, bytes(self._received[head_end + 4 : body_end]))
        del self._received[:body_end]

    def _answer(self, head: bytes, body: bytes) -> None:
        assert self._transport is not None
        path = head.split(b" ", 2)[1]
        if head.startswith(b"GET"):
            self._transport.write(_MODELS)
            return
        api = _APIS[b"chat" if b"/chat/" in path else b"messages"]
        # What asks for a stream stands at the front or at the end of a large body.
        if not _streams(body[:2000]) and not _streams(body[-2000:]):
            self._transport.write(api.whole)
        elif path.startswith(b"/coalesced"):
            self._transport.write(b"".join(api.stream))
        else:
            self._send(api.stream, 0, PACE_S if path.startswith(b"/paced") else 0.0)

    def _send(self, pieces: Sequence[bytes], at: int, pace_s: float) -> None:
        if self._transport is None:
            return
        self._transport.write(pieces[at])
        at += 1
        if at == len(pieces):
            return
        if pace_s:
            self._timer = self._loop.call_later(pace_s, self._send, pieces, at, pace_s)
        else:
            self._timer = self._loop.call_soon(self._send, pieces, at, pace_s)


def _streams(part: bytes) -> bool:
    return b'"stream":true' in part or b'"stream": true' in part


def _body_length(head: bytes) -> int | None:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        return None if b"transfer-encoding: chunked" in lower else 0
    end = lower.find(b"\r\n", at + 2)
    return int(lower[at + 17 : end if end >= 0 else None])


async def _serve(port: int) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1])))
