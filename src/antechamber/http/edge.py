"""What every request passes first: an id, the names it may call us by, and the last net."""

import asyncio
from collections.abc import Callable

import structlog

from antechamber.http.asgi import App, Message, Receive, Scope, Send
from antechamber.http.bodies import ClientLeft
from antechamber.http.hosts import HostCheck
from antechamber.http.problems import answer_headers, as_api_error, send_problem
from antechamber.turn.events import ConnectionCut
from antechamber.wire.errors import Overloaded, ServerFault
from antechamber.wire.ids import NewId

_log = structlog.get_logger("antechamber.http")


class Edge:
    """Wraps the routes: ``scope["state"]`` gets the request's id, exceptions become answers."""

    def __init__(
        self,
        app: App,
        *,
        check_host: HostCheck,
        organization_id: str,
        new_id: NewId,
        count_refusal: Callable[[str], None],
    ) -> None:
        self._app = app
        self._check_host = check_host
        self._organization_id = organization_id.encode("ascii")
        self._new_id = new_id
        self._count_refusal = count_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._new_id("req_")
        answer = _Answer(send, request_id, self._organization_id)
        scope.setdefault("state", {}).update(request_id=request_id, stamps=answer.stamps)
        try:
            self._check_host(scope)
            await self._app(scope, receive, answer.send)
        except ConnectionCut:
            _log.info("connection_cut", request_id=request_id, path=scope["path"])
            await answer.leave_unfinished()
        except ClientLeft:
            _log.info("client_left", request_id=request_id, path=scope["path"])
        except asyncio.CancelledError:
            # The drain is over. Nobody but the web server waits for this task, and it would take
            # what is raised for a bug: log a traceback, and answer 500 in plain text.
            await self._refuse(scope, answer, Overloaded("The server is shutting down."))
        except Exception as error:  # noqa: BLE001 - the outermost net of the HTTP room
            await self._refuse(scope, answer, error)

    async def _refuse(self, scope: Scope, answer: "_Answer", error: Exception) -> None:
        problem = as_api_error(error, answer.request_id)
        if not answer.started:
            self._count_refusal(problem.type)
            await send_problem(answer.send, problem, answer.request_id, answer_headers(error))
        line = _log.bind(
            request_id=answer.request_id,
            path=scope["path"],
            status=problem.status,
            type=problem.type,
        )
        if isinstance(problem, ServerFault):
            line.warning("refused", message=problem.message)
        else:
            # What is wrong with a request may quote it, and that stays out of the log.
            line.info("refused")


class _Answer:
    """Stamps the head of a response, and knows whether there is one yet."""

    def __init__(self, send: Send, request_id: str, organization_id: bytes) -> None:
        self._send = send
        self.stamps = [
            (b"request-id", request_id.encode("ascii")),
            (b"anthropic-organization-id", organization_id),
        ]
        self.request_id = request_id
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message["headers"] = [*message["headers"], *self.stamps]
        await self._send(message)

    async def leave_unfinished(self) -> None:
        """Begin an answer, if there is none yet, and leave it: the web server then hangs up."""
        if not self.started:
            await self.send({"type": "http.response.start", "status": 200, "headers": []})
