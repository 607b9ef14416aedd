"""Regular expressions of ECMA-262 read into a tree.

The dialect is the one that JSON Schema 2020-12 recommends for interoperability plus groups, lazy
quantifiers and escapes, with Unicode on and no flags. What needs more than a regular language
(back-references, look-around, word boundaries) raises ``PatternUnsupported``.
"""

from dataclasses import dataclass
from string import hexdigits
from typing import Final

from antechamber.dialects.grammar.charsets import (
    EVERY,
    CharSet,
    characters,
    charset,
    complement,
    intersection,
    union,
)


class PatternUnsupported(Exception):
    """The pattern is no regular language, is too large, or is written in a way not known here."""


@dataclass(frozen=True, slots=True)
class Characters:
    """One character out of a set."""

    members: CharSet


@dataclass(frozen=True, slots=True)
class Edge:
    """The start of the text, or its end."""

    start: bool


@dataclass(frozen=True, slots=True)
class Concatenation:
    """One after the other; nothing when there are none."""

    parts: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class Alternation:
    """Any one of them."""

    options: tuple["Pattern", ...]


@dataclass(frozen=True, slots=True)
class Quantified:
    """``low`` to ``high`` times."""

    part: "Pattern"
    low: int
    high: int | None


Pattern = Characters | Edge | Concatenation | Alternation | Quantified

_MAX_NESTING = 50

_DIGIT = charset([(0x30, 0x39)])
_WORD = charset([(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)])
_LINE_ENDS = characters("\n\r\u2028\u2029")
_SPACE = union(
    _LINE_ENDS,
    characters("\t\v\f \u00a0\u1680\u202f\u205f\u3000\ufeff"),
    charset([(0x2000, 0x200A)]),
)
_CLASSES: Final = {
    "d": _DIGIT,
    "D": complement(_DIGIT),
    "w": _WORD,
    "W": complement(_WORD),
    "s": _SPACE,
    "S": complement(_SPACE),
}
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_HEX_DIGITS: Final = {"x": 2, "u": 4}
_SYNTAX = frozenset("^$\\.*+?()[]{}|/-")


def parse_pattern(text: str) -> Pattern:
    """Read a whole pattern."""
    reader = _Reader(text)
    pattern = reader.alternation(depth=0)
    if not reader.done:
        raise PatternUnsupported(f"unbalanced ) at {reader.at}")
    return pattern


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self._text)

    def alternation(self, *, depth: int) -> Pattern:
        if depth > _MAX_NESTING:
            raise PatternUnsupported("groups are nested too deeply")
        options = [self._concatenation(depth)]
        while self._take("|"):
            options.append(self._concatenation(depth))
        return options[0] if len(options) == 1 else Alternation(tuple(options))

    def _concatenation(self, depth: int) -> Pattern:
        parts: list[Pattern] = []
        while not self.done and self._text[self.at] not in "|)":
            parts.append(self._quantified(self._atom(depth)))
        return parts[0] if len(parts) == 1 else Concatenation(tuple(parts))

    def _atom(self, depth: int) -> Pattern:
        character = self._next()
        match character:
            case "^" | "$":
                return Edge(character == "^")
            case ".":
                return Characters(complement(_LINE_ENDS))
            case "(":
                return self._group(depth)
            case "[":
                return Characters(self._class())
            case "\\":
                return Characters(self._escape())
            case "*" | "+" | "?" | "{" | "}" | "]":
                raise PatternUnsupported(f"stray {character} at {self.at - 1}")
            case _:
                return Characters(characters(character))

    def _group(self, depth: int) -> Pattern:
        if self._take("?") and not self._take(":"):
            # (?<name>…) is a group, (?<=…) and (?<!…) look behind.
            named = self._take("<") and not self._ahead("=") and not self._ahead("!")
            if not named:
                raise PatternUnsupported("look-around and flags are not regular")
            self._until(">")
        inner = self.alternation(depth=depth + 1)
        if not self._take(")"):
            raise PatternUnsupported("a group is not closed")
        # Of the two only a group may be repeated.
        return Concatenation((inner,)) if isinstance(inner, Edge) else inner

    def _quantified(self, part: Pattern) -> Pattern:
        if self._take("*"):
            bounds: tuple[int, int | None] = (0, None)
        elif self._take("+"):
            bounds = (1, None)
        elif self._take("?"):
            bounds = (0, 1)
        elif self._take("{"):
            bounds = self._bounds()
        else:
            return part
        self._take("?")  # a lazy quantifier matches the same texts
        if isinstance(part, Edge):
            raise PatternUnsupported("an assertion is quantified")
        return Quantified(part, *bounds)

    def _bounds(self) -> tuple[int, int | None]:
        low, comma, high = self._until("}").partition(",")
        if not low.isdecimal() or not (high == "" or high.isdecimal()) or len(low + high) > 8:
            raise PatternUnsupported("{ begins no quantifier")
        if not comma:
            return int(low), int(low)
        return int(low), int(high) if high else None

    def _class(self) -> CharSet:
        negated = self._take("^")
        members: list[CharSet] = []
        while not self._take("]"):
            first = self._class_atom()
            if not self._ahead("-") or self._text[self.at + 1 : self.at + 2] == "]":
                members.append(first)
                continue
            self.at += 1
            members.append(_between(first, self._class_atom()))
        found = union(*members)
        return complement(found) if negated else intersection(found, EVERY)

    def _class_atom(self) -> CharSet:
        character = self._next()
        if character != "\\":
            return characters(character)
        return characters("\b") if self._take("b") else self._escape()

    def _escape(self) -> CharSet:
        letter = self._next()
        if letter in _CLASSES:
            return _CLASSES[letter]
        if letter == "0" and not self.done and self._text[self.at].isdecimal():
            raise PatternUnsupported("octal escapes are not known")
        if letter in _CONTROLS:
            return characters(_CONTROLS[letter])
        if letter in _HEX_DIGITS:
            return self._code(letter)
        if letter == "c" and not self.done and self._text[self.at].isalpha():
            return characters(chr(ord(self._next()) % 32))
        if letter in _SYNTAX or not letter.isalnum():
            return characters(letter)
        raise PatternUnsupported(f"\\{letter} is not known")

    def _code(self, letter: str) -> CharSet:
        if letter == "u" and self._take("{"):
            digits = self._until("}")
        else:
            digits = self._text[self.at : self.at + _HEX_DIGITS[letter]].ljust(_HEX_DIGITS[letter])
            self.at += len(digits)
        if not digits or not set(digits) <= set(hexdigits):
            raise PatternUnsupported(f"\\{letter} without its digits")
        code = int(digits, 16)
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise PatternUnsupported("an escape is no character")
        return ((code, code),)

    def _next(self) -> str:
        if self.done:
            raise PatternUnsupported("the pattern ends too early")
        self.at += 1
        return self._text[self.at - 1]

    def _ahead(self, character: str) -> bool:
        return self._text[self.at : self.at + 1] == character

    def _take(self, character: str) -> bool:
        taken = self._ahead(character)
        self.at += taken
        return taken

    def _until(self, character: str) -> str:
        end = self._text.find(character, self.at)
        if end < 0:
            raise PatternUnsupported(f"{character} is missing")
        text = self._text[self.at : end]
        self.at = end + 1
        return text


def _between(first: CharSet, last: CharSet) -> CharSet:
    if len(first) == len(last) == 1:
        (low, same_low), (high, same_high) = first[0], last[0]
        if low == same_low <= high == same_high:
            return ((low, high),)
    raise PatternUnsupported("a range in a class is not one")
