"""Which batches are to be worked on, and by whom no more: for whoever hands out their chunks."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from antechamber.operations.administration.access import carry_out, look_up
from antechamber.operations.answering.services import Services
from antechamber.operations.batches.runner import Chunk
from antechamber.store.batch_workers import forget, lock_dead, sign_in, sign_out
from antechamber.store.batches import BatchRow, change_batch, has_unfinished, unqueued_batches

_LEAST_ITEMS, _MOST_ITEMS = 10, 100
"""Of a chunk: handing it out costs milliseconds, and what is begun again after a kill is of one."""
_CHUNKS = 16
"""Of a batch that is not large, so that many processes have a part of it."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DEAD_AFTER = timedelta(seconds=20)
"""Ten signs of life that did not come; who comes back late has worked for nothing."""


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


def chunks_of(batch: BatchRow) -> Sequence[Chunk]:
    """Return the parts of a batch; the same ones each time."""
    count = batch.item_count
    items = max(_LEAST_ITEMS, min(count // _CHUNKS, _MOST_ITEMS))
    return [Chunk(batch.id, at, min(at + items, count)) for at in range(0, count, items)]


async def live(services: Services, worker_id: str) -> None:
    """Give a sign of life."""
    now = services.clock.now()
    await carry_out(services, partial(sign_in, worker_id=worker_id, now=now))


async def leave(services: Services, worker_id: str) -> None:
    """Have others take over at once what is left."""
    await carry_out(services, partial(sign_out, worker_id=worker_id, long_ago=_LONG_AGO))


async def take_over(services: Services, recover: Callable[[Sequence[str]], None]) -> Sequence[str]:
    """Take over from workers without a sign of life; return which these were.

    ``recover`` gives back what they had begun. Whoever looks at the same time finds others; whoever
    is killed meanwhile has done nothing.
    """
    seen_before = services.clock.now() - _DEAD_AFTER

    def work(connection: Connection) -> Sequence[str]:
        dead = lock_dead(connection, seen_before=seen_before)
        if dead:
            recover(dead)
            forget(connection, dead)
        return dead

    return await carry_out(services, work)
