"""Values of any kind: takes schemas that must hold together, gives the node of their values.

Every combination of schemas is compiled once. A combination that is met again while it is still
being compiled is recursive and gets a rule to refer to.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from antechamber.dialects.grammar.arrays import array_node
from antechamber.dialects.grammar.automata import (
    Automaton,
    TooManyStates,
    Work,
    combined,
    of_texts,
)
from antechamber.dialects.grammar.branches import demands
from antechamber.dialects.grammar.demands import Demand, Gap
from antechamber.dialects.grammar.judgement import Judge
from antechamber.dialects.grammar.limits import GrammarLimits, GrammarTooLarge
from antechamber.dialects.grammar.listing import Listing, listing
from antechamber.dialects.grammar.literals import json_text, values_node
from antechamber.dialects.grammar.negation import ANNOTATIONS, barred_values
from antechamber.dialects.grammar.notation import NEVER, Again, Node, Text, choice
from antechamber.dialects.grammar.numbers import number_node
from antechamber.dialects.grammar.objects import object_node
from antechamber.dialects.grammar.places import Document, Place
from antechamber.dialects.grammar.rules import RuleBook
from antechamber.dialects.grammar.spelling import spell
from antechamber.dialects.grammar.strings import string_language, string_node
from antechamber.dialects.grammar.vocabulary import (
    ARRAY,
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    OBJECT,
    STRING,
    VALUE,
    VOCABULARY,
)

_Key = tuple[str, ...]

_PLAIN: Final[Mapping[str, Node]] = {
    "string": STRING,
    "integer": INTEGER,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "null": NULL,
    "object": OBJECT,
    "array": ARRAY,
}
_SAYING_NO_MORE: Final = (ANNOTATIONS - {"format"}) | {"type"}


class Compilation:
    """One schema on its way to a grammar; implements ``context.Compiler``."""

    def __init__(self, document: Document, limits: GrammarLimits) -> None:
        self.book = RuleBook(limits, VOCABULARY)
        self.work = Work(limits.max_work)
        self.document = document
        self.gaps: dict[Gap, None] = {}
        self._limits = limits
        self._judge: Judge | None = None
        self._depth = 0
        self._compiled = 0
        self._finished: dict[_Key, tuple[Node, int]] = {}
        """Nodes, and how many schemas are nested in them."""
        self._heights = [0]
        """The same for each combination that is being compiled, as far as it is known."""
        self._begun: dict[_Key, str | None] = {}
        """Combinations that are being compiled, and the name of those that refer to themselves."""
        self._spelled: dict[Automaton, Node] = {}

    def text(self) -> str:
        """The grammar of the whole document."""
        root = self.value([self.document.root])
        return self.book.text(root, height=self._heights[0])

    def value(self, places: Sequence[Place]) -> Node:
        """Values that satisfy all the places."""
        if not places:
            return VALUE
        if len(places) == 1 and (node := _plain(places[0])):
            return node
        places = [self._landed(place) for place in places]
        key = tuple(place.pointer for place in places)
        if key in self._finished:
            node, height = self._finished[key]
            self._rise(height)
            return node
        if key in self._begun:
            name = self._begun[key] or self.book.reserve(_hint(places))
            self._begun[key] = name
            return Again(name)
        self._begun[key] = None
        node = self._nested(places)
        height = self._heights.pop() + 1
        self._rise(height)
        if name := self._begun.pop(key):
            node = self.book.define(name, node)
        node = self.book.share(_hint(places), node)
        self._finished[key] = (node, height)
        return node

    def texts(self, places: Sequence[Place]) -> Sequence[str] | None:
        """The only values that satisfy the places, as JSON; None where they are not listed."""
        if not places:
            return None
        found: dict[str, None] = {}
        for demand in self._demands(places):
            listed = self._listing(demand, places)
            if listed is None:
                return None
            found.update((text, None) for value in listed.values if (text := json_text(value)))
        return list(found)

    def names(self, place: Place) -> Automaton | None:
        """The strings that satisfy the place; None where an automaton cannot say it."""
        try:
            languages = [
                self._language(demand, place)
                for demand in self._demands([place])
                if "string" in demand.kinds
            ]
            # Whatever is not outside of all of them.
            if len(languages) == 1:
                return languages[0]
            return combined([], [combined([], languages, self.work)], self.work)
        except TooManyStates:
            return None

    def spelled(self, automaton: Automaton) -> Node:
        """The automaton's texts inside a JSON string, with the closing quote."""
        if automaton not in self._spelled:
            # Spelling costs more than finding a state; where too little is left it is the last.
            self.work.left -= 3 * len(automaton.edges)
            self._spelled[automaton] = spell(automaton, self.book, "text")
        return self._spelled[automaton]

    def gap(self, place: Place, keyword: str) -> None:
        """The grammar does not express this keyword."""
        self.gaps[Gap(pointer=place.shown, keyword=keyword)] = None

    def _landed(self, place: Place) -> Place:
        """What a bare reference points to: all references to a place are one combination."""
        seen: set[str] = set()
        while place.keywords.keys() - ANNOTATIONS == {"$ref"} and place.pointer not in seen:
            seen.add(place.pointer)
            reference = place.keywords["$ref"]
            target = self.document.target(place, reference) if isinstance(reference, str) else None
            if target is None:
                break
            place = target
        return place

    def _rise(self, height: int) -> None:
        """What is being compiled holds something that is this high."""
        if self._depth + height > self._limits.max_nesting:
            raise GrammarTooLarge(f"values are nested more than {self._limits.max_nesting} deep")
        self._heights[-1] = max(self._heights[-1], height)

    def _nested(self, places: Sequence[Place]) -> Node:
        if self._depth >= self._limits.max_depth:
            raise GrammarTooLarge(f"schemas are nested more than {self._limits.max_depth} deep")
        self._depth += 1
        self._heights.append(0)
        ways = self._demands(places)
        self._compiled += max(1, len(ways))
        if self._compiled > self._limits.max_values:
            raise GrammarTooLarge(f"more than {self._limits.max_values} values")
        node = choice(*(self._satisfying(demand, places) for demand in ways))
        self._depth -= 1
        return node

    def _demands(self, places: Sequence[Place]) -> list[Demand]:
        return demands(places, self.document, self._limits.max_branches)

    def _satisfying(self, demand: Demand, roots: Sequence[Place]) -> Node:
        listed = self._listing(demand, roots)
        if listed is not None:
            return values_node(listed.values)
        self.gaps.update(dict.fromkeys(demand.gaps))
        kinds = demand.kinds
        options = [
            object_node(demand, self) if "object" in kinds else NEVER,
            array_node(demand, self) if "array" in kinds else NEVER,
            string_node(demand, self) if "string" in kinds else NEVER,
            number_node(demand, self) if kinds & {"integer", "number"} else NEVER,
            self._unless_barred(demand, BOOLEAN) if "boolean" in kinds else NEVER,
            self._unless_barred(demand, NULL) if "null" in kinds else NEVER,
        ]
        return choice(*options)

    def _listing(self, demand: Demand, roots: Sequence[Place]) -> Listing | None:
        listed = listing(demand, roots, self._judged)
        if listed is not None and not listed.exact:
            self.gaps.update(dict.fromkeys(demand.gaps))
            for place in demand.places:
                for keyword in ("const", "enum"):
                    if keyword in place.keywords:
                        self.gap(place, keyword)
        return listed

    def _language(self, demand: Demand, root: Place) -> Automaton:
        listed = self._listing(demand, [root])
        if listed is not None:
            texts = (value for value in listed.values if isinstance(value, str))
            return of_texts(texts, self.work)
        self.gaps.update(dict.fromkeys(demand.gaps))
        return string_language(demand, self)

    def _judged(self) -> Judge:
        self._judge = self._judge or Judge(self.document)
        return self._judge

    def _unless_barred(self, demand: Demand, node: Node) -> Node:
        """Of the constants true, false and null, those that ``not`` leaves."""
        barred: set[Node] = set()
        for place in demand.places:
            barred.update(Text(json_text(value) or "") for value in barred_values(place))
        if not barred:
            return node
        constants = [Text("true"), Text("false")] if node == BOOLEAN else [node]
        return choice(*(constant for constant in constants if constant not in barred))


def _plain(place: Place) -> Node | None:
    """Most properties say no more than their type, and most of the time was spent on them."""
    keywords = place.keywords
    kind = keywords.get("type")
    known = _PLAIN.get(kind) if isinstance(kind, str) else None
    return known if known and keywords.keys() <= _SAYING_NO_MORE else None


def _hint(places: Sequence[Place]) -> str:
    """The start of a rule's name: the last word of the pointer, as far as GBNF can write it."""
    word = places[0].pointer.rpartition("/")[2][:24]
    return word if word.isascii() and word.isalnum() else "value"
