"""Strings: lengths in code points, patterns, formats, and texts that are ruled out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from antechamber.dialects.grammar.automata import (
    Automaton,
    TooManyStates,
    Work,
    combined,
    length_bounds,
    of_lengths,
    of_texts,
)
from antechamber.dialects.grammar.context import Compiler
from antechamber.dialects.grammar.demands import Demand
from antechamber.dialects.grammar.formats import FORMATS
from antechamber.dialects.grammar.negation import barred_pattern, barred_values
from antechamber.dialects.grammar.notation import NEVER, Node, series
from antechamber.dialects.grammar.pattern_automata import pattern_automaton
from antechamber.dialects.grammar.patterns import PatternUnsupported
from antechamber.dialects.grammar.places import Place
from antechamber.dialects.grammar.repetition import counted
from antechamber.dialects.grammar.spelling import QUOTE
from antechamber.dialects.grammar.vocabulary import CHARACTER, STRING

_FORMAT_WORK: Final = 1_000_000
"""More than any format takes; they are ours, so that no schema pays for them."""
_LONGEST_COUNTED: Final = 256
"""A pattern and a length together take a state for each of both, so long texts end here."""

KEYWORDS: Final = frozenset({"minLength", "maxLength", "pattern", "format", "not"})


@dataclass(slots=True, kw_only=True)
class _Strings:
    """What the schemas of a demand say about strings."""

    low: int = 0
    high: int | None = None
    patterns: list[Automaton]
    barred: list[Automaton]
    formats: list[Automaton]


def string_node(demand: Demand, compiler: Compiler) -> Node:
    """The strings of a demand, quotes included."""
    if not any(keyword in place.keywords for place in demand.places for keyword in KEYWORDS):
        return STRING
    strings = _read(demand, compiler)
    if strings.high is not None and strings.high < strings.low:
        return NEVER
    if not (strings.patterns or strings.barred or strings.formats):
        return _of_length(strings, compiler)
    try:
        automaton = _language(strings, compiler.work)
    except TooManyStates:
        _give_up(demand, compiler)
        return _of_length(strings, compiler)
    return series(QUOTE, compiler.spelled(automaton))


def string_language(demand: Demand, compiler: Compiler) -> Automaton:
    """The strings of a demand as an automaton. Raises ``TooManyStates``."""
    return _language(_read(demand, compiler), compiler.work)


def _of_length(strings: _Strings, compiler: Compiler) -> Node:
    if (strings.low, strings.high) == (0, None):
        return STRING
    characters = counted(CHARACTER, strings.low, strings.high, compiler.book)
    return series(QUOTE, characters, QUOTE)


def _read(demand: Demand, compiler: Compiler) -> _Strings:
    strings = _Strings(patterns=[], barred=[], formats=[])
    for place in demand.places:
        keywords = place.keywords
        if isinstance(low := keywords.get("minLength"), int | float):
            strings.low = max(strings.low, int(low))
        if isinstance(high := keywords.get("maxLength"), int | float):
            strings.high = int(high) if strings.high is None else min(strings.high, int(high))
        if isinstance(pattern := keywords.get("pattern"), str):
            strings.patterns.extend(_matching(pattern, place, "pattern", compiler))
        if isinstance(name := keywords.get("format"), str) and name in FORMATS:
            strings.formats.append(_format(name))
        strings.barred.extend(_barred(place, compiler))
    return strings


def _barred(place: Place, compiler: Compiler) -> Sequence[Automaton]:
    pattern = barred_pattern(place)
    if pattern is not None:
        return _matching(pattern, place, "not", compiler)
    texts = [value for value in barred_values(place) if isinstance(value, str)]
    return [of_texts(texts, compiler.work)] if texts else []


def _matching(pattern: str, place: Place, keyword: str, compiler: Compiler) -> list[Automaton]:
    try:
        return [pattern_automaton(pattern, compiler.work)]
    except PatternUnsupported:
        compiler.gap(place, keyword)
        return []


# There are about ten, all of them small.
@cache
def _format(name: str) -> Automaton:
    return pattern_automaton(FORMATS[name], Work(_FORMAT_WORK))


def _language(strings: _Strings, work: Work) -> Automaton:
    automaton = _combined([*strings.patterns, *strings.formats], strings, work)
    if automaton.empty and strings.formats:
        # The pattern here of a format is narrower than the format, and a format is no demand.
        automaton = _combined(strings.patterns, strings, work)
    return automaton


def _combined(wanted: Sequence[Automaton], strings: _Strings, work: Work) -> Automaton:
    """Raises ``TooManyStates``."""
    match wanted:
        case [only] if not strings.barred:
            automaton = only
        case _:
            automaton = combined(wanted, strings.barred, work)
    if automaton.empty:
        return automaton
    shortest, longest = length_bounds(automaton)
    high = strings.high
    if shortest >= strings.low and (high is None or (longest is not None and longest <= high)):
        return automaton
    if high is not None:
        high = min(high, max(_LONGEST_COUNTED, strings.low, shortest))
    return combined([automaton, of_lengths(strings.low, high, work)], [], work)


def _give_up(demand: Demand, compiler: Compiler) -> None:
    for place in demand.places:
        for keyword in ("pattern", "not"):
            if keyword in place.keywords:
                compiler.gap(place, keyword)
