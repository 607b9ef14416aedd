"""Whether words in another order say the same: who did what to whom is told by it, mostly."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from antechamber.grounding.lexicon import COPULAS, PREPOSITIONS
from antechamber.grounding.words import Word

_MOST_FALLS = 2
"""How often places go down where subject and object were exchanged."""


class Step(NamedTuple):
    """A word that is said and the one that it is in the source."""

    said: Word
    source: Word
    place: int
    """Of the one in the source, among its words with a meaning."""


def steps_of(
    said: Sequence[Word], source: Sequence[Word], places: Sequence[Sequence[int]]
) -> list[Step]:
    """Return the words that are found, in the order of the source where they can be taken so.

    ``places`` are those of each word. What is said again is left out, and neighbours that have
    changed places are put back: a verb and its subject.
    """
    steps: list[Step] = []
    taken: set[int] = set()
    for word, choice in zip(said, places, strict=True):
        last = steps[-1].place if steps else -1
        left = [place for place in choice if place not in taken]
        if not left:
            continue
        place = next((place for place in left if place > last), left[0])
        taken.add(place)
        step = Step(word, source[place], place)
        if place == last - 1 and _may_change_places(steps[-1], step):
            steps.insert(-1, step)
        else:
            steps.append(step)
    return steps


def is_same_order(steps: Sequence[Step], source: Sequence[Word]) -> bool:
    """Tell whether the order is that of the source, or as good as it."""
    places = [step.place for step in steps]
    falls = _falls(places)
    if any(step.said.is_agent for step in steps) != any(step.source.is_agent for step in steps):
        # In the other voice subject and object have changed places.
        return 1 <= falls <= _MOST_FALLS
    return not falls or any(
        _may_have_moved(steps[start:stop], source) or _are_equated(steps, start, stop)
        for start, stop in _moves(places)
    )


def _may_change_places(one: Step, other: Step) -> bool:
    if one.said.is_strict and other.said.is_strict:
        return False
    return one.said.clause == other.said.clause and one.source.clause == other.source.clause


def _may_have_moved(run: Sequence[Step], source: Sequence[Word]) -> bool:
    """Whether it has the same preposition in both, as "in 1999", or has commas around it."""
    said, found, _ = run[0]
    if not PREPOSITIONS.isdisjoint({said.text, *said.before} & {found.text, *found.before}):
        return True
    clause = [place for place, word in enumerate(source) if word.clause == found.clause]
    is_together = said.clause == run[-1].said.clause
    return len(run) > 1 and is_together and clause == [step.place for step in run]


def _are_equated(steps: Sequence[Step], start: int, stop: int) -> bool:
    """Whether it is "a b is c d" for "c d is a b"."""
    if start > 0 or steps[-1].place > steps[0].place:
        return False
    return not COPULAS.isdisjoint(steps[0].source.before) and not COPULAS.isdisjoint(
        steps[stop].said.before
    )


def _moves(places: list[int]) -> Iterator[tuple[int, int]]:
    """Yield what may have been taken from its place and put elsewhere, if that is all."""
    ends = range(len(places) + 1)
    match [at for at, (one, other) in enumerate(pairwise(places), 1) if one > other]:
        case [fall]:
            # It begins there or ends there.
            moves = [(fall, end) for end in ends[fall + 1 :]] + [(end, fall) for end in ends[:fall]]
        case [one, other]:
            moves = [(one, other)]
        case _:
            moves = []
    for start, stop in moves:
        if not _falls(places[:start] + places[stop:]):
            yield start, stop


def _falls(places: list[int]) -> int:
    return sum(one > other for one, other in pairwise(places))
