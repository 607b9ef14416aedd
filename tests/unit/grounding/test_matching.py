import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.grounding.matching import SourceIndex
from antechamber.grounding.sources import Source
from antechamber.wire.responses import (
    CitationCharLocation,
    CitationContentBlockLocation,
    CitationPageLocation,
    CitationsSearchResultLocation,
    TextCitation,
)

MILL = "The mill was built in 1910. It burnt down in 1931."


def document(*parts: str, index: int = 0, kind: str = "char", title: str = "") -> Source:
    match kind:
        case "char" | "page" | "block":
            return Source(kind=kind, index=index, title=title or None, parts=parts)
        case _:
            return Source(
                kind="search_result",
                index=index,
                title="T",
                source="https://a.example",
                parts=parts,
            )


def cited(said: str, *sources: Source) -> tuple[TextCitation, ...]:
    return SourceIndex(sources).citations_of(said)


def test_a_text_is_cited_by_its_characters() -> None:
    source = document("Mills.\n\n" + MILL, index=3, title="On mills")

    assert cited("The mill was built in 1910.", source) == (
        CitationCharLocation(
            cited_text="The mill was built in 1910.",
            document_index=3,
            document_title="On mills",
            start_char_index=8,
            end_char_index=35,
            file_id=None,
        ),
    )


def test_a_pdf_is_cited_by_its_pages_counted_from_one() -> None:
    source = document("A page without it.", MILL, kind="page")

    assert cited("The mill burnt down in 1931.", source) == (
        CitationPageLocation(
            cited_text=MILL,
            document_index=0,
            document_title=None,
            start_page_number=2,
            end_page_number=3,
            file_id=None,
        ),
    )


def test_a_document_of_blocks_is_cited_by_whole_blocks() -> None:
    source = document("Roads are long.", "", MILL + " It is red.", kind="block")

    assert cited("The mill was built in 1910.", source) == (
        CitationContentBlockLocation(
            cited_text=MILL + " It is red.",
            document_index=0,
            document_title=None,
            start_block_index=2,
            end_block_index=3,
            file_id=None,
        ),
    )


def test_a_search_result_is_cited_with_where_it_is_from() -> None:
    source = document(MILL, index=1, kind="search_result")

    assert cited("The mill was built in 1910.", source) == (
        CitationsSearchResultLocation(
            cited_text=MILL,
            search_result_index=1,
            source="https://a.example",
            title="T",
            start_block_index=0,
            end_block_index=1,
        ),
    )


def test_the_blocks_of_two_sentences_that_belong_together_are_one_range() -> None:
    source = document(
        "The old mill stands in Bern. ", "It burnt down in 1931.", kind="search_result"
    )

    (citation,) = cited("The old mill burnt down in 1931.", source)

    assert isinstance(citation, CitationsSearchResultLocation)
    assert (citation.start_block_index, citation.end_block_index) == (0, 2)
    assert citation.cited_text == "The old mill stands in Bern. It burnt down in 1931."


def test_a_page_is_not_cited_together_with_the_one_before() -> None:
    source = document("The old mill stands in Bern.", "It burnt down in 1931.", kind="page")

    assert cited("The old mill burnt down in 1931.", source) == ()


def test_a_sentence_may_be_supported_by_two_documents() -> None:
    said = "Alice founded the mill in 1910, and Bob sold the bakery in 1931."
    sources = [
        document("Alice founded the mill in 1910.", index=0),
        document("Bob sold the bakery in 1931.", index=1),
    ]

    citations = cited(said, *sources)

    assert [each.cited_text for each in citations] == [
        "Alice founded the mill in 1910.",
        "Bob sold the bakery in 1931.",
    ]


def test_half_a_sentence_is_not_cited() -> None:
    said = "Alice founded the mill in 1910, and Bob sold the bakery in 1931."

    assert cited(said, document("Alice founded the mill in 1910.")) == ()


def test_the_first_of_two_that_say_the_same_is_cited() -> None:
    sources = [document(MILL, index=number) for number in range(3)]

    (citation,) = cited("The mill was built in 1910.", *sources)

    assert isinstance(citation, CitationCharLocation)
    assert citation.document_index == 0


@pytest.mark.parametrize("said", ["Was the mill built in 1910?", "  \n", "Yes.", "1910"])
def test_what_says_nothing_cites_nothing(said: str) -> None:
    assert cited(said, document(MILL)) == ()


def test_the_mark_of_an_item_and_its_label_need_no_support() -> None:
    source = document(MILL)

    assert cited("3. The mill was built in 1910.", source)
    assert cited("- **History:** the mill was built in 1910.", source)


def test_a_title_is_not_longer_than_a_citation_may_send_back() -> None:
    (citation,) = cited("The mill was built in 1910.", document(MILL, title="t" * 300))

    assert isinstance(citation, CitationCharLocation)
    assert citation.document_title == "t" * 255


def test_a_source_without_text_is_never_cited() -> None:
    assert cited("The mill was built in 1910.", document(kind="page"), document("")) == ()


def test_a_word_that_stands_everywhere_finds_a_sentence_still() -> None:
    # 11,000 mentions of "mill", more than are looked at for one sentence.
    text = "\n\n".join(f"The mill number {number} is red." for number in range(11_000))

    (citation,) = cited("The mill number 10917 is red.", document(text))

    assert citation.cited_text == "The mill number 10917 is red."


def test_a_sentence_that_is_everywhere_is_found_without_looking_at_all_of_them() -> None:
    index = SourceIndex([document("The mill was built in 1910.\n\n" * 40_000)])
    tracemalloc.start()

    (citation,) = index.citations_of("The mill was built in 1910.")
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert citation.cited_text == "The mill was built in 1910."
    # Some hundred bytes for each place that is looked at, of which there are 10,000 at most.
    assert most_bytes < 2_000_000


_words = st.sampled_from(
    [
        *("mill", "Mills", "built", "by", "Roth", "1910", "12.5", "not", "may", "the", "and"),
        ",",
        ".",
    ]
)
_texts = st.lists(_words | st.text(max_size=3), max_size=30).map(" ".join)


@given(st.lists(_texts, min_size=1, max_size=3), _texts, st.sampled_from(["char", "page", "block"]))
def test_whatever_is_cited_stands_in_the_source(parts: list[str], said: str, kind: str) -> None:
    sources = [document(*parts, kind=kind)] if kind != "char" else [document(parts[0])]

    for citation in [*cited(said, *sources), *cited(parts[0], *sources)]:
        match citation:
            case CitationCharLocation(start_char_index=start, end_char_index=end):
                assert citation.cited_text == parts[0][start:end] != ""
            case CitationPageLocation(start_page_number=page):
                assert citation.cited_text in parts[page - 1]
                assert citation.end_page_number == page + 1
            case CitationContentBlockLocation(start_block_index=start, end_block_index=end):
                assert citation.cited_text == "".join(parts[start:end]) != ""
            case _:
                pytest.fail("no source is one")
