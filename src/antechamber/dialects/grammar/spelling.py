"""How characters, strings and automata over them are written inside a JSON string.

Escapes are the short ones alone: a sampler that may write ``\\uD83D`` would have to be kept from
writing half of a pair, and every other character can stand for itself.
"""

from typing import Final

from antechamber.dialects.grammar.automata import Automaton
from antechamber.dialects.grammar.charsets import (
    EVERY,
    CharSet,
    characters,
    complement,
    contains,
    intersection,
    union,
)
from antechamber.dialects.grammar.notation import (
    NEVER,
    Class,
    Named,
    Node,
    Text,
    choice,
    series,
)
from antechamber.dialects.grammar.rules import RuleBook

QUOTE: Final = Text('"')

_SHORT_ESCAPES: Final = {
    '"': '"',
    "\\": "\\",
    "\b": "b",
    "\f": "f",
    "\n": "n",
    "\r": "r",
    "\t": "t",
}
_RAW: Final = intersection(complement(union(((0, 0x1F),), characters('"\\'))), EVERY)
# Matched by one regular-expression engine's \s or . and not by another's; never needed.
_DISPUTED: Final = characters("\r\x85\u2028\u2029\ufeff")
_PATTERN_RAW: Final = intersection(_RAW, complement(_DISPUTED))
_PATTERN_ESCAPED: Final = intersection(characters("".join(_SHORT_ESCAPES)), complement(_DISPUTED))

ANY_CHARACTER: Final = choice(
    Class(_RAW),
    series(Text("\\"), Class(characters('"\\/bfnrt'))),
)
"""One character of a string about which the schema says nothing."""


def _character(one: CharSet) -> Node:
    """One character of the set as it stands in a JSON string."""
    raw = intersection(one, _PATTERN_RAW)
    letters = "".join(
        letter
        for character, letter in _SHORT_ESCAPES.items()
        if contains(_PATTERN_ESCAPED, ord(character)) and contains(one, ord(character))
    )
    escaped = series(Text("\\"), _class(characters(letters)))
    return choice(_class(raw), escaped)


def _class(one: CharSet) -> Node:
    match one:
        case ():
            return NEVER
        case ((low, high),) if low == high:
            return Text(chr(low))
        case _:
            return Class(one)


def spell(automaton: Automaton, book: RuleBook, hint: str) -> Node:
    """The automaton's texts inside a JSON string, closing quote included, opening quote not."""
    if automaton.empty:
        return NEVER
    return _Speller(automaton, book, hint).state(0)


class _Speller:
    """One rule a state, save for states in a row, which are written out."""

    def __init__(self, automaton: Automaton, book: RuleBook, hint: str) -> None:
        self._automaton = automaton
        self._book = book
        self._hint = hint
        self._characters: dict[CharSet, Node] = {}
        self._incoming = [0] * len(automaton.edges)
        for ways in automaton.edges:
            for _, target in ways:
                self._incoming[target] += 1
        self._names = {
            state: book.reserve(hint)
            for state in range(len(automaton.edges))
            if state == 0 or not self._in_row(state)
        }
        for state, name in self._names.items():
            book.define(name, self._options(state))

    def state(self, number: int) -> Node:
        """What follows from this state on."""
        parts: list[Node] = []
        while number not in self._names:
            ways = self._automaton.edges[number]
            if not ways:
                return series(*parts, QUOTE)
            ((one, number),) = ways
            parts.append(self._one(one))
        return series(*parts, Named(self._names[number]))

    def _in_row(self, state: int) -> bool:
        ways, ends = self._automaton.edges[state], state in self._automaton.accepting
        # Two ways into a state that only ends are cheaper written twice than named.
        return (not ways and ends) or (self._incoming[state] == 1 and len(ways) == 1 and not ends)

    def _options(self, state: int) -> Node:
        options = [
            series(self._one(one), self.state(target))
            for one, target in self._automaton.edges[state]
        ]
        ends = [QUOTE] if state in self._automaton.accepting else []
        return choice(*options, *ends)

    def _one(self, one: CharSet) -> Node:
        node = self._characters.get(one)
        if node is None:
            node = _character(one)
            if not isinstance(node, Class) or len(node.ranges) > 4:
                node = self._book.share("c", node)
            self._characters[one] = node
        return node
