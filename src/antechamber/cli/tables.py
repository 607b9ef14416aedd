"""Tables of text: columns as wide as their longest cell; pure."""

from collections.abc import Collection, Sequence

from antechamber.cli.screen import harmless

NOTHING = "-"
"""Where a cell has no value."""


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[str] = ()
) -> list[str]:
    """Lay out a line for the head and one for each row; columns in ``right`` are numbers."""
    shown = [list(head), *([_one_line(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(row, widths, head, strict=True)
        ).rstrip()
        for row in shown
    ]


def _one_line(cell: str) -> str:
    return harmless(cell.replace("\n", " "))
