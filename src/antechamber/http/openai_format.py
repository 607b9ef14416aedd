"""What endpoints in OpenAI's format stand behind: no version is asked for, errors look its way."""

from collections.abc import Callable

import structlog

from antechamber.dialects.openai_front.problems import problem_of
from antechamber.http.asgi import App, Header, Message, Receive, Scope, Send, header, respond
from antechamber.http.bodies import ClientLeft
from antechamber.http.problems import answer_headers, as_api_error
from antechamber.turn.events import ConnectionCut
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import MethodNotAllowed, ServerFault

_log = structlog.get_logger("antechamber.http")
_VERSION = b"anthropic-version"
_NOT_ASKED_FOR = (_VERSION, b"2023-06-01")
_STAMP = (b"openai-version", b"2020-10-01")
"""As the hosted API's layer for this format answers: platform.claude.com/docs/en/api/openai-sdk."""


class OpenAIFormat:
    """Wraps one endpoint and the door before it.

    It takes every method, because the router would refuse one in the other format.
    """

    def __init__(
        self, app: App, methods: tuple[str, ...], count_refusal: Callable[[str], None]
    ) -> None:
        self._app = app
        self._methods = methods
        self._count_refusal = count_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        answer = _Answer(send, scope["state"]["request_id"])
        try:
            if scope["method"] not in self._methods:
                message = "Method Not Allowed"
                raise MethodNotAllowed(message)
            await self._app(_with_version(scope), receive, answer.send)
        except (ClientLeft, ConnectionCut):
            raise
        except Exception as error:
            if answer.started:
                raise
            await self._refuse(scope, answer.send, error)

    async def _refuse(self, scope: Scope, send: Send, error: Exception) -> None:
        request_id: str = scope["state"]["request_id"]
        told = as_api_error(error, request_id)
        self._count_refusal(told.type)
        problem = problem_of(told, request_id)
        headers = answer_headers(error)
        if isinstance(told, MethodNotAllowed):
            headers.append((b"allow", ", ".join(self._methods).encode("ascii")))
        await respond(send, problem.status, encode_json(problem.body), headers)
        line = _log.bind(
            request_id=request_id, path=scope["path"], status=problem.status, type=told.type
        )
        if isinstance(told, ServerFault):
            line.warning("refused", message=told.message)
        else:
            # What is wrong with a request may quote it, and that stays out of the log.
            line.info("refused")


class EitherFormat:
    """Chooses by the header that every client of the Messages API sends and no other does."""

    def __init__(self, messages: App, openai: App) -> None:
        self._messages = messages
        self._openai = openai

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        app = self._openai if header(scope, _VERSION) is None else self._messages
        await app(scope, receive, send)


class _Answer:
    """Stamps the head of a response, and knows whether there is one yet."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        # The format's SDKs read this name; the Messages API's is there as everywhere.
        self._stamps = [_STAMP, (b"x-request-id", request_id.encode("ascii"))]
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = [*message["headers"], *self._stamps]
        await self._send(message)


def _with_version(scope: Scope) -> Scope:
    if header(scope, _VERSION) is not None:
        return scope
    headers: list[Header] = [*scope["headers"], _NOT_ASKED_FOR]
    return {**scope, "headers": headers}
