"""The routes, and the layers around them: the ASGI application of one process."""

from collections.abc import Mapping

from starlette.routing import Route, Router

from antechamber.http.asgi import App, Receive, Scope, Send
from antechamber.http.chat_completions import ChatCompletionsEndpoint
from antechamber.http.cors import CrossOrigin
from antechamber.http.door import Door
from antechamber.http.edge import Edge
from antechamber.http.health import ReadyEndpoint, alive, hello
from antechamber.http.hosts import host_check
from antechamber.http.messages import CountTokensEndpoint, MessagesEndpoint
from antechamber.http.models import ModelEndpoint, ModelsEndpoint
from antechamber.http.openai_format import EitherFormat, OpenAIFormat
from antechamber.http.openai_models import OpenAIModelEndpoint, OpenAIModelsEndpoint
from antechamber.operations.caller import Doorkeeper
from antechamber.operations.messages import Services
from antechamber.wire.errors import NotFound


class _Shortcut:
    """Goes straight to an endpoint for what most requests are: a POST to its exact path."""

    def __init__(self, app: App, endpoints: Mapping[str, App]) -> None:
        self._app = app
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["path"]) if scope["type"] == "http" else None
        if endpoint is not None and scope["method"] == "POST":
            await endpoint(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class _Plain:
    """An ASGI function as an object: a route would hand a bare function a request to unpack."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def make_app(services: Services, doorkeeper: Doorkeeper) -> App:
    """Return the application; its engines are opened and closed by assembly."""
    server = services.settings.server
    lenient = services.settings.fidelity == "lenient"

    def behind_door(endpoint: App) -> Door:
        return Door(endpoint, doorkeeper=doorkeeper, lenient=lenient, clock=services.clock)

    def openai(endpoint: App, *methods: str) -> OpenAIFormat:
        return OpenAIFormat(behind_door(endpoint), methods=methods)

    every_model = EitherFormat(
        behind_door(ModelsEndpoint(services)), openai(OpenAIModelsEndpoint(services), "GET", "HEAD")
    )
    one_model = EitherFormat(
        behind_door(ModelEndpoint(services)), openai(OpenAIModelEndpoint(services), "GET", "HEAD")
    )
    messages, models = "/v1/messages", "/v1/models"
    counting, model = f"{messages}/count_tokens", f"{models}/{{model_id:path}}"
    routes = [
        Route(messages, behind_door(MessagesEndpoint(services)), methods=["POST"]),
        Route(counting, behind_door(CountTokensEndpoint(services)), methods=["POST"]),
        Route(models, every_model, methods=["GET"]),
        Route(model, one_model, methods=["GET"]),
        Route("/v1/chat/completions", openai(ChatCompletionsEndpoint(services), "POST")),
        Route("/api/hello", _Plain(hello), methods=["GET", "HEAD"]),
        Route("/healthz", _Plain(alive), methods=["GET", "HEAD"]),
        Route("/readyz", ReadyEndpoint(services), methods=["GET", "HEAD"]),
    ]
    router = Router(routes=routes, redirect_slashes=False, default=_not_found)
    edge = Edge(
        _Shortcut(_with_app(router), {messages: behind_door(MessagesEndpoint(services))}),
        check_host=host_check(server),
        organization_id=server.organization_id,
        new_id=services.new_id,
    )
    if not server.cors_origins:
        return edge
    return CrossOrigin(edge, server, services.new_id)


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
