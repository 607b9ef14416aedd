"""How a batch goes on until it has ended: a bar on a terminal, a line now and then in a pipe."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from anthropic import Anthropic
from anthropic.types.messages import MessageBatch
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from antechamber.cli.batches.exchange import look
from antechamber.cli.batches.listing import progress_words, size_of, status_of
from antechamber.cli.screen import notes

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 2.0
_TRIES = 10
"""Of each question, with pauses of up to 8 s: a server may start anew meanwhile."""

_Show = Callable[[MessageBatch, int | None], None]
"""Takes a batch and how many of its requests have a result, None where nobody says it."""


def watch(client: Anthropic, batch_id: str) -> MessageBatch:
    """Show how a batch goes on, and return it when it has ended; ``client`` gets more patience."""
    client.max_retries = _TRIES
    pause_s = _FIRST_PAUSE_S
    with _display() as show:
        while True:
            batch, finished = look(client, batch_id)
            has_ended = batch.processing_status == "ended"
            show(batch, size_of(batch) if has_ended else finished)
            if has_ended:
                return batch
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


@contextmanager
def _display() -> Generator[_Show]:
    console = notes()
    if not console.is_terminal:
        yield _Lines(console).show
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[counts]}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("", total=None, counts="")

        def show(batch: MessageBatch, finished: int | None) -> None:
            total = None if finished is None else size_of(batch)
            counts = progress_words(batch, finished)
            bar.update(
                task, description=status_of(batch), total=total, completed=finished, counts=counts
            )

        yield show


class _Lines:
    """Prints a line for each state, and for each tenth of the requests."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: tuple[str, int] | None = None

    def show(self, batch: MessageBatch, finished: int | None) -> None:
        now = status_of(batch), (finished or 0) * 10 // size_of(batch)
        if now != self._shown:
            self._shown = now
            self._console.print(f"{now[0]}  {progress_words(batch, finished)}")
