"""``POST /v1/chat/completions``: a message, asked for and answered in OpenAI's format."""

from functools import partial

from antechamber.dialects.openai_front.chunks import chunk_form
from antechamber.dialects.openai_front.completion import completion_of
from antechamber.dialects.openai_front.paths import in_the_clients_terms
from antechamber.dialects.openai_front.request import Conversion, to_messages_request
from antechamber.dialects.openai_front.shapes import ChatRequest, parse_chat_request
from antechamber.http.asgi import Message, Receive, Scope, Send, respond
from antechamber.http.bodies import read_body
from antechamber.http.connection import while_connected
from antechamber.http.frames import AnswerFrames, answer_head
from antechamber.http.streaming import Pace, stream_response
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.routing import Candidate
from antechamber.operations.answering.services import Services
from antechamber.operations.messages import OpenTurn, open_turn, run_message, tell_limits
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.parse import parse_message_request

_DEFAULT_MAX_TOKENS = 4_096
"""Where neither the catalogue nor the engine knows a limit."""


class ChatCompletionsEndpoint:
    """Creates a completion, whole or streamed."""

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
            chat, conversion = self._read(body)
        except InvalidRequest:
            await tell_limits(self._services, body, call)
            raise
        answer = self._answer(_telling(send, conversion), chat, conversion, call)
        try:
            await while_connected(scope, receive, answer)
        except InvalidRequest as error:
            raise in_the_clients_terms(error, conversion) from error

    def _read(self, body: bytes) -> tuple[ChatRequest, Conversion]:
        chat = parse_chat_request(body)
        preferred = self._services.preferred(chat.model)
        hosted = self._services.settings.fidelity == "hosted"
        return chat, to_messages_request(
            chat,
            default_max_tokens=_most_output(preferred),
            hosted=hosted,
            # An upstream that speaks the Messages API has the published subset of schemas.
            holds_open_objects=not hosted and preferred.relay is None,
        )

    async def _answer(
        self, send: Send, chat: ChatRequest, conversion: Conversion, call: Call
    ) -> None:
        opened = partial(self._open, conversion, call)
        created = int(self._services.clock.now().timestamp())
        if chat.stream:
            form = chunk_form(
                created=created,
                with_usage=chat.wants_usage,
                calls_as_function=chat.calls_as_function,
                in_own_terms=partial(in_the_clients_terms, conversion=conversion),
            )
            await stream_response(send, AnswerFrames(opened, form, call.request_id), self._pace)
        else:
            turn = await opened()
            message = await run_message(turn)
            body = completion_of(message, created=created, calls_as_function=chat.calls_as_function)
            await respond(send, 200, encode_json(body), answer_head(turn))

    async def _open(self, conversion: Conversion, call: Call) -> OpenTurn:
        # Through bytes like any request of the Messages API: the same shapes, rules and texts.
        body = encode_json(conversion.body)
        try:
            request = parse_message_request(body)
        except InvalidRequest:
            await tell_limits(self._services, body, call)
            raise
        return await open_turn(self._services, request, call, body)


def _most_output(candidate: Candidate) -> int:
    """Return the limit where the request names none; the format has no default."""
    known = (candidate.facts.max_output_tokens, candidate.engine.limits.window_tokens)
    return min((tokens for tokens in known if tokens), default=_DEFAULT_MAX_TOKENS)


def _telling(send: Send, conversion: Conversion) -> Send:
    """Name what had no effect in the head of the answer."""
    if not conversion.ignored:
        return send
    told = (b"antechamber-ignored", ", ".join(conversion.ignored).encode("ascii"))

    async def telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], told]
        await send(message)

    return telling
