"""What comes with a request beside its body: the caller, the API version, the betas, its id."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from antechamber.operations.bookkeeping.records import TurnRecord
from antechamber.operations.callers.caller import Caller

ApiVersion = Literal["2023-01-01", "2023-06-01", "2026-10-21"]


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One request's surroundings."""

    request_id: str
    caller: Caller
    version: ApiVersion
    betas: frozenset[str]
    beta_list: tuple[str, ...] = ()
    """The same in the order of the header, as they are passed on."""
    is_batch_item: bool = False
    """Whether it is one request of a batch: after all others, at half price, without limits."""
    records: list[TurnRecord] | None = None
    """Takes what the ledger would get, for who writes it together with the item's result."""
    session: str | None = None
    """What Claude Code calls its session."""
    passed_on: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    """Headers that an upstream of the same API gets, names in small letters."""
    trace_parent: str | None = None
    """Which trace the request belongs to (W3C Trace Context)."""
    stamps: list[bytes] = msgspec.field(default_factory=list[bytes])
    """Lines of the answer's head that it has whatever becomes of the request, added on the way."""
    started_at: float
    """On the monotonic clock, when the request's head had been read."""
