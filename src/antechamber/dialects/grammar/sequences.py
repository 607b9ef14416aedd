"""Lists in a fixed order out of which entries may be left: optional properties, sets of values.

One rule an entry: it and what follows it, or what follows it. Where a number of entries is asked
for, one rule an entry and number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from antechamber.dialects.grammar.notation import EMPTY, NEVER, Node, choice, optional, series
from antechamber.dialects.grammar.rules import RuleBook
from antechamber.dialects.grammar.vocabulary import COMMA

Bounds = tuple[int, int | None]
"""How many entries are still needed, and for how many there is still room (None: for all)."""


def no_more(bounds: Bounds) -> Node:
    """For ``Ordered.more``: nothing follows the last entry."""
    del bounds
    return NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Entries, and what may follow the last of them."""

    entries: Sequence[Node]
    opening: Node = EMPTY
    """What all entries begin with; written once before the choice among them."""
    more: Callable[[Bounds], Node] = no_more
    """Further entries, at least one, when that many are needed and there is that much room."""

    def after(self, lead: Node, bounds: Bounds, book: RuleBook) -> Node:
        """Entries with commas between them, ``lead`` before the first, or nothing at all."""
        return _led(series(lead, self.opening), self._table(bounds, book), bounds)

    def _table(self, bounds: Bounds, book: RuleBook) -> dict[Bounds, Node]:
        """For each number of entries needed, those that may still come, without the opening."""
        separator = series(COMMA, self.opening)
        states = _states(bounds) if self.entries else [bounds]
        table = {state: self.more(state) for state in states}
        for entry in reversed(self.entries):
            following = {state: _led(separator, table, state) for state in states}
            table = {
                state: book.share("next", choice(series(entry, following[_less(state)]), skipped))
                if state[1] != 0
                else NEVER
                for state, skipped in table.items()
            }
        return table


def _led(lead: Node, table: dict[Bounds, Node], state: Bounds) -> Node:
    needed, room = state
    some = series(lead, table[state]) if room != 0 else NEVER
    return some if needed else optional(some)


def _less(state: Bounds) -> Bounds:
    needed, room = state
    return max(0, needed - 1), None if room is None else max(0, room - 1)


def _states(bounds: Bounds) -> list[Bounds]:
    needed, room = bounds
    rooms = [None] if room is None else range(room + 1)
    return [(number, left) for number in range(needed + 1) for left in rooms]
