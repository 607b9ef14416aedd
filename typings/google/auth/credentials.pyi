from datetime import datetime
from enum import Enum

from google.auth.transport.requests import Request

class TokenState(Enum):
    FRESH = 1
    STALE = 2
    INVALID = 3

class Credentials:
    token: str | None
    expiry: datetime | None
    @property
    def token_state(self) -> TokenState: ...
    def refresh(self, request: Request) -> None: ...
