"""An access token for Google Cloud, from whatever credentials Google's own programs would use."""

from collections.abc import Mapping

import google.auth
from google.auth.credentials import Credentials, TokenState
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request

from antechamber.engines.messages_api.shared_fetch import SharedFetch
from antechamber.wire.errors import EngineRefusesUs, EngineTimedOut, Overloaded

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_MOST_S = 60.0


class GoogleToken:
    """Finds credentials at the first request and renews the token before it expires."""

    def __init__(self, credentials: Credentials | None = None) -> None:
        self._credentials = credentials
        self._renewing = SharedFetch(self._renew, within_s=_MOST_S)

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """Return the token's header; what has to be fetched is fetched beside the event loop."""
        del url, body
        credentials = self._credentials
        if credentials is None or credentials.token_state is TokenState.INVALID:
            credentials = await self._renewed()
        elif credentials.token_state is TokenState.STALE:
            self._renewing.begin()
        return {"authorization": f"Bearer {credentials.token}"}

    async def _renewed(self) -> Credentials:
        try:
            return await self._renewing.result()
        except TimeoutError as error:
            message = "No Google credentials could be had in time."
            raise EngineTimedOut(message) from error
        except TransportError as error:
            message = "Google's server of tokens cannot be reached."
            raise Overloaded(message) from error
        except GoogleAuthError as error:
            message = f"No Google credentials could be had: {error}"
            raise EngineRefusesUs(message) from error

    def _renew(self) -> Credentials:
        if self._credentials is None:
            self._credentials, _ = google.auth.default(scopes=[_SCOPE])
        self._credentials.refresh(Request())
        if self._credentials.token_state is TokenState.INVALID:
            message = "Google gave a token that is not valid."
            raise EngineRefusesUs(message)
        return self._credentials
