"""``GET /v1/models`` and ``GET /v1/models/{id}`` in OpenAI's format."""

from antechamber.dialects.openai_front.models import model_list, model_of
from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.operations.answering.services import Services
from antechamber.operations.models import get_model, list_models
from antechamber.operations.pages import PageOrder
from antechamber.wire.encoding import encode_json

_EVERY_MODEL = PageOrder(limit=10_000)
"""The format's list has no pages."""


class OpenAIModelsEndpoint:
    """Lists the served models, newest first."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Serve one request."""
        allowed = scope["state"]["call"].caller.models
        page = await list_models(
            self._services, _EVERY_MODEL, lifecycle=(), beta=False, allowed=allowed
        )
        await respond(send, 200, encode_json(model_list(page.data)))


class OpenAIModelEndpoint:
    """Describes one model, by id or alias."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Serve one request."""
        model_id: str = scope["path_params"]["model_id"]
        allowed = scope["state"]["call"].caller.models
        info = await get_model(self._services, model_id, beta=False, allowed=allowed)
        await respond(send, 200, encode_json(model_of(info)))
