"""What an answer is streamed from: a turn, written in a form, or an upstream's own events."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from antechamber.http.asgi import Header, encoded
from antechamber.http.problems import as_api_error
from antechamber.operations.messages import OpenRelay, OpenTurn
from antechamber.turn.sse import EventForm

Opened = OpenTurn | OpenRelay


class RelayedRefusal(Exception):
    """An upstream's answer that is no stream; goes back as it is."""

    def __init__(self, status: int, body: bytes, headers: Sequence[Header]) -> None:
        super().__init__(f"status {status}")
        self.status = status
        self.body = body
        self.headers = headers


class AnswerFrames:
    """The frames of one answer, which is opened when they are asked for."""

    def __init__(
        self, opening: Callable[[], Awaitable[Opened]], form: EventForm, request_id: str
    ) -> None:
        self._opening = opening
        self._form = form
        self._request_id = request_id
        self._opened: Opened | None = None

    @property
    def ping(self) -> bytes:
        """The event for silence."""
        return self._form.ping

    async def open(self) -> AsyncGenerator[bytes, None]:
        """Open the answer; return its beginning and what follows."""
        self._opened = opened = await self._opening()
        return _relayed(opened) if isinstance(opened, OpenRelay) else self._taken(opened)

    def head(self) -> Sequence[Header]:
        """Return who answers, where that is known."""
        match self._opened:
            case OpenRelay() as relayed:
                return relay_head(relayed)
            case None:
                return ()
            case turn:
                return () if turn.may_move else answer_head(turn)

    def error(self, error: Exception) -> bytes:
        """Return the stream's last event."""
        if isinstance(error, RelayedRefusal):
            return self._form.refusal(error.body)
        return self._form.error(as_api_error(error, self._request_id), self._request_id)

    async def _taken(self, turn: OpenTurn) -> AsyncGenerator[bytes, None]:
        frame = self._form.frame
        # Where another engine may still answer, nothing is said before one has.
        told = not turn.may_move
        try:
            if told:
                yield frame(turn.start())
            async with aclosing(turn.events()) as batches:
                async for batch in batches:
                    if not told:
                        told = True
                        yield frame(turn.start())
                    yield frame(batch[0]) if len(batch) == 1 else b"".join(map(frame, batch))
        finally:
            # A client may leave before the first event has been asked for.
            turn.close()
        if self._form.done:
            yield self._form.done


async def _relayed(answer: OpenRelay) -> AsyncGenerator[bytes, None]:
    try:
        if answer.status >= 400:
            raise RelayedRefusal(answer.status, answer.read(), relay_head(answer))
        yield b""
        async with aclosing(answer.frames()) as frames:
            async for events in frames:
                yield events
    finally:
        await answer.aclose()


def answer_head(opened: Opened) -> list[Header]:
    """Return the headers that say who answered, and what was changed for it."""
    head = [(b"antechamber-served-by", encoded(opened.served_by))]
    if opened.adjusted:
        head.append((b"antechamber-adjusted", encoded(", ".join(opened.adjusted))))
    return head


def relay_head(answer: OpenRelay) -> list[Header]:
    """Return the headers of a relayed answer."""
    head = [(name.encode("ascii"), encoded(value)) for name, value in answer.headers.items()]
    return head + answer_head(answer)
