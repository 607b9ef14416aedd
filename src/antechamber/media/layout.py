"""Pieces of text with their places, put together to lines that keep what stands below what."""

from collections.abc import Callable, Sequence
from math import atan2, cos, isfinite, sin
from statistics import median
from typing import NamedTuple

import msgspec

_FEWEST_LINES = 4
"""Of a column of prose, so that it is told from the cells of a table."""
_FULL = 0.6
"""So much of the width of their column do lines of prose fill, and so many of its lines do."""
_LONG = 20
"""Characters in a line of prose, on average; cells have fewer."""
_MOST_CUTS = 20
"""Below each other, in search of columns."""
_MOST_SPACES = 120
"""Between two pieces: what is drawn wider than a page has no more to say."""


class Piece(msgspec.Struct, frozen=True):
    """Text within one line and the box around it; y grows downwards."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


class Corner(NamedTuple):
    """One of the four of a piece that may be turned."""

    x: float
    y: float


def laid_out(pieces: Sequence[Piece]) -> str:
    """Return the pieces as lines, columns of prose one after the other, cells below each other."""
    widths = [(each.right - each.left) / len(each.text) for each in pieces if each.text]
    if not widths:
        return ""
    blocks = _blocks(pieces, median(each.bottom - each.top for each in pieces))
    return "\n".join(line for block in blocks for line in _lines(block, median(widths)))


def spread(line: Sequence[tuple[str, float]], origin: float, character: float) -> str:
    """Return texts with their left ends as one line, each where it stands if that is free.

    ``origin`` is where the line begins, and ``character`` how wide one is. Numbers that are none,
    as broken files have them, leave a space between the texts.
    """
    spread = ""
    for text, left in line:
        place = (left - origin) / character if character > 0 else 0
        spaces = round(place) - len(spread) if isfinite(place) else 0
        spread += " " * max(1 if spread else 0, min(spaces, _MOST_SPACES)) + text
    return spread


def upright(turned: Sequence[tuple[str, Sequence[Corner]]]) -> list[Piece]:
    """Return pieces as they are when the sheet is laid straight.

    Corners go from the upper left one round to the lower left one. A sheet that is a degree askew
    has the end of a line where the next one begins.
    """
    angle = median([atan2(c[1].y - c[0].y, c[1].x - c[0].x) for _, c in turned] or [0.0])
    along, across = cos(angle), sin(angle)
    pieces: list[Piece] = []
    for text, corners in turned:
        xs = sorted(x * along + y * across for x, y in corners)
        ys = sorted(y * along - x * across for x, y in corners)
        # The means of two corners: a piece that is turned a little otherwise does not grow.
        left, right = (xs[0] + xs[1]) / 2, (xs[2] + xs[3]) / 2
        top, bottom = (ys[0] + ys[1]) / 2, (ys[2] + ys[3]) / 2
        pieces.append(Piece(text, left, top, right, bottom))
    return pieces


def _blocks(
    pieces: Sequence[Piece], height: float, cuts: int = _MOST_CUTS
) -> list[Sequence[Piece]]:
    """Cut until no block has columns of prose beside each other; ``height`` is that of a line."""
    columns = _cut(pieces, _across, height)
    if columns and all(map(_is_prose, columns)):
        return [block for column in columns for block in _blocks(column, height)]
    # A title above the columns hides the gap between them.
    parts = _cut(pieces, _down, height / 2) if cuts else []
    blocks = [block for part in parts for block in _blocks(part, height, cuts - 1)]
    # Without columns it stays whole, so that lines far from each other begin at the same place.
    return blocks if len(blocks) > len(parts) else [pieces]


def _across(piece: Piece) -> tuple[float, float]:
    return piece.left, piece.right


def _down(piece: Piece) -> tuple[float, float]:
    return piece.top, piece.bottom


def _cut(
    pieces: Sequence[Piece], extent: Callable[[Piece], tuple[float, float]], least: float
) -> list[Sequence[Piece]]:
    """Cut in two at the widest gap that no piece crosses; nothing where none is wide enough."""
    ordered = sorted(pieces, key=extent)
    place, (_, reached) = 0, extent(ordered[0])
    for number, piece in enumerate(ordered):
        start, end = extent(piece)
        if start - reached >= least:
            place, least = number, start - reached
        reached = max(reached, end)
    return [ordered[:place], ordered[place:]] if place else []


def _is_prose(column: Sequence[Piece]) -> bool:
    if len(column) < _FEWEST_LINES:
        return False
    width = max(each.right for each in column) - min(each.left for each in column)
    full = [each for each in column if each.right - each.left >= _FULL * width]
    letters = sum(len(each.text) for each in column)
    return len(full) >= _FULL * len(column) and letters >= _LONG * len(column)


def _lines(block: Sequence[Piece], character: float) -> list[str]:
    origin = min(each.left for each in block)
    lines: list[list[Piece]] = []
    for piece in sorted(block, key=_middle):
        if lines and _middle(piece) - _middle(lines[-1][-1]) < (piece.bottom - piece.top) / 2:
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return [
        spread([(each.text, each.left) for each in sorted(line, key=_across)], origin, character)
        for line in lines
    ]


def _middle(piece: Piece) -> float:
    return (piece.top + piece.bottom) / 2
