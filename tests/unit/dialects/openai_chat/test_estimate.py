"""The estimate is above the truth: counts below were made with the tokenizers named."""

import pytest

from antechamber.catalogue.facts import ImageTier
from antechamber.dialects.openai_chat.estimate import (
    MEDIA_TOKENS,
    estimate,
    media_tokens,
    text_tokens,
)
from tests.unit.dialects.openai_chat.scenes import PNG, request, written
from tests.unit.dialects.raw_prompt.scenes import assistant, call, result, tool, user
from tests.unit.media.images import in_base64, png

TIER = ImageTier(long_edge_px=1_568, max_tokens=1_568, formula="patches")

ENGLISH = "The quick brown fox jumps over the lazy dog. "
CODE = 'def add(a: int, b: int) -> int:\n    """Return the sum."""\n    return a + b\n'
NUMBERS = "3.14159265358979, 2.71828182845905\n"
CHINESE = "敏捷的棕色狐狸跳过懒狗。"
INTEGERS = "[1, 2, 3, 45, 678], "
ROWS = '{"id": 17, "x": 0.2512, "ok": true},\n'
TABLE = "| 7 | 21 | 0.49 |\n"
HEX = '"3f9a07bc21d4e856", '
RUSSIAN = "Быстрая коричневая лиса прыгает через ленивую собаку. "


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        (ENGLISH, 10),  # cl100k_base and Llama 3: 10 each
        (CODE, 30),  # cl100k_base: fewer than 30
        (NUMBERS, 34),  # a digit a token, as in Qwen
        (INTEGERS, 18),  # SmolLM2: a digit a token, and the space before it another
        (ROWS, 24),  # SmolLM2
        (TABLE, 15),  # SmolLM2
        (HEX, 17),  # SmolLM2
        (CHINESE, 21),  # cl100k_base: at most two a character
        (RUSSIAN, 27),  # cl100k_base: about one for two letters
    ],
)
def test_t39_an_estimate_is_not_below_the_truth(text: str, truth: int) -> None:
    assert text_tokens(text.encode()) >= truth
    assert text_tokens((text * 50).encode()) >= truth * 50


def test_an_estimate_of_prose_is_no_more_than_twice_the_truth() -> None:
    assert text_tokens(ENGLISH.encode()) <= 20


def test_t38_everything_that_is_read_is_counted() -> None:
    plain = estimate(written(request("a")).body, TIER)

    for more in (
        request("a", system="Be brief."),
        request("a", tools=[tool()]),
        request("a", assistant("b", call("toolu_1", path="/a")), user(result("toolu_1", "c"))),
    ):
        assert estimate(written(more).body, TIER) > plain
    seen = written(request(user("a", PNG))).body
    assert estimate(seen, TIER) >= plain + MEDIA_TOKENS  # of no size that can be read


def test_an_image_costs_what_its_size_says() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": in_base64(png(1_000, 1_000))}

    seen = written(request(user({"type": "image", "source": source}))).body

    assert media_tokens(seen, TIER) == 1_296
