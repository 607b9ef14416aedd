"""Which schemas a property must satisfy, by its name: declared, matching a pattern, or neither."""

from collections.abc import Sequence
from dataclasses import dataclass

from antechamber.dialects.grammar.automata import Automaton, combined, of_texts
from antechamber.dialects.grammar.context import Compiler
from antechamber.dialects.grammar.demands import Demand
from antechamber.dialects.grammar.pattern_automata import pattern_automaton
from antechamber.dialects.grammar.patterns import PatternUnsupported
from antechamber.dialects.grammar.places import Place, as_strings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """The properties keywords of one schema."""

    declared: dict[str, Place]
    patterns: dict[str, Place]
    additional: Place | None

    def schemas(self, name: str | None, matching: Sequence[str]) -> list[Place]:
        """What it says of a property whose name matches these patterns; None: not declared."""
        found = [self.declared[name]] if name is not None and name in self.declared else []
        found.extend(self.patterns[pattern] for pattern in matching if pattern in self.patterns)
        if not found and self.additional:
            found.append(self.additional)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Names that are not declared, and what a value under any of them must satisfy."""

    names: Automaton | None
    """None for every name."""
    schemas: tuple[Place, ...]


class Properties:
    """The properties of a demand's objects."""

    def __init__(self, demand: Demand, compiler: Compiler) -> None:
        self._work = compiler.work
        self._automata: dict[str, Automaton] = {}
        self._sources = [self._source(place, compiler) for place in demand.places]
        self._unevaluated = tuple(
            child
            for place in demand.places
            if place.pointer in demand.outermost and (child := place.child("unevaluatedProperties"))
        )
        self._allowed: list[Automaton] = []
        for place in demand.places:
            self._allow_names(place, compiler)
        names = [name for place in demand.places for name in _required(place)]
        declared = dict.fromkeys(name for source in self._sources for name in source.declared)
        self.names = tuple(declared | dict.fromkeys(names))
        """Every name that some schema mentions, in order of declaration, then of requirement."""
        self.required = frozenset(names)

    def schemas(self, name: str) -> tuple[Place, ...] | None:
        """What the value under this name must satisfy; None when the name itself is refused."""
        if not all(automaton.accepts(name) for automaton in self._allowed):
            return None
        matching = [text for text, automaton in self._automata.items() if automaton.accepts(name)]
        return self._all_say(name, matching) or self._unevaluated

    def families(self, *, every: bool) -> list[Family]:
        """Undeclared names by what holds for them: one pattern alone, or none.

        Names that match two patterns are left out. So are names that the schema says nothing
        about, when it declares others, unless ``every`` asks for them. Raises ``TooManyStates``.
        """
        others = every or self._describes_others or not self._declares
        if not others and not self._automata:
            return []
        known = [of_texts(self.names, self._work)] if self.names else []
        families: list[Family] = []
        for text, automaton in self._automata.items():
            rivals = [other for key, other in self._automata.items() if key != text]
            names = combined([automaton, *self._allowed], [*rivals, *known], self._work)
            families.append(Family(names=names, schemas=self._all_say(None, [text])))
        if others:
            unwanted = [*self._automata.values(), *known]
            names = (
                combined(self._allowed, unwanted, self._work) if self._allowed or unwanted else None
            )
            schemas = self._all_say(None, []) or self._unevaluated
            families.append(Family(names=names, schemas=schemas))
        return families

    @property
    def _declares(self) -> bool:
        return any(
            place.schema is not False
            for source in self._sources
            for place in (*source.declared.values(), *source.patterns.values())
        )

    @property
    def _describes_others(self) -> bool:
        others = [source.additional for source in self._sources if source.additional]
        return any(place.keywords for place in (*others, *self._unevaluated))

    def _all_say(self, name: str | None, matching: Sequence[str]) -> tuple[Place, ...]:
        return tuple(place for one in self._sources for place in one.schemas(name, matching))

    def _source(self, place: Place, compiler: Compiler) -> _Source:
        patterns = place.named_children("patternProperties")
        additional = place.child("additionalProperties")
        for text in list(patterns):
            try:
                self._automata[text] = pattern_automaton(text, compiler.work)
            except PatternUnsupported:
                compiler.gap(place, "patternProperties")
                del patterns[text]
                # Which names are the others is not known either.
                additional = None
        return _Source(
            declared=place.named_children("properties"), patterns=patterns, additional=additional
        )

    def _allow_names(self, place: Place, compiler: Compiler) -> None:
        child = place.child("propertyNames")
        if child is None:
            return
        automaton = compiler.names(child)
        if automaton is None:
            compiler.gap(place, "propertyNames")
        else:
            self._allowed.append(automaton)


def _required(place: Place) -> list[str]:
    return as_strings(place.keywords.get("required"))
