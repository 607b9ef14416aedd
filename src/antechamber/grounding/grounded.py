"""Cites a turn while it is taken: engine events in, the same with citations out."""

from collections.abc import Iterable, Sequence

from antechamber.grounding.matching import SourceIndex
from antechamber.grounding.sentences import SentenceReader
from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    CitationFound,
    EngineEvent,
    TextOpened,
    TurnEnded,
)
from antechamber.wire.responses import TextCitation


class GroundedEvents:
    """Takes the events of one turn of an engine that does not cite; use one for each turn.

    Text is held back until its sentence is complete, everything else goes through as it comes.
    Sentences that cite the same passages, or none, stay in one block.
    """

    def __init__(self, index: SourceIndex) -> None:
        self._index = index
        self._reader: SentenceReader | None = None
        """Of the open block of text."""
        self._citations: Sequence[TextCitation] = ()
        """Those of the open block."""
        self._has_text = False

    def feed(self, event: EngineEvent) -> list[EngineEvent]:
        """Return the events that follow from ``event``; their texts join to those that came."""
        match event:
            case BlockDelta(text=text) if self._reader is not None:
                return self._said(self._reader.feed(text))
            case TextOpened():
                self._reader = SentenceReader()
                self._citations, self._has_text = (), False
            case BlockClosed() | TurnEnded() if self._reader is not None:
                events = self._said(self._reader.end())
                self._reader = None
                return [*events, event]
            case _:
                pass
        return [event]

    def _said(self, sentences: Iterable[str]) -> list[EngineEvent]:
        events: list[EngineEvent] = []
        for sentence in sentences:
            if sentence.isspace():
                # What is left at the end of a block belongs to whatever stands before it.
                events.append(BlockDelta(text=sentence))
                continue
            citations = self._index.citations_of(sentence)
            if citations != self._citations:
                if self._has_text:
                    events += [BlockClosed(), TextOpened()]
                events += [CitationFound(citation=citation) for citation in citations]
                self._citations = citations
            events.append(BlockDelta(text=sentence))
            self._has_text = True
        return events
