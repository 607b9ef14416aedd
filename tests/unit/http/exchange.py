"""The server's side of an exchange, without a server: what comes in, and what went out."""

import asyncio
from collections.abc import Sequence

from antechamber.http.asgi import Message, Scope


def scope(path: str = "/v1/messages", **headers: str) -> Scope:
    """Return the head of a request; ``_`` in a name of a header stands for a dash."""
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }


class Client:
    """Sends the pieces of a body, then nothing; keeps what it gets."""

    def __init__(self, *pieces: bytes, whole: bool = True) -> None:
        self._pieces: Sequence[bytes] = pieces
        self._sent = 0
        self._whole = whole
        self.got: list[Message] = []
        self.hears = True

    async def receive(self) -> Message:
        if self._sent == len(self._pieces):
            await asyncio.Event().wait()
        piece, self._sent = self._pieces[self._sent], self._sent + 1
        more = self._sent < len(self._pieces) or not self._whole
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(self, message: Message) -> None:
        if not self.hears:
            await asyncio.Event().wait()
        self.got.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.got)

    @property
    def status(self) -> int | None:
        return self.got[0]["status"] if self.got else None
