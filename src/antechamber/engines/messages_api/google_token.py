"""An access token for Google Cloud, from whatever credentials Google's own programs would use."""

import asyncio
import threading
from collections.abc import Mapping

import google.auth
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request

from antechamber.wire.errors import EngineRefusesUs, EngineTimedOut, Overloaded

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_MOST_S = 60.0


class GoogleToken:
    """Finds credentials at the first request and renews the token before it expires."""

    def __init__(self, credentials: Credentials | None = None) -> None:
        self._credentials = credentials
        self._renewing = threading.Lock()

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """Return the token's header; what has to be fetched is fetched beside the event loop."""
        del url, body
        token = self._held()
        if token is None:
            token = await self._renewed()
        return {"authorization": f"Bearer {token}"}

    async def _renewed(self) -> str:
        try:
            async with asyncio.timeout(_MOST_S):
                return await asyncio.to_thread(self._renew)
        except TimeoutError as error:
            message = "No Google credentials could be had in time."
            raise EngineTimedOut(message) from error
        except TransportError as error:
            message = "Google's server of tokens cannot be reached."
            raise Overloaded(message) from error
        except GoogleAuthError as error:
            message = f"No Google credentials could be had: {error}"
            raise EngineRefusesUs(message) from error

    def _held(self) -> str | None:
        credentials = self._credentials
        return credentials.token if credentials is not None and credentials.valid else None

    def _renew(self) -> str:
        with self._renewing:
            # Another request may have renewed it while this one waited.
            if (token := self._held()) is not None:
                return token
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=[_SCOPE])
            self._credentials.refresh(Request())
        if (token := self._held()) is None:
            message = "Google gave a token that is not valid."
            raise EngineRefusesUs(message)
        return token
