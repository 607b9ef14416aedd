"""What differs between the places where the Messages API is served: addresses, keys, framing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from antechamber.engines.base import RelayOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One HTTP request to the host, ready to be posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    dropped: tuple[str, ...] = ()
    """Betas and fields that the host lacks, left out because the answer does not hang on them."""


class FrameDecoder(Protocol):
    """Turns a host's own stream into the server-sent events of the Messages API."""

    def feed(self, chunk: bytes) -> bytes:
        """Return the events that ``chunk`` completes; raises ``EngineFailed`` for broken ones."""
        ...

    def end(self) -> bytes:
        """Return what the end of the stream completes; raises ``EngineFailed`` when it is cut."""
        ...


class Host(Protocol):
    """One kind of place; holds its credentials, and no connection."""

    async def outgoing(self, order: RelayOrder) -> Outgoing:
        """Return ``order`` as this host takes it.

        Asynchronous, because some hosts want a token that has to be fetched. Raises
        ``EngineRefusesUs`` without credentials, ``InvalidRequest`` for what the host lacks.
        """
        ...

    def decoder(
        self, headers: Mapping[str, str], *, request_id: str | None = None
    ) -> FrameDecoder | None:
        """Return how to read a stream with these response headers; None where it is SSE already.

        ``request_id`` goes into errors that the host tells in a form of its own.
        """
        ...

    def count_body(self, body: bytes) -> bytes:
        """Return the good answer to a counting in the form of the Messages API."""
        ...

    def error_status(self, status: int, headers: Mapping[str, str]) -> int:
        """Return the status that the Messages API has for such an error."""
        ...

    def error_body(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        *,
        request_id: str | None = None,
    ) -> bytes:
        """Return an error's body in the envelope of the Messages API; its own stays untouched.

        ``request_id`` goes into it where the host told none.
        """
        ...
