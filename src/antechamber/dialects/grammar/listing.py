"""The values that ``const`` and ``enum`` list for a demand, less those that are not valid."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.dialects.grammar.demands import Demand
from antechamber.dialects.grammar.judgement import Judge, Undecided
from antechamber.dialects.grammar.kinds import value_kinds
from antechamber.dialects.grammar.literals import identity
from antechamber.dialects.grammar.negation import ANNOTATIONS
from antechamber.dialects.grammar.places import Place, as_list

_PLAIN: Final = (ANNOTATIONS - {"format"}) | {"type", "const", "enum", "$ref", "allOf", "anyOf"}
"""What has been taken account of, by the kinds, the lists and the places of a demand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All values of a demand."""

    values: Sequence[object]
    exact: bool
    """Whether each of them is valid against everything that the schemas say, gaps included."""


def listing(demand: Demand, roots: Sequence[Place], judge: Callable[[], Judge]) -> Listing | None:
    """The listed values of a demand that came from ``roots``; None where nothing lists them."""
    lists = [found for place in demand.places for found in _lists(place.keywords)]
    if not lists:
        return None
    values = _shared(demand, lists)
    if not demand.gaps and all(place.keywords.keys() <= _PLAIN for place in demand.places):
        return Listing(values=values, exact=True)
    try:
        for place in roots:
            values = judge().valid(place, values)
    except Undecided:
        return Listing(values=values, exact=False)
    return Listing(values=values, exact=True)


def _lists(keywords: Mapping[str, object]) -> Iterator[Sequence[object]]:
    if "const" in keywords:
        yield [keywords["const"]]
    if "enum" in keywords:
        yield as_list(keywords["enum"])


def _shared(demand: Demand, lists: Sequence[Sequence[object]]) -> list[object]:
    """Values of the shortest list that are in the others and of the right kind."""
    others = [{identity(value) for value in one} for one in lists]
    return [
        value
        for value in min(lists, key=len)
        if value_kinds([value]) & demand.kinds and all(identity(value) in one for one in others)
    ]
