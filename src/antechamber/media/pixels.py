"""Images as a model is shown them: really decoded, one frame, and no larger than it can use.

Source: platform.claude.com/docs/en/build-with-claude/vision.
"""

import io
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from antechamber.catalogue.facts import ImageTier
from antechamber.media.image_fit import MOST_SIDE_PX, fitted
from antechamber.media.image_head import PixelSize, image_size, media_type_of, reader_of_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
_JPEG_QUALITY = 90
_PNG_LEVEL = 3
"""Of compression: takes half of the time that the default of 6 takes, for a few more bytes."""


class MediaUnreadable(Exception):
    """It cannot be decoded, or only to more than any model takes.

    The hosted API says ``Could not process image`` and ``Could not process PDF``.
    """


class ShownImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image as it goes to an engine."""

    data: bytes
    media_type: str
    size: PixelSize
    original: PixelSize
    """Its size as it was sent."""


def shown_image(data: bytes, tier: ImageTier) -> ShownImage:
    """Return the image, shrunk where the tier wants it; else the bytes stay what they are.

    Of an animation only the first frame is left. Raises ``MediaUnreadable``.
    """
    with opened_image(data) as image:
        original = PixelSize(*image.size)
        size = fitted(original, tier)
        # A large JPEG is decoded at a half, a quarter or an eighth of its size.
        image.draft(None, size)
        image.load()
        media_type = media_type_of(reader_of_bytes(data)) or ""
        if size != original or getattr(image, "is_animated", False):
            data, media_type = _encoded(image, size)
    return ShownImage(data=data, media_type=media_type, size=size, original=original)


@contextmanager
def opened_image(data: bytes) -> "Generator[Image, None, None]":
    """Open an image; its pixels are decoded when they are asked for.

    Its size is looked at before anything is allocated for them. What it then does wrong within
    the context is raised as ``MediaUnreadable``, too.
    """
    from PIL import Image  # noqa: PLC0415 - only where images are opened

    _refuse(image_size(reader_of_bytes(data)))
    try:
        # Frames can be larger than the header says: Pillow warns of some, and refuses others.
        with (
            warnings.catch_warnings(action="error", category=Image.DecompressionBombWarning),
            Image.open(io.BytesIO(data), formats=_FORMATS) as image,
        ):
            _refuse(PixelSize(*image.size))
            yield image
    except MemoryError:
        raise
    # Pillow raises whatever broken bytes lead it to.
    except Exception as error:
        raise MediaUnreadable from error


def jpeg_of(image: "Image", **more: bytes) -> bytes:
    """Return the image as JPEG; it must have no transparency."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY, **more)
    return file.getvalue()


def in_colours(image: "Image") -> "Image":
    """Return the image as RGB, or as RGBA where it has transparency."""
    if image.mode.startswith("I;16"):
        # Pillow would cut off what is brighter than an eighth of a thousandth.
        image = image.point(lambda value: value / 256).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def on_white(image: "Image") -> "Image":
    """Return the image as RGB; what shows through becomes white."""
    from PIL import Image  # noqa: PLC0415 - only where images are opened

    plain = in_colours(image)
    if plain.mode == "RGB":
        return plain
    paper = Image.new("RGB", plain.size, "white")
    paper.paste(plain, mask=plain)
    return paper


def turned_upright(image: "Image") -> "Image":
    """Return the image as the camera says that it was held."""
    from PIL.ImageOps import exif_transpose  # noqa: PLC0415 - only where images are opened

    return exif_transpose(image)


def _refuse(size: PixelSize | None) -> None:
    if size is None or max(size) > MOST_SIDE_PX:
        raise MediaUnreadable


def _encoded(image: "Image", size: PixelSize) -> tuple[bytes, str]:
    """Return the image in another size: photographs as JPEG, all else as PNG."""
    from PIL.Image import Resampling  # noqa: PLC0415 - only where images are opened

    is_photograph = image.format not in {"PNG", "GIF"} and not image.has_transparency_data
    shrunk = in_colours(image).resize(size, Resampling.LANCZOS)
    if is_photograph:
        # How the camera was held stays for whoever looks at it.
        return jpeg_of(shrunk, exif=image.info.get("exif", b"")), "image/jpeg"
    file = io.BytesIO()
    shrunk.save(file, "PNG", compress_level=_PNG_LEVEL)
    return file.getvalue(), "image/png"
