"""Checks of how the server is reached: its port, and who may come in."""

import errno
import json
import socket
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from typing import cast

from antechamber.cli.doctor.finding import Finding, broken, doubtful, well
from antechamber.operations.administration.database_state import DatabaseState
from antechamber.settings import (
    ConfigurationError,
    ServerSettings,
    Settings,
    is_loopback,
    require_keys_beyond_loopback,
)

_PATIENCE_S = 2.0


def check_port(server: ServerSettings) -> Finding:
    """Check that the port is free, or that it is an antechamber that has it."""
    subject, place = "port", f"{server.host}:{server.port}"
    if server.port == 0:
        return well(subject, "any free one, chosen at the start")
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    try:
        socket.create_server((server.host, server.port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _who_has_it(server)
        return broken(
            subject,
            f"{place} cannot be opened: {error.strerror or error}",
            "set another server.host or server.port",
        )
    return well(subject, f"{place} is free")


def check_exposure(settings: Settings, state: DatabaseState) -> Finding:
    """Check that strangers cannot use the server, or read what is sent."""
    subject, server = "exposure", settings.server
    try:
        require_keys_beyond_loopback(settings, are_created=state.has_keys)
    except ConfigurationError as error:
        return broken(subject, str(error))
    has_keys = state.has_keys or bool(server.api_keys)
    if "*" in server.cors_origins and not has_keys:
        return doubtful(
            subject,
            "every web page that is opened on this machine can use the server",
            'name origins instead of "*" in server.cors_origins, or create a key',
        )
    if is_loopback(server.host):
        keys = "with a key" if has_keys else "no key needed"
        return well(subject, f"this machine only, {keys}")
    if (server.public_url or "").startswith("https://"):
        return well(subject, f"with a key, over {server.public_url}")
    return doubtful(
        subject,
        "other machines, with a key, over HTTP that can be read on the way",
        "put a proxy with TLS before it, and set server.public_url",
    )


def _who_has_it(server: ServerSettings) -> Finding:
    place = f"{server.host}:{server.port}"
    if answers_as_antechamber(server):
        return well("port", f"{place} has an antechamber, which is running")
    return broken(
        "port",
        f"{place} is taken by another program",
        f"find it with: lsof -i :{server.port}; or take another: antechamber serve --port "
        f"{server.port + 1 if server.port < 65_535 else 0}",
    )


def answers_as_antechamber(server: ServerSettings) -> bool:
    """Ask whether it is an antechamber that has the port of the settings."""
    connection = HTTPConnection(_reachable(server.host), server.port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        body: object = json.loads(answer.read(1024))
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return (
        answer.status == 200
        and answer.headers.get("anthropic-organization-id") is not None
        and isinstance(body, dict)
        and cast("Mapping[str, object]", body).get("status") == "ok"
    )


def _reachable(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "::1" if address.version == 6 else "127.0.0.1"
