"""Records of requests that are over."""

from typing import Any

import msgspec

from antechamber.operations.bookkeeping.records import Counts, TurnRecord

_TURN = TurnRecord(
    request_id="req_1",
    started_at=1_790_000_000.0,
    first_event_s=0.5,
    total_s=2.5,
    workspace_id="default",
    key_id=None,
    model="claude-sonnet-5-5",
    engine="engine",
    upstream_model="claude-sonnet-5-5",
    ending="ended",
    streams=True,
)


def turn_record(base: TurnRecord = _TURN, /, **changes: Any) -> TurnRecord:
    """Return ``base`` with other fields, or counts, by their names."""
    counts = {name: changes.pop(name) for name in Counts.__struct_fields__ if name in changes}
    return msgspec.structs.replace(
        base, counts=msgspec.structs.replace(base.counts, **counts), **changes
    )
