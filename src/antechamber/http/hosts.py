"""The names that a server may be called by where it asks for no key.

Any web page can point a name of its own at 127.0.0.1 and then read what its visitor's server
answers (DNS rebinding): the browser takes both for one origin. What gives the page away is the
``Host`` header, which holds its name. Where keys are needed it gets nothing, whatever the name.
"""

from collections.abc import Callable, Container
from urllib.parse import urlsplit

from antechamber.http.asgi import App, Receive, Scope, Send, header
from antechamber.settings import ServerSettings, is_loopback
from antechamber.wire.errors import PermissionRefused

HostCheck = Callable[[Scope], None]
"""Raises ``PermissionRefused`` for a request that is not meant for this server."""

_MOST_SHOWN = 100


def host_check(server: ServerSettings, needs_key: Callable[[], bool]) -> HostCheck:
    """Return the check that ``server`` needs; ``needs_key`` tells whether everybody does."""
    names = _names_of(server)

    def check(scope: Scope) -> None:
        if needs_key():
            return
        if (host := foreign_name(scope, names)) is None:
            return
        message = (
            f'Host "{host}" is no name of this server. It has no API keys and so '
            "answers only to names of its own machine, lest web pages use it through a name of "
            "theirs. Create a key (antechamber keys create), or set server.public_url to its "
            "address."
        )
        raise PermissionRefused(message)

    return check


class OwnNamesOnly:
    """Wraps an endpoint that asks for no key, of a server that only its own machine reaches."""

    def __init__(self, endpoint: App, server: ServerSettings) -> None:
        self._endpoint = endpoint
        self._names = _names_of(server)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises ``PermissionRefused``."""
        if (host := foreign_name(scope, self._names)) is not None:
            message = (
                f'Host "{host}" is no name of this server. {scope["path"]} asks for no key and so '
                "answers only to names of its own machine. Set server.public_url to its address."
            )
            raise PermissionRefused(message)
        await self._endpoint(scope, receive, send)


def foreign_name(scope: Scope, names: Container[str]) -> str | None:
    """Return what a request calls us, to be shown; None where it is of ``names`` or the machine."""
    host = header(scope, b"host")
    # HTTP/1.0 has none; browsers always send one.
    if host is None or is_loopback(name := _bare(host)) or name in names:
        return None
    return host[:_MOST_SHOWN]


def _names_of(server: ServerSettings) -> frozenset[str]:
    public = () if server.public_url is None else (_bare(urlsplit(server.public_url).netloc),)
    return frozenset((_bare(server.host), *public))


def _bare(host: str) -> str:
    """Return ``host`` without a port, brackets, or the dot of a full name."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    if name.count(":") == 1:
        name = name.partition(":")[0]
    return name.removesuffix(".")
