"""Signature version 4 with whatever credentials AWS's own programs would use."""

import asyncio
import threading
from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from antechamber.wire.errors import EngineRefusesUs, EngineTimedOut

_MOST_S = 60.0
"""For credentials: single sign-on, a metadata service and a process may be asked in turn."""


class AwsSignature:
    """Signs for Bedrock in one region; finds credentials at the first request and renews them."""

    def __init__(
        self, region: str, *, profile: str | None = None, credentials: Credentials | None = None
    ) -> None:
        self._region = region
        self._profile = profile
        self._credentials = credentials
        self._finding = threading.Lock()

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """Return the signature and what belongs to it.

        Beside the event loop: credentials may have to be fetched, and a large body is hashed.
        """
        try:
            async with asyncio.timeout(_MOST_S):
                return await asyncio.to_thread(self._sign, url, body)
        except TimeoutError as error:
            message = "No AWS credentials could be had in time."
            raise EngineTimedOut(message) from error
        # Beside botocore's two trees: what it lets through of a process that gives credentials.
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            message = f"No AWS credentials could be had: {error}"
            raise EngineRefusesUs(message) from error

    def _sign(self, url: str, body: bytes) -> Mapping[str, str]:
        # Only what we set ourselves is signed: what the HTTP client adds, a proxy may alter.
        request = AWSRequest(
            method="POST", url=url, data=body, headers={"content-type": "application/json"}
        )
        SigV4Auth(self._found(), "bedrock", self._region).add_auth(request)
        return {name.lower(): value for name, value in request.headers.items()}

    def _found(self) -> Credentials:
        with self._finding:
            if self._credentials is None:
                self._credentials = Session(profile=self._profile).get_credentials()
        if self._credentials is None:
            message = "No AWS credentials: neither environment, profile nor instance has any."
            raise EngineRefusesUs(message)
        return self._credentials
