"""What the API's endpoints stand behind: a credential, a version and the betas."""

import re
from typing import get_args

from antechamber.http.asgi import App, Receive, Scope, Send, header
from antechamber.operations.call import ApiVersion, Call
from antechamber.operations.caller import Credentials, Doorkeeper
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import InvalidRequest

_UNPUBLISHED_VERSIONS: dict[str, ApiVersion] = {"2025-12-01": "2023-06-01"}
"""Versions that documents name and the hosted API never had; read as another when lenient."""
_BETA = re.compile(r"^[a-z0-9-]+-\d{4}-?\d{2}-?\d{2}$")
"""The set grows with each release, so only what does not look like a beta name is refused."""


class Door:
    """Wraps one endpoint: a ``Call`` goes into ``scope["state"]``.

    It stands inside the routes, so that a path or method which is not served is told so to
    whoever asks, browsers and probes among them.
    """

    def __init__(
        self, endpoint: App, *, doorkeeper: Doorkeeper, lenient: bool, clock: Clock
    ) -> None:
        self._endpoint = endpoint
        self._doorkeeper = doorkeeper
        self._lenient = lenient
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["state"]["call"] = Call(
            request_id=scope["state"]["request_id"],
            started_at=self._clock.monotonic(),
            caller=self._doorkeeper.admit(_credentials(scope)),
            version=_version(header(scope, b"anthropic-version"), lenient=self._lenient),
            betas=_betas(header(scope, b"anthropic-beta")),
        )
        await self._endpoint(scope, receive, send)


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
