"""Rules that lead back to themselves, written out level by level until a last one.

A sampler that may nest for ever does: a small model opens one more list of children until its
tokens are used up, and a reader of what came of it may run out of stack. So every way back
(``Again``) leads to a copy of the rules that has one level less, and the last copy has no way back.
"""

from collections.abc import Iterable, Mapping

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
    references,
    repeat,
    series,
)

_MARK = "-deep-"
"""In no name that the rule book makes."""


def recursive(rules: Mapping[str, Node]) -> set[str]:
    """The names of all rules from which some way leads back."""
    sources: dict[str, list[str]] = {}
    waiting: list[str] = []
    for name, node in rules.items():
        if _goes_back(node):
            waiting.append(name)
        for other in references(node):
            sources.setdefault(other, []).append(name)
    found = set(waiting)
    while waiting:
        for source in sources.get(waiting.pop(), ()):
            if source not in found:
                found.add(source)
                waiting.append(source)
    return found


def unrolled(
    rules: Mapping[str, Node], root: str, copied: set[str], levels: int
) -> dict[str, Node]:
    """The rules that ``root`` needs, deepest copies first, with at most ``levels`` ways back taken.

    ``copied`` are those that ``recursive`` found. What would need one more level is ``NEVER``.
    """
    found: dict[tuple[int, str], Node] = {}
    waiting = [(0, root)]
    while waiting:
        level, name = waiting.pop()
        if (level, name) in found:
            continue
        found[level, name] = _at(rules[name], level, levels, copied)
        waiting.extend(
            (there if target in copied else 0, target)
            for there, target in _targets(rules[name], level)
            if there <= levels
        )
    order = {name: number for number, name in enumerate(rules)}
    # A rule mostly follows those that it mentions, as in the book.
    keys = sorted(found, key=lambda key: (-key[0], order[key[1]]))
    return {_name(name, level): found[level, name] for level, name in keys}


def _goes_back(node: Node) -> bool:
    match node:
        case Again():
            return True
        case Series(parts) | Choice(parts):
            return any(map(_goes_back, parts))
        case Repeat(part):
            return _goes_back(part)
        case Text() | Class() | Named():
            return False


def _targets(node: Node, level: int) -> Iterable[tuple[int, str]]:
    match node:
        case Named(name):
            yield level, name
        case Again(name):
            yield level + 1, name
        case Series(parts) | Choice(parts):
            for part in parts:
                yield from _targets(part, level)
        case Repeat(part):
            yield from _targets(part, level)
        case Text() | Class():
            pass


def _at(node: Node, level: int, levels: int, copied: set[str]) -> Node:
    match node:
        case Named(name):
            return Named(_name(name, level)) if name in copied else node
        case Again(name):
            return Named(_name(name, level + 1)) if level < levels else NEVER
        case Series(parts):
            return series(*(_at(part, level, levels, copied) for part in parts))
        case Choice(options):
            return choice(*(_at(option, level, levels, copied) for option in options))
        case Repeat(part, low, high):
            return repeat(_at(part, level, levels, copied), low, high)
        case Text() | Class():
            return node


def _name(name: str, level: int) -> str:
    return f"{name}{_MARK}{level}" if level else name
