"""A second reader of GBNF: parses a grammar's text, draws random texts from it, recognises texts.

Reads the notation as llama.cpp's parser does (literals, classes, groups, ``* + ? {m,n}``), and
refuses what that parser refuses: undefined rules, repetition of 2,000 and more, left recursion.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

REPETITION_LIMIT = 2_000


@dataclass(frozen=True)
class Chars:
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Rule:
    name: str


@dataclass(frozen=True)
class Row:
    parts: tuple["Part", ...]


@dataclass(frozen=True)
class Either:
    options: tuple["Part", ...]


@dataclass(frozen=True)
class Times:
    part: "Part"
    low: int
    high: int | None


Part = Chars | Rule | Row | Either | Times


@dataclass(frozen=True, eq=False)
class Cell:
    """What is still to be read: a part and what comes after it."""

    part: Part
    rest: "Cell | None"


FAR = 10**9
ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
HEX = {"x": 2, "u": 4, "U": 8}


class Gbnf:
    """A parsed grammar."""

    def __init__(self, text: str) -> None:
        self.rules: dict[str, Part] = {}
        self.start = Rule("root")
        self.cells: dict[tuple[int, int], Cell] = {}
        self.fewer: dict[int, Part] = {}
        for line in text.splitlines():
            name, body = line.split(" ::= ", 1)
            assert name not in self.rules, f"{name} is defined twice"
            assert all(character.isalnum() or character == "-" for character in name)
            self.rules[name] = _Parser(body).whole()
        for name, part in self.rules.items():
            for other in _mentioned(part):
                assert other in self.rules, f"{name} mentions {other}, which is not defined"
        self.sizes = self._sizes()
        assert all(size < FAR for size in self.sizes.values()), "a rule never ends"
        self._refuse_left_recursion()

    def sample(self, random: Random, room: int = 60) -> str:
        """A random text; once ``room`` parts have been written, the shortest way to the end."""
        written: list[str] = []
        stack: list[Part] = [self.start]
        while stack:
            part = stack.pop()
            match part:
                case Chars(ranges):
                    room -= 1
                    written.append(_character(ranges, random))
                case Rule(name):
                    stack.append(self.rules[name])
                case Row(parts):
                    stack.extend(reversed(parts))
                case Either(options):
                    stack.append(self._option(options, random, room))
                case Times(inner, low, high):
                    most = low + 3 if high is None else min(high, low + 3)
                    if room > 100 and high is not None and random.random() < 0.2:
                        most = high
                    count = random.randint(low, most) if room > 0 else low
                    stack.extend([inner] * count)
        return "".join(written)

    def accepts(self, text: str) -> bool:
        """Whether the whole text is in the language, by following every parse at once."""
        stacks = self._expanded([self._cell(self.start, None)])
        for character in text:
            code = ord(character)
            after = {
                stack.rest
                for stack in stacks
                if stack and any(low <= code <= high for low, high in _ranges(stack.part))
            }
            stacks = self._expanded(after)
        return None in stacks

    def _expanded(self, stacks: Iterable["Cell | None"]) -> set["Cell | None"]:
        """Stacks with a character on top, and the empty one."""
        found: set[Cell | None] = set()
        seen: set[Cell | None] = set()
        waiting = list(stacks)
        while waiting:
            stack = waiting.pop()
            if stack in seen:
                continue
            seen.add(stack)
            if stack is None or isinstance(stack.part, Chars):
                found.add(stack)
            else:
                waiting.extend(self._opened(stack.part, stack.rest))
        return found

    def _opened(self, part: Part, rest: "Cell | None") -> Iterator["Cell | None"]:
        """The stacks that stand for one whose top is no character."""
        match part:
            case Rule(name):
                yield self._cell(self.rules[name], rest)
            case Row(parts):
                for inner in reversed(parts):
                    rest = self._cell(inner, rest)
                yield rest
            case Either(options):
                for option in options:
                    yield self._cell(option, rest)
            case Times(inner, low, high):
                if low == 0:
                    yield rest
                if high is None or high > 0:
                    yield self._cell(inner, self._cell(self._less(part), rest))
            case Chars():
                yield self._cell(part, rest)

    def _less(self, part: Times) -> Part:
        """The repetition that is left after one turn."""
        if part.low == 0 and part.high is None:
            return part
        if id(part) not in self.fewer:
            high = None if part.high is None else part.high - 1
            self.fewer[id(part)] = Times(part.part, max(0, part.low - 1), high)
        return self.fewer[id(part)]

    def _cell(self, part: Part, rest: "Cell | None") -> "Cell":
        """Equal stacks are one object, so that they can be compared in no time."""
        key = (id(part), id(rest))
        if key not in self.cells:
            self.cells[key] = Cell(part, rest)
        return self.cells[key]

    def _option(self, options: tuple[Part, ...], random: Random, room: int) -> Part:
        if room > 0:
            return random.choice(options)
        return min(options, key=self._size)

    def _sizes(self) -> dict[str, int]:
        """The least number of characters of each rule."""
        self.sizes = dict.fromkeys(self.rules, FAR)
        while True:
            sizes = {name: self._size(part) for name, part in self.rules.items()}
            if sizes == self.sizes:
                return sizes
            self.sizes = sizes

    def _size(self, part: Part) -> int:
        match part:
            case Chars():
                return 1
            case Rule(name):
                return self.sizes[name]
            case Row(parts):
                return min(FAR, sum(map(self._size, parts)))
            case Either(options):
                return min(map(self._size, options))
            case Times(inner, low):
                return min(FAR, low * self._size(inner))

    def _refuse_left_recursion(self) -> None:
        begun: set[str] = set()
        finished: set[str] = set()

        def visit(name: str) -> None:
            assert name not in begun, f"{name} is left-recursive"
            if name not in finished:
                begun.add(name)
                for other in _first(self.rules[name], self):
                    visit(other)
                begun.discard(name)
                finished.add(name)

        for name in self.rules:
            visit(name)


def _first(part: Part, grammar: Gbnf) -> Iterator[str]:
    """Rules that may come before any character."""
    match part:
        case Rule(name):
            yield name
        case Row(parts):
            for inner in parts:
                yield from _first(inner, grammar)
                if grammar._size(inner):
                    return
        case Either(options):
            for option in options:
                yield from _first(option, grammar)
        case Times(inner):
            assert grammar._size(inner), "what is repeated can be empty"
            yield from _first(inner, grammar)
        case Chars():
            pass


def _mentioned(part: Part) -> Iterator[str]:
    match part:
        case Rule(name):
            yield name
        case Row(parts) | Either(parts):
            for inner in parts:
                yield from _mentioned(inner)
        case Times(inner):
            yield from _mentioned(inner)
        case Chars():
            pass


def _ranges(part: Part) -> tuple[tuple[int, int], ...]:
    return part.ranges if isinstance(part, Chars) else ()


def dice(seed: object) -> Random:
    """Random numbers that are the same in every run."""
    return Random(str(seed))  # noqa: S311  a test draws, it does not encrypt


def _character(ranges: tuple[tuple[int, int], ...], random: Random) -> str:
    """Now and then from anywhere, mostly from the first range; edges often."""
    low, high = ranges[0] if random.random() < 0.6 else random.choice(ranges)
    edge = random.random()
    if edge < 0.1:
        return chr(low)
    return chr(high if edge < 0.2 else random.randint(low, high))


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Part:
        part = self.alternates()
        assert self.at == len(self.text), f"unexpected {self.text[self.at :]!r}"
        return part

    def alternates(self) -> Part:
        options = [self.sequence()]
        while self.take("|"):
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Either(tuple(options))

    def sequence(self) -> Part:
        parts: list[Part] = []
        self.spaces()
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            parts.append(self.repeated(self.atom()))
            self.spaces()
        return parts[0] if len(parts) == 1 else Row(tuple(parts))

    def atom(self) -> Part:
        if self.take('"'):
            characters: list[Part] = []
            while not self.take('"'):
                code = self.character()
                characters.append(Chars(((code, code),)))
            return Row(tuple(characters))
        if self.take("["):
            return self.klass()
        if self.take("("):
            part = self.alternates()
            assert self.take(")")
            return part
        start = self.at
        while self.at < len(self.text) and (self.text[self.at].isalnum() or self.ahead("-")):
            self.at += 1
        assert self.at > start, f"unexpected {self.text[self.at :]!r}"
        return Rule(self.text[start : self.at])

    def klass(self) -> Part:
        assert not self.ahead("^"), "negated classes are not used"
        ranges: list[tuple[int, int]] = []
        while not self.take("]"):
            low = high = self.character()
            if self.ahead("-") and self.text[self.at + 1] != "]":
                self.at += 1
                high = self.character()
            assert low <= high
            ranges.append((low, high))
        assert ranges
        return Chars(tuple(ranges))

    def repeated(self, part: Part) -> Part:
        if self.take("*"):
            return Times(part, 0, None)
        if self.take("+"):
            return Times(part, 1, None)
        if self.take("?"):
            return Times(part, 0, 1)
        if not self.take("{"):
            return part
        low, comma, high = self.text[self.at : self.text.index("}", self.at)].partition(",")
        self.at = self.text.index("}", self.at) + 1
        bounds = (int(low), (int(high) if high else None) if comma else int(low))
        assert max(bounds[0], bounds[1] or 0) < REPETITION_LIMIT
        return Times(part, *bounds)

    def character(self) -> int:
        character = self.text[self.at]
        self.at += 1
        if character != "\\":
            return ord(character)
        letter = self.text[self.at]
        self.at += 1
        if letter in HEX:
            self.at += HEX[letter]
            return int(self.text[self.at - HEX[letter] : self.at], 16)
        assert letter in '\\"[]-nrt', f"unknown escape {letter}"
        return ord(ESCAPES.get(letter, letter))

    def ahead(self, character: str) -> bool:
        return self.text[self.at : self.at + 1] == character

    def take(self, character: str) -> bool:
        taken = self.ahead(character)
        self.at += taken
        return taken

    def spaces(self) -> None:
        while self.take(" "):
            pass
