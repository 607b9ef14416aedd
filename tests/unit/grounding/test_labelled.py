"""How much of what is cited is right, and of what is supported is cited: ``labelled.toml``."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from antechamber.grounding.matching import SourceIndex
from antechamber.grounding.sources import Source
from antechamber.wire.responses import (
    CitationCharLocation,
    CitationPageLocation,
    CitationsSearchResultLocation,
    CitationsWebSearchResultLocation,
    TextCitation,
)

LABELLED = tomllib.loads((Path(__file__).parent / "labelled.toml").read_text(encoding="utf-8"))
ROUNDS = {source["id"]: source["round"] for source in LABELLED["sources"]}


def sources() -> list[Source]:
    """All of them at once, so that a sentence may also be taken for another source's."""
    found: list[Source] = []
    for source in LABELLED["sources"]:
        is_result = source["kind"] == "search_result"
        alike = [each for each in found if (each.kind == "search_result") == is_result]
        found.append(
            Source(
                kind=source["kind"],
                index=len(alike),
                title=source["title"],
                source=source.get("source"),
                parts=tuple(source.get("parts") or [source["text"]]),
            )
        )
    return found


SOURCES = sources()


@dataclass(frozen=True, slots=True)
class Outcome:
    text: str
    expected: str | None
    citations: tuple[TextCitation, ...]

    @property
    def is_right(self) -> bool:
        cited = (each.cited_text for each in self.citations)
        return self.expected is not None and any(self.expected in text for text in cited)


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[Outcome]]:
    index = SourceIndex(SOURCES)
    found: dict[str, list[Outcome]] = {}
    for answer in LABELLED["answers"]:
        text, expected = answer["text"], answer.get("cites")
        outcome = Outcome(text, expected, index.citations_of(text))
        found.setdefault(answer["source"], []).append(outcome)
    return found


def every(outcomes: dict[str, list[Outcome]]) -> Iterator[Outcome]:
    for of_source in outcomes.values():
        yield from of_source


def test_what_is_cited_is_right(outcomes: dict[str, list[Outcome]]) -> None:
    cited = [each for each in every(outcomes) if each.citations]

    wrong = [(each.text, each.citations) for each in cited if not each.is_right]

    assert len(cited) > 100
    assert len(wrong) <= 0.02 * len(cited), wrong


def test_most_of_what_is_supported_is_cited(outcomes: dict[str, list[Outcome]]) -> None:
    supported = [each for each in every(outcomes) if each.expected]

    missed = [each.text for each in supported if not each.is_right]

    assert len(missed) <= 0.2 * len(supported), missed


@pytest.mark.parametrize("written", sorted(set(ROUNDS.values())))
def test_every_round_has_both_kinds_of_sentences(
    outcomes: dict[str, list[Outcome]], written: int
) -> None:
    """A set of sentences that are all alike would tell nothing of the other kind."""
    expected = [
        each.expected is not None
        for source, of_source in outcomes.items()
        for each in of_source
        if ROUNDS[source] == written
    ]

    assert 0.4 <= sum(expected) / len(expected) <= 0.6


def test_every_text_cited_stands_in_its_source_as_the_citation_says(
    outcomes: dict[str, list[Outcome]],
) -> None:
    citations = [citation for each in every(outcomes) for citation in each.citations]

    for citation in citations:
        assert quoted(citation) == citation.cited_text


def quoted(citation: TextCitation) -> str:
    """What a client finds that looks the citation up in the documents that it has sent."""
    match citation:
        case CitationsWebSearchResultLocation():
            raise AssertionError("no source is one")
        case CitationsSearchResultLocation(search_result_index=number):
            parts = [each for each in SOURCES if each.kind == "search_result"][number].parts
            return "".join(parts[citation.start_block_index : citation.end_block_index])
        case _:
            documents = [each for each in SOURCES if each.kind != "search_result"]
            parts = documents[citation.document_index].parts
    match citation:
        case CitationCharLocation():
            return parts[0][citation.start_char_index : citation.end_char_index]
        case CitationPageLocation():
            pages = parts[citation.start_page_number - 1 : citation.end_page_number - 1]
            assert len(pages) == 1
            return citation.cited_text if citation.cited_text in pages[0] else pages[0]
        case _:
            return "".join(parts[citation.start_block_index : citation.end_block_index])
