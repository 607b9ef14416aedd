"""How batches end other than by their last answer: canceled, expired, archived, deleted."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from antechamber.operations.administration.access import carry_out, look_up
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.shown import own
from antechamber.store.batches import (
    BatchRow,
    archive_batch,
    batches_in,
    change_batch,
    finish_rest,
    forget_deleted,
    lock_batch,
    outdated_batches,
    overdue_batches,
    remove_batch,
)
from antechamber.store.database import Work
from antechamber.wire.errors import InvalidRequest

_PLACE_KEPT = timedelta(days=1)
"""Of a deleted batch, for whoever goes through the list meanwhile."""
_GRACE_S = 30.0
"""For whoever works on a batch to end it himself: what runs when it expires may finish."""

_log = structlog.get_logger("antechamber.batches")


async def cancel_batch(services: Services, batch_id: str, call: Call) -> BatchRow:
    """Have no more of a batch begun; what runs finishes. Once more changes nothing.

    Raises ``NotFound``, and ``InvalidRequest`` for a batch that has ended.
    """
    now = services.clock.now()

    def cancel(connection: Connection) -> BatchRow:
        own(connection, batch_id, call)
        batch = lock_batch(connection, batch_id)
        if batch is None or batch.status == "ended":
            message = f"Message batch `{batch_id}` has already ended and cannot be canceled."
            raise InvalidRequest(message)
        if batch.status == "in_progress":
            changes = {"status": "canceling", "cancel_initiated_at": now}
            change_batch(connection, batch_id, changes)
        return own(connection, batch_id, call)

    return await carry_out(services, cancel)


async def delete_batch(services: Services, batch_id: str, call: Call) -> None:
    """Remove a batch with its results; raises ``NotFound``, ``InvalidRequest`` before its end."""

    now = services.clock.now()

    def remove(connection: Connection) -> None:
        if own(connection, batch_id, call).status != "ended":
            message = f"Message batch `{batch_id}` has not ended: cancel it before deleting it."
            raise InvalidRequest(message)
        remove_batch(connection, batch_id, now=now)

    await carry_out(services, remove)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """What a round of housekeeping did."""

    batches_expired: int
    batches_archived: int


async def clear_batches(services: Services) -> Cleared:
    """End what is overdue, and drop results by their age.

    Raises ``Overloaded`` while the database is away.
    """
    expired = await end_overdue(services)
    now = services.clock.now()
    kept_since = now - timedelta(seconds=services.settings.batches.keep_results_s)
    outdated = await look_up(services, partial(outdated_batches, created_before=kept_since))
    archived = await _each(
        services, {it: partial(archive_batch, batch_id=it, now=now) for it in outdated}
    )
    await carry_out(services, partial(forget_deleted, deleted_before=now - _PLACE_KEPT))
    return Cleared(batches_expired=expired, batches_archived=archived)


async def end_overdue(services: Services) -> int:
    """End batches past their expiry, whether or not somebody works on them; return how many.

    Whoever does hears of it, and ends what still runs. Raises ``Overloaded``.
    """
    now = services.clock.now()
    due = partial(overdue_batches, now=now - timedelta(seconds=_GRACE_S))
    overdue = await look_up(services, due)
    return await _each(services, {batch.id: _end(services, batch) for batch in overdue})


async def end_canceled(services: Services, begun: Callable[[], Awaitable[Collection[str]]]) -> int:
    """End canceled batches of which nothing runs; return how many.

    ``begun`` tells the batches that somebody works on: he lets finish what runs. Raises
    ``Overloaded``.
    """
    canceled = await look_up(services, partial(batches_in, status="canceling"))
    # Asked later: who begins a chunk from now on sees that its batch was canceled.
    at_work = await begun() if canceled else ()
    left = [batch for batch in canceled if batch.id not in at_work]
    return await _each(services, {batch.id: _end(services, batch) for batch in left})


def _end(services: Services, batch: BatchRow) -> Work[int]:
    outcome = "canceled" if batch.status == "canceling" else "expired"
    return partial(finish_rest, batch_id=batch.id, outcome=outcome, now=services.clock.now())


async def _each(services: Services, changes: Mapping[str, Work[object]]) -> int:
    """Change batches, by their ids; return of how many that went well."""
    failed = 0
    for batch_id, change in changes.items():
        try:
            await carry_out(services, change)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other batches go on
            _log.error("batch_not_ended", batch_id=batch_id, exc_info=error)
            failed += 1
    return len(changes) - failed
