"""``GET /v1/models`` and ``GET /v1/models/{id}``."""

from urllib.parse import parse_qs

from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.models import get_model, list_models
from antechamber.operations.pages import PageOrder
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest

_LIMITS = range(1, 1001)
_LIFECYCLES = ("active", "deprecated", "retired")


class ModelsEndpoint:
    """Lists the served models, newest first."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call: Call = scope["state"]["call"]
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        page = await list_models(
            self._services,
            PageOrder(
                limit=_limit(query),
                after_id=_last(query, "after_id"),
                before_id=_last(query, "before_id"),
            ),
            lifecycle=_lifecycle(query),
            beta=bool(call.betas),
            allowed=call.caller.models,
        )
        body = {
            "data": page.data,
            "has_more": page.has_more,
            "first_id": page.data[0]["id"] if page.data else None,
            "last_id": page.data[-1]["id"] if page.data else None,
        }
        await respond(send, 200, encode_json(body))


class ModelEndpoint:
    """Describes one model, by id or alias."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        call: Call = scope["state"]["call"]
        model_id: str = scope["path_params"]["model_id"]
        info = await get_model(
            self._services, model_id, beta=bool(call.betas), allowed=call.caller.models
        )
        await respond(send, 200, encode_json(info))


def _last(query: dict[str, list[str]], name: str) -> str | None:
    values = query.get(name)
    return values[-1] or None if values else None


def _limit(query: dict[str, list[str]]) -> int:
    text = _last(query, "limit")
    if text is None:
        return 20
    try:
        limit = int(text)
    except ValueError as error:
        message = "limit: Input should be a valid integer, unable to parse string as an integer"
        raise InvalidRequest(message) from error
    if limit < _LIMITS.start:
        message = f"limit: Input should be greater than or equal to {_LIMITS.start}"
        raise InvalidRequest(message)
    if limit >= _LIMITS.stop:
        message = f"limit: Input should be less than or equal to {_LIMITS.stop - 1}"
        raise InvalidRequest(message)
    return limit


def _lifecycle(query: dict[str, list[str]]) -> list[str]:
    wanted = query.get("lifecycle[]", []) + query.get("lifecycle", [])
    for index, value in enumerate(wanted):
        if value not in _LIFECYCLES:
            message = f"lifecycle.{index}: Input should be 'active', 'deprecated' or 'retired'"
            raise InvalidRequest(message)
    return wanted
