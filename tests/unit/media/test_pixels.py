"""Images as a model is shown them."""

import io

import pytest
from PIL import Image

from antechamber.catalogue.facts import ImageTier
from antechamber.media.image_head import media_type_of, reader_of_bytes
from antechamber.media.pixels import MediaUnreadable, on_white, opened_image, shown_image
from tests.unit.media.images import png
from tests.unit.media.mutants import images, picture, saved

TIER = ImageTier(long_edge_px=1_568, max_tokens=1_568, formula="patches")
SMALL = ImageTier(long_edge_px=56, max_tokens=1_568, formula="patches")
STILL = [name for name in images() if "moving" not in name]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("name", STILL)
def test_an_image_that_fits_stays_byte_for_byte(name: str) -> None:
    data = images()[name]

    shown = shown_image(data, TIER)

    assert shown.data is data
    assert shown.media_type == media_type_of(reader_of_bytes(data))
    assert shown.size == shown.original == (96, 64)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("png", "image/png"),
        ("png with a palette", "image/png"),
        ("png of grey", "image/png"),
        ("jpeg", "image/jpeg"),
        ("progressive jpeg", "image/jpeg"),
        ("jpeg for print", "image/jpeg"),
        ("gif", "image/png"),
        ("webp", "image/jpeg"),
        ("webp without loss", "image/png"),
    ],
)
def test_a_larger_one_is_shrunk_and_looks_the_same(name: str, media_type: str) -> None:
    shown = shown_image(images()[name], SMALL)

    assert (shown.media_type, shown.size, shown.original) == (media_type, (56, 37), (96, 64))
    with opened(shown.data) as small, opened(images()[name]) as large:
        assert small.size == (56, 37)
        expected = on_white(large).resize(small.size)
        assert distance(on_white(small), expected) < 8


def distance(one: Image.Image, other: Image.Image) -> float:
    """Return how far apart two images are, of 255."""
    pairs = zip(one.tobytes(), other.tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / len(one.tobytes())


@pytest.mark.parametrize("name", ["png with transparency", "webp without loss"])
def test_what_shows_through_still_does(name: str) -> None:
    shown = shown_image(images()[name], SMALL)

    with opened(shown.data) as small:
        assert small.mode == "RGBA"
        assert min(small.getchannel("A").tobytes()) < 20


@pytest.mark.parametrize("name", ["moving png", "moving gif", "moving webp"])
def test_of_an_animation_its_first_frame_is_left(name: str) -> None:
    shown = shown_image(images()[name], TIER)

    with opened(shown.data) as still, opened(images()[name]) as moving:
        assert not getattr(still, "is_animated", False)
        assert distance(on_white(still), on_white(moving)) < 8


def test_a_png_of_sixteen_bits_keeps_its_greys() -> None:
    grey = Image.new("I;16", (80, 80), 0x8000)

    shown = shown_image(saved(grey, "PNG"), SMALL)

    with opened(shown.data) as small:
        assert small.convert("L").getextrema() == (0x80, 0x80)


def test_how_the_camera_was_held_stays_beside_the_pixels() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph = saved(picture(), "JPEG", exif=exif)

    shown = shown_image(photograph, SMALL)

    assert shown.size == (56, 37)
    with opened(shown.data) as small:
        assert small.getexif()[0x0112] == 6


def test_a_large_photograph_is_decoded_small() -> None:
    photograph = saved(picture(side=6_000), "JPEG")

    shown = shown_image(photograph, TIER)

    assert shown.original == (6_000, 4_000)
    assert max(shown.size) <= 1_568
    with opened(shown.data) as small, opened(photograph) as large:
        assert small.size == shown.size
        assert distance(on_white(small), on_white(large).resize(small.size)) < 3


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"%PDF-1.7", id="something else"),
        pytest.param(png(8, 8), id="only a header"),
        pytest.param(images()["jpeg"][:-200], id="most of a JPEG"),
        pytest.param(images()["png"][:-200], id="most of a PNG"),
        pytest.param(saved(Image.new("1", (8_001, 1)), "PNG"), id="more than 8,000 pixels wide"),
    ],
)
def test_what_cannot_be_decoded_is_refused(data: bytes) -> None:
    with pytest.raises(MediaUnreadable):
        shown_image(data, TIER)


def test_what_goes_wrong_with_an_open_image_is_its_fault() -> None:
    with pytest.raises(MediaUnreadable), opened_image(images()["png"]) as image:
        image.seek(7)
