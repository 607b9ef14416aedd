"""Which batches are to be worked on, and by whom no more: for whoever hands out their chunks."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from antechamber.operations.administration.access import carry_out, look_up
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.runner import Chunk
from antechamber.store.batch_workers import forget, lock_dead, sign_in, sign_out
from antechamber.store.batches import (
    BatchRow,
    batches_in,
    change_batch,
    has_unfinished,
    lock_batch,
    unqueued_batches,
)

DEAD_AFTER_S = 20.0
"""Ten signs of life that did not come; who comes back late has worked for nothing."""
_LEAST_ITEMS, _MOST_ITEMS = 10, 100
"""Of a chunk: handing it out costs milliseconds, and what is begun again after a kill is of one."""
_CHUNKS = 16
"""Of a batch that is not large, so that many processes have a part of it."""


async def is_there_work(services: Services) -> bool:
    """Whether a batch has not ended; raises ``Overloaded``, as all of these do."""
    return await look_up(services, has_unfinished)


async def hand_out(
    services: Services, enqueue: Callable[[Sequence[Chunk]], Awaitable[None]]
) -> None:
    """Enqueue the chunks of new batches.

    ``enqueue`` takes a chunk that it has already as the same one: what is broken off here, or done
    by two at once, is done again.
    """
    for batch in await look_up(services, unqueued_batches):
        await enqueue(chunks_of(batch))
        changes = {"queued_at": services.clock.now()}
        await carry_out(services, partial(change_batch, batch_id=batch.id, changes=changes))


async def handed_out(services: Services) -> Sequence[str]:
    """Return the batches in progress whose chunks were enqueued."""
    batches = await look_up(services, partial(batches_in, status="in_progress"))
    return [batch.id for batch in batches if batch.queued_at is not None]


async def take_back(
    services: Services, drop_lost: Callable[[Sequence[str]], Awaitable[Sequence[str]]]
) -> Sequence[str]:
    """Have batches handed out again whose chunks are lost; return which these were.

    ``drop_lost`` returns those of some batches of which no chunk is to be worked on, so that their
    chunks can be enqueued once more.
    """
    lost = await drop_lost(await handed_out(services))

    def work(connection: Connection) -> Sequence[str]:
        return [batch_id for batch_id in lost if _take_back(connection, batch_id)]

    return await carry_out(services, work) if lost else []


def _take_back(connection: Connection, batch_id: str) -> bool:
    batch = lock_batch(connection, batch_id)
    if batch is None or batch.status != "in_progress":
        # Its last chunk was done meanwhile.
        return False
    change_batch(connection, batch_id, {"queued_at": None})
    return True


def chunks_of(batch: BatchRow) -> Sequence[Chunk]:
    """Return the parts of a batch; the same ones each time."""
    count = batch.item_count
    items = max(_LEAST_ITEMS, min(count // _CHUNKS, _MOST_ITEMS))
    return [Chunk(batch.id, at, min(at + items, count)) for at in range(0, count, items)]


async def live(services: Services, worker_id: str) -> None:
    """Give a sign of life."""
    await carry_out(services, partial(sign_in, worker_id=worker_id))


async def leave(services: Services, worker_id: str) -> None:
    """Have others take over at once what is left."""
    await carry_out(services, partial(sign_out, worker_id=worker_id))


async def take_over(
    services: Services,
    worker_id: str,
    recover: Callable[[Sequence[str]], None],
    *,
    may_judge: bool,
) -> Sequence[str]:
    """Take over from other workers that are no more; return which these were.

    Without ``may_judge`` only from those that have left, not from those without a sign of life.
    ``recover`` gives back what they had begun. Whoever looks at the same time finds others; whoever
    is killed meanwhile has done nothing.
    """
    unseen_for = timedelta(seconds=DEAD_AFTER_S) if may_judge else None

    def work(connection: Connection) -> Sequence[str]:
        dead = lock_dead(connection, unseen_for=unseen_for, but=worker_id)
        if dead:
            recover(dead)
            forget(connection, dead)
        return dead

    return await carry_out(services, work)
