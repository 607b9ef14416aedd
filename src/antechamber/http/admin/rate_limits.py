"""``/v1/organizations/rate_limits`` and ``…/workspaces/{workspace_id}/rate_limits``."""

from collections.abc import Sequence
from typing import TypeVar

from antechamber.http.admin.parts import query_of
from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.operations.administration.limit_lists import (
    GroupLimits,
    LimitGroup,
    WorkspaceLimits,
    organization_limits,
    workspace_limits,
)
from antechamber.operations.answering.services import Services
from antechamber.wire.administration import LimitsQuery, OwnLimitsQuery, WorkspaceLimitsQuery
from antechamber.wire.encoding import encode_json
from antechamber.wire.errors import InvalidRequest, NotFound

Listed = TypeVar("Listed", GroupLimits, WorkspaceLimits)


class RateLimitsEndpoint:
    """Lists what a workspace may ask for that has no tier of its own."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        query = query_of(scope, OwnLimitsQuery)
        listed = organization_limits(self._services)
        if query.model is not None:
            listed = [each for each in listed if query.model in (each.group.models or ())]
            if not listed:
                message = f"model: {query.model}"
                raise NotFound(message)
        page, following = _page(listed, query)
        await _respond(send, [_organization_body(each) for each in page], following)


class WorkspaceRateLimitsEndpoint:
    """Lists what one workspace may ask for."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        query = query_of(scope, WorkspaceLimitsQuery)
        workspace_id: str = scope["path_params"]["workspace_id"]
        listed = await workspace_limits(self._services, workspace_id)
        listed = [each for each in listed if each.is_own or query.include_inherited]
        page, following = _page(listed, query)
        await _respond(send, [_workspace_body(each, workspace_id) for each in page], following)


def _page(listed: Sequence[Listed], query: LimitsQuery) -> tuple[Sequence[Listed], str | None]:
    """Return the part that is wanted, and where the next one begins; raises ``InvalidRequest``."""
    wanted = [each for each in listed if query.group_type in (None, each.group.type)]
    ids = [f"page_{each.group.id}" for each in wanted]
    if query.page is not None and query.page not in ids:
        message = "page: Input should be the next_page of a list"
        raise InvalidRequest(message)
    start = 0 if query.page is None else ids.index(query.page)
    end = len(wanted) if query.limit is None else start + query.limit
    return wanted[start:end], ids[end] if end < len(ids) else None


async def _respond(send: Send, data: Sequence[object], next_page: str | None) -> None:
    await respond(send, 200, encode_json({"data": data, "next_page": next_page}))


def _organization_body(each: GroupLimits) -> dict[str, object]:
    return {
        "id": each.group.entry_id,
        "type": "rate_limit",
        **_group_body(each.group),
        "limits": [{"type": kind, "value": value} for kind, value in each.limits.items()],
    }


def _workspace_body(each: WorkspaceLimits, workspace_id: str) -> dict[str, object]:
    source = {"type": "workspace" if each.is_own else "organization"}
    return {
        "rate_limit_id": each.group.entry_id,
        "type": "workspace_rate_limit",
        "workspace_id": workspace_id,
        **_group_body(each.group),
        "limits": [
            {
                "type": kind,
                "value": value,
                "org_limit": each.of_organization.get(kind),
                "source": source,
            }
            for kind, value in each.limits.items()
        ],
    }


def _group_body(group: LimitGroup) -> dict[str, object]:
    told = {"id": group.id, "type": group.type}
    if group.models is not None:
        told["display_name"] = group.name
    # At first the API told the type here alone, and dashboards read it.
    return {"group": told, "group_type": group.type, "models": group.models}
