"""Whether a value could satisfy two schemas at once: the question of ``oneOf``.

Looks at kinds, at constant values, and at the properties that tell objects apart. The answer "no"
is certain, the answer "perhaps" is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from antechamber.dialects.grammar.kinds import ALL_KINDS, Kinds, kinds_of
from antechamber.dialects.grammar.literals import identity
from antechamber.dialects.grammar.places import Document, Place, as_list, as_strings

_MAX_DEPTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outline:
    """What all values of a schema have in common."""

    possible: bool
    kinds: Kinds
    values: frozenset[object] | None
    required: frozenset[str]
    properties: Mapping[str, Place]
    names: frozenset[str] | None
    """The only names that an object may have; None when there may be others."""


class Overlap:
    """Answers for many pairs of the schemas of one document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._outlines: dict[str, _Outline] = {}

    def possible(self, one: Place, other: Place, kinds: Kinds = ALL_KINDS) -> bool:
        """Whether some value of these kinds could satisfy both."""
        return self._possible(one, other, kinds, _MAX_DEPTH)

    def _possible(self, one: Place, other: Place, kinds: Kinds, depth: int) -> bool:
        first, second = self._outline(one), self._outline(other)
        if not first.possible or not second.possible:
            return False
        if first.values is not None and second.values is not None:
            return bool(first.values & second.values)
        shared = first.kinds & second.kinds & kinds
        if shared - {"object"} or not shared:
            return bool(shared)
        if _missing(first, second) or _missing(second, first):
            return False
        common = first.properties.keys() & second.properties.keys()
        return not depth or all(
            self._possible(first.properties[name], second.properties[name], ALL_KINDS, depth - 1)
            for name in common & (first.required | second.required)
        )

    def _outline(self, place: Place) -> _Outline:
        if place.pointer not in self._outlines:
            self._outlines[place.pointer] = _outline(place, self._document)
        return self._outlines[place.pointer]


def _missing(one: _Outline, other: _Outline) -> bool:
    """Whether one requires a name that the other has no room for."""
    return other.names is not None and bool(one.required - other.names)


def _outline(place: Place, document: Document) -> _Outline:
    kinds, required = ALL_KINDS, frozenset[str]()
    possible = True
    values: frozenset[object] | None = None
    names: frozenset[str] | None = None
    properties: dict[str, Place] = {}
    for part in _conjuncts(place, document):
        possible = possible and part.schema is not False
        keywords = part.keywords
        kinds &= kinds_of(keywords)
        required |= frozenset(as_strings(keywords.get("required")))
        own = part.named_children("properties")
        properties.update((name, child) for name, child in own.items() if name not in properties)
        if keywords.get("additionalProperties") is False and "patternProperties" not in keywords:
            names = frozenset(own) if names is None else names & frozenset(own)
        listed = _listed(keywords)
        if listed is not None:
            values = listed if values is None else values & listed
    return _Outline(
        possible=possible,
        kinds=kinds,
        values=values,
        required=required,
        properties=properties,
        names=names,
    )


def _listed(keywords: Mapping[str, object]) -> frozenset[object] | None:
    if "const" in keywords:
        return frozenset([identity(keywords["const"])])
    if "enum" in keywords:
        return frozenset(identity(value) for value in as_list(keywords["enum"]))
    return None


def _conjuncts(place: Place, document: Document) -> Iterator[Place]:
    """The schema and those that must hold with it: references and ``allOf``."""
    seen: set[str] = set()
    waiting = [place]
    while waiting:
        part = waiting.pop()
        if part.pointer in seen:
            continue
        seen.add(part.pointer)
        yield part
        waiting.extend(part.children("allOf"))
        reference = part.keywords.get("$ref")
        target = document.target(part, reference) if isinstance(reference, str) else None
        waiting.extend([target] if target else [])
