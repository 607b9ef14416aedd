"""Batches as clients see them: one, a page of them, the results of one."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

from sqlalchemy import Connection

from antechamber.operations.administration.access import look_up
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.pages import Page, PageOrder
from antechamber.store.batches import (
    BatchRow,
    find_batch,
    list_batches,
    listed_at,
    results_after,
)
from antechamber.wire.batches import MessageBatch, RequestCounts, result_line
from antechamber.wire.errors import InvalidRequest, NotFound

_LINES_AT_ONCE = 1_000
_BYTES_AT_ONCE = 1024 * 1024
"""Of one reading: clients may be slow, and many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBatch:
    """A batch, and what the API's shape of it does not tell."""

    batch: MessageBatch
    finished: int
    """Items that have a result already."""


def shown(batch: BatchRow, address: str) -> ShownBatch:
    """Return a batch in the API's shape; ``address`` is where its client reaches this server.

    Until a batch has ended all its requests count as processing (OpenAPI, ``RequestCounts``).
    """
    has_ended = batch.status == "ended"
    has_results = has_ended and batch.archived_at is None
    counts = RequestCounts(processing=batch.item_count)
    if has_ended:
        counts = RequestCounts(
            succeeded=batch.succeeded,
            errored=batch.errored,
            canceled=batch.canceled,
            expired=batch.expired,
        )
    return ShownBatch(
        finished=batch.finished,
        batch=MessageBatch(
            id=batch.id,
            processing_status=batch.status,
            request_counts=counts,
            created_at=batch.created_at,
            expires_at=batch.expires_at,
            ended_at=batch.ended_at,
            cancel_initiated_at=batch.cancel_initiated_at,
            archived_at=batch.archived_at,
            results_url=(
                f"{address}/v1/messages/batches/{batch.id}/results" if has_results else None
            ),
        ),
    )


async def get_batch(services: Services, batch_id: str, call: Call) -> BatchRow:
    """Return a batch of the caller's workspace; raises ``NotFound``."""
    return await look_up(services, lambda connection: own(connection, batch_id, call))


def own(connection: Connection, batch_id: str, call: Call) -> BatchRow:
    """Return a batch of the caller's workspace; raises ``NotFound``."""
    found = find_batch(connection, batch_id, workspace_id=call.caller.workspace_id)
    if found is None:
        message = f"Message batch `{batch_id}` not found."
        raise NotFound(message)
    return found


async def batch_page(services: Services, order: PageOrder, call: Call) -> Page[BatchRow]:
    """Return batches of the caller's workspace, newest first; raises ``InvalidRequest``."""
    if order.after_id is not None and order.before_id is not None:
        message = "after_id and before_id cannot both be specified"
        raise InvalidRequest(message)
    return await look_up(services, lambda connection: _page(connection, order, call))


def _page(connection: Connection, order: PageOrder, call: Call) -> Page[BatchRow]:
    workspace_id = call.caller.workspace_id
    found = list_batches(
        connection,
        workspace_id,
        limit=order.limit + 1,
        older_than=_cursor(connection, "after_id", order.after_id, workspace_id),
        newer_than=_cursor(connection, "before_id", order.before_id, workspace_id),
    )
    has_more = len(found) > order.limit
    # One too many was asked for, at the far end.
    data = found[-order.limit :] if order.before_id is not None else found[: order.limit]
    return Page(data=data, has_more=has_more)


def _cursor(
    connection: Connection, name: str, batch_id: str | None, workspace_id: str
) -> BatchRow | None:
    if batch_id is None:
        return None
    found = listed_at(connection, batch_id, workspace_id=workspace_id)
    if found is None:
        message = f"{name}: {batch_id} is not in this list"
        raise InvalidRequest(message)
    return found


async def open_results(
    services: Services, batch_id: str, call: Call
) -> AsyncGenerator[bytes, None]:
    """Return the results of a batch as JSON lines, in portions.

    Raises ``NotFound``, also when they are no longer kept, and ``InvalidRequest`` before the end.
    """
    batch = await get_batch(services, batch_id, call)
    if batch.status != "ended":
        message = f"Message batch `{batch_id}` has not ended: its results are not available yet."
        raise InvalidRequest(message)
    if batch.archived_at is not None:
        message = f"The results of message batch `{batch_id}` are no longer available."
        raise NotFound(message)
    return _lines(services, batch)


async def _lines(services: Services, batch: BatchRow) -> AsyncGenerator[bytes, None]:
    position = -1

    def read(connection: Connection) -> tuple[int, bytes]:
        rows = results_after(
            connection, batch.id, position, limit=_LINES_AT_ONCE, most_bytes=_BYTES_AT_ONCE
        )
        lines = b"".join(result_line(row.custom_id, row.result) for row in rows)
        return (rows[-1].position if rows else position), lines

    while position < batch.item_count - 1:
        position, lines = await look_up(services, read)
        if not lines:
            # Half of the results must not look like all of them: the answer breaks off.
            message = f"The results of message batch `{batch.id}` were deleted meanwhile."
            raise NotFound(message)
        yield lines
