"""A new batch: its envelope checked, its requests kept as they came."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from antechamber.operations.administration.access import carry_out
from antechamber.operations.answering.call import Call
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.surroundings import surroundings_of
from antechamber.store.batches import BatchRow, NewItem, add_batch, waiting_items
from antechamber.wire.batches import BatchRequest, parse_batch
from antechamber.wire.errors import RateLimited

_RETRY_AFTER_S = 60.0


async def create_batch(services: Services, body: bytes | memoryview, call: Call) -> BatchRow:
    """Keep a batch whose items are answered later; what they ask for is looked at then.

    Raises ``InvalidRequest`` for what is wrong with the batch itself, ``RateLimited`` when too many
    requests of the workspace wait. ``body`` must not change until it returns.
    """
    settings = services.settings.batches
    requests = await asyncio.to_thread(parse_batch, body, most=settings.max_requests)
    now = services.clock.now()
    batch = BatchRow(
        id=services.new_id("msgbatch_"),
        workspace_id=call.caller.workspace_id,
        key_id=call.caller.key_id,
        surroundings=surroundings_of(call),
        status="in_progress",
        item_count=len(requests),
        created_at=now,
        expires_at=now + timedelta(seconds=settings.expiry_s),
    )
    of_tier = services.limits.most_enqueued(call.caller)
    most = min(settings.max_queued, of_tier or settings.max_queued)
    work = partial(_add, batch=batch, requests=requests, most=most, refusal=_refusal(call, most))
    await carry_out(services, work)
    services.tell(
        {
            "event": "batch_created",
            "request_id": call.request_id,
            "batch_id": batch.id,
            "requests": batch.item_count,
        }
    )
    return batch


def _add(
    connection: Connection,
    *,
    batch: BatchRow,
    requests: Sequence[BatchRequest],
    most: int,
    refusal: RateLimited,
) -> None:
    if waiting_items(connection, batch.workspace_id) + batch.item_count > most:
        raise refusal
    items = (NewItem(each.custom_id, bytes(each.params)) for each in requests)
    add_batch(connection, batch, items)


def _refusal(call: Call, most: int) -> RateLimited:
    return RateLimited(
        "This request would exceed your organization's rate limit of "
        f"{most:,} batch requests in the processing queue (org: {call.caller.organization_id}). "
        "For details, refer to: https://docs.claude.com/en/api/rate-limits. "
        "Please try again when earlier batches have ended.",
        # Nobody knows when; a client that tries again by itself would send all of it each time.
        retry_after_s=_RETRY_AFTER_S,
        is_final=True,
    )
