"""What the compilers of single kinds ask of the one that compiles whole values."""

from collections.abc import Sequence
from typing import Protocol

from antechamber.dialects.grammar.automata import Automaton, Work
from antechamber.dialects.grammar.notation import Node
from antechamber.dialects.grammar.places import Document, Place
from antechamber.dialects.grammar.rules import RuleBook


class Compiler(Protocol):
    """Compiles schemas that must hold together, and keeps the account."""

    @property
    def book(self) -> RuleBook:
        """The rules of the grammar."""
        ...

    @property
    def work(self) -> Work:
        """What may still be spent on automata."""
        ...

    @property
    def document(self) -> Document:
        """The whole schema."""
        ...

    def value(self, places: Sequence[Place]) -> Node:
        """Values that satisfy all the places."""
        ...

    def texts(self, places: Sequence[Place]) -> Sequence[str] | None:
        """The only values that satisfy the places, as JSON; None where they are not listed."""
        ...

    def names(self, place: Place) -> Automaton | None:
        """The strings that satisfy the place; None where an automaton cannot say it."""
        ...

    def spelled(self, automaton: Automaton) -> Node:
        """The automaton's texts inside a JSON string, with the closing quote."""
        ...

    def gap(self, place: Place, keyword: str) -> None:
        """The grammar does not express this keyword."""
        ...
