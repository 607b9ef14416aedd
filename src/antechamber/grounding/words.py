"""A sentence as words: which of them name, count, say or only join, in any script.

Scripts without spaces are read as overlapping pairs of characters.
"""

import re
from collections.abc import Iterator
from enum import Enum
from itertools import chain
from typing import NamedTuple
from unicodedata import normalize

from antechamber.grounding.lexicon import (
    AGENTS,
    AUXILIARIES,
    CONJUNCTIONS,
    FUNCTION,
    NEGATIONS,
    NUMBER_WORDS,
    SYMBOLS,
)

_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai and Lao, Burmese, Khmer
    r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"  # kana, Han, Hangul
)
# Vowel signs of Hebrew, Arabic and Indic scripts, accents of any: Python counts them as no letters.
_MARKS = r"\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
_LETTERS = rf"(?:(?![{_UNSPACED}])[\w{_MARKS}])+"
_MINUS = r"[-\u2212\u2013]"
_APOSTROPHE = r"['\u2019]"
_GROUPING = r"[.,'\u2019\u00a0\u202f]"
# The hyphens of a word that was parted at the end of a line, in the ways that PDFs have them.
_PARTED = r"(?:[-\u2010\u00ad\ufffe\x02][ \t]*\r?\n[ \t]*|\u00ad)"
_QUOTES = r"\"\u201c-\u201e\u00ab\u00bb\u300c-\u300f"
_WIDE = r"\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
_TOKEN = re.compile(
    rf"""
      (?P<number>(?:(?<![\w.]){_MINUS})?\d+(?:(?:{_GROUPING}|:)\d+)*)
    | (?P<unspaced>[{_UNSPACED}]+)
    | (?P<word>{_LETTERS}(?:{_PARTED}{_LETTERS})*(?:{_APOSTROPHE}{_LETTERS})*)
    | (?P<symbol>[%\u20ac$\u00a3\u00a5])
    | (?P<pause>[,;:()\[\]!?\u2014{_QUOTES}{_WIDE}]|\s[-\u2013]\s|(?<!\d)[.]\s)
    """,
    re.VERBOSE,
)
_GROUPED = re.compile(rf"\d{{1,3}}(?:{_GROUPING}\d{{3}})+(?:[.,]\d{{1,2}})?")
_LETTER_AS_NAME = re.compile(r"\w\s(?!I\b)[A-Z]\b")
"""As in "sample A"; after a pause it is an article."""
_LEADING_ZEROS = re.compile(r"^0+(?=\d)")
_NO_LETTERS = re.compile(rf"[^\w{_MARKS}]+")
_ENDINGS = frozenset({"s", "es", "en", "er", "n", "e"})
"""What case and number add to a name."""
_VERB_ENDINGS = frozenset({"s", "d", "ed", "en", "t", "ing"})
"""What is added to the shortest words."""
_BEYOND_LATIN = "\u0250"
"""Names in other scripts are declined in more ways than these."""
_STEM = 4
"""Characters in which the forms of a word begin alike, in most European languages."""
_SHORT_STEM = 3
_LONGEST_SUFFIX = 3
_SHORT = 2
"""Characters up to which a word is taken for one without a meaning of its own."""


class Kind(Enum):
    """What a word does in its sentence."""

    NUMBER = "number"
    NAME = "name"
    """Written with a capital letter or a digit: a name, in German any noun."""
    TERM = "term"
    FUNCTION = "function"
    """Says nothing by itself."""


class Word(NamedTuple):
    """A word in the form in which it is compared."""

    text: str
    kind: Kind
    clause: int
    """Which part of the sentence it stands in, from one comma or conjunction to the next."""
    before: tuple[str, ...]
    """The words of no meaning by themselves that stand right before it."""
    is_agent: bool
    """Whether it names who did what is said in the passive voice."""

    @property
    def is_strict(self) -> bool:
        """Whether an answer that has another one says something else."""
        return self.kind is Kind.NUMBER or self.kind is Kind.NAME

    @property
    def stem(self) -> str:
        """What most of its forms begin with."""
        return self.text if self.kind is Kind.NUMBER else self.text[:_STEM]

    @property
    def root(self) -> str:
        """What all its forms begin with: words of another one are not the same."""
        return self.text if self.kind is Kind.NUMBER else self.text[:_SHORT_STEM]

    def is_same_as(self, other: "Word") -> bool:
        """Whether the two are forms of one word."""
        if self.text == other.text:
            return True
        if Kind.NUMBER in (self.kind, other.kind):
            return False
        shorter, longer = sorted((self.text, other.text), key=len)
        if len(shorter) < _SHORT_STEM or self.root != other.root:
            return False
        if len(shorter) < _STEM:
            return longer.startswith(shorter) and longer[len(shorter) :] in _VERB_ENDINGS
        if Kind.NAME in (self.kind, other.kind) and max(longer) < _BEYOND_LATIN:
            return longer.startswith(shorter) and longer[len(shorter) :] in _ENDINGS
        shared = _shared(shorter, longer)
        return len(longer) - shared <= _LONGEST_SUFFIX and 3 * shared >= 2 * len(shorter)


def _shared(one: str, other: str) -> int:
    return next(
        (place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]),
        min(len(one), len(other)),
    )


def words_of(sentence: str) -> list[Word]:
    """Return the words of one sentence."""
    words: list[Word] = []
    for clause, part in enumerate(_clauses(sentence)):
        before: tuple[str, ...] = ()
        is_passive = False
        for text, kind in part:
            is_passive = is_passive or text in AUXILIARIES
            may_act = is_passive and kind in (Kind.NAME, Kind.TERM)
            is_agent = may_act and not AGENTS.isdisjoint(before)
            words.append(Word(text, kind, clause, before, is_agent))
            before = (*before, text) if kind is Kind.FUNCTION else ()
    return words


def _clauses(sentence: str) -> list[list[tuple[str, Kind]]]:
    """Return the words between two pauses, parted at a conjunction where both sides say enough."""
    clauses: list[list[tuple[str, Kind]]] = [[]]
    pending: list[tuple[str, Kind]] = []
    """What follows a conjunction."""
    for text, kind in chain(_tokens(sentence), [("", None)]):
        if kind is None or text in CONJUNCTIONS:
            if _tells(clauses[-1]) and _tells(pending):
                clauses.append(pending)
            else:
                clauses[-1] += pending
            pending = []
        if kind is None:
            clauses.append([])
        else:
            pending.append((text, kind))
    return clauses


def _tells(part: list[tuple[str, Kind]]) -> bool:
    return sum(kind is not Kind.FUNCTION or text in NEGATIONS for text, kind in part) > 1


def _tokens(sentence: str) -> Iterator[tuple[str, Kind | None]]:
    """Yield the words; what parts the sentence has no kind."""
    for match in _TOKEN.finditer(sentence):
        text = match[0]
        match match.lastgroup:
            case "number":
                yield _number(text), Kind.NUMBER
            case "unspaced":
                yield from _pairs(text)
            case "word" if _LETTER_AS_NAME.match(sentence, max(0, match.start() - 2)):
                yield text.casefold(), Kind.NAME
            case "word":
                yield from _spelt(text)
            case "symbol":
                yield text, Kind.TERM
            case _:
                yield text, None


def _number(text: str) -> str:
    """Return it in one spelling; a point or comma before three digits is taken to group them."""
    digits = text if text[0].isdecimal() else text[1:]
    sign = "" if digits == text else "-"
    digits = _LEADING_ZEROS.sub("", normalize("NFKC", digits))
    if _GROUPED.fullmatch(digits) is not None:
        whole, *fraction = re.split(r"[.,](?=\d{1,2}$)", digits)
        digits = ".".join(["".join(filter(str.isdecimal, whole)), *fraction])
    return sign + digits.replace(",", ".")


def _pairs(run: str) -> Iterator[tuple[str, Kind]]:
    if len(run) == 1:
        yield run, Kind.FUNCTION
        return
    for place in range(len(run) - 1):
        yield run[place : place + 2], Kind.TERM
    for character in run:
        if character in NEGATIONS:
            yield character, Kind.FUNCTION


def _spelt(text: str) -> Iterator[tuple[str, Kind]]:
    text = text.replace("\u2019", "'")
    if text.endswith(("n't", "N'T")):
        yield "not", Kind.FUNCTION
        text = text[:-3]
    for piece in text.removesuffix("'s").split("'"):
        folded = normalize("NFKC", _NO_LETTERS.sub("", piece)).casefold()
        if folded:
            yield _meant(piece, folded)


def _meant(piece: str, folded: str) -> tuple[str, Kind]:
    if folded in NUMBER_WORDS:
        return NUMBER_WORDS[folded], Kind.NUMBER
    if folded in SYMBOLS:
        return SYMBOLS[folded], Kind.TERM
    if folded in FUNCTION or folded in NEGATIONS:
        return folded, Kind.FUNCTION
    if piece[0].isupper() or any(map(str.isdecimal, piece)):
        return folded, Kind.NAME
    return folded, Kind.FUNCTION if len(folded) <= _SHORT else Kind.TERM
