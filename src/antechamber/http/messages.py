"""``POST /v1/messages`` and ``POST /v1/messages/count_tokens``."""

from functools import partial

from antechamber.http.asgi import Receive, Scope, Send, head_line, respond
from antechamber.http.bodies import read_body
from antechamber.http.connection import while_connected
from antechamber.http.frames import AnswerFrames, RelayedRefusal, answer_head, relay_head
from antechamber.http.streaming import Pace, stream_response
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.messages import (
    OpenRelay,
    count_tokens,
    open_message,
    read_count_tokens,
    read_message,
    run_message,
    tell_limits,
)
from antechamber.turn.sse import NAMED, UNNAMED
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.messages import CountTokensRequest, MessageRequest


class MessagesEndpoint:
    """Creates a message, whole or streamed."""

    def __init__(self, services: Services) -> None:
        server = services.settings.server
        self._services = services
        self._max_bytes = server.max_body_bytes
        self._pace = Pace(first_event_grace_s=server.first_event_grace_s, ping_s=server.ping_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the client's leaving stops the engine."""
        call: Call = scope["state"]["call"]
        body = await read_body(scope, receive, max_bytes=self._max_bytes)
        try:
            request = read_message(self._services, body)
        except InvalidRequest:
            await tell_limits(self._services, body, call)
            raise
        answer = self._stream if request.stream else self._whole
        await while_connected(scope, receive, answer(send, body, request, call))

    async def _stream(self, send: Send, body: bytes, request: MessageRequest, call: Call) -> None:
        form = UNNAMED if call.version == "2023-01-01" else NAMED
        opening = partial(open_message, self._services, body, request, call)
        try:
            await stream_response(send, AnswerFrames(opening, form, call.request_id), self._pace)
        except RelayedRefusal as refusal:
            await respond(send, refusal.status, refusal.body, refusal.headers)

    async def _whole(self, send: Send, body: bytes, request: MessageRequest, call: Call) -> None:
        opened = await open_message(self._services, body, request, call)
        if isinstance(opened, OpenRelay):
            await _pass_back(send, opened, call)
        else:
            message = encode_json(await run_message(opened))
            await respond(send, 200, message, answer_head(opened))


class CountTokensEndpoint:
    """Counts the input tokens of a message without creating it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._max_bytes = services.settings.server.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the client's leaving stops the count."""
        call: Call = scope["state"]["call"]
        body = await read_body(scope, receive, max_bytes=self._max_bytes)
        try:
            request = read_count_tokens(self._services, body)
        except InvalidRequest:
            await tell_limits(self._services, body, call, counts_tokens=True)
            raise
        await while_connected(scope, receive, self._answer(send, body, request, call))

    async def _answer(
        self, send: Send, body: bytes, request: CountTokensRequest, call: Call
    ) -> None:
        tokens = await count_tokens(self._services, body, request, call)
        if isinstance(tokens, OpenRelay):
            await _pass_back(send, tokens, call)
            return
        counted: dict[str, object] = {"input_tokens": tokens}
        if request.context_management is not None:
            counted["context_management"] = {"original_input_tokens": tokens}
        await respond(send, 200, encode_json(counted))


async def _pass_back(send: Send, answer: OpenRelay, call: Call) -> None:
    try:
        body = answer.read()
    finally:
        await answer.aclose()
    call.stamps.extend(head_line(name, value) for name, value in relay_head(answer))
    await respond(send, answer.status, body)
