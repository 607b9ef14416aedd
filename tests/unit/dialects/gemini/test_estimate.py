"""Pitfall T39: an estimate may be too high and never too low."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.gemini.estimate import estimated_tokens
from tests.unit.dialects.gemini.scenes import sent, tool, user

PNG = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}


# Counts: pydantic/pydantic-ai, test_google_model_count_tokens (July 2025), and the recordings here.
@pytest.mark.parametrize(
    ("words", "counted"),
    [("The quick brown fox jumps over the lazy dog.", 10), ("How do I cross the street?", 8)],
)
def test_the_estimate_is_not_below_what_gemini_counted(words: str, counted: int) -> None:
    assert counted <= estimated_tokens(sent(words)) <= 8 * counted


def test_images_count_as_such_and_not_by_their_bytes() -> None:
    image = {"type": "image", "source": PNG | {"data": "iVBORw0KGgoA" * 10_000}}

    assert 1_120 <= estimated_tokens(sent(user(image))) < 1_300


def test_tools_and_system_are_counted() -> None:
    plain = estimated_tokens(sent("Hi"))

    assert estimated_tokens(sent("Hi", tools=[tool("a")])) > plain + 20
    assert estimated_tokens(sent("Hi", system="Be very brief.")) > plain + 4


@given(st.text(min_size=1), st.text(min_size=1))
def test_more_text_never_counts_less(one: str, other: str) -> None:
    assert estimated_tokens(one + other) >= estimated_tokens(one)
