import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.cli.screen import harmless
from antechamber.cli.sizes import size_words


@given(st.text())
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    shown = harmless(text)

    assert len(shown) == len(text)
    assert all(unicodedata.category(each) != "Cc" or each in "\n\t" for each in shown)


def test_ordinary_text_stays_as_it_is() -> None:
    text = "Ärger, 東京 🙂\n\tindented"

    assert harmless(text) == text


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_500, "1.0 MB"),
        (98_000_000, "98 MB"),
        (4_120_000_000, "4.1 GB"),
        (9_960_000_000, "10 GB"),
        (3_000_000_000_000_000, "3000 TB"),
    ],
)
def test_sizes_have_two_or_three_figures(size_bytes: int, words: str) -> None:
    assert size_words(size_bytes) == words
