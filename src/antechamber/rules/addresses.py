"""Where a request may send whoever fetches for it: to the public web, not into a private network.

What is asked is the address as it is written. Names are not resolved: one that leads to a private
address is known only to who resolves it, and may lead elsewhere a moment later.
Sources: RFC 6761, RFC 6762 appendix G and RFC 8375 for names; the WHATWG URL standard, which most
fetchers follow, for the spellings of an address.
"""

import re
import unicodedata
from ipaddress import AddressValueError, IPv4Address, IPv6Address, IPv6Network
from urllib.parse import unquote

from antechamber.rules.context import RuleContext
from antechamber.rules.media import placed_media
from antechamber.rules.reading import Reading
from antechamber.wire.documents import URLImageSource, URLPDFSource
from antechamber.wire.errors import InvalidRequest

_SCHEME = re.compile(r"(https?)://", re.IGNORECASE)
_HOST = re.compile(r"(?:[^/?#@\\\s]*@)?(\[[^\]]*\]|[^/?#@\\\s:\[\]]{1,253})(?::\d*)?(?=[/?#]|\Z)")
"""Behind the scheme. Whatever else could stand there, fetchers do not agree on what it means."""
_NO_NAME = re.compile(r"[\x00-,/:-@\[-^`{-\x7f]|\.\.|\A\.|\.\Z")
"""What stands in no name; letters and marks of every script do."""
_ENDS_IN_A_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")
"""Such a host is an IPv4 address, in whatever spelling; the plain one alone is taken."""
_PRIVATE_ENDINGS = (
    ".localhost",
    ".localdomain",
    ".local",
    ".internal",
    ".intranet",
    ".private",
    ".corp",
    ".home",
    ".lan",
    ".home.arpa",
    # Inside a cluster.
    ".svc",
    ".consul",
)
_CLOUD_HOST = IPv4Address("168.63.129.16")
"""Public by its number alone: Azure's machines ask their own host there."""
_PUBLIC_V6 = IPv6Network("2000::/3")
"""Outside of it are, beside private ones, the ranges that wrap an IPv4 address."""
_DOT = {0x3002: "."}
"""The ideographic full stop, which separates labels too."""


def refuse_sources_that_are_not_public(reading: Reading) -> None:
    """Images and documents by URL, wherever they stand: who serves the model fetches them."""
    for path, block in placed_media(reading):
        source = block.source
        if isinstance(source, URLImageSource | URLPDFSource):
            _refuse(f"{path}.{block.type}.source.url.url", source.url, reading.context)


def _refuse(path: str, url: str, context: RuleContext) -> None:
    scheme = _SCHEME.match(url)
    if scheme is None or (context.hosted and scheme[1].lower() != "https"):
        # As recorded from the hosted API, which names no path.
        raise InvalidRequest("Only HTTPS URLs are supported.")
    if not (context.allow_private_addresses or is_public(url)):
        raise InvalidRequest(f"{path}: Input should be a public web address")


def is_public(url: str) -> bool:
    """Whether the address ``url`` is, as written, one of the public web."""
    scheme = _SCHEME.match(url)
    host = scheme and _HOST.match(url, scheme.end())
    if not host:
        return False
    if host[1].startswith("["):
        return _is_public_v6(host[1][1:-1])
    name = unicodedata.normalize("NFKC", unquote(host[1])).translate(_DOT).lower()
    name = name.removesuffix(".")
    if _ENDS_IN_A_NUMBER.fullmatch(name):
        return _is_public_v4(name)
    # A single label is looked up in the network that it is asked in.
    is_name = "." in name and _NO_NAME.search(name) is None
    # Invisible characters are dropped on the way to the name that is looked up.
    is_name = is_name and not any(unicodedata.category(each).startswith("C") for each in name)
    return is_name and not name.endswith(_PRIVATE_ENDINGS)


def _is_public_v4(text: str) -> bool:
    try:
        address = IPv4Address(text)
    except AddressValueError:
        return False
    return address.is_global and not address.is_multicast and address != _CLOUD_HOST


def _is_public_v6(text: str) -> bool:
    try:
        address = IPv6Address(text)
    except AddressValueError:
        return False
    wraps_v4 = address.sixtofour is not None or address.teredo is not None
    return address in _PUBLIC_V6 and address.is_global and not wraps_v4
