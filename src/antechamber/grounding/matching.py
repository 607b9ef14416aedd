"""The sentences of all sources of a request, found by their words."""

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from heapq import nlargest
from math import log

from antechamber.grounding.lexicon import CONJUNCTIONS
from antechamber.grounding.sentences import sentences_of
from antechamber.grounding.sources import Passage, Source, citation_of
from antechamber.grounding.support import Context, Support, content_of, support
from antechamber.grounding.words import Word, words_of
from antechamber.wire.responses import TextCitation

_LOOKED_AT = 8
"""Sentences of the sources that are compared with one of the answer."""
_MOST_MENTIONS = 10_000
"""Places of words that are looked up for one sentence, the rarest words first: two milliseconds."""
_MOST_WORDS = 150
"""Words with a meaning in a sentence: more are a table or a list of names, and slow to compare."""
_LEAST_PART = 4
"""Words with a meaning in a part of a sentence that another sentence may support."""
_MOST_PARTS = 3

_QUESTION_MARKS = ("?", "\uff1f", "\u061f")
_ITEM = re.compile(r"\A\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_LABEL = re.compile(rf"(?:{_ITEM.pattern})?\s*\*\*[^*\n]+(?::\*\*|\*\*\s*:)")
"""What models like to begin the items of a list with: a bold word and a colon."""

_Range = tuple[int, int]
"""Sentences from one to another, both included."""


class SourceIndex:
    """Reads the sources once: about a second for two megabytes, with nothing to wait for."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = tuple(sources)
        self._titles = [words_of(source.title or "") for source in sources]
        self._sentences: list[Passage] = []
        self._having: dict[str, array[int]] = {}
        """For each stem the sentences that have it."""
        for number, source in enumerate(sources):
            for part, text in enumerate(source.parts):
                for start, end in sentences_of(text):
                    self._add(Passage(number, part, part, start, end), text[start:end])

    def _add(self, passage: Passage, text: str) -> None:
        number = len(self._sentences)
        self._sentences.append(passage)
        words = content_of(words_of(text))
        if len(words) <= _MOST_WORDS:
            for stem in {word.stem for word in words}:
                self._having.setdefault(stem, array("I")).append(number)

    def citations_of(self, sentence: str) -> tuple[TextCitation, ...]:
        """Return what supports a sentence of the answer; nothing where not all of it is."""
        if sentence.rstrip().endswith(_QUESTION_MARKS):
            return ()
        ranges = self._supporting(words_of(_ITEM.sub("", sentence, count=1)))
        if not ranges and (label := _LABEL.match(sentence)) is not None:
            ranges = self._supporting(words_of(sentence[label.end() :]))
        passages = dict.fromkeys(self._passage(*each) for each in self._joined(ranges))
        return tuple(citation_of(self._sources, passage) for passage in passages)

    def _supporting(self, words: Sequence[Word]) -> list[_Range]:
        if (whole := self._best(words)) is not None:
            return [whole]
        parts = list(_parts(words))
        if not 1 < len(parts) <= _MOST_PARTS:
            return []
        found = [self._best(part) for part in parts]
        return [each for each in found if each is not None] if None not in found else []

    def _best(self, words: Sequence[Word]) -> _Range | None:
        if len(content_of(words)) > _MOST_WORDS:
            return None
        best: tuple[Support, int] | None = None
        for number in self._candidates(words):
            passage = self._sentences[number]
            context = Context(partial(self._before, number), self._titles[passage.source])
            found = support(words, words_of(self._text(number)), context)
            if found is not None and (best is None or (found, number) < best):
                best = found, number
        if best is None:
            return None
        return best[1] - best[0].needs_before, best[1]

    def _candidates(self, words: Sequence[Word]) -> list[int]:
        """Return the sentences that have most of the words, the rare ones before the common."""
        scores: dict[int, float] = {}
        room = _MOST_MENTIONS
        stems = {word.stem for word in content_of(words)} & self._having.keys()
        for stem in sorted(stems, key=lambda each: (len(self._having[each]), each)):
            having = self._having[stem]
            if scores and len(having) > room:
                break
            weight = log(1 + len(self._sentences) / len(having))
            # The rarest may be everywhere, too: all that have it are alike then, and the first win.
            for number in having[:room]:
                scores[number] = scores.get(number, 0.0) + weight
            room -= len(having)
        return nlargest(_LOOKED_AT, scores, key=lambda number: (scores[number], -number))

    def _text(self, number: int) -> str:
        passage = self._sentences[number]
        return self._sources[passage.source].parts[passage.first][passage.start : passage.end]

    def _before(self, number: int) -> Sequence[Word]:
        if number == 0 or not self._may_be_cited_as_one(number - 1, number):
            return ()
        return words_of(self._text(number - 1))

    def _may_be_cited_as_one(self, first: int, last: int) -> bool:
        one, other = self._sentences[first], self._sentences[last]
        by_block = self._sources[one.source].is_cited_by_block
        return one.source == other.source and (by_block or one.first == other.first)

    def _joined(self, ranges: list[_Range]) -> Iterator[_Range]:
        """Yield the ranges, those that follow each other as one."""
        current: _Range | None = None
        for first, last in sorted(ranges):
            if current is None:
                current = first, last
            elif first <= current[1] + 1 and self._may_be_cited_as_one(current[0], last):
                current = current[0], max(last, current[1])
            else:
                yield current
                current = first, last
        if current is not None:
            yield current

    def _passage(self, first: int, last: int) -> Passage:
        start, stop = self._sentences[first], self._sentences[last]
        if self._sources[start.source].is_cited_by_block:
            return Passage(start.source, start.first, stop.last, 0, 0)
        return Passage(start.source, start.first, stop.last, start.start, stop.end)


def _parts(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yield what conjunctions part, where it says enough by itself."""
    part: list[Word] = []
    for place, word in enumerate(words):
        is_border = bool(part) and word.text in CONJUNCTIONS and word.clause > part[-1].clause
        if is_border and _says_enough(part) and _says_enough(words[place:]):
            yield part
            part = []
        part.append(word)
    yield part


def _says_enough(words: Sequence[Word]) -> bool:
    return len(content_of(words)) >= _LEAST_PART
