"""Tables of a measurement, for the terminal and for the performance page."""

import contextlib
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

TIMES = "\N{MULTIPLICATION SIGN} "
"""Begins the name of a column of ratios."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One table and what it means."""

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def show(self) -> None:
        """Print the table."""
        table = Table(title=self.title, caption=self.note)
        for column in self.columns:
            table.add_column(column, justify="left" if column == self.columns[0] else "right")
        for row in self.rows:
            table.add_row(*row)
        Console().print(table)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [f"## {self.title}", "", self.note, ""]
        lines.append("| " + " | ".join(self.columns) + " |")
        lines.append("|" + "---|" * len(self.columns))
        lines.extend("| " + " | ".join(row) + " |" for row in self.rows)
        return "\n".join(lines) + "\n"


def write_part(
    page: Path, part: str, sections: Sequence[Section], *, after_first: str | None = None
) -> None:
    """Replace one part of the page, the text between its two markers; the rest stays.

    ``after_first`` is put after the first table.
    """
    parts = [section.markdown() for section in sections]
    if after_first and parts:
        parts.insert(1, after_first + "\n")
    machine = (
        f"This run: {platform.machine()}, {_processor()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}.\n"
    )
    begin, end = f"<!-- measured: {part} -->", f"<!-- /measured: {part} -->"
    made = "\n".join([begin, machine, *parts, end])
    before, found, rest = page.read_text("utf-8").partition(begin)
    if not found:
        page.write_text(f"{before.rstrip()}\n\n{made}\n", "utf-8")
        return
    page.write_text(before + made + rest.partition(end)[2], "utf-8")


def _processor() -> str:
    """Return the processor's name as Linux tells it, else what the platform says."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "processor unknown"
