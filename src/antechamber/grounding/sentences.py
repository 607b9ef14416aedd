"""Where sentences end: in an answer while it comes, and in the text of a source.

No language is asked for. What is taken for an end and is none, or the other way round, mostly costs
a citation or makes one longer.
"""

import re
from collections.abc import Iterator

_STOPS = r"[.!?\u2026\u061f\u06d4\u0964\u0965]"
_WIDE_STOPS = r"[\u3002\uff01\uff1f\uff61]"
# Behind the end: quotes and brackets, marks of Markdown, the number of a note.
_CLOSING = r"""(?:["'\u2019\u201d\u00bb)\]*_`]|\[\d+\])*+"""
_WIDE_CLOSING = r"""["'\u2019\u201d\u300d\u300f\uff09\u3011\u300b*_]*+"""
# The stops of Latin, Arabic and Indic scripts are followed by a space, those of Han and kana not.
# A row of stops is looked at once, from its first one: there are texts of nothing else.
_TERMINATOR = re.compile(rf"(?<!{_STOPS}){_STOPS}++{_CLOSING}(?=\s)|{_WIDE_STOPS}++{_WIDE_CLOSING}")
_INK = re.compile(r"\S")
_WORD_BEFORE = re.compile(r"[^\W\d_]+\Z|\d+\Z")
_ITEM = re.compile(
    r"\s*(?:[-*+#>|\u00b7\u2013\u2014\u2022\u25aa\u25cf\u25cb]|\(?(?:\d{1,3}|[a-zA-Z])[.)]\s)"
)
"""How an item of a list begins, a heading or a row of a table."""
_LINE = re.compile(r"[^\r\n\f\v]+")

_LONGEST = 2_000
"""Characters of a sentence: what goes on for longer is a table or code, and is not cited."""
_WRAPPED = 40
"""Characters from which on a line is taken to go on in the next; columns are rarely narrower."""
_LOOK_BACK = 12
_LOOK_AHEAD = 3
_NEVER_LAST = re.compile(
    r"dr|mrs?|ms|prof|st|gen|sen|figs?|eq|vol|pp|cf|vs|nr|abs|art|bd|vgl|hrsg|bzw|ca|approx|mme"
    r"|mlle|sra|srta|n\u00fam|p\u00e1g|al|z|i|d|(?-i:[A-Z])",
    re.IGNORECASE,
)
"""Initials, and abbreviations that something always follows."""
_AFTER_ORDINALS = re.compile(
    r"jan|feb|m\u00e4r|apr|mai|jun|jul|aug|sep|o[kc]t|nov|de[zc]|maj|jah", re.I
)
"""How words begin that German and its neighbours count with a full stop: months, "Jahrhundert"."""


class SentenceReader:
    """Cuts the text of one block into sentences while it comes, however it is cut on the way.

    Together they are the text; blanks stand at the beginning of what follows them.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> Iterator[str]:
        """Yield the sentences that ``text`` completes. Lines of an answer are not wrapped."""
        self._rest += text
        yield from self._cut(is_all=False)

    def end(self) -> Iterator[str]:
        """Yield what is left when the block ends; the last of it may be blank."""
        yield from self._cut(is_all=True)
        if self._rest:
            yield self._rest
        self._rest = ""

    def _cut(self, *, is_all: bool) -> Iterator[str]:
        while (ink := _INK.search(self._rest)) is not None:
            line = self._rest.find("\n", ink.start())
            stop = len(self._rest) if line < 0 else line
            end = _end_of_first(self._rest, ink.start(), stop, is_all=is_all or line >= 0)
            if end is None and line >= 0:
                end = line
            if (end or len(self._rest)) > _LONGEST:
                end = _LONGEST
            if end is None:
                return
            sentence, self._rest = self._rest[:end], self._rest[end:]
            yield sentence


def sentences_of(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each sentence of a source begins and ends, without the blanks around it."""
    for start, stop in _paragraphs(text):
        begin = start
        while (end := _end_of_first(text, begin, stop, is_all=True)) is not None:
            yield from _trimmed(text, begin, end)
            begin = end
        yield from _trimmed(text, begin, stop)


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    sentence = text[start:end]
    start += len(sentence) - len(sentence.lstrip())
    sentence = sentence.strip()
    if 0 < len(sentence) <= _LONGEST:
        yield start, start + len(sentence)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the lines, those together that were one before they were wrapped."""
    start, end, previous = 0, 0, ""
    for line in _LINE.finditer(text):
        between = text[end : line.start()]
        if not _goes_on(previous, between, line[0]) or line.end() - start > 2 * _LONGEST:
            yield start, end
            start = line.start()
        previous, end = line[0].strip(), line.end()
    yield start, end


def _goes_on(previous: str, between: str, line: str) -> bool:
    if between.count("\n") > 1 or not previous or not line.strip() or _ITEM.match(line):
        return False
    return len(previous) >= _WRAPPED or line.lstrip()[0].islower()


def _end_of_first(text: str, start: int, stop: int, *, is_all: bool) -> int | None:
    """Return where the first sentence ends, if something stands behind it that says so.

    ``is_all`` is whether nothing more comes before ``stop``.
    """
    for match in _TERMINATOR.finditer(text, start, stop):
        following = _INK.search(text, match.end(), stop)
        if following is None or not (is_all or following.start() + _LOOK_AHEAD <= stop):
            return None
        if not _is_inside(text, start, match, following.start()):
            return match.end()
    return None


def _is_inside(text: str, start: int, match: re.Match[str], following: int) -> bool:
    """Whether what looks like an end stands in the middle of a sentence."""
    if text[following].islower():
        return True
    if match[0] != ".":
        return False
    word = _WORD_BEFORE.search(text[max(start, match.start() - _LOOK_BACK) : match.start()])
    if word is None:
        return False
    if not word[0].isdecimal():
        is_number = word[0].lower() == "no" and text[following].isdecimal()
        return is_number or _NEVER_LAST.fullmatch(word[0]) is not None
    before = text[start : min(match.start(), start + _LOOK_BACK)]
    is_number_of_item = before.strip(" \t*_#>-") == word[0]
    is_ordinal = len(word[0]) <= 2 and _AFTER_ORDINALS.match(text, following) is not None
    return is_number_of_item or is_ordinal
