"""What goes before a request's body: the address that it goes to, and its head as bytes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from antechamber import __version__

_PORTS = {"http": 80, "https": 443}
_UNSENDABLE = re.compile(r"[^\x21-\x7e]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # without the line feed, which is counted
_OURS = frozenset(
    {
        *("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade"),
        *("te", "trailer", "expect", "accept-encoding"),
    }
)
"""Headers that say how the message itself is sent. What a caller says of them is left out."""


class Origin(NamedTuple):
    """Where a connection goes."""

    secure: bool
    host: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a request goes: a connection, and what is asked for on it."""

    origin: Origin
    host: str
    """The value of the header ``host``."""
    target: str


@lru_cache(maxsize=256)
def address_of(url: str) -> Address:
    """Take ``url`` apart; raises ``ValueError`` for one that no request can go to.

    Percent-encoding stays as it is: some hosts sign it.
    """
    parts = urlsplit(url)
    port = _PORTS.get(parts.scheme)
    if port is None or not parts.hostname:
        message = "an address begins with http:// or https:// and a host"
        raise ValueError(message)
    host = parts.hostname
    if not host.isascii():
        host = host.encode("idna").decode("ascii")
    origin = Origin(parts.scheme == "https", host, parts.port or port)
    named = f"[{host}]" if ":" in host else host
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(
        origin=origin,
        host=named if origin.port == port else f"{named}:{origin.port}",
        target=_UNSENDABLE.sub(lambda found: quote(found[0], safe=""), target),
    )


class Heads:
    """Writes the heads of the requests of one client."""

    def __init__(self, headers: Mapping[str, str], *, keep_alive: bool) -> None:
        usual = {"user-agent": f"antechamber/{__version__}", "accept": "*/*"}
        self._lines = _lines(usual) | _lines(headers)
        # An answer is read as it comes; one that is encoded all the same is decoded.
        self._last = ["accept-encoding: identity"] + ([] if keep_alive else ["connection: close"])
        _encoded(list(self._lines.values()))
        # Callers of one client send much the same from request to request.
        self._begun = lru_cache(maxsize=256)(self._begin)

    def write(
        self, method: str, address: Address, headers: Mapping[str, str], *, size: int | None
    ) -> bytes:
        """Return a head; ``size`` is the body's in bytes, None where a request has none.

        ``headers`` go before those of the client. Raises ``ValueError`` for a header that would
        be another header as well.
        """
        begun = self._begun(method, address, tuple(headers.items()))
        return begun + (b"\r\n" if size is None else b"content-length: %d\r\n\r\n" % size)

    def _begin(self, method: str, address: Address, headers: tuple[tuple[str, str], ...]) -> bytes:
        lines = [f"{method} {address.target} HTTP/1.1", f"host: {address.host}"]
        lines += (self._lines | _lines(dict(headers)) if headers else self._lines).values()
        return _encoded(lines + self._last)


def _lines(headers: Mapping[str, str]) -> dict[str, str]:
    made = {_key(name): f"{name}: {value}" for name, value in headers.items()}
    made.pop("", None)
    return made


@lru_cache(maxsize=256)
def _key(name: str) -> str:
    """Return the name in small letters, nothing for one that is ours to say."""
    if not _TOKEN.fullmatch(name):
        message = f"the header {name[:100]!r} cannot be sent: its name is none"
        raise ValueError(message)
    lowered = name.lower()
    return "" if lowered in _OURS else lowered


def _encoded(lines: list[str]) -> bytes:
    text = "\n".join(lines)
    if text.count("\n") != len(lines) - 1 or _CONTROL.search(text):
        broken = next(line for line in lines if "\n" in line or _CONTROL.search(line))
        # Without the value: it may be a secret.
        message = f"the header {broken.partition(':')[0]!r} cannot be sent: its value is none"
        raise ValueError(message)
    whole = text.replace("\n", "\r\n") + "\r\n"
    try:
        return whole.encode("latin-1")
    except UnicodeEncodeError:
        return whole.encode()
