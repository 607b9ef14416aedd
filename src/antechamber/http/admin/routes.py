"""The routes of the Admin API."""

from collections.abc import Callable

from starlette.routing import Route

from antechamber.http.admin.keys import KeyEndpoint, KeysEndpoint
from antechamber.http.admin.rate_limits import RateLimitsEndpoint, WorkspaceRateLimitsEndpoint
from antechamber.http.admin.reports import CostReportEndpoint, UsageReportEndpoint
from antechamber.http.admin.workspaces import (
    ArchiveEndpoint,
    WorkspaceEndpoint,
    WorkspacesEndpoint,
)
from antechamber.http.asgi import App, Receive, Scope, Send, respond
from antechamber.operations.answering.services import Services
from antechamber.wire.encoding import encode_json

_NAME = "antechamber"


def admin_routes(services: Services, behind_admin_door: Callable[[App], App]) -> list[Route]:
    """Return the routes; the door lets in who may administer, and nobody else."""
    root = "/v1/organizations"
    keys, workspaces = f"{root}/api_keys", f"{root}/workspaces"
    workspace = f"{workspaces}/{{workspace_id}}"
    usage, cost = f"{root}/usage_report/messages", f"{root}/cost_report"

    def route(path: str, endpoint: App, *methods: str) -> Route:
        return Route(path, behind_admin_door(endpoint), methods=list(methods))

    return [
        route(f"{root}/me", _OrganizationEndpoint(services), "GET"),
        route(keys, KeysEndpoint(services), "GET"),
        route(f"{keys}/{{api_key_id}}", KeyEndpoint(services), "GET", "POST"),
        route(workspaces, WorkspacesEndpoint(services), "GET", "POST"),
        route(workspace, WorkspaceEndpoint(services), "GET", "POST"),
        route(f"{workspace}/archive", ArchiveEndpoint(services), "POST"),
        route(f"{workspace}/rate_limits", WorkspaceRateLimitsEndpoint(services), "GET"),
        route(f"{root}/rate_limits", RateLimitsEndpoint(services), "GET"),
        route(usage, UsageReportEndpoint(services), "GET"),
        route(cost, CostReportEndpoint(services), "GET"),
    ]


class _OrganizationEndpoint:
    """Says whose server it is."""

    def __init__(self, services: Services) -> None:
        self._id = services.settings.server.organization_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body = {"id": self._id, "name": _NAME, "type": "organization"}
        await respond(send, 200, encode_json(body))
