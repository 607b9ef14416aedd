"""``/v1/organizations/api_keys``: the keys that were created; none is created here."""

from antechamber.http.admin.parts import body_of, order_of, query_of, respond_page
from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.operations.administration.access import carry_out, look_up
from antechamber.operations.administration.key_lists import (
    KeysOrder,
    ListedKey,
    change_listed,
    find_listed,
    key_page,
)
from antechamber.operations.answering.services import Services
from antechamber.wire.administration import KeysQuery, KeyUpdate
from antechamber.wire.encoding import encode_json


class KeysEndpoint:
    """Lists keys, the newest first."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        query, now = query_of(scope, KeysQuery), self._services.clock.now()
        if query.created_by_user_id is not None:
            # There are no users: nobody is known to have created a key.
            await respond_page(send, [], more=False)
            return
        order = KeysOrder(
            page=order_of(query), standing=query.status, workspace_id=query.workspace_id
        )
        page = await look_up(
            self._services, lambda connection: key_page(connection, order, now=now)
        )
        await respond_page(send, [_body(each) for each in page.data], more=page.has_more)


class KeyEndpoint:
    """Shows one key, and changes its name or its status."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key_id: str = scope["path_params"]["api_key_id"]
        services, now = self._services, self._services.clock.now()
        if scope["method"] == "POST":
            update = await body_of(scope, receive, services, KeyUpdate)
            changes = update.model_dump(exclude_none=True)
            key = await carry_out(
                services, lambda connection: change_listed(connection, key_id, changes, now=now)
            )
        else:
            key = await look_up(
                services, lambda connection: find_listed(connection, key_id, now=now)
            )
        await respond(send, 200, encode_json(_body(key)))


def _body(listed: ListedKey) -> dict[str, object]:
    key = listed.key
    return {
        "id": key.id,
        "type": "api_key",
        "name": key.name,
        "status": listed.standing,
        "partial_key_hint": key.hint,
        "workspace_id": key.workspace_id,
        # Newer SDKs read this, where the default workspace has an id too.
        "scope": {"type": "workspace", "workspace_id": listed.workspace_id},
        "created_at": key.created_at,
        "created_by": None,
        "expires_at": key.expires_at,
        "principal": None,
    }
