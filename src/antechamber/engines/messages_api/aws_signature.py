"""Signature version 4 with whatever credentials AWS's own programs would use."""

import asyncio
from collections.abc import Mapping

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from antechamber.engines.messages_api.shared_fetch import SharedFetch
from antechamber.wire.errors import EngineRefusesUs, EngineTimedOut

_MOST_S = 60.0
"""For credentials: single sign-on, a metadata service and a process may be asked in turn."""
_LAST_S = 60
"""Before they run out, credentials are waited for; until then they are renewed beside requests."""


class AwsSignature:
    """Signs for Bedrock in one region; finds credentials at the first request and renews them."""

    def __init__(
        self, region: str, *, profile: str | None = None, credentials: Credentials | None = None
    ) -> None:
        self._region = region
        self._profile = profile
        self._credentials = credentials
        self._held: ReadOnlyCredentials | None = None
        self._fetching = SharedFetch(self._fetch, within_s=_MOST_S)

    async def headers(self, url: str, body: bytes) -> Mapping[str, str]:
        """Return the signature and what belongs to it."""
        held = self._usable()
        if held is None:
            held = await self._fetched()
        # Beside the event loop: a large body is hashed.
        return await asyncio.to_thread(self._sign, held, url, body)

    def _usable(self) -> ReadOnlyCredentials | None:
        """Return what is good for now; begins to renew it when that is due."""
        credentials = self._credentials
        if isinstance(credentials, RefreshableCredentials):
            if credentials.refresh_needed(_LAST_S):
                return None
            if credentials.refresh_needed():
                self._fetching.begin()
        return self._held

    async def _fetched(self) -> ReadOnlyCredentials:
        try:
            return await self._fetching.result()
        except TimeoutError as error:
            message = "No AWS credentials could be had in time."
            raise EngineTimedOut(message) from error
        # Beside botocore's two trees: what it lets through of a process that gives credentials,
        # and of credentials that have run out when they come.
        except (BotoCoreError, ClientError, OSError, ValueError, RuntimeError) as error:
            message = f"No AWS credentials could be had: {error}"
            raise EngineRefusesUs(message) from error

    def _fetch(self) -> ReadOnlyCredentials:
        if self._credentials is None:
            self._credentials = Session(profile=self._profile).get_credentials()
        if self._credentials is None:
            message = "No AWS credentials: neither environment, profile nor instance has any."
            raise EngineRefusesUs(message)
        self._held = self._credentials.get_frozen_credentials()
        return self._held

    def _sign(self, held: ReadOnlyCredentials, url: str, body: bytes) -> Mapping[str, str]:
        # Only what we set ourselves is signed: what the HTTP client adds, a proxy may alter.
        request = AWSRequest(
            method="POST", url=url, data=body, headers={"content-type": "application/json"}
        )
        SigV4Auth(held, "bedrock", self._region).add_auth(request)
        return {name.lower(): value for name, value in request.headers.items()}
