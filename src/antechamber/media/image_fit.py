"""How far an image is shrunk before a model reads it, and what it then costs.

Source: platform.claude.com/docs/en/build-with-claude/vision and …/vision-coordinates.
"""

from bisect import bisect_right

from antechamber.catalogue.facts import ImageTier
from antechamber.media.image_head import PixelSize

MOST_SIDE_PX = 8_000
"""Of an image that is taken at all; also what bounds the memory that its pixels take."""
_PATCH_PX = 28
_PIXELS_A_TOKEN = 750
"""Of the same page, before it counted patches."""


def image_tokens(size: PixelSize, tier: ImageTier) -> int:
    """Return the tokens of an image, shrunk where it has to be."""
    seen = fitted(size, tier)
    match tier.formula:
        case "patches":
            return _patches(seen)
        case "area":
            return -(-seen.width * seen.height // _PIXELS_A_TOKEN)


def fitted(size: PixelSize, tier: ImageTier) -> PixelSize:
    """Return the largest size of the same shape that the tier allows; never a larger one.

    Under either formula it is patches that are bounded: the sizes that the page called the largest
    while it reckoned by area are those of this rule.
    """
    edge = min(max(size), tier.long_edge_px)
    seen = _shrunk(size, edge)
    if _patches(seen) <= tier.max_tokens:
        return seen
    # Patches grow with the longer edge: as many edges fit as is the longest that does.
    edges = range(1, edge)
    return _shrunk(
        size, bisect_right(edges, tier.max_tokens, key=lambda edge: _patches(_shrunk(size, edge)))
    )


def _shrunk(size: PixelSize, edge: int) -> PixelSize:
    """Return the size with ``edge`` as its longer one, to the nearest pixel and at least one."""
    width, height = size
    longest = max(width, height)
    half = longest // 2
    return PixelSize((width * edge + half) // longest or 1, (height * edge + half) // longest or 1)


def _patches(size: PixelSize) -> int:
    width, height = size
    return -(-width // _PATCH_PX) * -(-height // _PATCH_PX)
