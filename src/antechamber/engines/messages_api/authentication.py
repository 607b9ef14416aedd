"""How a request to a cloud says whose it is."""

from collections.abc import Mapping
from typing import Protocol


class Authentication(Protocol):
    """Holds credentials, and fetches or renews them when a request needs them."""

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """Return the headers for posting ``body``, which is JSON, to ``url``.

        Raises ``EngineRefusesUs`` when there are no credentials, ``EngineFault`` when they cannot
        be had now.
        """
        ...


class BearerToken:
    """A token that stays the same."""

    def __init__(self, token: str) -> None:
        self._headers = {"authorization": f"Bearer {token}"}

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """Return the one header."""
        del url, body
        return self._headers
