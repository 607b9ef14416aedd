"""The rules of one grammar: each thing named once, what can never match taken out, text at last."""

from collections.abc import Iterable, Mapping

from antechamber.dialects.grammar.limits import GrammarLimits, GrammarTooLarge, SchemaUnsatisfiable
from antechamber.dialects.grammar.notation import (
    NEVER,
    Again,
    Choice,
    Class,
    Named,
    Node,
    Repeat,
    Series,
    Text,
    choice,
    is_never,
    references,
    render,
    repeat,
    series,
)
from antechamber.dialects.grammar.unrolling import recursive, unrolled

_ROOT = "root"


class RuleBook:
    """Rules under construction. Names are counted up, so equal input gives equal text."""

    def __init__(self, limits: GrammarLimits, vocabulary: Mapping[str, Node]) -> None:
        self._limits = limits
        self._rules = dict(vocabulary)
        self._names = {node: Named(name) for name, node in vocabulary.items()}
        self._count = 0

    def reserve(self, hint: str) -> str:
        """A fresh name, to be defined later; GBNF takes ASCII letters, digits and hyphens."""
        return self._fresh(hint)

    def define(self, name: str, node: Node) -> Named:
        """Say what a reserved or fixed name means."""
        self._rules[name] = node
        return Named(name)

    def share(self, hint: str, node: Node) -> Node:
        """A short stand-in for the node, the same one for equal nodes."""
        if isinstance(node, Named | Text) or is_never(node):
            return node
        named = self._names.get(node)
        if named is None:
            named = self._names[node] = self.define(self._fresh(hint), node)
        return named

    def text(self, root: Node, *, height: int = 1) -> str:
        """The whole grammar with ``root`` first; it nests ``height`` deep where nothing recurs.

        Raises ``SchemaUnsatisfiable`` when nothing at all can match, ``GrammarTooLarge`` when the
        text passes its limit or cannot end within the limit of recursion.
        """
        rules = _without_dead_ends(_needed({**self._rules, _ROOT: root}))
        if is_never(rules[_ROOT]):
            raise SchemaUnsatisfiable("no value is valid against the schema")
        if copied := recursive(rules):
            rules = unrolled(rules, _ROOT, copied, self._levels(rules, copied, height))
            rules = _without_dead_ends(rules)
            if is_never(rules[_ROOT]):
                raise GrammarTooLarge("no value ends within the limit of recursion")
        text = "".join(f"{name} ::= {render(rules[name])}\n" for name in _reachable(rules))
        if len(text) > self._limits.max_text_bytes:
            raise GrammarTooLarge(f"more than {self._limits.max_text_bytes} bytes of grammar")
        return text

    def _levels(self, rules: dict[str, Node], copied: set[str], height: int) -> int:
        limits = self._limits
        size = sum(len(render(rules[name])) for name in copied)
        # Between two ways back a text nests no deeper than where nothing recurs.
        nested = max(0, limits.max_nesting // (height + 1) - 1)
        return min(limits.max_recursion, max(1, limits.max_unrolled_bytes // size), nested)

    def _fresh(self, hint: str) -> str:
        self._count += 1
        if self._count > self._limits.max_rules:
            raise GrammarTooLarge(f"more than {self._limits.max_rules} rules")
        return f"{hint}-{self._count}"


def _needed(rules: dict[str, Node]) -> dict[str, Node]:
    """Those that can be reached, in the order in which they were made."""
    reachable = set(_reachable(rules))
    return {name: node for name, node in rules.items() if name in reachable}


def _reachable(rules: dict[str, Node]) -> Iterable[str]:
    seen = {_ROOT: None}
    stack = [_ROOT]
    while stack:
        name = stack.pop()
        yield name
        for other in references(rules[name]):
            if other not in seen:
                seen[other] = None
                stack.append(other)


def _without_dead_ends(rules: dict[str, Node]) -> dict[str, Node]:
    """Take out what can never end, such as an object that must hold itself."""
    ending = _ending(rules)
    if len(ending) == len(rules):
        return rules
    return {name: _only(node, ending) for name, node in rules.items()}


def _ending(rules: dict[str, Node]) -> set[str]:
    """The rules that match at least one finite text."""
    ending: set[str] = set()
    waiting = list(rules.items())
    while True:
        # Rules mostly follow those that they mention, so one round settles nearly all of them.
        before = len(waiting)
        waiting = [(name, node) for name, node in waiting if not _settle(name, node, ending)]
        if len(waiting) == before:
            return ending


def _settle(name: str, node: Node, ending: set[str]) -> bool:
    ends = _ends(node, ending)
    if ends:
        ending.add(name)
    return ends


def _ends(node: Node, ending: set[str]) -> bool:
    match node:
        case Named(name) | Again(name):
            return name in ending
        case Series(parts):
            return all(_ends(part, ending) for part in parts)
        case Choice(options):
            return any(_ends(option, ending) for option in options)
        case Repeat(part, low):
            return low == 0 or _ends(part, ending)
        case Text() | Class():
            return True


def _only(node: Node, ending: set[str]) -> Node:
    match node:
        case Named(name) | Again(name):
            return node if name in ending else NEVER
        case Series(parts):
            return series(*(_only(part, ending) for part in parts))
        case Choice(options):
            return choice(*(_only(option, ending) for option in options))
        case Repeat(part, low, high):
            return repeat(_only(part, ending), low, high)
        case Text() | Class():
            return node
