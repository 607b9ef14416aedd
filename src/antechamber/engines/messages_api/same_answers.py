"""Hosts that answer as the Messages API does, so that nothing has to be translated back."""

from collections.abc import Mapping

from antechamber.engines.messages_api.cloud_errors import in_envelope, status_meant
from antechamber.engines.messages_api.host import FrameDecoder
from antechamber.engines.messages_api.host_features import HostFeatures


class SameAnswers:
    """The answers' half of a ``Host``: good ones and errors stay as they are."""

    def decoder(
        self, headers: Mapping[str, str], *, request_id: str | None = None
    ) -> FrameDecoder | None:
        """Return None: its streams are server-sent events of the Messages API."""
        del headers, request_id
        return None

    def count_body(self, body: bytes) -> bytes:
        """Return ``body``: its counts are the API's own."""
        return body

    def error_status(self, status: int, headers: Mapping[str, str]) -> int:
        """Return ``status``."""
        del headers
        return status

    def error_body(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        request_id: str | None = None,
    ) -> bytes:
        """Return ``body``: its envelope is the API's own."""
        del status, headers, request_id
        return body


class SameGoodAnswers(SameAnswers):
    """Those of a cloud, which has errors of its own beside those of the model's service."""

    def __init__(self, features: HostFeatures) -> None:
        self._features = features

    def error_status(self, status: int, headers: Mapping[str, str]) -> int:
        """Return the status that the Messages API has for ``status``."""
        del headers
        return status_meant(status)

    def error_body(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        request_id: str | None = None,
    ) -> bytes:
        """Return Claude's own errors as they are, the cloud's in the envelope of the API."""
        del headers
        return in_envelope(self._features.name, status_meant(status), body, request_id)
