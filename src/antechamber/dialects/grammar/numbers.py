"""Integers and numbers: bounds, multiples, and numbers that are ruled out.

Without bounds the vocabulary's rules serve. With bounds there is no exponent and there are at most
15 digits, so that every reader finds the number on the side of the bound where it was written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, isfinite, lcm
from typing import Final

from antechamber.dialects.grammar.context import Compiler
from antechamber.dialects.grammar.demands import Demand
from antechamber.dialects.grammar.digits import steps_between
from antechamber.dialects.grammar.literals import texts_node
from antechamber.dialects.grammar.negation import barred_values
from antechamber.dialects.grammar.notation import Node, Text, choice, series
from antechamber.dialects.grammar.vocabulary import FRACTIONAL, INTEGER, MAX_DIGITS, NUMBER

KEYWORDS: Final = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "not"}
)

_MAX_LISTED: Final = 1_000
"""So many multiples are written out one by one."""
_TOO_LONG: Final = 10**40
"""Numbers of more digits, before or after the point, are not read: they are a gap."""
_ENOUGH_PLACES: Final = 6
"""Digits after the point where the bounds do not ask for more; each costs the grammar a level."""
_LARGEST: Final = 10**MAX_DIGITS - 1


@dataclass(slots=True, kw_only=True)
class _Numbers:
    """What the schemas of a demand say about numbers."""

    low: Fraction | None = None
    high: Fraction | None = None
    low_open: bool = False
    """Whether ``low`` itself is left out."""
    high_open: bool = False
    steps: list[Fraction] = field(default_factory=list[Fraction])
    barred: set[Fraction] = field(default_factory=set[Fraction])

    def at_least(self, bound: Fraction, *, is_open: bool) -> None:
        """Raise the lower bound; an open one is the stricter of two equal ones."""
        if self.low is None or (bound, is_open) > (self.low, self.low_open):
            self.low, self.low_open = bound, is_open

    def at_most(self, bound: Fraction, *, is_open: bool) -> None:
        """Lower the upper bound."""
        if self.high is None or (-bound, is_open) > (-self.high, self.high_open):
            self.high, self.high_open = bound, is_open

    @property
    def contradictory(self) -> bool:
        """Whether no number at all lies between the bounds."""
        if self.low is None or self.high is None:
            return False
        closed = not (self.low_open or self.high_open)
        return self.low > self.high or (self.low == self.high and not closed)


def number_node(demand: Demand, compiler: Compiler) -> Node:
    """The numbers of a demand, or the integers where it has only those."""
    whole = "number" not in demand.kinds
    fractional = "integer" not in demand.kinds
    numbers = _read(demand, compiler)
    if numbers == _Numbers():
        return INTEGER if whole else FRACTIONAL if fractional else NUMBER
    if fractional:
        _gaps(demand, compiler, "not")
    steps = [*numbers.steps, Fraction(1)] if whole else numbers.steps
    if not steps:
        return _any_number(numbers, demand, compiler)
    step = _common_multiple(steps)
    power = _power_of_ten(step)
    if power is not None:
        return _on_grid(numbers, power)
    low, high = _counts(numbers, step)
    if high - low < _MAX_LISTED:
        multiples = (count * step for count in range(low, high + 1))
        return texts_node([_text(one) for one in multiples if one not in numbers.barred])
    _gaps(demand, compiler, "multipleOf")
    return _on_grid(numbers, 0) if whole else _any_number(numbers, demand, compiler)


def _read(demand: Demand, compiler: Compiler) -> _Numbers:
    numbers = _Numbers()
    for place in demand.places:
        if KEYWORDS.isdisjoint(place.keywords):
            continue
        said = {name: _fraction(place.keywords.get(name)) for name in sorted(KEYWORDS)}
        long = [name for name, number in said.items() if number and _too_long(number)]
        _gaps(demand, compiler, *long)
        values = {name: number for name, number in said.items() if name not in long}
        for keyword, is_open in (("minimum", False), ("exclusiveMinimum", True)):
            if (bound := values.get(keyword)) is not None:
                numbers.at_least(bound, is_open=is_open)
        for keyword, is_open in (("maximum", False), ("exclusiveMaximum", True)):
            if (bound := values.get(keyword)) is not None:
                numbers.at_most(bound, is_open=is_open)
        if (step := values.get("multipleOf")) is not None and step > 0:
            numbers.steps.append(step)
        barred = [_fraction(value) for value in barred_values(place)]
        numbers.barred.update(number for number in barred if number is not None)
    return numbers


def _fraction(value: object) -> Fraction | None:
    """The number as it was written: 0.1 is a tenth."""
    match value:
        case bool():
            return None
        case int():
            return Fraction(value)
        case float() if isfinite(value):
            return Fraction(str(value))
        case _:
            return None


def _too_long(number: Fraction) -> bool:
    return abs(number) >= _TOO_LONG or number.denominator > _TOO_LONG


def _common_multiple(steps: Iterable[Fraction]) -> Fraction:
    common = Fraction(1)
    for index, step in enumerate(steps):
        shared = lcm(common.denominator, step.denominator)
        one, other = common * shared, step * shared
        common = step if index == 0 else Fraction(lcm(int(one), int(other)), shared)
    return common


def _power_of_ten(step: Fraction) -> int | None:
    top, bottom = str(step.numerator), str(step.denominator)
    if top.strip("0") != "1" or bottom.strip("0") != "1":
        return None
    return len(top) - len(bottom)


def _any_number(numbers: _Numbers, demand: Demand, compiler: Compiler) -> Node:
    """With as many digits after the point as the bounds leave room for."""
    given = [bound for bound in (numbers.low, numbers.high) if bound is not None]
    before = max((len(str(int(abs(bound)))) for bound in given), default=1)
    needed = max((_places(bound) for bound in given), default=0)
    roomy = max(0, min(MAX_DIGITS - before, max(_ENOUGH_PLACES, needed + 1)))
    for places in (roomy, needed):
        low, high = _counts(numbers, Fraction(1, 10**places))
        if low <= high or numbers.contradictory:
            return _on_grid(numbers, -places)
    _gaps(demand, compiler, *sorted(KEYWORDS - {"multipleOf", "not"}))
    return NUMBER


def _places(bound: Fraction) -> int:
    """Digits after the point; numbers that someone wrote have an end."""
    places = 0
    while bound.denominator != 1:
        bound *= 10
        places += 1
    return places


def _counts(numbers: _Numbers, step: Fraction) -> tuple[int, int]:
    """The first and the last multiple of the step between the bounds."""
    low = -_beyond(numbers.high, -1) if numbers.low is None else numbers.low
    high = _beyond(numbers.low, 1) if numbers.high is None else numbers.high
    first, last = low / step, high / step
    return (
        floor(first) + 1 if numbers.low_open and numbers.low is not None else ceil(first),
        ceil(last) - 1 if numbers.high_open and numbers.high is not None else floor(last),
    )


def _beyond(bound: Fraction | None, sign: int) -> Fraction:
    """Where numbers end on the side that has no bound."""
    if bound is None or bound * sign <= _LARGEST:
        return Fraction(_LARGEST)
    return Fraction(10 ** (len(str(int(abs(bound)))) + 1))


def _on_grid(numbers: _Numbers, power: int) -> Node:
    """Multiples of a power of ten."""
    step = Fraction(10) ** power
    low, high = _counts(numbers, step)
    barred = {int(one / step) for one in numbers.barred if (one / step).denominator == 1}
    if power <= 0:
        return choice(*(steps_between(a, b, -power) for a, b in _without(low, high, barred)))
    ranges = list(_without(low, high, barred | {0}))
    zero = Text("0") if low <= 0 <= high and 0 not in barred else choice()
    zeros = Text("0" * power)
    return choice(zero, *(series(steps_between(a, b, 0), zeros) for a, b in ranges))


def _without(low: int, high: int, barred: Iterable[int]) -> Iterator[tuple[int, int]]:
    for one in sorted(barred):
        if low <= one <= high:
            yield low, one - 1
            low = one + 1
    yield low, high


def _text(number: Fraction) -> str:
    places = _places(number)
    digits = f"{abs(int(number * 10**places)):0{places + 1}d}"
    sign = "-" if number < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def _gaps(demand: Demand, compiler: Compiler, *keywords: str) -> None:
    for place in demand.places:
        for keyword in keywords:
            if keyword in place.keywords:
                compiler.gap(place, keyword)
