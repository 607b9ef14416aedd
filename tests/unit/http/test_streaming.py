import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from antechamber.http.asgi import Message as AsgiMessage
from antechamber.http.bodies import ClientLeft
from antechamber.http.frames import AnswerFrames
from antechamber.http.streaming import Pace, stream_response
from antechamber.turn.sse import NAMED, UNNAMED, EventForm
from antechamber.wire.errors import Overloaded
from antechamber.wire.responses import Message, Usage
from antechamber.wire.stream import MessageStart, MessageStop, StreamEvent
from tests.stream_grammar import parse_sse
from tests.unit.http.exchange import Client

_START = MessageStart(
    message=Message(id="msg_1", model="m", content=[], usage=Usage(input_tokens=1, output_tokens=1))
)


class _Hidden:
    """Works without anything to show for it, until the client has been pinged."""

    def __init__(self, pinged: asyncio.Event) -> None:
        self._pinged = pinged
        self.closed = False
        self.served_by = "engine/model"
        self.adjusted = ()
        self.may_move = False

    def close(self) -> None:
        pass

    def start(self) -> MessageStart:
        return _START

    async def events(self) -> AsyncGenerator[list[StreamEvent], None]:
        try:
            while not self._pinged.is_set():
                yield []
                await asyncio.sleep(0)
            yield [MessageStop()]
        finally:
            self.closed = True


def _frames(turn: _Hidden, form: EventForm = NAMED) -> AnswerFrames:
    async def opened() -> Any:
        return turn

    return AnswerFrames(opened, form, "req_1")


class _Pinged(Client):
    """Knows when it has got enough pings."""

    def __init__(self, pings: int) -> None:
        super().__init__()
        self._pings = pings
        self.event = asyncio.Event()

    async def send(self, message: AsgiMessage) -> None:
        await super().send(message)
        if self.body.count(b"event: ping") == self._pings:
            self.event.set()


async def test_events_that_the_client_does_not_see_do_not_put_off_the_pings() -> None:
    client = _Pinged(3)
    pace = Pace(first_event_grace_s=10, ping_s=0.01)

    async with asyncio.timeout(20):
        await stream_response(client.send, _frames(_Hidden(client.event)), pace)

    names = [name for name, _ in parse_sse(client.body)]
    assert names == ["message_start", "ping", "ping", "ping", "message_stop"]


async def test_the_first_event_begins_the_response_even_when_it_is_not_seen() -> None:
    client = _Pinged(1)
    stream = _Hidden(client.event)

    async with asyncio.timeout(20):
        await stream_response(
            client.send, _frames(stream), Pace(first_event_grace_s=1000, ping_s=0.01)
        )

    assert client.status == 200


async def test_a_client_that_reads_nothing_loses_its_turn() -> None:
    client = Client()
    client.hears = False
    stream = _Hidden(asyncio.Event())

    with pytest.raises(ClientLeft):
        async with asyncio.timeout(20):
            await stream_response(
                client.send,
                _frames(stream),
                Pace(first_event_grace_s=0.01, ping_s=0.01, unread_s=0.01),
            )

    assert stream.closed


async def test_the_first_version_has_no_names_and_says_when_it_is_done() -> None:
    client = Client()
    pinged = asyncio.Event()
    pinged.set()
    pace = Pace(first_event_grace_s=10, ping_s=10)

    await stream_response(client.send, _frames(_Hidden(pinged), UNNAMED), pace)

    lines = client.body.splitlines()
    assert not any(line.startswith(b"event:") for line in lines)
    assert lines[-4:] == [b'data: {"type":"message_stop"}', b"", b"data: [DONE]", b""]


class _Commented(Client):
    """Knows when it has got a sign of life that is no event."""

    def __init__(self) -> None:
        super().__init__()
        self.event = asyncio.Event()

    async def send(self, message: AsgiMessage) -> None:
        await super().send(message)
        if self.body.startswith(b":"):
            self.event.set()


async def test_a_turn_that_is_long_in_opening_gives_signs_of_life_that_are_no_events() -> None:
    client = _Commented()
    done = asyncio.Event()
    done.set()

    async def opened() -> Any:
        await client.event.wait()
        return _Hidden(done)

    async with asyncio.timeout(20):
        await stream_response(
            client.send,
            AnswerFrames(opened, NAMED, "req_1"),
            Pace(first_event_grace_s=1, ping_s=0.01),
        )

    comments, _, events = client.body.rpartition(b":\n\n")
    assert set(comments) <= set(b":\n")
    assert [name for name, _ in parse_sse(events)] == ["message_start", "message_stop"]


async def test_a_failure_after_signs_of_life_is_the_streams_only_event() -> None:
    client = _Commented()

    async def opened() -> Any:
        await client.event.wait()
        raise Overloaded("Overloaded")

    async with asyncio.timeout(20):
        await stream_response(
            client.send,
            AnswerFrames(opened, NAMED, "req_1"),
            Pace(first_event_grace_s=1, ping_s=0.01),
        )

    ((name, data),) = parse_sse(client.body.rpartition(b":\n\n")[2])
    assert (name, data["error"]["type"]) == ("error", "overloaded_error")


async def test_a_failure_in_opening_is_an_http_error() -> None:
    client = Client()

    async def opened() -> Any:
        raise Overloaded("Overloaded")

    with pytest.raises(Overloaded):
        await stream_response(
            client.send,
            AnswerFrames(opened, NAMED, "req_1"),
            Pace(first_event_grace_s=1, ping_s=10),
        )

    assert client.got == []
