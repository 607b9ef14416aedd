"""What images cost: the figures of the published page, under both of its formulas."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.catalogue.facts import ImageTier
from antechamber.media.image_fit import fitted, image_tokens
from antechamber.media.image_head import PixelSize

STANDARD = ImageTier(long_edge_px=1_568, max_tokens=1_568, formula="patches")
HIGH = ImageTier(long_edge_px=2_576, max_tokens=4_784, formula="patches")
AREA = replace(STANDARD, formula="area")

# platform.claude.com/docs/en/build-with-claude/vision, August 2026: size, standard, high
PATCHES = [
    ((200, 200), 64, 64),
    ((1_000, 1_000), 1_296, 1_296),
    ((1_092, 1_092), 1_521, 1_521),
    ((1_920, 1_080), 1_560, 2_691),
    ((3_840, 2_160), 1_560, 4_784),
]


@pytest.mark.parametrize(("size", "standard", "high"), PATCHES)
def test_a_token_is_a_patch(size: tuple[int, int], standard: int, high: int) -> None:
    assert image_tokens(PixelSize(*size), STANDARD) == standard
    assert image_tokens(PixelSize(*size), HIGH) == high
    assert image_tokens(PixelSize(*size[::-1]), HIGH) == high


@pytest.mark.parametrize(
    ("size", "tier", "seen"),
    [
        ((1_920, 1_080), STANDARD, (1_456, 819)),
        ((1_080, 1_920), STANDARD, (819, 1_456)),
        ((1_075, 1_520), STANDARD, (924, 1_307)),
        ((1_093, 1_093), STANDARD, (1_092, 1_092)),
        ((3_840, 2_160), HIGH, (2_576, 1_449)),
        ((8_000, 10), STANDARD, (1_568, 2)),
        ((8_000, 1), STANDARD, (1_568, 1)),
        ((1_920, 1_080), HIGH, (1_920, 1_080)),
        ((1, 1), STANDARD, (1, 1)),
    ],
)
def test_an_image_is_shrunk_to_the_largest_size_that_fits(
    size: tuple[int, int], tier: ImageTier, seen: tuple[int, int]
) -> None:
    assert fitted(PixelSize(*size), tier) == seen


# The same page in its editions before: the largest sizes of five shapes, none of which is shrunk
LARGEST = [(1_092, 1_092), (951, 1_268), (896, 1_344), (819, 1_456), (784, 1_568)]


@pytest.mark.parametrize("size", LARGEST)
def test_the_sizes_that_were_called_the_largest_are_left_alone(size: tuple[int, int]) -> None:
    assert fitted(PixelSize(*size), AREA) == size


@pytest.mark.parametrize(
    ("size", "tokens"), [((200, 200), 54), ((1_000, 1_000), 1_334), ((1_092, 1_092), 1_590)]
)
def test_by_area_a_token_is_750_pixels(size: tuple[int, int], tokens: int) -> None:
    assert image_tokens(PixelSize(*size), AREA) == tokens


SIDES = st.integers(min_value=1, max_value=8_000)


@given(SIDES, SIDES, st.sampled_from([STANDARD, HIGH, AREA]))
def test_what_a_model_sees_has_the_shape_and_fits(width: int, height: int, tier: ImageTier) -> None:
    size = PixelSize(width, height)

    seen = fitted(size, tier)

    assert max(seen) <= min(max(size), tier.long_edge_px)
    assert image_tokens(size, replace(tier, formula="patches")) <= tier.max_tokens
    assert 2 * abs(seen.width * height - seen.height * width) <= max(size) or min(seen) == 1
    assert fitted(seen, tier) == seen


@given(SIDES, SIDES, st.sampled_from([STANDARD, HIGH]))
def test_nothing_larger_would_fit(width: int, height: int, tier: ImageTier) -> None:
    size = PixelSize(width, height)
    longest = max(fitted(size, tier))
    unbounded = replace(tier, long_edge_px=longest + 1, max_tokens=1_000_000)

    assert (
        longest == min(max(size), tier.long_edge_px)
        or image_tokens(size, unbounded) > tier.max_tokens
    )
