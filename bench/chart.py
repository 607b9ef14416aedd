"""A plot of the table as SVG: bars on a logarithmic scale, one group for each case."""

import math
from collections.abc import Sequence
from html import escape
from pathlib import Path

from bench.report import TIMES, Section

_COLOURS = ("#c2410c", "#475569", "#0e7490", "#a3a3a3")
_BAR, _GAP, _LEFT, _WIDTH, _TOP = 16, 34, 12, 760, 64


def draw(section: Section, file: Path) -> None:
    """Write the plot of the rates in ``section``; rows of other units are left out."""
    names = [name for name in section.columns[1:] if not name.startswith(TIMES)]
    rows = [row for row in section.rows if row[0].endswith("/s")]
    if not rows:
        return
    values = [[_value(cell) for cell in row[1 : 1 + len(names)]] for row in rows]
    most = max(max(row) for row in values)
    group = _BAR * len(names) + _GAP
    height = _TOP + group * len(rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15" fill="#111827">Answers and events a second on '
        "one core (logarithmic scale)</text>",
    ]
    for at, name in enumerate(names):
        x = _LEFT + at * 120
        parts.append(f'<rect x="{x}" y="34" width="12" height="12" fill="{_colour(at)}"/>')
        parts.append(f'<text x="{x + 18}" y="44" fill="#111827">{escape(name)}</text>')
    for at, (row, numbers) in enumerate(zip(rows, values, strict=True)):
        top = _TOP + at * group
        parts.append(f'<text x="{_LEFT}" y="{top + 12}" fill="#111827">{escape(row[0])}</text>')
        parts += _bars(row[1:], numbers, top + 18, most)
    file.write_text("\n".join([*parts, "</svg>"]) + "\n", "utf-8")


def _bars(cells: Sequence[str], numbers: Sequence[float], top: int, most: float) -> list[str]:
    parts: list[str] = []
    room = _WIDTH - _LEFT - 90
    for at, number in enumerate(numbers):
        y = top + at * _BAR
        length = room * math.log10(max(number, 1.0)) / math.log10(most)
        said = escape(cells[at]) if number else "none"
        parts.append(
            f'<rect x="{_LEFT}" y="{y}" width="{length:.1f}" height="{_BAR - 3}" '
            f'fill="{_colour(at)}"/>'
        )
        parts.append(
            f'<text x="{_LEFT + length + 6:.1f}" y="{y + 11}" fill="#374151" '
            f'font-size="11">{said}</text>'
        )
    return parts


def _colour(at: int) -> str:
    return _COLOURS[at % len(_COLOURS)]


def _value(cell: str) -> float:
    return float(cell.replace(",", "")) if cell else 0.0
