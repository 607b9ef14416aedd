"""What an answer is streamed from: a turn, written in the form of an API version."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

from antechamber.http.asgi import Header
from antechamber.http.problems import as_api_error
from antechamber.operations.messages import OpenTurn
from antechamber.turn.sse import EventForm


class TurnFrames:
    """The frames of one turn, which is opened when they are asked for."""

    def __init__(
        self, opened: Callable[[], Awaitable[OpenTurn]], form: EventForm, request_id: str
    ) -> None:
        self._opened = opened
        self._form = form
        self._request_id = request_id

    @property
    def ping(self) -> bytes:
        """The event for silence."""
        return self._form.ping

    async def frames(self) -> AsyncGenerator[bytes, None]:
        """Open the turn, yield its first event, then what follows from each engine event."""
        turn, frame = await self._opened(), self._form.frame
        yield frame(turn.start())
        async with aclosing(turn.events()) as batches:
            async for batch in batches:
                yield frame(batch[0]) if len(batch) == 1 else b"".join(map(frame, batch))
        if self._form.done:
            yield self._form.done

    def head(self) -> Sequence[Header]:
        """Return no headers."""
        return ()

    def error(self, error: Exception) -> bytes:
        """Return the stream's last event."""
        return self._form.error(as_api_error(error, self._request_id), self._request_id)
