"""Who is asking: the credential of a request as a caller, or a refusal in the hosted words."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from antechamber.settings import Secret
from antechamber.wire.errors import Unauthenticated


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever a request belongs to."""

    organization_id: str
    workspace_id: str = "default"


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a request brought; either header may carry any key."""

    api_key: str | None = None
    bearer: str | None = None


class Doorkeeper:
    """Lets in who knows one of the static keys; without keys, everybody."""

    def __init__(self, keys: Sequence[Secret], *, organization_id: str) -> None:
        self._keys = tuple(keys)
        self._caller = Caller(organization_id=organization_id)

    def admit(self, credentials: Credentials) -> Caller:
        """Return the caller; raises ``Unauthenticated``. Two headers with one good key are fine."""
        if not self._keys:
            return self._caller
        offered = [text for text in (credentials.api_key, credentials.bearer) if text]
        if not offered:
            message = "x-api-key header is required"
            raise Unauthenticated(message)
        if any(self._known(text) for text in offered):
            return self._caller
        message = "invalid x-api-key" if credentials.api_key else "Invalid bearer token"
        raise Unauthenticated(message)

    def _known(self, text: str) -> bool:
        # Every key is compared, so that the time taken does not tell which one was near.
        return sum(key.matches(text) for key in self._keys) > 0
