"""A progress bar for bytes, on standard error."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from antechamber.cli.screen import notes


def byte_progress() -> Progress:
    """Make a bar that shows bytes, speed and the time that is left; nothing in a pipe."""
    console = notes()
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


class HubBar:
    """What huggingface_hub draws its progress with, in place of tqdm: the part of it that is used.

    Subclasses say where to draw; see ``drawing_on``.
    """

    progress: Progress

    def __init__(
        self, *, desc: str = "", total: float | None = None, initial: float = 0, **_: object
    ) -> None:
        self.n = initial
        self._total = total
        self._task: TaskID = self.progress.add_task(desc, total=total, completed=int(initial))

    @property
    def total(self) -> float | None:
        """Bytes in all, where they are known."""
        return self._total

    @total.setter
    def total(self, total: float | None) -> None:
        self._total = total
        self.progress.update(self._task, total=total)

    @property
    def format_dict(self) -> Mapping[str, object]:
        """Figures for a text beside the bar; rich makes its own."""
        return {}

    def update(self, n: float = 1) -> None:
        """Draw so many bytes more."""
        self.n += n
        self.progress.update(self._task, completed=self.n)

    def set_postfix_str(self, _text: str = "", *, refresh: bool = True) -> None:
        """Leave out the text beside the bar."""

    def refresh(self) -> None:
        """Do nothing: rich draws by itself."""

    def close(self) -> None:
        """Do nothing: the bar ends with the progress that it is drawn on."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()


def drawing_on(progress: Progress) -> type[HubBar]:
    """Make the class of bars that are drawn on ``progress``."""
    return type("DrawnHubBar", (HubBar,), {"progress": progress})
