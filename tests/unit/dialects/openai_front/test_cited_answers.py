from antechamber.turn.events import (
    BlockClosed,
    BlockDelta,
    CitationFound,
    EngineEvent,
    TextOpened,
    TurnEnded,
)
from tests.unit.dialects.openai_front.test_answers import chunks, completion
from tests.unit.turn.engine_turns import CITATIONS, played

SAID = [TextOpened(), BlockDelta(text="It rains."), BlockClosed()]
CITED = [TextOpened(), CitationFound(citation=CITATIONS[0]), *SAID[1:]]
END = TurnEnded(stop_reason="end_turn")


def test_the_format_has_no_citations_and_loses_no_text_for_them() -> None:
    plain: list[EngineEvent] = [*SAID, END]
    cited: list[EngineEvent] = [*CITED, END]

    assert chunks(played(cited)) == chunks(played(plain))
    assert completion(played(cited)) == completion(played(plain))
