"""The engine that relays: one upstream that speaks the Messages API, at whatever host."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from antechamber.engines.base import (
    EngineLimits,
    PreparedTurn,
    RelayedAnswer,
    RelayOrder,
    TurnOrder,
)
from antechamber.engines.messages_api.host import FrameDecoder, Host
from antechamber.engines.messages_api.taking import counted_turn, relayed_turn
from antechamber.outbound.client import Answer, Sending, UpstreamClient
from antechamber.turn.relay import Beginning
from antechamber.wire.messages import CountTokensRequest

_MOST_SHORT_BYTES = 1024 * 1024
"""Of errors and counts, which are read whole."""


class MessagesApiEngine:
    """Passes requests on and answers back; reads neither."""

    def __init__(self, name: str, client: UpstreamClient, host: Host) -> None:
        self._name = name
        self._client = client
        self._host = host

    @property
    def name(self) -> str:
        """The name in the configuration."""
        return self._name

    @property
    def limits(self) -> EngineLimits:
        """What the catalogue says of the model: the upstream has models of its own."""
        return EngineLimits(image_input=True, pdf_input=True, url_input=True)

    async def ready(self) -> None:
        """Return at once: an upstream that is away is found out by a request."""

    async def prepare(self, order: TurnOrder) -> PreparedTurn:
        """Return the turn; only to count it something is sent before its events are asked for."""
        if isinstance(order.request, CountTokensRequest):
            return await counted_turn(self, order)
        return relayed_turn(self, order)

    async def relay(self, order: RelayOrder) -> RelayedAnswer:
        """Pass ``order`` on and return the answer, whatever its status; raises ``EngineFault``."""
        outgoing = await self._host.outgoing(order)
        sending = self._client.send(outgoing.url, outgoing.body, outgoing.headers)
        answer = await sending.open()
        try:
            return await self._taken(order, outgoing.dropped, sending, answer)
        except BaseException:
            sending.close()
            raise

    async def _taken(
        self, order: RelayOrder, dropped: tuple[str, ...], sending: Sending, answer: Answer
    ) -> RelayedAnswer:
        if answer.status >= 300:
            told = await answer.read(max_bytes=_MOST_SHORT_BYTES)
            status = self._host.error_status(answer.status, answer.headers)
            body = self._host.error_body(
                answer.status, answer.headers, told, request_id=order.request_id
            )
            return _Whole(sending, answer, dropped, body, status=status)
        if order.path == "/v1/messages/count_tokens":
            told = await answer.read(max_bytes=_MOST_SHORT_BYTES)
            return _Whole(sending, answer, dropped, self._host.count_body(told))
        decoder = None
        if order.streams:
            decoder = self._host.decoder(answer.headers, request_id=order.request_id)
        if decoder is not None:
            answer.begin_with(bool)
            return _Decoded(sending, answer, dropped, decoder)
        answer.begin_with(Beginning() if order.streams else _is_not_blank)
        return _Passed(sending, answer, dropped)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class _Relayed:
    """What all answers have in common."""

    def __init__(self, sending: Sending, answer: Answer, dropped: tuple[str, ...]) -> None:
        self.status = answer.status
        self.headers = answer.headers
        self.dropped = dropped
        self._sending = sending

    async def aclose(self) -> None:
        """Give the connection back; that of an answer which has not ended is dropped."""
        self._sending.close()


class _Passed(_Relayed):
    """An answer as it comes."""

    def __init__(self, sending: Sending, answer: Answer, dropped: tuple[str, ...]) -> None:
        super().__init__(sending, answer, dropped)
        self.chunks = answer.chunks


class _Whole(_Relayed):
    """An answer that has been read to its end."""

    def __init__(
        self,
        sending: Sending,
        answer: Answer,
        dropped: tuple[str, ...],
        body: bytes,
        *,
        status: int | None = None,
    ) -> None:
        super().__init__(sending, answer, dropped)
        self.status = answer.status if status is None else status
        self._body = body

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body."""
        yield self._body


class _Decoded(_Relayed):
    """A stream in a framing of the host's own."""

    def __init__(
        self, sending: Sending, answer: Answer, dropped: tuple[str, ...], decoder: FrameDecoder
    ) -> None:
        super().__init__(sending, answer, dropped)
        self.headers: Mapping[str, str] = {
            **answer.headers,
            "content-type": "text/event-stream; charset=utf-8",
        }
        self._answer = answer
        self._decoder = decoder

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield server-sent events as they become complete."""
        async with aclosing(self._answer.chunks()) as chunks:
            async for chunk in chunks:
                if events := self._decoder.feed(chunk):
                    yield events
        if events := self._decoder.end():
            yield events


def _is_not_blank(piece: bytes) -> bool:
    """Tell whether JSON begins; gateways send spaces and newlines before it as signs of life."""
    return not piece.isspace()
