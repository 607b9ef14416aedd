"""Batches in words: the table of them, and what became of the requests of one; pure."""

from collections.abc import Sequence

from anthropic.types.messages import MessageBatch

from antechamber.cli.moments import minute
from antechamber.cli.tables import NOTHING, table

_OUTCOMES = ("succeeded", "errored", "canceled", "expired")
_HEAD = ("id", "status", "requests", *_OUTCOMES, "created (UTC)", "ended (UTC)")


def batch_table(batches: Sequence[MessageBatch]) -> list[str]:
    """Lay out one line for each batch."""
    return table(_HEAD, [_row(each) for each in batches], right=("requests", *_OUTCOMES))


def status_of(batch: MessageBatch) -> str:
    """Say where a batch is."""
    return batch.processing_status.replace("_", " ")


def size_of(batch: MessageBatch) -> int:
    """Return how many requests a batch has."""
    counts = batch.request_counts
    return counts.processing + sum(getattr(counts, outcome) for outcome in _OUTCOMES)


def progress_words(batch: MessageBatch, finished: int | None) -> str:
    """Say how many requests have a result: ``199 of 2,000``; of all where nobody says it."""
    total = f"{size_of(batch):,}"
    return f"{total} requests" if finished is None else f"{finished:,} of {total}"


def outcome_words(batch: MessageBatch) -> str:
    """Say what became of the requests of a batch: ``1,990 succeeded, 10 errored``."""
    counts = {outcome: getattr(batch.request_counts, outcome) for outcome in _OUTCOMES}
    return ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items() if count)


def _row(batch: MessageBatch) -> Sequence[str]:
    counts, ended = batch.request_counts, batch.ended_at
    return (
        batch.id,
        status_of(batch),
        f"{size_of(batch):,}",
        *(f"{getattr(counts, outcome):,}" if ended else NOTHING for outcome in _OUTCOMES),
        minute(batch.created_at),
        NOTHING if ended is None else minute(ended),
    )
