"""What the API's endpoints stand behind: a credential, a version and the betas."""

import re
from typing import get_args

import msgspec

from antechamber.http.asgi import App, Receive, Scope, Send
from antechamber.operations.answering.call import ApiVersion, Call
from antechamber.operations.callers.caller import Caller, CallerKind, Credentials, Doorkeeper
from antechamber.runtime.clock import Clock
from antechamber.wire.errors import InvalidRequest, Unauthenticated

_UNPUBLISHED_VERSIONS: dict[str, ApiVersion] = {"2025-12-01": "2023-06-01"}
"""Versions that documents name and the hosted API never had; read as another when lenient."""
_VERSIONS: dict[str, ApiVersion] = {version: version for version in get_args(ApiVersion)}
_BETA = re.compile(r"^[a-z0-9-]+-\d{4}-?\d{2}-?\d{2}$")
"""The set grows with each release, so only what does not look like a beta name is refused."""

_READ = frozenset(
    (
        b"authorization",
        b"x-api-key",
        b"anthropic-version",
        b"anthropic-beta",
        b"anthropic-workspace-id",
    )
)
_PASSED_ON = (b"anthropic-user-profile-id", b"traceparent", b"tracestate", b"user-agent")
_PASSED_ON_PREFIX = b"x-claude-code-"
"""What an upstream of the same API may do something with; credentials and hosts are our own."""


class Door:
    """Wraps one endpoint: a ``Call`` goes into ``scope["state"]``.

    It stands inside the routes, so that a path or method which is not served is told so to
    whoever asks, browsers and probes among them.
    """

    def __init__(
        self,
        endpoint: App,
        *,
        doorkeeper: Doorkeeper,
        lenient: bool,
        clock: Clock,
        for_administration: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._doorkeeper = doorkeeper
        self._lenient = lenient
        self._clock = clock
        self._refused: CallerKind = "api" if for_administration else "admin"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        started_at = self._clock.monotonic()
        head = _read_head(scope)
        caller = self._doorkeeper.known(head.credentials)
        if caller is None:
            caller = await self._doorkeeper.admit(head.credentials)
        if caller.kind == self._refused:
            message = "invalid x-api-key"
            raise Unauthenticated(message)
        if head.workspace_id is not None and not self._lenient:
            _refuse_another_workspace(head.workspace_id, caller)
        betas = _betas(head.betas)
        state = scope["state"]
        state["call"] = Call(
            request_id=state["request_id"],
            started_at=started_at,
            caller=caller,
            version=_version(head.version, lenient=self._lenient),
            betas=frozenset(betas),
            beta_list=betas,
            session=head.passed_on.get("x-claude-code-session-id"),
            passed_on=head.passed_on,
            trace_parent=head.passed_on.get("traceparent"),
            stamps=state["stamps"],
        )
        await self._endpoint(scope, receive, send)


class _Head(msgspec.Struct, kw_only=True):
    """What a request's headers say to the door."""

    credentials: Credentials
    version: str | None
    betas: str | None
    workspace_id: str | None
    passed_on: dict[str, str]


def _read_head(scope: Scope) -> _Head:
    """Read the headers in one pass; repeated ones are joined by a comma, as HTTP means them."""
    told: dict[bytes, bytes] = {}
    passed_on: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in _READ:
            told[name] = told[name] + b", " + value if name in told else value
        elif name in _PASSED_ON or name.startswith(_PASSED_ON_PREFIX):
            passed_on[name.decode("latin-1")] = value.decode("latin-1")
    scheme, _, token = _text(told, b"authorization").partition(" ")
    return _Head(
        credentials=Credentials(
            api_key=_text(told, b"x-api-key") if b"x-api-key" in told else None,
            bearer=token.strip() if scheme.lower() == "bearer" else None,
        ),
        version=_text(told, b"anthropic-version") if b"anthropic-version" in told else None,
        betas=_text(told, b"anthropic-beta") if b"anthropic-beta" in told else None,
        workspace_id=_text(told, b"anthropic-workspace-id") or None,
        passed_on=passed_on,
    )


def _text(told: dict[bytes, bytes], name: bytes) -> str:
    return told.get(name, b"").decode("latin-1")


def _refuse_another_workspace(workspace_id: str, caller: Caller) -> None:
    # SDK 2.12: what belongs to a workspace "may omit it; if sent, it must match". A key of the
    # administration belongs to none. The words are ours.
    if caller.kind != "admin" and workspace_id != caller.workspace_id:
        message = "anthropic-workspace-id: Input should be the workspace that the key belongs to"
        raise InvalidRequest(message)


def _version(value: str | None, *, lenient: bool) -> ApiVersion:
    if value is None:
        message = "anthropic-version: header is required"
        raise InvalidRequest(message)
    if lenient and value in _UNPUBLISHED_VERSIONS:
        return _UNPUBLISHED_VERSIONS[value]
    if (version := _VERSIONS.get(value)) is not None:
        return version
    message = f'anthropic-version: "{value}" is not a valid version'
    raise InvalidRequest(message)


def _betas(value: str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    betas = [text for part in value.split(",") if (text := part.strip())]
    unknown = [beta for beta in betas if not _BETA.match(beta)]
    if unknown:
        names = ", ".join(f"`{beta}`" for beta in unknown)
        message = (
            f"Unexpected value(s) {names} for the `anthropic-beta` header. Please consult our "
            "documentation at platform.claude.com/docs or try again without the header."
        )
        raise InvalidRequest(message)
    return tuple(betas)
