"""``POST /v1/messages`` and ``POST /v1/messages/count_tokens``."""

from functools import partial

from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.http.bodies import read_body
from antechamber.http.connection import while_connected
from antechamber.http.frames import TurnFrames
from antechamber.http.streaming import Pace, stream_response
from antechamber.operations.call import Call
from antechamber.operations.messages import Services, count_tokens, open_turn, run_message
from antechamber.turn.sse import NAMED, UNNAMED
from antechamber.wire.encoding import encode_json
from antechamber.wire.messages import CountTokensRequest, MessageRequest
from antechamber.wire.parse import parse_count_tokens_request, parse_message_request


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
        request = parse_message_request(body)
        await while_connected(receive, self._answer(send, request, call))

    async def _answer(self, send: Send, request: MessageRequest, call: Call) -> None:
        if request.stream:
            form = UNNAMED if call.version == "2023-01-01" else NAMED
            opened = partial(open_turn, self._services, request, call)
            await stream_response(send, TurnFrames(opened, form, call.request_id), self._pace)
        else:
            turn = await open_turn(self._services, request, call)
            await respond(send, 200, encode_json(await run_message(turn)))


class CountTokensEndpoint:
    """Counts the input tokens of a message without creating it."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._max_bytes = services.settings.server.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; the client's leaving stops the count."""
        call: Call = scope["state"]["call"]
        body = await read_body(scope, receive, max_bytes=self._max_bytes)
        request = parse_count_tokens_request(body)
        await while_connected(receive, self._answer(send, request, call))

    async def _answer(self, send: Send, request: CountTokensRequest, call: Call) -> None:
        counted: dict[str, object] = {
            "input_tokens": await count_tokens(self._services, request, call)
        }
        if request.context_management is not None:
            counted["context_management"] = {"original_input_tokens": counted["input_tokens"]}
        await respond(send, 200, encode_json(counted))
