"""The names that a server without keys may be called by.

Any web page can point a name of its own at 127.0.0.1 and then read what its visitor's server
answers (DNS rebinding): the browser takes both for one origin. What gives the page away is the
``Host`` header, which holds its name. Where keys are needed it gets nothing, whatever the name.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from antechamber.http.asgi import Scope, header
from antechamber.settings import ServerSettings, is_loopback
from antechamber.wire.errors import PermissionRefused

HostCheck = Callable[[Scope], None]
"""Raises ``PermissionRefused`` for a request that is not meant for this server."""

_MOST_SHOWN = 100


def host_check(server: ServerSettings, needs_key: Callable[[], bool]) -> HostCheck:
    """Return the check that ``server`` needs; ``needs_key`` tells whether everybody does."""
    names = {_bare(server.host)}
    if server.public_url is not None:
        names.add(_bare(urlsplit(server.public_url).netloc))

    def check(scope: Scope) -> None:
        if needs_key():
            return
        host = header(scope, b"host")
        # HTTP/1.0 has none; browsers always send one.
        if host is None or is_loopback(name := _bare(host)) or name in names:
            return
        message = (
            f'Host "{host[:_MOST_SHOWN]}" is no name of this server. It has no API keys and so '
            "answers only to names of its own machine, lest web pages use it through a name of "
            "theirs. Create a key (antechamber keys create), or set server.public_url to its "
            "address."
        )
        raise PermissionRefused(message)

    return check


def _bare(host: str) -> str:
    """Return ``host`` without a port, brackets, or the dot of a full name."""
    name = host.strip().lower()
    if name.startswith("["):
        return name[1:].partition("]")[0]
    if name.count(":") == 1:
        name = name.partition(":")[0]
    return name.removesuffix(".")
