"""What an image says of itself, read from base64."""

import base64

import pytest

from antechamber.media.image_head import (
    PixelSize,
    image_size,
    media_type_of,
    reader_of_base64,
)
from tests.unit.media.images import (
    extended,
    gif,
    in_base64,
    jpeg,
    lossless,
    lossy,
    png,
    segment,
    webp,
)

SIZES = [(1, 1), (1_920, 1_080), (300, 8_000), (16_383, 16_383)]
FORMATS = {
    "png": ("image/png", png),
    "gif": ("image/gif", gif),
    "jpeg": ("image/jpeg", jpeg),
    "lossy webp": ("image/webp", lossy),
    "lossless webp": ("image/webp", lossless),
    "extended webp": ("image/webp", extended),
}


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize(("media_type", "make"), FORMATS.values(), ids=FORMATS)
def test_every_format_says_what_it_is_and_how_large(media_type, make, width, height) -> None:
    read = reader_of_base64(in_base64(make(width, height)))

    assert media_type_of(read) == media_type
    assert image_size(read) == PixelSize(width, height)


# The smallest of each format, as pages and browsers' tests have had them for years.
PIXELS = {
    "png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLv"
    "AAAAAElFTkSuQmCC",
    "gif": "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7",
    "jpeg": "/9j/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8Q"
    "EBEQCgwSExIQEw8QEBD/yQALCAABAAEBAREA/8wABgAQEAX/2gAIAQEAAD8A0s8g/9k=",
    "lossy webp": "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA",
    "lossless webp": "UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==",
    "extended webp": "UklGRkoAAABXRUJQVlA4WAoAAAAQAAAAAAAAAAAAQUxQSAwAAAARBxAR/Q9ERP8DAABWUDgg"
    "GAAAABQBAJ0BKgEAAQAAAP4AAA3AAP7mtQAAAA==",
}


@pytest.mark.parametrize("kind", PIXELS)
def test_whole_files_are_read(kind: str) -> None:
    read = reader_of_base64(PIXELS[kind])

    assert media_type_of(read) == FORMATS[kind][0]
    assert image_size(read) == (1, 1)


def test_a_large_canvas_of_a_webp_has_three_bytes() -> None:
    assert image_size(reader_of_base64(in_base64(extended(100_000, 70_000)))) == (100_000, 70_000)


def test_the_scaling_bits_of_a_lossy_webp_are_no_pixels() -> None:
    data = bytearray(lossy(640, 480))
    data[27] |= 0b0100_0000
    data[29] |= 0b1000_0000

    assert image_size(reader_of_base64(in_base64(bytes(data)))) == (640, 480)


CAMERA = [segment(0xE1, 65_000), *[segment(0xE2, 65_533)] * 9, segment(0xDB, 130)]


@pytest.mark.parametrize("frame", [0xC0, 0xC1, 0xC2, 0xC9, 0xCF])
def test_a_jpeg_may_begin_with_previews_and_profiles(frame: int) -> None:
    data = jpeg(4_032, 3_024, *CAMERA, frame=frame)

    assert image_size(reader_of_base64(in_base64(data))) == (4_032, 3_024)


@pytest.mark.parametrize(
    ("data", "size", "most_bytes"),
    [
        pytest.param(jpeg(4_032, 3_024, *CAMERA), (4_032, 3_024), 200, id="a camera's"),
        pytest.param(b"\xff\xd8" + segment(0xE0, 0) * 5_000, None, 1_000, id="made to be long"),
    ],
)
def test_little_is_read_of_a_large_file(
    data: bytes, size: tuple[int, int] | None, most_bytes: int
) -> None:
    counts: list[int] = []

    def read(start: int, count: int) -> bytes:
        counts.append(count)
        return data[start : start + count]

    assert image_size(read) == size
    assert sum(counts) < most_bytes


@pytest.mark.parametrize("table", [0xC4, 0xC8, 0xCC])
def test_a_table_of_a_jpeg_is_no_frame(table: int) -> None:
    data = jpeg(64, 32, segment(table, 7))

    assert image_size(reader_of_base64(in_base64(data))) == (64, 32)


def test_a_marker_of_a_jpeg_may_stand_after_fill_bytes() -> None:
    data = jpeg(64, 32, segment(0xDB, 10), b"\xff\xff")

    assert image_size(reader_of_base64(in_base64(data))) == (64, 32)


BROKEN = {
    "nothing": b"",
    "a text": b"hello, I am a text that is long enough",
    "a PNG that ends": png(8, 8)[:22],
    "a PNG with another chunk first": png(8, 8).replace(b"IHDR", b"CgBI"),
    "a PNG without width": png(0, 8),
    "a GIF that ends": gif(8, 8)[:9],
    "a JPEG that ends": jpeg(8, 8, segment(0xE0, 14))[:26],
    "a JPEG whose height comes after the picture": jpeg(8, 0),
    "a JPEG without a size": b"\xff\xd8" + segment(0xDB, 10) + segment(0xDA, 10) + jpeg(8, 8)[2:],
    "a JPEG out of step": b"\xff\xd8" + segment(0xE0, 4) + b"\x00" + jpeg(8, 8)[2:],
    "a WebP that ends": lossy(8, 8)[:28],
    "a WebP of another kind": webp(b"ALPH", bytes(20)),
    "a lossy WebP without its code": webp(b"VP8 ", bytes(20)),
    "a lossless WebP without its sign": webp(b"VP8L", bytes(20)),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_header_says_nothing(data: bytes) -> None:
    assert image_size(reader_of_base64(in_base64(data))) is None


@pytest.mark.parametrize("text", ["<base64>" * 9, "é" * 80, f"{in_base64(png(8, 8))[:5]}\n"])
def test_what_is_no_base64_says_nothing(text: str) -> None:
    assert media_type_of(reader_of_base64(text)) is None
    assert image_size(reader_of_base64(text)) is None


@pytest.mark.parametrize("count", range(1, 9))
def test_any_stretch_behind_base64_can_be_read(count: int) -> None:
    data = bytes(range(40))
    read = reader_of_base64(base64.b64encode(data).decode())

    assert [read(start, count) for start in range(44)] == [
        data[start : start + count] for start in range(44)
    ]
