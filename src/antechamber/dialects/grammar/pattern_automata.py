"""From a pattern's tree to its automaton, by way of a nondeterministic one.

JSON Schema looks for a match anywhere in the text. So the first state loops on every character, and
so does the last. ``^`` and ``$`` are steps that take no character and are open only at the start
or at the end of the text.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from antechamber.dialects.grammar.automata import (
    Automaton,
    TooManyStates,
    Work,
    explore,
    merged,
)
from antechamber.dialects.grammar.charsets import EVERY, CharSet
from antechamber.dialects.grammar.patterns import (
    Alternation,
    Characters,
    Concatenation,
    Edge,
    Pattern,
    PatternUnsupported,
    Quantified,
    parse_pattern,
)

_MAX_STEPS: Final = 5_000
"""Nested repetition multiplies: ((a{100}){100}){100} would be a million steps."""
_MAX_WORK: Final = 40_000
"""Steps in all subsets together; (.?){1000} has few states, and each is a thousand steps."""


_Subset = tuple[bool, frozenset[int]]
"""Whether no character has been taken yet, and the states that it may be in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    """What came of a pattern, and the steps that it took."""

    automaton: Automaton | None
    steps: int


def pattern_automaton(text: str, work: Work) -> Automaton:
    """The texts in which the pattern matches somewhere.

    Raises ``PatternUnsupported``, also for a pattern that is too large, and for every pattern once
    the work is used up: known ones cost what they did, so equal schemas have equal grammars.
    """
    if work.left <= 0:
        raise PatternUnsupported("the schema's patterns need too much work")
    built = _built(text)
    try:
        work.spend(built.steps)
    except TooManyStates as error:
        raise PatternUnsupported("the schema's patterns need too much work") from error
    if built.automaton is None:
        raise PatternUnsupported("not regular, or in need of too many states")
    return built.automaton


# A pure function of a short text, and the same few patterns come with every request of a client.
@lru_cache(maxsize=64)
def _built(text: str) -> _Built:
    try:
        pattern = parse_pattern(text)
    except PatternUnsupported:
        return _Built(automaton=None, steps=len(text))
    work = Work(_MAX_WORK)
    try:
        automaton = _Steps(pattern, work).automaton()
    except TooManyStates:
        automaton = None
    return _Built(automaton=automaton, steps=_MAX_WORK - work.left)


class _Steps:
    """A nondeterministic automaton: per state its characters and its free steps."""

    def __init__(self, pattern: Pattern, work: Work) -> None:
        """Raises ``TooManyStates``."""
        self._work = work
        self._taking: list[list[tuple[CharSet, int]]] = []
        self._free: list[list[int]] = []
        self._at_start: list[list[int]] = []
        self._at_end: list[list[int]] = []
        self._first = self._state()
        self._taking[self._first].append((EVERY, self._first))
        self._last = self._build(pattern, self._first)
        self._taking[self._last].append((EVERY, self._last))

    def automaton(self) -> Automaton:
        """Its deterministic counterpart. Raises ``TooManyStates``."""
        live = self._live()
        matched = frozenset([self._last])

        def step(state: _Subset) -> Iterable[tuple[CharSet, _Subset]]:
            ways = [way for number in sorted(state[1]) for way in self._taking[number]]
            self._work.spend(len(state[1]) + sum(len(one) for one, _ in ways))
            for (targets,), one in merged([ways], whole=False).items():
                states = self._closure(targets, at_start=False) & live
                # Once matched, whatever follows is accepted.
                yield one, (False, matched if self._last in states else states)

        def accepts(state: _Subset) -> bool:
            at_start, states = state
            return self._last in self._closure(states, at_start=at_start, at_end=True)

        states = self._closure([self._first], at_start=True)
        return explore(
            (True, matched if self._last in states else states), step, accepts, self._work
        )

    def _state(self) -> int:
        if len(self._free) >= _MAX_STEPS:
            raise TooManyStates
        self._work.spend(1)
        for table in (self._taking, self._free, self._at_start, self._at_end):
            table.append([])
        return len(self._free) - 1

    def _build(self, pattern: Pattern, source: int) -> int:
        """Add the pattern's steps after ``source``; gives the state where it has matched."""
        match pattern:
            case Characters(members):
                target = self._state()
                self._taking[source].append((members, target))
                return target
            case Edge(start):
                target = self._state()
                (self._at_start if start else self._at_end)[source].append(target)
                return target
            case Concatenation(parts):
                for part in parts:
                    source = self._build(part, source)
                return self._after([source])
            case Alternation(options):
                return self._after([self._build(option, source) for option in options])
            case Quantified(part, low, high):
                return self._repeat(part, (low, high), source)

    def _after(self, sources: Iterable[int]) -> int:
        target = self._state()
        for source in sources:
            self._free[source].append(target)
        return target

    def _repeat(self, part: Pattern, bounds: tuple[int, int | None], source: int) -> int:
        low, high = bounds
        for _ in range(low):
            source = self._build(part, source)
        if high is None:
            loop = self._after([source])
            self._free[self._build(part, loop)].append(loop)
            return self._after([loop])
        ends = [source]
        for _ in range(high - low):
            source = self._build(part, source)
            ends.append(source)
        return self._after(ends)

    def _closure(
        self, states: Iterable[int], *, at_start: bool, at_end: bool = False
    ) -> frozenset[int]:
        """What can be reached without taking a character."""
        found = set(states)
        waiting = list(found)
        while waiting:
            state = waiting.pop()
            ways = [self._free[state]]
            if at_start:
                ways.append(self._at_start[state])
            if at_end:
                ways.append(self._at_end[state])
            for target in (target for way in ways for target in way):
                if target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    def _live(self) -> frozenset[int]:
        """States from which a match can still come about once the start lies behind."""
        sources: list[list[int]] = [[] for _ in self._free]
        for state in range(len(self._free)):
            taken = (target for _, target in self._taking[state])
            for target in (*taken, *self._free[state], *self._at_end[state]):
                sources[target].append(state)
        live = {self._last}
        waiting = [self._last]
        while waiting:
            for source in sources[waiting.pop()]:
                if source not in live:
                    live.add(source)
                    waiting.append(source)
        return frozenset(live)
