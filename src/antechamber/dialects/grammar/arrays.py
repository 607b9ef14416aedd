"""Arrays: items by position, lengths, contained items, items that differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.dialects.grammar.applicators import opposite_of
from antechamber.dialects.grammar.context import Compiler
from antechamber.dialects.grammar.demands import Demand
from antechamber.dialects.grammar.negation import barred_values
from antechamber.dialects.grammar.notation import EMPTY, NEVER, Node, Text, optional, series
from antechamber.dialects.grammar.places import Place
from antechamber.dialects.grammar.repetition import counted
from antechamber.dialects.grammar.sequences import Ordered
from antechamber.dialects.grammar.vocabulary import ARRAY, COMMA

KEYWORDS: Final = frozenset(
    {
        "prefixItems",
        "items",
        "minItems",
        "maxItems",
        "uniqueItems",
        "contains",
        "unevaluatedItems",
        "not",
    }
)

_MAX_PLACED: Final = 256
"""Positions that are spelled out one by one."""
_MAX_DISTINCT: Final = 128
"""Values that a set may be made of; it takes as many rules, times the number asked for."""

_Places = tuple[Place, ...]


@dataclass(slots=True, kw_only=True)
class _Arrays:
    """What the schemas of a demand say about arrays."""

    placed: list[_Places]
    """Schemas of the first items, position by position."""
    others: _Places
    """Schemas of all other items, as ``items`` says."""
    unevaluated: _Places
    """Schemas of the others where no ``items`` says anything."""
    barred: _Places = ()
    """Opposites of what may not be contained once more."""
    low: int = 0
    high: int | None = None
    distinct: Place | None = None
    """Where ``uniqueItems`` stands."""

    @property
    def rest(self) -> _Places:
        """Schemas of an item that has no position of its own."""
        return (*(self.others or self.unevaluated), *self.barred)


def array_node(demand: Demand, compiler: Compiler) -> Node:
    """The arrays of a demand."""
    if not any(keyword in place.keywords for place in demand.places for keyword in KEYWORDS):
        return ARRAY
    arrays = _read(demand)
    _place_contained(arrays, demand, compiler)
    _note_unsaid(demand, compiler)
    if arrays.distinct and (arrays.high is None or arrays.high > 1):
        return _set(arrays, arrays.distinct, compiler)
    return _list(arrays, compiler)


def _read(demand: Demand) -> _Arrays:
    lists = [place.children("prefixItems") for place in demand.places]
    others = [place.child("items") for place in demand.places]
    unevaluated = tuple(
        child
        for place in demand.places
        if place.pointer in demand.outermost and (child := place.child("unevaluatedItems"))
    )
    placed: list[_Places] = []
    for position in range(max(map(len, lists))):
        pairs = zip(lists, others, strict=True)
        found = [some[position] if position < len(some) else other for some, other in pairs]
        placed.append(tuple(place for place in found if place))
    arrays = _Arrays(
        placed=placed,
        others=tuple(other for other in others if other),
        unevaluated=unevaluated,
    )
    for place in demand.places:
        _read_bounds(arrays, place)
    return arrays


def _read_bounds(arrays: _Arrays, place: Place) -> None:
    keywords = place.keywords
    if isinstance(low := keywords.get("minItems"), int | float):
        arrays.low = max(arrays.low, int(low))
    if isinstance(high := keywords.get("maxItems"), int | float):
        arrays.high = int(high) if arrays.high is None else min(arrays.high, int(high))
    if keywords.get("uniqueItems") is True:
        arrays.distinct = arrays.distinct or place


def _place_contained(arrays: _Arrays, demand: Demand, compiler: Compiler) -> None:
    """What must be contained comes first; that is one of the orders that the schema allows."""
    positions = bool(arrays.placed)
    for place in demand.places:
        wanted = place.child("contains")
        low, high = _contained_bounds(place)
        if wanted is None or (low == 0 and high is None):
            continue
        if positions or low > _MAX_PLACED or (high is not None and high < low):
            compiler.gap(place, "contains")
            continue
        # What is contained counts as evaluated.
        arrays.placed.extend((*arrays.others, *arrays.barred, wanted) for _ in range(low))
        arrays.low = max(arrays.low, len(arrays.placed))
        if high is not None:
            _bar_further(arrays, place, wanted, compiler)


def _contained_bounds(place: Place) -> tuple[int, int | None]:
    low, high = place.keywords.get("minContains"), place.keywords.get("maxContains")
    return (
        int(low) if isinstance(low, int | float) else 1,
        int(high) if isinstance(high, int | float) else None,
    )


def _bar_further(arrays: _Arrays, place: Place, wanted: Place, compiler: Compiler) -> None:
    opposite = opposite_of(compiler.document, wanted)
    if opposite is None or any(wanted not in schemas for schemas in arrays.placed):
        compiler.gap(place, "maxContains")
    else:
        arrays.barred = (*arrays.barred, opposite)


def _note_unsaid(demand: Demand, compiler: Compiler) -> None:
    for place in demand.places:
        if "unevaluatedItems" in place.keywords and not _sees_all(place, demand):
            compiler.gap(place, "unevaluatedItems")
        if any(isinstance(value, list | tuple) for value in barred_values(place)):
            compiler.gap(place, "not")


def _sees_all(place: Place, demand: Demand) -> bool:
    return place.pointer in demand.outermost and not any(one.made for one in demand.places)


def _list(arrays: _Arrays, compiler: Compiler) -> Node:
    """Placed items one by one from the back, then the others."""
    placed = arrays.placed or [arrays.rest]
    low, high = arrays.low, arrays.high
    item = series(COMMA, compiler.value(arrays.rest))
    spare = None if high is None else max(0, high - len(placed))
    node = counted(item, max(0, low - len(placed)), spare, compiler.book)
    for position in reversed(range(len(placed))):
        if high is not None and position >= high:
            node = NEVER if low > high else EMPTY
            continue
        lead = COMMA if position else EMPTY
        node = series(lead, compiler.value(placed[position]), node)
        node = node if position < low else optional(compiler.book.share("items", node))
    return series(Text("["), node, Text("]"))


def _set(arrays: _Arrays, distinct: Place, compiler: Compiler) -> Node:
    """Listed values in the listed order, each at most once."""
    texts = None if arrays.placed else compiler.texts(arrays.rest)
    if texts is None or len(texts) > _MAX_DISTINCT:
        compiler.gap(distinct, "uniqueItems")
        return _list(arrays, compiler)
    return series(Text("["), _some_of(texts, arrays, compiler), Text("]"))


def _some_of(texts: Sequence[str], arrays: _Arrays, compiler: Compiler) -> Node:
    high = arrays.high
    if arrays.low > len(texts) or (high is not None and high < arrays.low):
        return NEVER
    room = None if high is None or high >= len(texts) else high
    ordered = Ordered(entries=[Text(text) for text in texts])
    return ordered.after(EMPTY, (arrays.low, room), compiler.book)
