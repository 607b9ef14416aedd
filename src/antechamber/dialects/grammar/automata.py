"""Deterministic automata over characters: the languages of strings that a grammar can spell.

Made from a pattern, from lengths or from a list of texts, and combined: all of these and none of
those. Every state of an automaton lies on a path to an accepting one.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeVar

from antechamber.dialects.grammar.charsets import EVERY, CharSet, charset, contains

MAX_STATES: Final = 2_000
"""Above this a grammar of one string would be larger than the rest of any request."""


_SURROGATES: Final = EVERY[0][1] + 1


class TooManyStates(Exception):
    """The automaton would be larger than ``MAX_STATES``, or the work for the schema is used up."""


class Work:
    """What may still be spent on the automata of one schema, in steps of their making."""

    def __init__(self, limit: int) -> None:
        self.left = limit

    def spend(self, steps: int) -> None:
        """Raises ``TooManyStates`` when nothing is left."""
        self.left -= steps
        if self.left < 0:
            raise TooManyStates


@dataclass(frozen=True, slots=True, kw_only=True)
class Automaton:
    """States by number, 0 the first; no states at all where nothing is accepted."""

    edges: tuple[tuple[tuple[CharSet, int], ...], ...]
    """For each state its ways out, disjoint."""
    accepting: frozenset[int]

    @property
    def empty(self) -> bool:
        """Whether it accepts no text."""
        return not self.edges

    def accepts(self, text: str) -> bool:
        """Whether the text is in the language."""
        state = None if self.empty else 0
        for character in text:
            if state is None:
                return False
            ways = self.edges[state]
            state = next((to for one, to in ways if contains(one, ord(character))), None)
        return state in self.accepting


_State = TypeVar("_State", bound=Hashable)


def explore(
    start: _State,
    step: Callable[[_State], Iterable[tuple[CharSet, _State]]],
    accepts: Callable[[_State], bool],
    work: Work,
) -> Automaton:
    """Number the states that can be reached from ``start`` and keep those that lead somewhere.

    Raises ``TooManyStates``.
    """
    numbers: dict[_State, int] = {start: 0}
    edges: list[list[tuple[CharSet, int]]] = []
    accepting: set[int] = set()
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        if accepts(state):
            accepting.add(numbers[state])
        ways: list[tuple[CharSet, int]] = []
        for one, target in step(state):
            if target not in numbers:
                numbers[target] = len(numbers)
                waiting.append(target)
            ways.append((one, numbers[target]))
        work.spend(1 + len(ways))
        if len(numbers) > MAX_STATES:
            raise TooManyStates
        edges.append(ways)
    return _trimmed(edges, accepting)


def _trimmed(edges: list[list[tuple[CharSet, int]]], accepting: set[int]) -> Automaton:
    sources: list[list[int]] = [[] for _ in edges]
    for state, ways in enumerate(edges):
        for _, target in ways:
            sources[target].append(state)
    alive = set(accepting)
    waiting = list(accepting)
    while waiting:
        for source in sources[waiting.pop()]:
            if source not in alive:
                alive.add(source)
                waiting.append(source)
    if 0 not in alive:
        return Automaton(edges=(), accepting=frozenset())
    numbers = {state: number for number, state in enumerate(sorted(alive))}
    return Automaton(
        edges=tuple(
            tuple((one, numbers[to]) for one, to in edges[state] if to in alive)
            for state in numbers
        ),
        accepting=frozenset(numbers[state] for state in accepting),
    )


def merged(
    parts: Sequence[Sequence[tuple[CharSet, int]]], *, whole: bool
) -> dict[tuple[tuple[int, ...], ...], CharSet]:
    """Cut the alphabet where any of the parts changes; join again what leads to the same targets.

    Gives, for each tuple of target sets (one set a part), the characters that lead to it. With
    ``whole`` the alphabet is every character, else only what some part mentions.
    """
    spans: list[tuple[int, int, int, int]] = [
        (low, high, index, target)
        for index, ways in enumerate(parts)
        for one, target in ways
        for low, high in one
    ]
    cuts = {low for low, *_ in spans} | {high + 1 for _, high, *_ in spans}
    if whole:
        cuts |= {EVERY[0][0], EVERY[0][1] + 1, EVERY[1][0], EVERY[1][1] + 1}
    points = sorted(cuts)
    targets: list[list[set[int]]] = [[set() for _ in parts] for _ in points]
    for low, high, index, target in spans:
        for position in range(bisect_right(points, low) - 1, bisect_right(points, high)):
            targets[position][index].add(target)
    found: dict[tuple[tuple[int, ...], ...], list[tuple[int, int]]] = {}
    for position, (low, after) in enumerate(pairwise(points)):
        key = tuple(tuple(sorted(some)) for some in targets[position])
        if (whole and low != _SURROGATES) or any(key):
            found.setdefault(key, []).append((low, after - 1))
    return {key: charset(ranges) for key, ranges in found.items()}


def combined(wanted: Sequence[Automaton], unwanted: Sequence[Automaton], work: Work) -> Automaton:
    """Texts that all of ``wanted`` and none of ``unwanted`` accept. Raises ``TooManyStates``."""
    automata = (*wanted, *unwanted)
    needed = len(wanted)
    if any(automaton.empty for automaton in wanted):
        return Automaton(edges=(), accepting=frozenset())

    def step(states: tuple[int, ...]) -> Iterable[tuple[CharSet, tuple[int, ...]]]:
        parts = [
            automaton.edges[state] if state >= 0 else ()
            for automaton, state in zip(automata, states, strict=True)
        ]
        work.spend(sum(len(one) for ways in parts for one, _ in ways))
        for key, one in merged(parts, whole=not wanted).items():
            target = tuple(some[0] if some else -1 for some in key)
            if min(target[:needed], default=0) >= 0:
                yield one, target

    def accepts(states: tuple[int, ...]) -> bool:
        return all(
            (state in automaton.accepting) == (index < needed)
            for index, (automaton, state) in enumerate(zip(automata, states, strict=True))
        )

    start = tuple(-1 if automaton.empty else 0 for automaton in automata)
    return explore(start, step, accepts, work)


def of_lengths(low: int, high: int | None, work: Work) -> Automaton:
    """Texts of ``low`` to ``high`` characters. Raises ``TooManyStates``."""
    last = low if high is None else high

    def step(length: int) -> Iterable[tuple[CharSet, int]]:
        if length < last:
            yield EVERY, length + 1
        elif high is None:
            yield EVERY, last

    return explore(0, step, lambda length: length >= low, work)


def of_texts(texts: Iterable[str], work: Work) -> Automaton:
    """Exactly these texts. Raises ``TooManyStates``."""
    known = frozenset(texts)

    def step(rests: frozenset[str]) -> Iterable[tuple[CharSet, frozenset[str]]]:
        work.spend(len(rests))
        groups: dict[str, list[str]] = {}
        for rest in filter(None, rests):
            groups.setdefault(rest[0], []).append(rest[1:])
        for first in sorted(groups):
            code = ord(first)
            yield ((code, code),), frozenset(groups[first])

    return explore(known, step, lambda rests: "" in rests, work)


def length_bounds(automaton: Automaton) -> tuple[int, int | None]:
    """The shortest and the longest length of an accepted text; None where there is no longest."""
    depths = {0: 0}
    waiting = deque([0])
    while waiting:
        state = waiting.popleft()
        for _, target in automaton.edges[state]:
            if target not in depths:
                depths[target] = depths[state] + 1
                waiting.append(target)
    return min(depths[state] for state in automaton.accepting), _longest(automaton)


def _longest(automaton: Automaton) -> int | None:
    """By taking away, again and again, the states that nothing leads to; a cycle stays."""
    incoming = [0] * len(automaton.edges)
    for ways in automaton.edges:
        for _, target in ways:
            incoming[target] += 1
    depths = [0] * len(incoming)
    ready = [state for state, count in enumerate(incoming) if not count]
    settled = 0
    while ready:
        state = ready.pop()
        settled += 1
        for _, target in automaton.edges[state]:
            depths[target] = max(depths[target], depths[state] + 1)
            incoming[target] -= 1
            if not incoming[target]:
                ready.append(target)
    return max(depths) if settled == len(incoming) else None
