"""Decimal numbers between two bounds, as grammar: compared digit by digit, never by value.

Numbers are counted in steps of ``10 ** -places``, so that a bound is an integer whether it is
included or not.
"""

from collections.abc import Callable

from antechamber.dialects.grammar.notation import (
    EMPTY,
    NEVER,
    Class,
    Node,
    Text,
    choice,
    repeat,
    series,
)
from antechamber.dialects.grammar.vocabulary import DIGIT, NONZERO

_Rest = Callable[[str, str], Node]


def steps_between(low: int, high: int, places: int) -> Node:
    """From ``low`` to ``high`` steps, both included; ``places`` digits after the point at most."""
    # Zero has no sign, so the negative ones begin one step below it.
    below = _unsigned(max(1, -high), -low, places)
    above = _unsigned(max(0, low), high, places)
    return choice(above, series(Text("-"), below))


def _unsigned(low: int, high: int, places: int) -> Node:
    if low > high:
        return NEVER
    first, after_first = divmod(low, 10**places)
    last, after_last = divmod(high, 10**places)
    least, most = 0, 10**places - 1
    if first == last:
        return series(Text(str(first)), _fraction(after_first, after_last, places))
    options: list[Node] = []
    if after_first > least:
        options.append(series(Text(str(first)), _fraction(after_first, most, places)))
        first += 1
    if after_last < most:
        options.append(series(Text(str(last)), _fraction(least, after_last, places)))
        last -= 1
    return choice(series(_naturals(first, last), _fraction(least, most, places)), *options)


def _naturals(low: int, high: int) -> Node:
    """Integers without leading zeros."""
    if low > high:
        return NEVER
    options: list[Node] = [Text("0")] if low == 0 else []
    low = max(low, 1)
    free: list[int] = []
    for length in range(len(str(low)), len(str(high)) + 1):
        least, most = max(low, 10 ** (length - 1)), min(high, 10**length - 1)
        if most - least + 1 == 9 * 10 ** (length - 1):
            free.append(length)
        elif least <= most:
            options.append(_same_length(str(least), str(most)))
    if free:
        options.append(series(NONZERO, repeat(DIGIT, free[0] - 1, free[-1] - 1)))
    return choice(*options)


def _same_length(low: str, high: str) -> Node:
    """Digit strings of one length, from ``low`` to ``high``."""
    if not low or (set(low) == {"0"} and set(high) == {"9"}):
        return repeat(DIGIT, len(low), len(low))
    return _by_first_digit(low, high, _same_length)


def _fraction(low: int, high: int, places: int) -> Node:
    """The point and the digits after it; zeros at the end, and then the point, may be left out."""
    if not places:
        return EMPTY
    first, last = f"{low:0{places}d}", f"{high:0{places}d}"
    if low == 0 and high == 10**places - 1:
        digits = repeat(DIGIT, 1, places)
    else:
        digits = _by_first_digit(first, last, _ending_zeros_free)
    point = series(Text("."), digits)
    return choice(point, EMPTY) if low == 0 else point


def _ending_zeros_free(low: str, high: str) -> Node:
    """Digit strings of any length that, filled up with zeros, lie between the two."""
    if not low:
        return EMPTY
    if set(low) != {"0"}:
        return _by_first_digit(low, high, _ending_zeros_free)
    if set(high) == {"9"}:
        return repeat(DIGIT, 0, len(low))
    return choice(_by_first_digit(low, high, _ending_zeros_free), EMPTY)


def _by_first_digit(low: str, high: str, rest: _Rest) -> Node:
    zeros, nines = "0" * (len(low) - 1), "9" * (len(low) - 1)
    if low[0] == high[0]:
        return series(Text(low[0]), rest(low[1:], high[1:]))
    first, last = int(low[0]), int(high[0])
    options: list[Node] = []
    if low[1:] != zeros:
        options.append(series(Text(low[0]), rest(low[1:], nines)))
        first += 1
    if high[1:] != nines:
        options.append(series(Text(high[0]), rest(zeros, high[1:])))
        last -= 1
    if first <= last:
        options.append(series(_digit(first, last), rest(zeros, nines)))
    return choice(*options)


def _digit(first: int, last: int) -> Node:
    return Text(str(first)) if first == last else Class(((0x30 + first, 0x30 + last),))
