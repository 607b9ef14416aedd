from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.grounding.sentences import SentenceReader, sentences_of


def read(*pieces: str) -> list[str]:
    reader = SentenceReader()
    return [*(each for piece in pieces for each in reader.feed(piece)), *reader.end()]


def found_in(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences_of(text)]


ENDS = [
    ["It rains.", " It snows.", " Really?", ' "Yes!"', " Good."],
    ["Dr. Smith met J. R. Smith at 3.14 p.m. on 3. Mai in No. 10.", " He left."],
    ["Das war am 31. März, z. B. in Bern.", " Danach nicht."],
    ["It rose to 12.", " It fell."],
    ["She said “Stop.”", " Then **it ended.**", " It is over.[3]", " Yes."],
    ["今天下雨。", "明天去哪。", "「好。」", "再见。"],
    ["A line", "\n- an item", "\n- another.", "\n\n1. A number.", " Done."],
    ["Warum?", " weil es so ist"],
]


@pytest.mark.parametrize("sentences", ENDS[:-1], ids=[each[0][:12] for each in ENDS[:-1]])
def test_an_answer_is_cut_where_its_sentences_end(sentences: list[str]) -> None:
    assert read("".join(sentences)) == sentences


def test_a_small_letter_goes_on_with_the_sentence() -> None:
    assert read('"Why?" he asked. She left.') == ['"Why?" he asked.', " She left."]


def test_a_sentence_is_told_as_soon_as_the_next_one_says_that_it_is_over() -> None:
    reader = SentenceReader()

    told = [list(reader.feed(piece)) for piece in ("It", " rains. ", "It ", "snows.\n")]

    assert told == [[], [], ["It rains."], [" It snows."]]


def test_text_without_an_end_is_not_held_back_for_ever() -> None:
    assert max(len(each) for each in read(*["word " for _ in range(1000)])) <= 2_000


_texts = st.lists(
    st.sampled_from(
        [*"aA1.?!\n \"'*[]-", "Dr", "Mai", "。", "你", "...", " B", "3. ", "e.g. ", "\u2019", "\t"]
    ),
    max_size=40,
).map("".join)


@given(_texts, st.lists(st.integers(0, 80), max_size=8))
def test_the_sentences_are_the_text_however_it_comes(text: str, cuts: list[int]) -> None:
    ends = sorted({0, *(min(cut, len(text)) for cut in cuts), len(text)})
    pieces = [text[start:end] for start, end in pairwise(ends)]

    assert "".join(read(text)) == text
    assert read(*pieces) == read(text)


@given(_texts)
def test_the_sentences_of_a_source_are_found_in_their_order(text: str) -> None:
    spans = list(sentences_of(text))

    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)
    assert [place for span in spans for place in span] == sorted(
        place for span in spans for place in span
    )
    assert "".join(found_in(text)).split() or not text.strip()


def test_lines_that_were_wrapped_are_one_sentence() -> None:
    first = "The mill was built of stone from the valley in\nBern and burnt down in 1910."

    assert found_in(f"{first}\nIt was rebuilt.") == [first, "It was rebuilt."]


def test_headings_items_and_rows_stand_alone() -> None:
    item = "- a long item that goes over more than forty letters"

    assert found_in(f"Prices\n\nRevenue 2023: 12\nRevenue 2024: 15\n{item}\n- b") == [
        *("Prices", "Revenue 2023: 12", "Revenue 2024: 15", item, "- b")
    ]


def test_what_is_too_long_for_a_sentence_is_none() -> None:
    assert found_in("word " * 500 + "end.\n\nShort.") == ["Short."]


@pytest.mark.parametrize("piece", [".", ".)", "[", "*", ' ."', "5. Mai ", "a. ", "a-\n", "\r", " "])
def test_texts_of_nothing_but_marks_are_read_in_one_go(piece: str) -> None:
    """Looked at again from each place, so many would take minutes."""
    text = piece * 200_000

    assert all(end - start <= 2_000 for start, end in sentences_of(text))
