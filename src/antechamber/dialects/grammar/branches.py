"""The ways in which a value can satisfy some schemas at once.

``$ref`` and ``allOf`` add schemas, ``anyOf`` and its like split into branches. What comes out is a
list of demands in which only keywords about the value itself are left to read.
"""

from collections.abc import Sequence

from antechamber.dialects.grammar.applicators import APPLICATORS
from antechamber.dialects.grammar.demands import Alternative, Demand, Draft
from antechamber.dialects.grammar.kinds import kinds_of
from antechamber.dialects.grammar.places import Document, Place


def demands(places: Sequence[Place], document: Document, max_branches: int) -> list[Demand]:
    """The ways to satisfy all the places; none when that is impossible.

    Where choices multiply to more than ``max_branches``, one is left out and becomes a gap; of the
    choices that only come from the opposite of a schema, the first alternative is taken.
    """
    draft = Draft(outermost=frozenset(place.pointer for place in places[:1] if len(places) == 1))
    _absorb(document, draft, places)
    waiting, found = [draft], list[Demand]()
    while waiting:
        draft = waiting.pop()
        if not draft.kinds:
            continue
        if not draft.forks:
            found.append(draft.demand())
            continue
        fork = draft.forks.pop(0)
        others = len(waiting) + len(found)
        alternatives = fork.alternatives
        if others and others + len(alternatives) > max_branches:
            if not fork.made:
                draft.gaps[fork.gap] = None
            alternatives = alternatives[:1] if fork.made else ((),)
        waiting.extend(_chosen(document, draft, one) for one in reversed(alternatives))
    return found


def _chosen(document: Document, draft: Draft, alternative: Alternative) -> Draft:
    draft = draft.copy()
    _absorb(document, draft, alternative)
    return draft


def _absorb(document: Document, draft: Draft, places: Sequence[Place]) -> None:
    """Add schemas and all that must hold with them; a schema met twice holds already."""
    waiting = list(reversed(places))
    while waiting and draft.kinds:
        place = waiting.pop()
        if place.pointer in draft.places:
            continue
        if isinstance(place.schema, bool):
            draft.kinds = draft.kinds if place.schema else frozenset()
            continue
        draft.places[place.pointer] = place
        draft.kinds &= kinds_of(place.schema)
        for keyword in place.schema:
            if keyword not in APPLICATORS:
                continue
            added = APPLICATORS[keyword](document, draft, place)
            waiting.extend(reversed(list(added)))
