"""Objects: declared properties in their order, further keys by pattern, how many there are.

Required properties come first, then the optional ones, each in schema order. Keys beside declared
properties are written only where the schema describes their values, or declares none: narrower
than the schema, and what a person who declares properties means.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.dialects.grammar.automata import TooManyStates
from antechamber.dialects.grammar.context import Compiler
from antechamber.dialects.grammar.demands import Demand
from antechamber.dialects.grammar.literals import json_text
from antechamber.dialects.grammar.negation import barred_values
from antechamber.dialects.grammar.notation import (
    EMPTY,
    NEVER,
    Node,
    Repeat,
    Text,
    choice,
    is_never,
    series,
)
from antechamber.dialects.grammar.places import Place, as_mapping
from antechamber.dialects.grammar.properties import Family, Properties
from antechamber.dialects.grammar.repetition import counted
from antechamber.dialects.grammar.sequences import Bounds, Ordered
from antechamber.dialects.grammar.spelling import QUOTE
from antechamber.dialects.grammar.vocabulary import CHARACTER, COLON, COMMA, OBJECT

KEYWORDS: Final = frozenset(
    {
        "properties",
        "patternProperties",
        "additionalProperties",
        "unevaluatedProperties",
        "propertyNames",
        "required",
        "minProperties",
        "maxProperties",
        "not",
    }
)

_ANY_NAME: Final = series(Repeat(CHARACTER, 0, None), QUOTE)
_MOST_RULES: Final = 4_000
"""Counted properties take a rule for each optional one and each number that there is room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Members:
    """Keys with their values, each without the quote that opens the key."""

    required: Sequence[Node]
    optional: Sequence[Node]
    other: Node
    """One member under a name that is not declared."""


def object_node(demand: Demand, compiler: Compiler) -> Node:
    """The objects of a demand."""
    if not any(keyword in place.keywords for place in demand.places for keyword in KEYWORDS):
        return OBJECT
    _note_unsaid(demand, compiler)
    low, high = _counts(demand)
    members = _members(demand, low, compiler)
    needed = max(0, low - len(members.required))
    room = None if high is None else high - len(members.required)
    if room is not None and room < needed:
        return NEVER
    if needed > len(members.optional) + 1 and not is_never(members.other):
        _gap_everywhere(demand, "minProperties", compiler)
    return _object(members, (needed, room), compiler)


def _counts(demand: Demand) -> tuple[int, int | None]:
    low, high = 0, None
    for place in demand.places:
        least, most = (place.keywords.get(key) for key in ("minProperties", "maxProperties"))
        if isinstance(least, int | float):
            low = max(low, int(least))
        if isinstance(most, int | float):
            high = int(most) if high is None else min(high, int(most))
    return low, high


def _members(demand: Demand, low: int, compiler: Compiler) -> _Members:
    properties = Properties(demand, compiler)
    required: list[Node] = []
    optional: list[Node] = []
    for name in properties.names:
        member = _member(name, properties.schemas(name), compiler)
        if name in properties.required:
            required.append(member)
        elif not is_never(member):
            optional.append(member)
    every = compiler.document.cautious or low > len(required) + len(optional)
    try:
        families = properties.families(every=every)
    except TooManyStates:
        families = []
        _gap_everywhere(demand, "patternProperties", compiler)
        _gap_everywhere(demand, "propertyNames", compiler)
    other = choice(*(_any_member(family, compiler) for family in families))
    return _Members(required=required, optional=optional, other=compiler.book.share("other", other))


def _member(name: str, schemas: tuple[Place, ...] | None, compiler: Compiler) -> Node:
    key = json_text(name)
    if schemas is None or key is None:
        return NEVER
    return series(Text(key[1:]), COLON, compiler.value(schemas))


def _any_member(family: Family, compiler: Compiler) -> Node:
    key = _ANY_NAME if family.names is None else compiler.spelled(family.names)
    return NEVER if is_never(key) else series(key, COLON, compiler.value(family.schemas))


def _object(members: _Members, bounds: Bounds, compiler: Compiler) -> Node:
    """The required members, then a choice of the others."""

    def more(left: Bounds) -> Node:
        low, high = left
        further = series(COMMA, QUOTE, members.other)
        spare = None if high is None else high - 1
        # A key that is not declared may come twice, and then counts once: where one such key can
        # be enough, no more are counted on.
        doubtful = low > 1 and bounds[0] <= len(members.optional) + 1
        if doubtful or (spare is not None and spare < 0):
            return NEVER
        return series(members.other, counted(further, max(0, low - 1), spare, compiler.book))

    needed, room = bounds
    if room is not None and is_never(members.other) and room >= len(members.optional):
        room = None
    if room is not None and members.optional:
        room = min(room, max(needed, _MOST_RULES // len(members.optional) // (needed + 1)))
    ordered = Ordered(entries=members.optional, opening=QUOTE, more=more)
    required = [
        series(COMMA if index else EMPTY, QUOTE, member)
        for index, member in enumerate(members.required)
    ]
    lead = COMMA if required else EMPTY
    rest = ordered.after(lead, (needed, room), compiler.book)
    return series(Text("{"), *required, rest, Text("}"))


def _note_unsaid(demand: Demand, compiler: Compiler) -> None:
    all_written = not any(place.made for place in demand.places)
    for place in demand.places:
        keywords = place.keywords
        seeing = place.pointer in demand.outermost and all_written
        if "unevaluatedProperties" in keywords and not seeing:
            compiler.gap(place, "unevaluatedProperties")
        if any(as_mapping(value) is not None for value in barred_values(place)):
            compiler.gap(place, "not")


def _gap_everywhere(demand: Demand, keyword: str, compiler: Compiler) -> None:
    for place in demand.places:
        if keyword in place.keywords:
            compiler.gap(place, keyword)
