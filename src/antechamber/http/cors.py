"""Cross-origin requests of pages, by configuration."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from antechamber.http.asgi import App
from antechamber.settings import ServerSettings
from antechamber.wire.ids import NewId

_READABLE = (
    *("request-id", "x-request-id", "anthropic-organization-id"),
    *("retry-after", "retry-after-ms", "x-should-retry"),
    *("antechamber-served-by", "antechamber-adjusted", "antechamber-ignored"),
    "antechamber-upstream-request-id",
)
"""Headers of answers that pages may read; their bodies they always may."""


class CrossOrigin(CORSMiddleware):
    """Stands around the edge, so that pages can read its errors too."""

    def __init__(self, app: App, server: ServerSettings, new_id: NewId) -> None:
        super().__init__(
            app,
            allow_origins=server.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["*"],
            expose_headers=_READABLE,
        )
        self._organization_id = server.organization_id
        self._new_id = new_id

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer in the place of the edge, which stamps every other answer."""
        answer = super().preflight_response(request_headers)
        answer.headers["request-id"] = self._new_id("req_")
        answer.headers["anthropic-organization-id"] = self._organization_id
        return answer
