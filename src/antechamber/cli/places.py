"""Addresses as people may see them; pure."""

from urllib.parse import urlsplit


def shown_address(url: str) -> str:
    """Write an address without user, password and options, which may hold one."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
