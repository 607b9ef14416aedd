"""What comes with a request beside its body: the caller, the API version, the betas, its id."""

from dataclasses import dataclass
from typing import Literal

from antechamber.operations.caller import Caller

ApiVersion = Literal["2023-01-01", "2023-06-01", "2026-10-21"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request's surroundings."""

    request_id: str
    caller: Caller
    version: ApiVersion
    betas: frozenset[str]
    started_at: float
    """On the monotonic clock, when the request's head had been read."""
