"""``/v1/organizations/workspaces``: listed, created, shown, changed, archived."""

from antechamber.http.admin.parts import body_of, order_of, query_of, respond_page
from antechamber.http.asgi import Receive, Scope, Send, respond
from antechamber.operations.administration.access import carry_out, look_up
from antechamber.operations.administration.workspace_lists import (
    WorkspaceChanges,
    WorkspacesOrder,
    add_workspace,
    change_workspace,
    workspace_page,
)
from antechamber.operations.administration.workspaces import (
    NewWorkspace,
    WorkspaceRow,
    archive,
    one,
)
from antechamber.operations.answering.services import Services
from antechamber.wire.administration import WorkspaceCreation, WorkspacesQuery, WorkspaceUpdate
from antechamber.wire.encoding import encode_json

_DATA_RESIDENCY = {
    "workspace_geo": "us",
    "default_inference_geo": "global",
    "allowed_inference_geos": "unrestricted",
}
"""What the hosted API says where nothing was chosen; here everything is where the server is."""


class WorkspacesEndpoint:
    """Lists workspaces, the newest first, and creates one."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] == "POST":
            await self._create(scope, receive, send)
        else:
            await self._list(scope, send)

    async def _list(self, scope: Scope, send: Send) -> None:
        query = query_of(scope, WorkspacesQuery)
        order = WorkspacesOrder(
            page=order_of(query),
            ids=query.ids,
            include_archived=query.include_archived,
            include_default=query.include_default,
        )
        page = await look_up(self._services, lambda connection: workspace_page(connection, order))
        await respond_page(send, [_body(each) for each in page.data], more=page.has_more)

    async def _create(self, scope: Scope, receive: Receive, send: Send) -> None:
        services, now = self._services, self._services.clock.now()
        wanted = await body_of(scope, receive, services, WorkspaceCreation)
        made = await carry_out(
            services,
            lambda connection: add_workspace(
                connection,
                NewWorkspace(name=wanted.name, tags=wanted.tags or {}),
                display_color=wanted.display_color,
                now=now,
                new_id=services.new_id,
            ),
        )
        await respond(send, 200, encode_json(_body(made)))


class WorkspaceEndpoint:
    """Shows one workspace, and changes it."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        workspace_id: str = scope["path_params"]["workspace_id"]
        services = self._services
        if scope["method"] == "POST":
            update = await body_of(scope, receive, services, WorkspaceUpdate)
            changes = WorkspaceChanges(
                name=update.name, display_color=update.display_color, tags=update.tags
            )
            workspace = await carry_out(
                services,
                lambda connection: change_workspace(connection, workspace_id, changes),
            )
        else:
            workspace = await look_up(services, lambda connection: one(connection, workspace_id))
        await respond(send, 200, encode_json(_body(workspace)))


class ArchiveEndpoint:
    """Closes a workspace for good."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        workspace_id: str = scope["path_params"]["workspace_id"]
        services, now = self._services, self._services.clock.now()
        workspace = await carry_out(
            services, lambda connection: archive(connection, workspace_id, now=now)
        )
        await respond(send, 200, encode_json(_body(workspace)))


def _body(workspace: WorkspaceRow) -> dict[str, object]:
    return {
        "id": workspace.id,
        "type": "workspace",
        "name": workspace.name,
        "created_at": workspace.created_at,
        "archived_at": workspace.archived_at,
        "display_color": workspace.display_color,
        "tags": dict(workspace.tags),
        "data_residency": _DATA_RESIDENCY,
        # Nothing is encrypted by workspace, so that one name does for both.
        "compartment_id": workspace.id,
        "external_key_id": None,
        "user_profile_id": None,
    }
