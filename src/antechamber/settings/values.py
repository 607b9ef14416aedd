"""Single values of the configuration that are more than a string, and what is wrong with them."""

import re
from collections.abc import Callable, Hashable
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from antechamber.settings.secret import Secret

_PORTS = {"http": 80, "https": 443}


def resolved(path: Path, *, beside: object) -> Path:
    """Make a path absolute: ``~`` is the home directory, the rest is relative to ``beside``."""
    try:
        path = path.expanduser()
    except RuntimeError as error:
        raise ValueError("must be in a home directory that exists") from error
    directory = beside if isinstance(beside, Path) else Path.cwd()
    return (directory / path).absolute()


def none_twice(values: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a list that says the same twice."""
    return _without_repetition(values, lambda value: value)


def no_server_twice(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse web addresses of which two lead to the same place, however they are written."""
    return _without_repetition(addresses, _place)


def _without_repetition(
    values: tuple[str, ...], meaning: Callable[[str], Hashable]
) -> tuple[str, ...]:
    seen: set[Hashable] = set()
    for value in values:
        if meaning(value) in seen:
            raise ValueError(f'must name each once, and "{value}" comes twice')
        seen.add(meaning(value))
    return values


def _place(address: str) -> Hashable:
    parts = urlsplit(address)
    # Engines take an address with and without the version at its end for the same.
    path = parts.path.removesuffix("/v1")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme], path


def _host(value: str) -> str:
    host = value.removeprefix("[").removesuffix("]")
    # A colon belongs to an IPv6 address; in anything else it would be a port.
    if not (_is_address(host) if ":" in host else re.fullmatch(r"[A-Za-z0-9._-]+", host)):
        raise ValueError('must be an address or a host name alone, like "127.0.0.1" or "0.0.0.0"')
    return host


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        (parts.hostname or "").encode("idna")
    except ValueError:  # a bracket, a port or a name that is none
        usable = False
        parts = urlsplit("")
    if not usable or re.search(r"\s", value):
        raise ValueError('must be a web address like "http://127.0.0.1:8080"')
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password")
    if parts.query or parts.fragment:
        raise ValueError('must end before any "?" or "#"')
    return value.rstrip("/")


def _database_url(value: Secret) -> Secret:
    scheme, _, rest = value.reveal().partition("://")
    if scheme not in ("postgresql", "postgres", "sqlite") or not rest:
        raise ValueError('must be like "postgresql://user:password@host/name"')
    return value


def _redis_url(value: Secret) -> Secret:
    scheme, _, rest = value.reveal().partition("://")
    if scheme not in ("redis", "rediss", "valkey", "valkeys", "unix") or not rest:
        raise ValueError('must be like "redis://:password@host:6379/0"')
    return value


def _origin(value: str) -> str:
    if value in ("*", "null") or re.fullmatch(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+", value):
        return value
    raise ValueError('must be "*" or an origin like "https://app.example.com", without a path')


def _engine_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", value):
        raise ValueError(
            'must begin with a letter or digit and hold only those and ".", "_", "-" (at most 64)'
        )
    return value


def _environment_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", value):
        raise ValueError('must be the name of an environment variable, like "LLAMA_API_KEY"')
    return value


def _organization_id(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise ValueError('must be 1 to 64 letters, digits, "_" or "-"')
    return value


def _header_text(value: str) -> str:
    if not re.fullmatch(r"[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*", value):
        raise ValueError("must be ASCII characters that can be seen")
    return value


def _model_pattern(value: str) -> str:
    if not value or "*" in value[:-1] or re.search(r"\s", value):
        raise ValueError('must be a model id, or the beginning of one with "*" at its end')
    return value


Host = Annotated[str, AfterValidator(_host)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Origin = Annotated[str, AfterValidator(_origin)]
EngineName = Annotated[str, AfterValidator(_engine_name)]
EnvironmentName = Annotated[str, AfterValidator(_environment_name)]
HeaderText = Annotated[str, AfterValidator(_header_text)]
OrganizationId = Annotated[str, AfterValidator(_organization_id)]
ModelPattern = Annotated[str, AfterValidator(_model_pattern)]
DatabaseUrl = Annotated[Secret, AfterValidator(_database_url)]
RedisUrl = Annotated[Secret, AfterValidator(_redis_url)]
