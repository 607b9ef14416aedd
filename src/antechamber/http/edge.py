"""What every request passes first: an id, the credential, version and betas, and the last net."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import get_args

import structlog

from antechamber.http.asgi import App, Message, Receive, Scope, Send, header
from antechamber.http.bodies import ClientLeft
from antechamber.http.problems import as_api_error, send_problem
from antechamber.operations.call import ApiVersion, Call
from antechamber.operations.caller import Caller, Credentials, Doorkeeper
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import InvalidRequest
from antechamber.wire.ids import NewId

_log = structlog.get_logger("antechamber.http")
_UNPUBLISHED_VERSIONS: dict[str, ApiVersion] = {"2025-12-01": "2023-06-01"}
"""Versions that documents name and the hosted API never had; read as another when lenient."""
_BETA = re.compile(r"^[a-z0-9-]+-\d{4}-?\d{2}-?\d{2}$")
"""The set grows with each release, so only what does not look like a beta name is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeOrder:
    """What the edge needs to know."""

    doorkeeper: Doorkeeper
    organization_id: str
    lenient: bool
    open_paths: Collection[str]
    """Paths that need neither a credential nor a version."""


class Edge:
    """Wraps the routes: a ``Call`` goes into ``scope["state"]``, exceptions become answers."""

    def __init__(self, app: App, order: EdgeOrder, *, clock: Clock, new_id: NewId) -> None:
        self._app = app
        self._order = order
        self._clock = clock
        self._new_id = new_id
        self._organization = (
            b"anthropic-organization-id",
            order.organization_id.encode("ascii"),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = self._new_id("req_")
        started = False

        async def stamped(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [
                    *message["headers"],
                    (b"request-id", request_id.encode("ascii")),
                    self._organization,
                ]
            await send(message)

        try:
            scope.setdefault("state", {})["call"] = self._call(scope, request_id)
            await self._app(scope, receive, stamped)
        except ClientLeft:
            _log.info("client_left", request_id=request_id, path=scope["path"])
        except Exception as error:  # noqa: BLE001 - the outermost net of the HTTP room
            problem = as_api_error(error, request_id)
            if not started:
                await send_problem(stamped, problem, request_id)
            _log.info(
                "refused",
                request_id=request_id,
                path=scope["path"],
                status=problem.status,
                type=problem.type,
            )

    def _call(self, scope: Scope, request_id: str) -> Call:
        started_at = self._clock.monotonic()
        if scope["path"] in self._order.open_paths:
            caller = Caller(organization_id=self._order.organization_id)
            return Call(
                request_id=request_id,
                caller=caller,
                version="2023-06-01",
                betas=frozenset(),
                started_at=started_at,
            )
        return Call(
            request_id=request_id,
            caller=self._order.doorkeeper.admit(_credentials(scope)),
            version=_version(header(scope, b"anthropic-version"), lenient=self._order.lenient),
            betas=_betas(header(scope, b"anthropic-beta")),
            started_at=started_at,
        )


def _credentials(scope: Scope) -> Credentials:
    authorization = header(scope, b"authorization") or ""
    scheme, _, token = authorization.partition(" ")
    return Credentials(
        api_key=header(scope, b"x-api-key"),
        bearer=token.strip() if scheme.lower() == "bearer" else None,
    )


def _version(value: str | None, *, lenient: bool) -> ApiVersion:
    if value is None:
        message = "anthropic-version: header is required"
        raise InvalidRequest(message)
    if lenient and value in _UNPUBLISHED_VERSIONS:
        return _UNPUBLISHED_VERSIONS[value]
    for version in get_args(ApiVersion):
        if value == version:
            return version
    message = f'anthropic-version: "{value}" is not a valid version'
    raise InvalidRequest(message)


def _betas(value: str | None) -> frozenset[str]:
    if value is None:
        return frozenset()
    betas = [text for part in value.split(",") if (text := part.strip())]
    unknown = [beta for beta in betas if not _BETA.match(beta)]
    if unknown:
        names = ", ".join(f"`{beta}`" for beta in unknown)
        message = (
            f"Unexpected value(s) {names} for the `anthropic-beta` header. Please consult our "
            "documentation at platform.claude.com/docs or try again without the header."
        )
        raise InvalidRequest(message)
    return frozenset(betas)
