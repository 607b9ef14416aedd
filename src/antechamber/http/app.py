"""The routes, and the layers around them: the ASGI application of one process."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.routing import Route, Router

from antechamber.http.admin.routes import admin_routes
from antechamber.http.asgi import App, Receive, Scope, Send
from antechamber.http.batches import (
    BatchEndpoint,
    BatchesEndpoint,
    CancelEndpoint,
    ResultsEndpoint,
)
from antechamber.http.chat_completions import ChatCompletionsEndpoint
from antechamber.http.cors import CrossOrigin
from antechamber.http.door import Door
from antechamber.http.edge import Edge
from antechamber.http.files import FileContentEndpoint, FileEndpoint, FilesEndpoint
from antechamber.http.health import ReadyEndpoint, alive, hello
from antechamber.http.hosts import OwnNamesOnly, host_check
from antechamber.http.limited import Limited
from antechamber.http.messages import CountTokensEndpoint, MessagesEndpoint
from antechamber.http.metrics import MetricsEndpoint, guarded_metrics
from antechamber.http.models import ModelEndpoint, ModelsEndpoint
from antechamber.http.openai_format import EitherFormat, OpenAIFormat
from antechamber.http.openai_models import OpenAIModelEndpoint, OpenAIModelsEndpoint
from antechamber.operations.allowance.rate_limits import Pool
from antechamber.operations.answering.services import Services
from antechamber.operations.callers.caller import Doorkeeper
from antechamber.operations.files import Files
from antechamber.settings import is_loopback
from antechamber.wire.errors import NotFound

_MESSAGES = "/v1/messages"


class _Shortcut:
    """Goes straight to an endpoint for what most requests are: a POST to its exact path."""

    def __init__(self, app: App, endpoints: Mapping[str, App]) -> None:
        self._app = app
        self._endpoints = endpoints

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        if endpoint is None or scope["method"] != "POST":
            endpoint = self._app
        return endpoint(scope, receive, send)


class _Plain:
    """An ASGI function as an object: a route would hand a bare function a request to unpack."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def make_app(
    services: Services,
    doorkeeper: Doorkeeper,
    *,
    files: Files,
    on_new_batch: Callable[[], None],
    metrics: MetricsEndpoint | None,
    count_refusal: Callable[[str], None],
) -> App:
    """Return the application; its engines are opened and closed by assembly."""
    server = services.settings.server
    doors = _Doors(services, doorkeeper, count_refusal)
    routes = [
        *_routes(services, doors),
        *_batch_routes(services, doors, on_new_batch),
        *_file_routes(files, services, doors),
    ]
    if metrics is not None:
        shown = guarded_metrics(metrics, server, doorkeeper)
        routes.append(Route("/metrics", shown, methods=["GET", "HEAD"]))
    router = Router(routes=routes, redirect_slashes=False, default=_not_found)
    edge = Edge(
        _Shortcut(_with_app(router), {_MESSAGES: doors.api(MessagesEndpoint(services))}),
        check_host=host_check(server, lambda: doorkeeper.needs_key),
        organization_id=server.organization_id,
        new_id=services.new_id,
        count_refusal=count_refusal,
    )
    if not server.cors_origins:
        return edge
    return CrossOrigin(edge, server, services.new_id)


class _Doors:
    """What stands before endpoints, by who they are for."""

    def __init__(
        self, services: Services, doorkeeper: Doorkeeper, count_refusal: Callable[[str], None]
    ) -> None:
        self._services = services
        self._doorkeeper = doorkeeper
        self._count_refusal = count_refusal

    def api(self, endpoint: App) -> Door:
        """Return ``endpoint`` for who has a key."""
        return self._door(endpoint, for_administration=False)

    def limited(self, endpoint: App, pool: Pool) -> Door:
        """Return ``endpoint`` for who has a key, with a limit to its requests as such."""
        return self.api(Limited(endpoint, self._services.limits, pool))

    def administration(self, endpoint: App) -> Door:
        """Return ``endpoint`` for who has an admin key."""
        return self._door(endpoint, for_administration=True)

    def openai(self, endpoint: App, *methods: str) -> OpenAIFormat:
        """Return ``endpoint`` for who has a key and speaks OpenAI's format."""
        return OpenAIFormat(self.api(endpoint), methods, self._count_refusal)

    def _door(self, endpoint: App, *, for_administration: bool) -> Door:
        return Door(
            endpoint,
            doorkeeper=self._doorkeeper,
            lenient=self._services.settings.fidelity == "lenient",
            clock=self._services.clock,
            for_administration=for_administration,
        )


def _routes(services: Services, doors: _Doors) -> list[Route]:
    every_model = EitherFormat(
        doors.api(ModelsEndpoint(services)),
        doors.openai(OpenAIModelsEndpoint(services), "GET", "HEAD"),
    )
    one_model = EitherFormat(
        doors.api(ModelEndpoint(services)),
        doors.openai(OpenAIModelEndpoint(services), "GET", "HEAD"),
    )
    counting = doors.api(CountTokensEndpoint(services))
    ready: App = ReadyEndpoint(services)
    if is_loopback(services.settings.server.host):
        ready = OwnNamesOnly(ready, services.settings.server)
    return [
        Route(_MESSAGES, doors.api(MessagesEndpoint(services)), methods=["POST"]),
        Route(f"{_MESSAGES}/count_tokens", counting, methods=["POST"]),
        Route("/v1/models", every_model, methods=["GET"]),
        Route("/v1/models/{model_id:path}", one_model, methods=["GET"]),
        Route("/v1/chat/completions", doors.openai(ChatCompletionsEndpoint(services), "POST")),
        *admin_routes(services, doors.administration),
        Route("/api/hello", _Plain(hello), methods=["GET", "HEAD"]),
        Route("/healthz", _Plain(alive), methods=["GET", "HEAD"]),
        Route("/readyz", ready, methods=["GET", "HEAD"]),
    ]


def _batch_routes(services: Services, doors: _Doors, on_new: Callable[[], None]) -> list[Route]:
    one_at_a_time = asyncio.Lock()
    every = BatchesEndpoint(services, on_new, one_at_a_time)
    one = BatchEndpoint(services, one_at_a_time)
    served: list[tuple[str, App, list[str]]] = [
        ("", every, ["GET", "POST"]),
        ("/{batch_id}", one, ["GET", "DELETE"]),
        ("/{batch_id}/cancel", CancelEndpoint(services), ["POST"]),
        ("/{batch_id}/results", ResultsEndpoint(services), ["GET"]),
    ]
    return [
        Route(f"{_MESSAGES}/batches{path}", doors.limited(endpoint, "batches"), methods=methods)
        for path, endpoint, methods in served
    ]


def _file_routes(files: Files, services: Services, doors: _Doors) -> list[Route]:
    every = FilesEndpoint(files, lenient=services.settings.fidelity == "lenient")
    served: list[tuple[str, App, list[str]]] = [
        ("", every, ["GET", "POST"]),
        ("/{file_id}", FileEndpoint(files), ["GET", "DELETE"]),
        ("/{file_id}/content", FileContentEndpoint(files), ["GET"]),
    ]
    return [
        Route(f"/v1/files{path}", doors.limited(endpoint, "files"), methods=methods)
        for path, endpoint, methods in served
    ]


def _with_app(router: Router) -> App:
    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        # With an application in the scope the router raises for a wrong method, so that the
        # answer gets our envelope; without one it answers by itself in plain text.
        scope["app"] = router
        await router(scope, receive, send)

    return routed


async def _not_found(_scope: Scope, _receive: Receive, _send: Send) -> None:
    message = "Not found"
    raise NotFound(message)
