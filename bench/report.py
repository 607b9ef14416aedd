"""Tables of a measurement, for the terminal and for the performance page."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


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


def write_page(page: Path, sections: Sequence[Section]) -> None:
    """Write the performance page; the machine it was measured on stands on top."""
    head = (
        "# Performance\n\n"
        "Measured by `make bench`, as ratios within one run; absolute figures depend on the "
        f"machine. This run: {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}.\n"
    )
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join([head, *(section.markdown() for section in sections)]), "utf-8")
