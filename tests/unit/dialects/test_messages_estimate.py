"""Pitfall T39: an estimate may be too high and never too low."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.dialects.messages_estimate import estimated_tokens

WEATHER: Any = {
    "name": "get_weather",
    "description": "Get the current weather in a given location",
    "input_schema": {
        "type": "object",
        "properties": {
            "location": {
                "type": "string",
                "description": "The city and state, e.g. San Francisco, CA",
            }
        },
        "required": ["location"],
    },
}
PICTURE: Any = {"type": "base64", "media_type": "image/jpeg", "data": "/9j/4AAQSkZJRg" * 9_000}


def estimate(content: object, **fields: object) -> int:
    return estimated_tokens({"messages": [{"role": "user", "content": content}], **fields})


# Counts: platform.claude.com/docs/en/build-with-claude/token-counting.
@pytest.mark.parametrize(
    ("content", "fields", "counted"),
    [
        ("Hello, Claude", {"system": "You are a scientist"}, 14),
        ("What's the weather like in San Francisco?", {"tools": [WEATHER]}, 403),
        (
            [
                {"type": "image", "source": PICTURE},
                {"type": "text", "text": "Describe this image"},
            ],
            {},
            1_551,
        ),
    ],
)
def test_t39_it_is_not_below_what_the_hosted_api_counts(
    content: object, fields: dict[str, object], counted: int
) -> None:
    assert counted <= estimate(content, **fields) <= 4 * counted


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("3.14159265358979, 2.71828182845905\n", 34),  # a digit a token, and every mark another
        ('"3f9a07bc21d4e856", ', 17),
        ("敏捷的棕色狐狸跳过懒狗。", 36),  # byte by byte
        ("Быстрая коричневая лиса прыгает. ", 33),  # a letter a token
        ("The quick brown fox jumps over the lazy dog. ", 10),
    ],
)
def test_t39_it_is_not_below_what_a_tokenizer_may_need(text: str, most: int) -> None:
    assert estimate(text * 50) >= most * 50


@pytest.mark.parametrize("text", ["The quick brown fox jumps over the lazy dog. " * 50])
def test_of_prose_it_is_no_more_than_twice_the_truth(text: str) -> None:
    assert estimate(text) <= 2 * 10 * 50


def test_what_was_cited_counts_nothing_when_it_is_sent_back() -> None:
    def sent_back(cited: str) -> int:
        citation = {"type": "content_block_location", "cited_text": cited, "document_index": 0}
        return estimate([{"type": "text", "text": "It is due.", "citations": [citation]}])

    assert sent_back("The rent is due. " * 50) == sent_back("The rent.")


@pytest.mark.parametrize("kind", ["letter", None])
def test_text_that_is_named_as_what_was_cited_counts_elsewhere(kind: str | None) -> None:
    given = {"type": kind, "cited_text": "The rent is due. " * 50}

    assert estimate([{"type": "tool_use", "input": given}]) > 50 * 4


@given(st.text(), st.text())
def test_more_text_never_counts_less(one: str, other: str) -> None:
    assert estimate(one + other) >= estimate(one)
