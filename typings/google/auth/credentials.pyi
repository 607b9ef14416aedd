from datetime import datetime

from google.auth.transport.requests import Request

class Credentials:
    token: str | None
    expiry: datetime | None
    @property
    def valid(self) -> bool: ...
    def refresh(self, request: Request) -> None: ...
