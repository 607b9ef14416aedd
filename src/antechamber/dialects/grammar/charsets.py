"""Sets of characters as sorted, disjoint, inclusive ranges of code points."""

from collections.abc import Iterable
from typing import Final

CharSet = tuple[tuple[int, int], ...]

EVERY: Final[CharSet] = ((0, 0xD7FF), (0xE000, 0x10FFFF))
"""All scalar values of Unicode: surrogates are no characters."""


def charset(ranges: Iterable[tuple[int, int]]) -> CharSet:
    """Sort and join ranges that may overlap."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def characters(text: str) -> CharSet:
    """The characters that occur in a text."""
    return charset((ord(character), ord(character)) for character in text)


def union(*sets: CharSet) -> CharSet:
    """What is in at least one of them."""
    return charset(bounds for one in sets for bounds in one)


def complement(one: CharSet) -> CharSet:
    """Every character that is not in it."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in one:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= 0x10FFFF:
        gaps.append((start, 0x10FFFF))
    return intersection(tuple(gaps), EVERY)


def intersection(one: CharSet, other: CharSet) -> CharSet:
    """What is in both."""
    both: list[tuple[int, int]] = []
    for low, high in one:
        for other_low, other_high in other:
            start, end = max(low, other_low), min(high, other_high)
            if start <= end:
                both.append((start, end))
    return tuple(both)


def contains(one: CharSet, code: int) -> bool:
    """Whether the code point is in it."""
    return any(low <= code <= high for low, high in one)
