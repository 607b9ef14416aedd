"""Whether one sentence of a source says what a sentence of an answer says.

Meaning is not understood here, so that whatever looks like a difference is taken for one: a number
or name that the source has not, a word in another one's place, names in another order, a "not" more
or less. What is added or left out without changing the rest is tolerated within bounds.
"""

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from antechamber.grounding.lexicon import HEDGES, NEGATIONS, OPPOSITES
from antechamber.grounding.order import is_same_order, steps_of
from antechamber.grounding.words import Kind, Word

_ENOUGH = 3
"""Words with a meaning that have to be found: two are found together by chance."""
_FOUND_FOR_ONE_ADDED = 4


class Context(NamedTuple):
    """What a sentence of a source is about without saying it."""

    before: Callable[[], Sequence[Word]]
    """Reads the sentence before it: "it was built" is about what stands there."""
    title: Sequence[Word]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Support:
    """How well a sentence is supported; the least is the best."""

    needs_before: bool
    """Whether the sentence before it has to be cited as well."""
    added: int
    """Words that the source has not."""
    left_out: int
    """Words that only the source has."""


class _Differs(Exception):
    """The source says something else, or may do so."""


def support(said: Sequence[Word], source: Sequence[Word], context: Context) -> Support | None:
    """Return how ``source`` supports what is said; None where it does not."""
    try:
        return _Comparison(said, source, context).support()
    except _Differs:
        return None


class _Comparison:
    def __init__(self, said: Sequence[Word], source: Sequence[Word], context: Context) -> None:
        self._all_said = said
        self._all_source = source
        self._context = context
        self._said = content_of(said)
        self._source = content_of(source)
        alike: dict[str, list[int]] = {}
        for place, word in enumerate(self._source):
            alike.setdefault(word.root, []).append(place)
        self._places = [
            [place for place in alike.get(each.root, ()) if self._source[place].is_same_as(each)]
            for each in self._said
        ]
        """For each word that is said, where it stands in the source."""
        self._used = {place for places in self._places for place in places}
        self._needs_before = False
        self._known = 0
        """Words that the sentence before has, or the title."""
        self._added = 0

    def support(self) -> Support:
        found = [number for number, places in enumerate(self._places) if places]
        left_out = len(self._source) - len(self._used)
        if len(found) < max(_ENOUGH - 1, len(self._said) / 2):
            raise _Differs
        steps = steps_of(self._said, self._source, self._places)
        if not is_same_order(steps, self._source):
            raise _Differs
        alike: list[tuple[set[int], set[int]]] = []
        """Clauses that are said, and those of the source that they draw on."""
        for clause in sorted({word.clause for word in self._said}):
            _add(alike, clause, self._checked_clause(clause))
        for said, source in alike:
            self._check_sense(said, source)
        telling = {self._said[number].text for number in found}
        if left_out and len(telling) + self._known < _ENOUGH:
            raise _Differs
        if self._added * _FOUND_FOR_ONE_ADDED > len(found):
            raise _Differs
        return Support(needs_before=self._needs_before, added=self._added, left_out=left_out)

    def _checked_clause(self, clause: int) -> set[int]:
        """Return the clauses of the source that have the words of one that is said."""
        numbers = [place for place, word in enumerate(self._said) if word.clause == clause]
        drawn_on = self._drawn_on(numbers)
        if not self._may_be_drawn_on(sorted(drawn_on), numbers):
            raise _Differs
        for number in numbers:
            if not self._places[number]:
                self._check_added(number, drawn_on)
        return drawn_on

    def _drawn_on(self, numbers: list[int]) -> set[int]:
        """Return the fewest clauses of the source that have the words found of one that is said."""
        by_clause: dict[int, set[int]] = {}
        for number in numbers:
            for place in self._places[number]:
                by_clause.setdefault(self._source[place].clause, set()).add(number)
        drawn_on: set[int] = set()
        left = {number for number in numbers if self._places[number]}
        while left:
            best = max(by_clause, key=lambda each: (len(by_clause[each] & left), -each))
            drawn_on.add(best)
            left -= by_clause[best]
        return drawn_on

    def _may_be_drawn_on(self, clauses: list[int], numbers: list[int]) -> bool:
        """Whether they belong together: all of them is said, but for the first, with a subject."""
        places = [self._places_in(clause) for clause in clauses]
        whole = [each for each in places if self._are_said(each, numbers)]
        return len(clauses) <= 1 or (
            all(each in whole for each in places[1:]) and any(len(each) > 1 for each in whole)
        )

    def _places_in(self, clause: int) -> set[int]:
        return {place for place, word in enumerate(self._source) if word.clause == clause}

    def _are_said(self, places: set[int], numbers: list[int]) -> bool:
        """Whether these words of the source are said, and in their order."""
        choices = [
            [place for place in self._places[number] if place in places] for number in numbers
        ]
        said = [self._said[number] for number in numbers]
        steps = steps_of(said, self._source, choices)
        return places == {place for choice in choices for place in choice} and is_same_order(
            steps, self._source
        )

    def _check_added(self, number: int, drawn_on: set[int]) -> None:
        word = self._said[number]
        if self._is_seam(number):
            return
        if self._follows_from_before(word, drawn_on):
            self._needs_before = True
            self._known += 1
            return
        if self._is_in_anothers_place(number):
            raise _Differs
        if _has(self._context.title, word):
            self._known += 1
        elif word.is_strict:
            raise _Differs
        else:
            self._added += 1

    def _is_seam(self, number: int) -> bool:
        """Whether it is a pair of characters that both belong to pairs that were found."""
        if not 0 < number < len(self._said) - 1:
            return False
        earlier, word, later = self._said[number - 1 : number + 2]
        is_between = earlier.text[1:] + later.text[:-1] == word.text
        return is_between and bool(self._places[number - 1] and self._places[number + 1])

    def _follows_from_before(self, word: Word, drawn_on: set[int]) -> bool:
        if not drawn_on or not _has(self._context.before(), word):
            return False
        # A word of it that is not said, or stands elsewhere, may be another subject.
        first = min(drawn_on)
        places = {place for place, each in enumerate(self._source) if each.clause <= first}
        return self._are_said(places, list(range(len(self._said))))

    def _is_in_anothers_place(self, number: int) -> bool:
        """Whether the source has another word between those around it."""
        nowhere: list[int] = []
        earlier = next((places for places in self._places[number::-1] if places), nowhere)
        later = next((places for places in self._places[number:] if places), nowhere)
        if not earlier:
            return all(self._is_another(place - 1, place) for place in later)
        if not later:
            return all(self._is_another(place + 1, place) for place in earlier)
        return not any(
            self._used.issuperset(range(before + 1, later[behind]))
            for before in earlier
            if (behind := bisect(later, before)) < len(later)
        )

    def _is_another(self, beside: int, place: int) -> bool:
        """Whether a word beside one that was found is not said, and of the same clause."""
        if not 0 <= beside < len(self._source) or beside in self._used:
            return False
        return self._source[beside].clause == self._source[place].clause

    def _check_sense(self, said_in: set[int], source_in: set[int]) -> None:
        said = [word.text for word in self._all_said if word.clause in said_in]
        source = [word.text for word in self._all_source if word.clause in source_in]
        if sum(text in NEGATIONS for text in said) != sum(text in NEGATIONS for text in source):
            raise _Differs
        if HEDGES.isdisjoint(said) and not HEDGES.isdisjoint(source):
            raise _Differs
        for text in set(said).difference(source):
            if not OPPOSITES.get(text, frozenset()).isdisjoint(source):
                raise _Differs


def content_of(words: Sequence[Word]) -> list[Word]:
    """Return those that have a meaning of their own."""
    return [word for word in words if word.kind is not Kind.FUNCTION]


def _add(alike: list[tuple[set[int], set[int]]], clause: int, drawn_on: set[int]) -> None:
    """Add a clause, together with those that draw on the same."""
    if not drawn_on:
        return
    said, source = {clause}, drawn_on
    for other in [each for each in alike if each[1] & drawn_on]:
        alike.remove(other)
        said, source = said | other[0], source | other[1]
    alike.append((said, source))


def _has(words: Sequence[Word], word: Word) -> bool:
    return any(each.is_same_as(word) for each in words)
