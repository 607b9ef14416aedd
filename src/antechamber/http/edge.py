"""What every request passes first: an id, the names it may call us by, and the last net."""

import asyncio
from collections.abc import Callable

import structlog

from antechamber.http.asgi import (
    HEAD_LINES,
    App,
    Message,
    Receive,
    Scope,
    Send,
    head_line,
    headers_of,
)
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
        self._organization = head_line(
            b"anthropic-organization-id", organization_id.encode("ascii")
        )
        self._new_id = new_id
        self._count_refusal = count_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._new_id("req_")
        answer = _Answer(scope, send, request_id, self._organization)
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

    def __init__(self, scope: Scope, send: Send, request_id: str, organization: bytes) -> None:
        self._send = send
        self._add_lines = scope.get("extensions", {}).get(HEAD_LINES)
        self.stamps = [head_line(b"request-id", request_id.encode("ascii")), organization]
        """Lines of every head, whatever the answer is; what happens on the way adds more."""
        self.request_id = request_id
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            lines = b"".join(self.stamps)
            if self._add_lines is not None:
                self._add_lines(lines)
            else:
                message["headers"] = [*message["headers"], *headers_of(lines)]
        await self._send(message)

    async def leave_unfinished(self) -> None:
        """Begin an answer, if there is none yet, and leave it: the web server then hangs up."""
        if not self.started:
            await self.send({"type": "http.response.start", "status": 200, "headers": []})
